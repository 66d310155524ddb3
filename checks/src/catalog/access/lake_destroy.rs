//! Nobody can delete or stop an event data store.

use super::effective::{STORES, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-lake-destroy",
    title: "Only approved principals should be able to delete or stop event data stores",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "An event data store contains the events themselves. If ingestion is stopped, later events are not stored. \
          If the store is deleted, past events are lost.",
    fix: "Remove cloudtrail:DeleteEventDataStore, cloudtrail:StopEventDataStoreIngestion and \
          cloudtrail:UpdateEventDataStore from the principals, or deny them in an SCP that exempts a break-glass \
          role.",
    judged: "Fails for every principal that can delete, stop or shorten a CloudTrail Lake store.",
    alike: &[
        "A store with termination protection still fails if the principal can disable the protection.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: STORES,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "cloudtrail:DeleteEventDataStore",
    "cloudtrail:StopEventDataStoreIngestion",
    "cloudtrail:UpdateEventDataStore",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can delete or stop event data stores")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn store(case: Case) -> Case {
        case.and(|inventory| add_store(inventory, ACCOUNT, HOME, |_| {}))
    }

    #[test]
    fn verdicts() {
        let stop = || may("cloudtrail:StopEventDataStoreIngestion", "*");
        table(
            &CHECK,
            [
                (Pass, store(role(|_| {}))),
                (Fail, store(stop())),
                (Pass, store(may("cloudtrail:GetEventDataStore", "*"))),
                // There is none.
                (Pass, stop()),
                (Unknown, store(role(|r| r.inline.push(inline("{"))))),
            ],
        );
    }

    #[test]
    fn protection_has_to_be_lifted_first() {
        let protected = |case: Case| {
            store(case).and(|inventory| {
                let store = inventory.event_data_stores.values_mut().next().unwrap();
                store.configuration.termination_protection = Known(true);
            })
        };
        table(
            &CHECK,
            [
                (Pass, protected(may("cloudtrail:DeleteEventDataStore", "*"))),
                (Fail, protected(may("cloudtrail:*EventDataStore", "*"))),
            ],
        );
    }
}
