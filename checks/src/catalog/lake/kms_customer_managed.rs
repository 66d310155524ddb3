//! The store is encrypted under a key of yours.

use super::configured;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-kms-customer-managed",
    title: "Lake event data stores should be encrypted with a customer managed key",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "With an AWS owned key, permission to query the event data store is enough to read events. A customer \
          managed key also requires permissions on the key, and each use is logged.",
    fix: "Set a key whose policy allows CloudTrail to use it. This cannot be undone: a key cannot be removed from an \
          event data store. `aws cloudtrail update-event-data-store --event-data-store STORE_ARN --kms-key-id \
          KEY_ARN --region REGION` (Terraform: `kms_key_id` of `aws_cloudtrail_event_data_store`).",
    judged: "Passes when the store names a key.",
    alike: &["A store without one is encrypted with an AWS owned key and fails."],
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
        "the event data store is encrypted with a customer managed key",
        "the event data store is encrypted with an AWS owned key",
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
            inventory(|inventory| {
                add_store(inventory, ACCOUNT, HOME, |store| {
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
