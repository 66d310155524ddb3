//! Where the record is kept, and in which account.

use std::collections::BTreeSet;

use crate::access::{Control, Kind, TamperAction, table as tamper_actions};
use crate::calls;
use crate::catalog::gap;
use crate::context::Context;
use crate::fact::{Fact, Gaps, Reason};
use crate::ids::{AccountId, Arn};
use crate::inventory::{Account, Key};
use crate::policy::Target;

/// What holds a part of the record.
#[derive(Debug)]
pub(super) struct Thing<'a> {
    pub(super) arn: &'a Arn,
    pub(super) account: &'a Account,
    /// A key whose material was imported: only that can be deleted apart from the key.
    imported: bool,
}

/// Does something to keys with imported material only.
const IMPORTED: &str = "kms:DeleteImportedKeyMaterial";

/// All of it, in member accounts.
pub(super) struct Stored<'a> {
    pub(super) things: Vec<Thing<'a>>,
    pub(super) gaps: Vec<Gaps>,
    /// What to say where there is none.
    pub(super) exempt: &'static str,
}

/// Log buckets, keys and log groups that lie in member accounts: control policies reach no others.
pub(super) fn stored<'a>(ctx: &Context<'a>) -> Stored<'a> {
    let inventory = ctx.inventory;
    let mut gaps = Vec::new();
    let mut owned: Vec<(&'a Arn, AccountId)> = Vec::new();
    for bucket in inventory
        .buckets
        .values()
        .filter(|it| !ctx.deliverers(it).is_empty())
    {
        match &bucket.owner {
            Fact::Known(Some(owner)) => owned.push((&bucket.arn, owner.clone())),
            Fact::Known(None) => {}
            Fact::Unknown(gap) => gaps.push(Gaps::from(gap.clone())),
        }
    }
    for key in inventory.keys.values().filter(|it| ctx.key_is_used(it)) {
        match &key.metadata {
            Fact::Known(Some(metadata)) => match metadata.manager.known() {
                Ok(manager) if manager == "AWS" => {}
                Ok(_) => {
                    owned.push((&key.arn, key.account.clone()));
                    // Whether its material was imported decides which actions count.
                    gaps.extend(metadata.origin.known().err());
                }
                Err(missing) => gaps.push(missing),
            },
            Fact::Known(None) => {}
            Fact::Unknown(gap) => gaps.push(Gaps::from(gap.clone())),
        }
    }
    for group in inventory
        .log_groups
        .values()
        .filter(|it| !ctx.writers(it).is_empty())
    {
        match &group.configuration {
            Fact::Known(Some(_)) => owned.push((&group.arn, group.account.clone())),
            Fact::Known(None) => {}
            Fact::Unknown(gap) => gaps.push(Gaps::from(gap.clone())),
        }
    }
    gaps.extend(overlooked(ctx));
    let imported: BTreeSet<&Arn> = inventory
        .keys
        .values()
        .filter(|key| {
            origin(key).is_some_and(|origin| origin.ok().is_some_and(|it| it == "EXTERNAL"))
        })
        .map(|it| &it.arn)
        .collect();
    let member = |(arn, owner): (&'a Arn, AccountId)| {
        let account = inventory.accounts.get(&owner)?;
        (!account.management).then_some(Thing {
            arn,
            account,
            imported: imported.contains(arn),
        })
    };
    Stored {
        things: owned.into_iter().filter_map(member).collect(),
        gaps,
        exempt: "no log bucket, key or log group is in a member account, and SCPs and RCPs do not apply to the management account",
    }
}

fn origin(key: &Key) -> Option<&Fact<String>> {
    let metadata = key.metadata.ok()?.as_ref()?;
    Some(&metadata.origin)
}

/// Where a trail, or what it writes to, may not have been seen.
fn overlooked(ctx: &Context<'_>) -> Vec<Gaps> {
    let inventory = ctx.inventory;
    let regions = inventory.regions.values().filter_map(|it| it.trails.gap());
    let regions = regions.filter(|it| it.reason != Reason::DeniedByScp);
    let accounts = inventory.accounts.values().filter(|it| !it.excluded);
    let accounts = accounts
        .flat_map(|it| [it.session.gap(), it.regions.gap()])
        .flatten();
    let mut gaps: Vec<Gaps> = regions
        .chain(accounts)
        .map(|it| Gaps::from(it.clone()))
        .collect();
    for bucket in inventory
        .buckets
        .values()
        .filter(|it| !ctx.deliverers(it).is_empty())
    {
        if bucket.exists.ok() != Some(&false) {
            gaps.extend(bucket.encryption.known().err());
        }
    }
    for store in inventory.event_data_stores.values() {
        gaps.extend(store.configuration.kms_key.known().err());
    }
    for trail in inventory.trails.values() {
        let set = &trail.configuration;
        gaps.extend(set.kms_key.known().err());
        gaps.extend(set.log_group.known().err());
        let bucket = match set.bucket.known() {
            Ok(bucket) => bucket,
            Err(missing) => {
                gaps.push(missing);
                continue;
            }
        };
        if inventory.bucket(bucket).is_none() {
            let (account, region) = (&trail.account, &trail.home_region);
            let detail = "the bucket was not assessed";
            gaps.push(gap::gap(
                calls::HEAD_BUCKET,
                account,
                region,
                Reason::Interrupted,
                detail,
            ));
        }
    }
    gaps
}

impl Thing<'_> {
    fn objects(&self) -> Target {
        Target::Matching(format!("{}/*", self.arn))
    }

    /// What a control must deny on it, by the table.
    fn denied_by(&self, control: Control) -> Vec<(&'static str, Target)> {
        let kinds: &[Kind] = match self.arn.service() {
            "s3" => &[Kind::Bucket, Kind::Objects],
            "kms" => &[Kind::Key],
            _ => &[Kind::LogGroup, Kind::LogStream],
        };
        let ours = |action: &&TamperAction| action.on.iter().any(|on| kinds.contains(on));
        let actions = tamper_actions().denied_by(control).filter(ours);
        let needed = actions.filter(|it| it.action != IMPORTED || self.imported);
        needed
            .map(|it| (it.action.as_str(), self.target(it)))
            .collect()
    }

    fn target(&self, action: &TamperAction) -> Target {
        if action.on.contains(&Kind::Objects) {
            self.objects()
        } else if action.on.contains(&Kind::LogStream) {
            Target::Matching(format!("{}:log-stream:*", self.arn))
        } else {
            Target::One(self.arn.to_string())
        }
    }

    /// What would destroy it, or take its protection away.
    pub(super) fn destroyed_by(&self) -> Vec<(&'static str, Target)> {
        self.denied_by(Control::StorageControlPolicy)
    }

    /// What external principals must be denied.
    pub(super) fn reached_by(&self) -> Vec<(&'static str, Target)> {
        self.denied_by(Control::Rcp)
    }
}
