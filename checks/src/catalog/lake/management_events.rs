//! A store that stands in for a trail collects what a trail would.

use super::configured;
use crate::prelude::*;
use crate::selectors::{self, Answer, Events};

pub(super) const CHECK: Check = Check {
    id: "lake-management-events",
    title: "Lake event data stores for management events should collect all of them, read and write",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "If the event data store is the only log, events that its selectors exclude are lost. Queries do not show \
          that they are missing.",
    fix: "Set a selector with eventCategory Management, without readOnly and eventSource: `aws cloudtrail \
          update-event-data-store --event-data-store STORE_ARN --advanced-event-selectors file://selectors.json \
          --region REGION` (Terraform: `advanced_event_selector` of `aws_cloudtrail_event_data_store`).",
    judged: "The store's selectors are modelled like a trail's: all management events, read and write, of all \
             services. Not applicable to stores made for other events.",
    alike: &["A selector with a condition on eventName collects only some events and fails."],
    references: &["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/lake-eds-cli.html"],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, _: &Context<'_>) -> Outcome {
    if let Err(leaving) = configured(store)? {
        return Ok(leaving);
    }
    let sets = selectors::collected(store)?;
    let asked = Events::management();
    if !sets.iter().any(|set| selectors::overlap(set, &asked)) {
        let other = "the event data store collects no management events";
        return Ok(Verdict::not_applicable(other));
    }
    match selectors::judge(&asked, &sets) {
        Answer::Covers => Ok(Verdict::pass(
            "the event data store collects all management events",
        )),
        Answer::Lacks(hole) => {
            let text =
                format!("the event data store does not collect all management events: {hole}");
            let verdict = Verdict::fail(text);
            Ok(verdict.saw("AdvancedEventSelectors", hole.to_string()))
        }
        Answer::CannotTell(gaps) => Err(gaps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        const MANAGEMENT: &str = "eventCategory = Management";
        let set = |tests: &[&[&str]]| {
            let tests = selectors(tests);
            inventory(|inventory| {
                add_store(inventory, ACCOUNT, HOME, |it| it.selectors = Known(tests))
            })
        };
        let refused = |it: &mut EventDataStore| it.selectors = denied(calls::GET_EVENT_DATA_STORE);
        let unclear = |store: &mut EventDataStore| {
            store.configuration = denied(calls::GET_EVENT_DATA_STORE);
        };
        let leaving = |store: &mut EventDataStore| {
            store.configuration.status = Known("PENDING_DELETION".to_owned());
        };
        table(
            &CHECK,
            [
                (Pass, set(&[&[MANAGEMENT]])),
                (Fail, set(&[&[MANAGEMENT, "readOnly = false"]])),
                (
                    Pass,
                    set(&[
                        &[MANAGEMENT, "readOnly = false"],
                        &[MANAGEMENT, "readOnly = true"],
                    ]),
                ),
                (
                    Fail,
                    set(&[&[MANAGEMENT, "eventSource != kms.amazonaws.com"]]),
                ),
                (NotApplicable, set(&[&["eventCategory = Data"]])),
                (
                    NotApplicable,
                    set(&[&["eventCategory = ConfigurationItem"]]),
                ),
                (Unknown, set(&[&[MANAGEMENT, "userAgent = curl"]])),
                (
                    Unknown,
                    inventory(|it| add_store(it, ACCOUNT, HOME, refused)),
                ),
                (
                    Unknown,
                    inventory(|it| add_store(it, ACCOUNT, HOME, unclear)),
                ),
                (
                    NotApplicable,
                    inventory(|it| add_store(it, ACCOUNT, HOME, leaving)),
                ),
                (NotApplicable, inventory(|_| {})),
            ],
        );
    }
}
