//! The store is collecting.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-ingestion-enabled",
    title: "Lake store collects events now",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "A store whose ingestion was stopped looks complete and answers queries; it only lacks everything since. One that is \
          pending deletion takes its events with it in seven days.",
    fix: "Start it again: `aws cloudtrail start-event-data-store-ingestion --event-data-store STORE_ARN`, or bring it back first: \
          `aws cloudtrail restore-event-data-store --event-data-store STORE_ARN`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventDataStore.html",
    ],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, _: &Context<'_>) -> Outcome {
    let status = store.configuration.status.known()?.as_str();
    let verdict = match status {
        "ENABLED" => Verdict::pass("it collects events"),
        "CREATED" | "STARTING_INGESTION" => Verdict::not_applicable("it is being started"),
        "PENDING_DELETION" => Verdict::fail("it is being deleted"),
        other => Verdict::fail(format!("it collects nothing: {other}")),
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
            inventory(|it| {
                add_store(it, ACCOUNT, HOME, |it| {
                    it.configuration.status = Known(status.to_owned());
                });
            })
        };
        let refused = |it: &mut EventDataStore| {
            it.configuration = denied(calls::GET_EVENT_DATA_STORE);
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
