//! Unusual numbers of errors are noticed.

use super::insights;
use crate::prelude::*;
use crate::selectors::Events;

pub(super) const CHECK: Check = Check {
    id: "trail-insights-error-rate",
    title: "Trail watches for unusual numbers of refused API calls",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Someone who tries out what a stolen key may do collects AccessDenied errors. The insight for the call rate counts \
          writes only and does not see them.",
    fix: "Add ApiErrorRateInsight to the trail's insights with PutInsightSelectors, beside those that are on: the call \
          replaces the whole list.",
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
                    trail(|it| {
                        known(&mut it.insights)[1].categories = vec!["Data".to_owned()];
                    }),
                ),
                (
                    Pass,
                    trail(|it| {
                        known(&mut it.insights)[1]
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
