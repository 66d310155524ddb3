//! The store collects from every region.

use super::configured;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-multi-region",
    title: "Lake event data stores should collect events from all regions",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "A single-region event data store does not have events of other regions. Queries do not show that they are \
          missing.",
    fix: "Make it a multi-region event data store: `aws cloudtrail update-event-data-store --event-data-store \
          STORE_ARN --multi-region-enabled --region REGION` (Terraform: `multi_region_enabled = true` of \
          `aws_cloudtrail_event_data_store`).",
    judged: "Passes when the store collects from all regions.",
    alike: &["A store that collects from us-east-1 only fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-event-data-store-cloudtrail.html",
    ],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, _: &Context<'_>) -> Outcome {
    let set = match configured(store)? {
        Ok(set) => set,
        Err(leaving) => return Ok(leaving),
    };
    let on = *set.multi_region.known()?;
    let verdict = Verdict::pass_if(
        on,
        "the event data store collects events from all regions",
        format!(
            "the event data store collects events from {} only",
            store.region
        ),
    );
    Ok(verdict.saw("MultiRegionEnabled", on).expected(true))
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
                    store(|it| it.configuration.multi_region = Known(false)),
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
