//! Summaries of data events, beside the events themselves.

use crate::prelude::*;
use crate::selectors::{self, Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-event-configuration",
    title: "Trails that record data events should aggregate them",
    severity: Severity::Info,
    question: Some(Question::Recorded),
    why: "Data events come by the million, and a change in who reads what drowns in them. Aggregated events sum up each \
          five minutes by caller, action or resource. They are delivered in addition: no event is left out for them.",
    fix: "Add the templates that you want: `aws cloudtrail put-event-configuration --trail-name TRAIL_ARN \
          --aggregation-configurations EventCategory=Data,Templates=API_ACTIVITY,RESOURCE_ACCESS,USER_ACTIONS`.",
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
        let text = "it records no data events: only these are aggregated";
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
        format!("data events are aggregated: {}", templates.join(", ")),
        "data events are recorded, and not aggregated",
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
