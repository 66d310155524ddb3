//! The store collects from every account, where nothing else does.

use super::configured;
use crate::catalog::organization::trail;
use crate::finding::Status;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-organization",
    title: "Lake store collects from every account, or an organization trail records them",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "A store for its own account leaves the others to themselves. Where no organization trail runs either, an account's \
          record depends on its own administrator.",
    fix: "From the management account or as delegated administrator: `aws cloudtrail update-event-data-store --event-data-store \
          STORE_ARN --organization-enabled`; or have an organization trail running (CreateTrail, \
          `--is-organization-trail`).",
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
        Verdict::pass("it collects from every account")
    } else {
        let Some(organization) = ctx.organization()? else {
            return Ok(Verdict::not_applicable("there is no organization"));
        };
        let by_trail = trail::judge(organization, ctx)?;
        if by_trail.status == Status::Pass {
            let relies = "the organization relies on its trail";
            return Ok(Verdict::not_applicable(format!(
                "{relies}: {}",
                by_trail.message
            )));
        }
        Verdict::fail("it collects from its own account alone, and no organization trail runs")
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
            case.and(|it| {
                add_store(it, ACCOUNT, HOME, |it| {
                    it.configuration.organization = Known(false)
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
                        .and(|it| add_store(it, ACCOUNT, HOME, |_| {})),
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
