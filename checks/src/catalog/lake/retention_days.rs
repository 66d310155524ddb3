//! Events stay long enough.

use super::configured;
use crate::catalog::gap::gap;
use crate::fact::Reason;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-retention-days",
    title: "Lake event data stores should retain events for the required time",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "An event data store deletes each event at the end of its retention period. Events that a later audit needs \
          are then lost, unless a trail delivered them too.",
    fix: "Increase the retention period: `aws cloudtrail update-event-data-store --event-data-store STORE_ARN \
          --retention-period DAYS --region REGION` (Terraform: `retention_period` of \
          `aws_cloudtrail_event_data_store`). The maximum is 3,653 days with one-year extendable pricing, and 2,557 \
          with seven-year pricing.",
    judged: "The store's retention must reach `retention_days`.",
    alike: &["With the default setting, 365 days pass and 364 fail."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake-concepts.html",
    ],
    reads: &[calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, ctx: &Context<'_>) -> Outcome {
    let set = match configured(store)? {
        Ok(set) => set,
        Err(leaving) => return Ok(leaving),
    };
    let needed = i64::from(ctx.settings.retention_days);
    let Some(days) = *set.retention_days.known()? else {
        return Err(gap(
            calls::GET_EVENT_DATA_STORE,
            &store.account,
            &store.region,
            Reason::Malformed,
            "the response has no RetentionPeriod",
        ));
    };
    let verdict = Verdict::pass_if(
        days >= needed,
        format!("the event data store retains events for {days} days"),
        format!("the event data store retains events for {days} days; {needed} are required"),
    );
    Ok(verdict.saw("RetentionPeriod", days).expected(needed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let store =
            |change: fn(&mut EventDataStore)| inventory(|it| add_store(it, ACCOUNT, HOME, change));
        let kept = |days: Option<i64>| {
            inventory(|inventory| {
                add_store(inventory, ACCOUNT, HOME, |store| {
                    store.configuration.retention_days = Known(days);
                });
            })
        };
        table(
            &CHECK,
            [
                (Pass, kept(Some(365))),
                (Fail, kept(Some(364))),
                (Pass, kept(Some(364)).with(|it| it.retention_days = 364)),
                (Unknown, kept(None)),
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
