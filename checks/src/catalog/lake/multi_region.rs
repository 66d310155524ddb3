//! The store collects from every region.

use super::configured;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-multi-region",
    title: "Lake store collects from every region",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "A store for one region misses what is done in all the others, and queries over it give the same confident answer as \
          if nothing had happened there.",
    fix: "Let it collect everywhere: `aws cloudtrail update-event-data-store --event-data-store STORE_ARN \
          --multi-region-enabled`.",
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
        "it collects from every region",
        format!("it collects from {} alone", store.region),
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
