//! The store is collecting.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-ingestion-enabled",
    title: "Lake event data stores should be ingesting events",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "An event data store with stopped ingestion still answers queries, without any newer events. One that is \
          pending deletion is deleted with its events after seven days.",
    fix: "Start ingestion: `aws cloudtrail start-event-data-store-ingestion --event-data-store STORE_ARN --region \
          REGION` (Terraform: `suspend = false` of `aws_cloudtrail_event_data_store`). If it is pending deletion, \
          restore it first: `aws cloudtrail restore-event-data-store --event-data-store STORE_ARN --region REGION`.",
    judged: "Passes when the store is ENABLED; a stopped one and one that is being deleted fail.",
    alike: &["A store in STOPPED_INGESTION exists, but collects no events, and fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventDataStore.html",
    ],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, _: &Context<'_>) -> Outcome {
    let status = store.configuration.status.known()?.as_str();
    let verdict = match status {
        "ENABLED" => Verdict::pass("the event data store is ingesting events"),
        "CREATED" | "STARTING_INGESTION" => {
            Verdict::not_applicable("ingestion of the event data store is starting")
        }
        "PENDING_DELETION" => Verdict::fail("the event data store is pending deletion"),
        other => Verdict::fail(format!(
            "the event data store is not ingesting events (status {other})"
        )),
    };
    Ok(verdict.saw("Status", status).expected("ENABLED"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let status = |status: &str| {
            inventory(|inventory| {
                add_store(inventory, ACCOUNT, HOME, |store| {
                    store.configuration.status = Known(status.to_owned());
                });
            })
        };
        let refused = |store: &mut EventDataStore| {
            store.configuration = denied(calls::GET_EVENT_DATA_STORE);
        };
        table(
            &CHECK,
            [
                (Pass, status("ENABLED")),
                (Fail, status("STOPPED_INGESTION")),
                (Fail, status("STOPPING_INGESTION")),
                (Fail, status("PENDING_DELETION")),
                (NotApplicable, status("STARTING_INGESTION")),
                (NotApplicable, status("CREATED")),
                (
                    Unknown,
                    inventory(|it| add_store(it, ACCOUNT, HOME, refused)),
                ),
                (NotApplicable, inventory(|_| {})),
            ],
        );
    }
}
