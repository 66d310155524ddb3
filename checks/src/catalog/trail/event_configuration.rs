//! Summaries of data events, beside the events themselves.

use crate::prelude::*;
use crate::selectors::{self, Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-event-configuration",
    title: "Trails that log data events should aggregate them",
    severity: Severity::Info,
    question: Some(Question::Recorded),
    why: "Trails can log millions of data events a day. Aggregated events summarize five minutes by caller, action \
          or resource. They are delivered in addition to the individual events.",
    fix: "Configure the aggregation templates: `aws cloudtrail put-event-configuration --trail-name TRAIL \
          --aggregation-configurations EventCategory=Data,Templates=API_ACTIVITY,RESOURCE_ACCESS,USER_ACTIONS \
          --region REGION`.",
    judged: "For trails that log data events: passes where GetEventConfiguration returns an aggregation of them. \
             Aggregated events are delivered in addition to the events themselves.",
    alike: &["A trail that logs only management events is not applicable."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventConfiguration.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_EVENT_SELECTORS,
        calls::GET_EVENT_CONFIGURATION,
    ],
    run: Run::Trail(run),
};

// For a trail the event configuration holds aggregations alone; the maximum size and the context keys are those of
// event data stores (API reference, PutEventConfiguration).
fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let data = Events::default().with(Field::EventCategory, [Pattern::equals("Data")]);
    let sets = selectors::recorded(trail)?;
    if !sets.iter().any(|set| selectors::overlap(set, &data)) {
        let text = "the trail logs no data events, and only these can be aggregated";
        return Ok(Verdict::not_applicable(text));
    }
    let all = trail.aggregations.known()?;
    let templates: Vec<&str> = all
        .iter()
        .filter(|it| it.category == "Data")
        .flat_map(|it| it.templates.iter().map(String::as_str))
        .collect();
    let verdict = Verdict::pass_if(
        !templates.is_empty(),
        format!("the trail aggregates data events: {}", templates.join(", ")),
        "the trail logs data events and does not aggregate them",
    );
    Ok(verdict.saw("AggregationConfigurations", all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::trail::Aggregation;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let of = |category: &str, templates: &[&str]| {
            let one = Aggregation {
                category: category.to_owned(),
                templates: templates.iter().map(ToString::to_string).collect(),
            };
            trail(|it| it.aggregations = Known(vec![one]))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, of("Data", &["USER_ACTIONS"])),
                (Fail, trail(|it| it.aggregations = Known(Vec::new()))),
                (Fail, of("Data", &[])),
                (Fail, of("Management", &["API_ACTIVITY"])),
                (
                    NotApplicable,
                    trail(|it| it.selectors = Known(classic_selectors("All", true, &[]))),
                ),
                (
                    Unknown,
                    trail(|it| it.aggregations = denied(calls::GET_EVENT_CONFIGURATION)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }
}
