//! The store collects from every account, where nothing else does.

use super::configured;
use crate::catalog::organization::trail;
use crate::finding::Status;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-organization",
    title: "Lake event data stores should collect events from all accounts, or an organization trail should log them",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "An event data store for one account has no events of other accounts. Without an organization trail, \
          administrators of each account control its logs.",
    fix: "From the management account or the delegated administrator: `aws cloudtrail update-event-data-store \
          --event-data-store STORE_ARN --organization-enabled --region REGION` (Terraform: `organization_enabled = \
          true` of `aws_cloudtrail_event_data_store`). Or create an organization trail (CreateTrail with \
          IsOrganizationTrail).",
    judged: "Passes when the store, or an organization trail, collects events of all accounts. Not applicable without \
             an organization.",
    alike: &[
        "A store of one account passes if an organization trail is logging, and fails without one.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake-organizations.html",
    ],
    reads: &[
        calls::LIST_EVENT_DATA_STORES,
        calls::GET_EVENT_DATA_STORE,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
    ],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, ctx: &Context<'_>) -> Outcome {
    let set = match configured(store)? {
        Ok(set) => set,
        Err(leaving) => return Ok(leaving),
    };
    let on = *set.organization.known()?;
    let verdict = if on {
        Verdict::pass("the event data store collects events from all accounts")
    } else {
        let Some(organization) = ctx.organization()? else {
            return Ok(Verdict::not_applicable(
                "the account is not in an organization",
            ));
        };
        let by_trail = trail::judge(organization, ctx)?;
        if by_trail.status == Status::Pass {
            let relies = "an organization trail logs events of all accounts";
            return Ok(Verdict::not_applicable(format!(
                "{relies}: {}",
                by_trail.message
            )));
        }
        Verdict::fail(
            "the event data store collects events from its own account only, and no organization trail is logging",
        )
    };
    Ok(verdict.saw("OrganizationEnabled", on).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let own = |case: Case| {
            case.and(|inventory| {
                add_store(inventory, ACCOUNT, HOME, |store| {
                    store.configuration.organization = Known(false)
                });
            })
        };
        let store =
            |change: fn(&mut EventDataStore)| inventory(|it| add_store(it, ACCOUNT, HOME, change));
        table(
            &CHECK,
            [
                (Pass, store(|_| {})),
                // The organization's trail records every account.
                (NotApplicable, own(inventory(|_| {}))),
                (Fail, own(trail(|it| status(it).logging = Known(false)))),
                (
                    Fail,
                    own(trail(|it| configuration(it).organization = Known(false))),
                ),
                (
                    Pass,
                    trail(|it| status(it).logging = Known(false))
                        .and(|inventory| add_store(inventory, ACCOUNT, HOME, |_| {})),
                ),
                (
                    Unknown,
                    own(trail(|it| it.status = denied(calls::GET_TRAIL_STATUS))),
                ),
                (
                    NotApplicable,
                    own(inventory(|it| it.organization = Known(None))),
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
