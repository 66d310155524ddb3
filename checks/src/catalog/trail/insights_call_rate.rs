//! Unusual numbers of calls are noticed.

use super::insights;
use crate::prelude::*;
use crate::selectors::Events;

pub(super) const CHECK: Check = Check {
    id: "trail-insights-call-rate",
    title: "Trails should have CloudTrail Insights on the API call rate",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "An unusual number of write calls can be a sign of compromised credentials. Insights learns the usual rate \
          of each account and needs no rules.",
    fix: "Enable both Insights types (charged per analyzed event): `aws cloudtrail put-insight-selectors \
          --trail-name TRAIL --insight-selectors InsightType=ApiCallRateInsight InsightType=ApiErrorRateInsight \
          --region REGION` (Terraform: `insight_selector` blocks of `aws_cloudtrail`).",
    judged: "ApiCallRateInsight must be enabled.",
    alike: &["Error rate Insights without call rate Insights fail."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_InsightSelector.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
        calls::GET_INSIGHT_SELECTORS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    // CloudTrail counts write calls alone for it ("Working with CloudTrail Insights", User Guide).
    let writing = Events::management().reading(false);
    insights::judge(trail, "ApiCallRateInsight", &writing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::trail::Insight;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let on = |kinds: &[&str]| {
            let kinds = kinds.iter().map(|it| Insight::of_management(*it)).collect();
            trail(|it| it.insights = Known(kinds))
        };
        let of = |case: Case, change: fn(&mut Trail)| {
            case.and(|it| change(it.trails.values_mut().next().unwrap()))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, on(&["ApiCallRateInsight"])),
                // The other kind answers another question.
                (Fail, on(&["ApiErrorRateInsight"])),
                (Fail, on(&[])),
                (
                    Fail,
                    of(on(&["ApiCallRateInsight"]), |it| {
                        status(it).logging = Known(false)
                    }),
                ),
                // Nothing is written that it could count.
                (
                    Fail,
                    of(on(&["ApiCallRateInsight"]), |it| {
                        it.selectors = Known(classic_selectors("ReadOnly", true, &[]));
                    }),
                ),
                (
                    Pass,
                    of(on(&["ApiCallRateInsight"]), |it| {
                        it.selectors = Known(classic_selectors("WriteOnly", true, &[]));
                    }),
                ),
                (
                    Fail,
                    trail(|trail| {
                        known(&mut trail.insights)[0].categories = vec!["Data".to_owned()];
                    }),
                ),
                (
                    NotApplicable,
                    of(on(&[]), |it| {
                        it.selectors = Known(selectors(&[&["eventCategory = Data"]]));
                    }),
                ),
                (
                    Unknown,
                    trail(|it| it.insights = denied(calls::GET_INSIGHT_SELECTORS)),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    of(on(&[]), |it| {
                        it.selectors = denied(calls::GET_EVENT_SELECTORS);
                    }),
                ),
            ],
        );
    }
}
