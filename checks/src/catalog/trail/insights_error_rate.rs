//! Unusual numbers of errors are noticed.

use super::insights;
use crate::prelude::*;
use crate::selectors::Events;

pub(super) const CHECK: Check = Check {
    id: "trail-insights-error-rate",
    title: "Trails should have CloudTrail Insights on the API error rate",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Testing the permissions of stolen credentials causes AccessDenied errors. ApiCallRateInsight counts write \
          calls only and does not detect them.",
    fix: "Add ApiErrorRateInsight (charged per analyzed event) to the Insights types of the trail: `aws cloudtrail \
          put-insight-selectors --trail-name TRAIL --insight-selectors InsightType=ApiErrorRateInsight \
          InsightType=ApiCallRateInsight --region REGION`. The call replaces the whole list.",
    judged: "ApiErrorRateInsight must be enabled.",
    alike: &["Call rate Insights without error rate Insights fail."],
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
    insights::judge(trail, "ApiErrorRateInsight", &Events::management())
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
                (Pass, on(&["ApiErrorRateInsight"])),
                // The other kind answers another question.
                (Fail, on(&["ApiCallRateInsight"])),
                (Fail, on(&[])),
                (
                    Fail,
                    of(on(&["ApiErrorRateInsight"]), |it| {
                        status(it).logging = Known(false)
                    }),
                ),
                // Reading is enough for errors.
                (
                    Pass,
                    of(on(&["ApiErrorRateInsight"]), |it| {
                        it.selectors = Known(classic_selectors("ReadOnly", true, &[]));
                    }),
                ),
                (
                    Fail,
                    of(on(&["ApiErrorRateInsight"]), |it| {
                        it.selectors = Known(selectors(&[&["eventCategory = Data"]]));
                    }),
                ),
                (
                    Fail,
                    trail(|trail| {
                        known(&mut trail.insights)[1].categories = vec!["Data".to_owned()];
                    }),
                ),
                (
                    Pass,
                    trail(|trail| {
                        known(&mut trail.insights)[1]
                            .categories
                            .push("Data".to_owned())
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
