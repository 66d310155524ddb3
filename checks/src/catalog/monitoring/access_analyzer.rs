//! IAM Access Analyzer watches who outside may reach log buckets and keys.

use super::{all_in_sight, off};
use crate::fact::Reason;
use crate::inventory::region::AccessAnalyzer;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-access-analyzer",
    title: "IAM Access Analyzer should be enabled in regions with log buckets or keys that encrypt logs",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "IAM Access Analyzer determines from policies which external principals can access a bucket or a key, and \
          reports changes within 30 minutes. An analyzer covers only the region that it was created in.",
    fix: "Create an analyzer in the region, from the management account or the delegated administrator: `aws \
          accessanalyzer create-analyzer --analyzer-name external --type ORGANIZATION --region REGION`. For a single \
          account use `--type ACCOUNT`.",
    judged: "In regions with log buckets or keys that encrypt logs, an external access analyzer must be ACTIVE: of \
             the account, or of the organization.",
    alike: &["An unused access analyzer is a different type, and fails."],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-getting-started.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOCATION,
        calls::GET_BUCKET_ENCRYPTION,
        calls::LIST_ANALYZERS,
    ],
    run: Run::Region(run),
};

fn run(region: &RegionOf<'_>, ctx: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::LIST_ANALYZERS)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    let own = view.access_analyzers.known();
    let active = |list: &[AccessAnalyzer], kinds: &[&str]| {
        list.iter()
            .any(|it| it.status == "ACTIVE" && kinds.contains(&it.kind.as_str()))
    };
    if own
        .as_ref()
        .is_ok_and(|list| active(list, &["ACCOUNT", "ORGANIZATION"]))
    {
        return Ok(
            Verdict::pass("an external access analyzer is active").saw("analyzers", own.ok())
        );
    }
    if !holds(region, ctx)? {
        return Ok(Verdict::not_applicable(
            "the region has no log bucket and no key of a trail",
        ));
    }
    // One analyzer of the management account or of a delegated administrator serves every account.
    let mut gaps: Vec<Gaps> = own.err().into_iter().collect();
    for account in ctx
        .inventory
        .accounts
        .values()
        .filter(|it| it.id != region.account.id)
    {
        let Some(other) = ctx.region(&account.id, region.name) else {
            gaps.extend(
                account
                    .session
                    .gap()
                    .or(account.regions.gap())
                    .map(|it| it.clone().into()),
            );
            continue;
        };
        match other.access_analyzers.known() {
            Ok(list) if active(list, &["ORGANIZATION"]) => {
                let told = format!(
                    "an organization analyzer in account {} covers the account",
                    account.id
                );
                return Ok(Verdict::pass(told).saw("analyzers", list));
            }
            Ok(_) => {}
            Err(missing) => gaps.push(missing),
        }
    }
    match Gaps::collect(gaps) {
        Some(gaps) => Err(gaps),
        None => {
            all_in_sight(ctx)?;
            Ok(
                Verdict::fail("no external access analyzer is active in this region")
                    .saw("analyzers", &view.access_analyzers),
            )
        }
    }
}

/// Whether a log bucket or a key of the record lies in the region.
fn holds(region: &RegionOf<'_>, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let mut gaps = Vec::new();
    let inventory = ctx.inventory;
    let here =
        |account: &AccountId, at: &Region| *account == region.account.id && at == region.name;
    if inventory
        .keys
        .values()
        .any(|it| ctx.key_is_used(it) && here(&it.account, &it.region))
    {
        return Ok(true);
    }
    for bucket in inventory
        .buckets
        .values()
        .filter(|it| !ctx.deliverers(it).is_empty() && it.exists.ok() != Some(&false))
    {
        match (bucket.owner.known(), bucket.region.known()) {
            (Ok(Some(owner)), Ok(at)) if here(owner, at) => return Ok(true),
            (Ok(Some(owner)), _) if *owner != region.account.id => {}
            (Ok(_), Ok(_)) => {}
            (_, Ok(at)) if at != region.name => {}
            (owner, at) => gaps.extend(owner.err().into_iter().chain(at.err())),
        }
        // The key of a bucket may lie here, too.
        gaps.extend(bucket.encryption.known().err());
    }
    gaps.extend(ctx.hiding_storage(|| hiding(ctx)).cloned());
    Gaps::collect(gaps).map_or(Ok(false), Err)
}

/// What may hide a bucket or a key of the record, wherever it lies.
fn hiding(ctx: &Context<'_>) -> Option<Gaps> {
    let (inventory, mut gaps) = (ctx.inventory, Vec::new());
    let trails = inventory.trails.values();
    gaps.extend(trails.filter_map(|it| it.configuration.missing()));
    let stores = inventory.event_data_stores.values();
    gaps.extend(stores.filter_map(|it| it.configuration.missing()));
    // A listing that is missing hides trails, and with them buckets and keys.
    let hides = |gaps: &Gaps| gaps.iter().any(|gap| gap.reason != Reason::DeniedByScp);
    let listings = inventory
        .regions
        .values()
        .filter_map(|it| it.trails.known().err());
    gaps.extend(listings.filter(hides));
    let accounts = inventory.accounts.values();
    let unseen = accounts.filter_map(|it| it.session.gap().or(it.regions.gap()));
    gaps.extend(unseen.map(|it| it.clone().into()));
    gaps.extend(all_in_sight(ctx).err());
    Gaps::collect(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn analyzer(kind: &str, status: &str) -> Fact<Vec<AccessAnalyzer>> {
        Known(vec![AccessAnalyzer {
            arn: Arn::from("arn:aws:access-analyzer:us-east-1:111111111111:analyzer/a"),
            kind: kind.to_owned(),
            status: status.to_owned(),
        }])
    }

    #[test]
    fn verdicts() {
        let set = |list| region(|it| it.access_analyzers = list);
        let lost = || denied(calls::LIST_ANALYZERS);
        table(
            &CHECK,
            [
                (Pass, set(analyzer("ACCOUNT", "ACTIVE"))),
                (Pass, set(analyzer("ORGANIZATION", "ACTIVE"))),
                (Fail, set(analyzer("ACCOUNT", "DISABLED"))),
                (Fail, set(analyzer("ACCOUNT_UNUSED_ACCESS", "ACTIVE"))),
                (Fail, set(Known(Vec::new()))),
                (Unknown, set(lost())),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].enabled = false),
                ),
            ],
        );
    }

    #[test]
    fn only_regions_that_hold_something_are_judged() {
        let second = |list: Fact<Vec<AccessAnalyzer>>| {
            inventory(|inventory| {
                add_region(inventory, ACCOUNT, "eu-west-1");
                for view in inventory.regions.values_mut() {
                    view.access_analyzers = list.clone();
                }
            })
        };
        let moved = |at: Fact<Region>| {
            second(Known(Vec::new())).and(|inventory| {
                inventory
                    .buckets
                    .get_mut(&Arn::from(BUCKET_ARN))
                    .unwrap()
                    .region = at;
            })
        };
        let there = "111111111111/eu-west-1";
        table_on(
            &CHECK,
            there,
            [
                (NotApplicable, second(Known(Vec::new()))),
                (Fail, moved(Known(Region::from("eu-west-1")))),
                (Unknown, moved(denied(calls::GET_BUCKET_LOCATION))),
            ],
        );
    }

    #[test]
    fn an_analyzer_of_the_organization_serves_members() {
        let member = |kind: &str| {
            let list = analyzer(kind, "ACTIVE");
            inventory(|inventory| {
                member(inventory, "222222222222", &[HOME]);
                for view in inventory.regions.values_mut() {
                    let own = view.account == AccountId::from(ACCOUNT);
                    view.access_analyzers = if own { list.clone() } else { Known(Vec::new()) };
                }
                inventory
                    .buckets
                    .get_mut(&Arn::from(BUCKET_ARN))
                    .unwrap()
                    .owner = Known(Some("222222222222".into()));
            })
        };
        let there = "222222222222/us-east-1";
        table_on(
            &CHECK,
            there,
            [(Pass, member("ORGANIZATION")), (Fail, member("ACCOUNT"))],
        );
    }
}
