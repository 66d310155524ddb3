//! The store cannot be deleted by one call.

use super::configured;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-termination-protection",
    title: "Lake event data stores should have termination protection enabled",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "DeleteEventDataStore deletes all collected events. Termination protection must first be disabled by \
          another call, which an alarm can detect and an SCP can deny.",
    fix: "Enable it: `aws cloudtrail update-event-data-store --event-data-store STORE_ARN \
          --termination-protection-enabled --region REGION` (Terraform: `termination_protection_enabled = true` of \
          `aws_cloudtrail_event_data_store`).",
    judged: "Passes when termination protection is enabled.",
    alike: &[
        "Termination protection can be disabled by principals with cloudtrail:UpdateEventDataStore: see \
         access-lake-destroy.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-eds-termination-protection.html",
    ],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, _: &Context<'_>) -> Outcome {
    let set = match configured(store)? {
        Ok(set) => set,
        Err(leaving) => return Ok(leaving),
    };
    let on = *set.termination_protection.known()?;
    let verdict = Verdict::pass_if(
        on,
        "termination protection of the event data store is enabled",
        "termination protection of the event data store is disabled",
    );
    Ok(verdict
        .saw("TerminationProtectionEnabled", on)
        .expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let store =
            |change: fn(&mut EventDataStore)| inventory(|it| add_store(it, ACCOUNT, HOME, change));
        table(
            &CHECK,
            [
                (Pass, store(|_| {})),
                (
                    Fail,
                    store(|it| it.configuration.termination_protection = Known(false)),
                ),
                (
                    NotApplicable,
                    store(|it| it.configuration.status = Known("PENDING_DELETION".to_owned())),
                ),
                (
                    Unknown,
                    store(|it| it.configuration = denied(calls::GET_EVENT_DATA_STORE)),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    region(|it| it.event_data_stores = denied(calls::LIST_EVENT_DATA_STORES)),
                ),
            ],
        );
    }
}
