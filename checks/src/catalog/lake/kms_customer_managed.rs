//! The store is encrypted under a key of yours.

use super::configured;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-kms-customer-managed",
    title: "Lake store is encrypted with a customer-managed key",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Events under a key that AWS owns are readable for whoever may query the store. With a key of your own, its policy is \
          a second lock, and each use of it is in the log.",
    fix: "Give the store a key, which cannot be taken away again: `aws cloudtrail update-event-data-store --event-data-store \
          STORE_ARN --kms-key-id KEY_ARN`; its policy must let CloudTrail use it.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    ],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, _: &Context<'_>) -> Outcome {
    let set = match configured(store)? {
        Ok(set) => set,
        Err(leaving) => return Ok(leaving),
    };
    let key = set.kms_key.known()?.as_ref();
    let verdict = Verdict::pass_if(
        key.is_some(),
        "a key of yours encrypts it",
        "a key that AWS owns encrypts it",
    );
    Ok(verdict.saw("KmsKeyId", key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let store = |change: fn(&mut EventDataStore)| {
            inventory(|it| {
                add_store(it, ACCOUNT, HOME, |store| {
                    store.configuration.kms_key = Known(Some(Arn::from(KEY_ARN)));
                    change(store);
                });
            })
        };
        table(
            &CHECK,
            [
                (Pass, store(|_| {})),
                (Fail, store(|it| it.configuration.kms_key = Known(None))),
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
