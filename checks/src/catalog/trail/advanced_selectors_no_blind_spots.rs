//! Advanced selectors can leave out one person, one event or one bucket, and look complete.

use crate::inventory::Selectors;
use crate::prelude::*;
use crate::selectors::{self, Answer, Events, Field};

pub(super) const CHECK: Check = Check {
    id: "trail-advanced-selectors-no-blind-spots",
    title: "Advanced event selectors should not exclude principals, API calls or resources",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "A condition such as userIdentity.arn NotEquals or eventName NotEquals excludes one principal or one API \
          call from the logs. The console still shows the trail as logging.",
    fix: "Remove the conditions that the message names from the selectors: `aws cloudtrail put-event-selectors \
          --trail-name TRAIL --advanced-event-selectors file://selectors.json --region REGION` replaces all \
          selectors of the trail (Terraform: the `advanced_event_selector` blocks of `aws_cloudtrail`). Find out \
          who added them: look for PutEventSelectors in CloudTrail logs.",
    judged: "Any field condition of the advanced event selectors other than eventCategory, readOnly and \
             resources.type excludes events. It fails, and the message names the events that are not logged. An \
             unsupported field is unknown. Basic event selectors are not applicable.",
    alike: &[
        "`userIdentity.arn NotEquals` one user logs all other principals only, and fails.",
        "The name of a selector is not evaluated.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html",
    ],
    reads: &[calls::GET_EVENT_SELECTORS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    match trail.selectors.known()? {
        Selectors::Classic(_) => {
            return Ok(Verdict::not_applicable(
                "the trail uses basic event selectors, not advanced ones",
            ));
        }
        Selectors::Advanced(_) => {}
    }
    let sets = selectors::recorded(trail)?;
    let mut gaps = Vec::new();
    for set in &sets {
        match selectors::judge(&meant(set.clone()), &sets) {
            Answer::Covers => {}
            // One that takes too much work is enough: the others may take as much.
            Answer::CannotTell(gap) if gap.too_complex() => return Err(gap),
            Answer::CannotTell(gap) => gaps.push(gap),
            Answer::Lacks(hole) => {
                let verdict = Verdict::fail(format!(
                    "the advanced event selectors exclude events: {hole}"
                ));
                return Ok(verdict.saw("AdvancedEventSelectors", hole.to_string()));
            }
        }
    }
    Verdict::pass("no condition excludes events from the advanced event selectors")
        .unless_open(Gaps::collect(gaps))
}

/// What a selector seems to record. Management events are recorded whole or not at all; data events are
/// chosen by resource, so only what is excluded from the choice is a blind spot.
fn meant(set: Events) -> Events {
    if set.has_management() {
        set.regardless_of(&Field::NARROWING)
    } else {
        set.with_exclusions_undone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const MANAGEMENT: &str = "eventCategory = Management";
    const OBJECTS: [&str; 2] = ["eventCategory = Data", "resources.type = AWS::S3::Object"];

    fn management(more: &[&str]) -> Case {
        let test = [&[MANAGEMENT], more].concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    fn objects(more: &[&str]) -> Case {
        let test = [&OBJECTS, more].concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    #[test]
    fn management_events() {
        table(
            &CHECK,
            [
                (Pass, management(&[])),
                (Pass, management(&["readOnly = false"])),
                (Pass, management(&["eventSource != kms.amazonaws.com"])),
                (Fail, management(&["userIdentity.arn != attacker"])),
                (Fail, management(&["userIdentity.arn = admin"])),
                (Fail, management(&["eventName != StopLogging"])),
                (Fail, management(&["eventName ^ Get"])),
                (Fail, management(&["eventType !$ Event"])),
                (Fail, management(&["sessionCredentialFromConsole != true"])),
                (Unknown, management(&["userAgent != curl"])),
                (
                    Fail,
                    management(&["userAgent != curl", "eventName != StopLogging"]),
                ),
                (
                    Pass,
                    trail(|trail| {
                        trail.selectors = Known(selectors(&[
                            &[MANAGEMENT, "eventName != StopLogging"],
                            &[MANAGEMENT, "eventName = StopLogging"],
                        ]));
                    }),
                ),
                (
                    NotApplicable,
                    trail(|it| it.selectors = Known(classic_selectors("ReadOnly", true, &["x"]))),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }

    #[test]
    fn data_events() {
        table(
            &CHECK,
            [
                (Pass, objects(&[])),
                (Pass, objects(&["resources.ARN ^ arn:aws:s3:::one/"])),
                (Pass, objects(&["eventName = DeleteObject"])),
                (Fail, objects(&["resources.ARN !^ arn:aws:s3:::one/"])),
                // No object has such an ARN, and one has this.
                (Pass, objects(&["resources.ARN != arn:aws:s3:::one/*"])),
                (Fail, objects(&["resources.ARN != arn:aws:s3:::one/a"])),
                (
                    Fail,
                    objects(&[
                        "resources.ARN ^ arn:aws:s3:::one/",
                        "userIdentity.arn != attacker",
                    ]),
                ),
                (Fail, objects(&["eventSource != s3.amazonaws.com"])),
            ],
        );
    }
}
