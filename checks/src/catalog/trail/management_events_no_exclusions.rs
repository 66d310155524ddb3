//! No service is left out of the management events.

use crate::prelude::*;
use crate::selectors::{self, Answer, Field};

pub(super) const CHECK: Check = Check {
    id: "trail-management-events-no-exclusions",
    title: "Trails should not exclude services from management events",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "AWS KMS and RDS Data API events can be excluded to reduce volume. Without them the logs do not show who \
          decrypted data or ran SQL statements.",
    fix: "Set the selectors without ExcludeManagementEventSources and without a condition on eventSource: `aws \
          cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors file://selectors.json \
          --region REGION`. Exclude events in queries instead.",
    judged: "No service may be excluded from management events, neither by ExcludeManagementEventSources nor by a \
             condition on eventSource. Not applicable to a trail that logs no management events.",
    alike: &["Excluding kms.amazonaws.com to save costs fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html",
    ],
    reads: &[calls::GET_EVENT_SELECTORS],
    run: Run::Trail(run),
};

/// Whether each selector, if it asked for every service, would still find its events recorded.
fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let mut sets = selectors::recorded(trail)?;
    sets.retain(|set| set.has_management());
    if sets.is_empty() {
        return Ok(Verdict::not_applicable(
            "the trail logs no management events",
        ));
    }
    let mut gaps = Vec::new();
    for set in &sets {
        let asked = set.clone().regardless_of(&[Field::EventSource]);
        match selectors::judge(&asked, &sets) {
            Answer::Covers => {}
            Answer::CannotTell(gap) => gaps.push(gap),
            Answer::Lacks(hole) => {
                let verdict =
                    Verdict::fail(format!("the trail excludes management events: {hole}"));
                return Ok(verdict.saw("eventSource", hole.to_string()));
            }
        }
    }
    Verdict::pass("the trail logs management events of all services")
        .unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const MANAGEMENT: &str = "eventCategory = Management";
    const NOT_KMS: &str = "eventSource != kms.amazonaws.com";

    #[test]
    fn verdicts() {
        let advanced = |tests: &[&[&str]]| trail(|it| it.selectors = Known(selectors(tests)));
        let classic = |management, excluded: &[&str]| {
            let list = classic_selectors("All", management, excluded);
            trail(|it| it.selectors = Known(list))
        };
        table(
            &CHECK,
            [
                (Pass, advanced(&[&[MANAGEMENT]])),
                (Fail, advanced(&[&[MANAGEMENT, NOT_KMS]])),
                (
                    Pass,
                    advanced(&[
                        &[MANAGEMENT, NOT_KMS],
                        &[MANAGEMENT, "eventSource = kms.amazonaws.com"],
                    ]),
                ),
                // Complete for writes, not for reads.
                (
                    Fail,
                    advanced(&[
                        &[MANAGEMENT, "readOnly = false"],
                        &[MANAGEMENT, "readOnly = true", NOT_KMS],
                    ]),
                ),
                // Half of the events, but of every service: another check's question.
                (Pass, advanced(&[&[MANAGEMENT, "readOnly = false"]])),
                (Pass, advanced(&[&[MANAGEMENT, "eventName != Decrypt"]])),
                (
                    NotApplicable,
                    advanced(&[&["eventCategory = Data", NOT_KMS]]),
                ),
                (Unknown, advanced(&[&[MANAGEMENT, "userAgent = curl"]])),
                (
                    Fail,
                    advanced(&[
                        &[MANAGEMENT, "userAgent = curl", "readOnly = true"],
                        &[MANAGEMENT, "readOnly = false", NOT_KMS],
                    ]),
                ),
                (Pass, classic(true, &[])),
                (Fail, classic(true, &["rdsdata.amazonaws.com"])),
                (NotApplicable, classic(false, &["rdsdata.amazonaws.com"])),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }
}
