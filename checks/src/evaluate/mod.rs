//! Every check on every subject.
//!
//! A missing fact becomes an `Unknown` finding here; a lost listing becomes one on the account or region
//! whose resources it would have shown. Nothing vanishes.

mod documents;
mod evidence;
mod findings;
mod kinds;
mod population;

use std::collections::{BTreeMap, BTreeSet};

use findings::Findings;
use population::Lost;

use crate::access::Analysis;
use crate::check::{Check, RegionOf, Roles, Run, Trusts};
use crate::context::{Context, is_judged, not_seen};
use crate::finding::{Finding, Subject, SubjectKind};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::{Account, Iam, Inventory, Trail};

/// Every check on every subject, but the IAM documents: those come account by account to [`Evaluation::iam`].
#[must_use]
pub fn evaluate(catalog: &[&'static Check], ctx: &Context<'_>) -> Vec<Finding> {
    Evaluation::new(catalog, ctx).finish()
}

/// A judging in progress.
#[derive(Debug)]
pub struct Evaluation<'a> {
    catalog: &'a [&'static Check],
    ctx: &'a Context<'a>,
    findings: Findings,
    seen_iam: BTreeSet<AccountId>,
    lost: Lost,
    /// Only where a check asks for it.
    analysis: Option<Analysis<'a>>,
    /// Roles that SCPs exempt, as they follow the account in an ARN, and their trust policies.
    exempt: BTreeSet<String>,
    trusts: Trusts,
    /// Roles that trails and replication rules name, as far as a check asks, and their policies.
    named: BTreeSet<Arn>,
    roles: Roles,
}

impl<'a> Evaluation<'a> {
    /// Judges all that is held in memory.
    #[must_use]
    pub fn new(catalog: &'a [&'static Check], ctx: &'a Context<'a>) -> Self {
        let mut evaluation = Self {
            catalog,
            ctx,
            findings: Findings::default(),
            seen_iam: BTreeSet::new(),
            lost: Lost::default(),
            analysis: None,
            exempt: BTreeSet::new(),
            trusts: Trusts::new(),
            named: BTreeSet::new(),
            roles: Roles::new(),
        };
        for check in catalog {
            if let Run::DeliveryRole(_) = check.run {
                evaluation
                    .named
                    .extend(delivering(ctx).into_keys().cloned());
            }
            if let Run::Replicated(_) = check.run {
                evaluation.named.extend(replicating(ctx));
            }
        }
        let about_exempt = |check: &&&Check| matches!(check.run, Run::Exempt(_));
        if let (true, Some(Some(organization))) = (
            catalog.iter().any(|check| about_exempt(&check)),
            ctx.inventory.organization.ok(),
        ) {
            evaluation.exempt =
                crate::control_policies::exempt_names(organization, &crate::access::protected());
        }
        let about_access = |check: &&&Check| matches!(check.run, Run::EffectiveRights(_));
        if catalog.iter().any(|check| about_access(&check)) {
            evaluation.analysis = Some(Analysis::new(ctx));
        }
        let lost = Lost::of(ctx);
        for check in catalog {
            evaluation.judge(check, &lost);
        }
        evaluation.lost = lost;
        evaluation
    }

    /// Judges the principals of one account.
    pub fn iam(&mut self, iam: Iam) {
        let details = iam.details.into_known();
        self.documents(&iam.account, details.as_ref().map_err(Clone::clone));
    }

    /// The findings, by check id, then subject id. Accounts whose documents never came are unknown.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        let inventory = self.ctx.inventory;
        let missing = inventory
            .accounts
            .values()
            .filter(|account| is_judged(account));
        let missing: Vec<AccountId> = missing
            .map(|account| account.id.clone())
            .filter(|id| !self.seen_iam.contains(id))
            .collect();
        for account in missing {
            let call = crate::calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
            let gap = match inventory
                .accounts
                .get(&account)
                .and_then(|it| it.session.gap())
            {
                Some(gap) => gap.clone(),
                None => not_seen(call, &account, &self.ctx.home(), self.ctx),
            };
            self.documents(&account, Err(gap.into()));
        }
        let trusts = std::mem::take(&mut self.trusts);
        for check in self.catalog {
            if let Run::Exempt(run) = check.run {
                self.organization(check, |it, ctx| run(it, &trusts, ctx));
            }
        }
        let lost = std::mem::take(&mut self.lost);
        let roles = std::mem::take(&mut self.roles);
        for check in self.catalog {
            if let Run::Replicated(run) = check.run {
                self.buckets(check, |bucket, ctx| run(bucket, &roles, ctx), &lost);
            }
            if let Run::DeliveryRole(run) = check.run {
                self.delivery_roles(check, run, &roles, &lost);
                self.lost(check, &lost.log_groups);
            }
        }
        if let Some(analysis) = self.analysis.take() {
            let access = analysis.finish();
            let overlooked = crate::access::holes(self.ctx);
            for check in self.catalog {
                if let Run::EffectiveRights(run) = check.run {
                    self.access(check, run, &access);
                    self.lost(check, &lost.access(check, &overlooked, inventory));
                }
            }
        }
        // Principals of accounts that nobody could list.
        for check in self.catalog {
            if let Run::IamPrincipal(_) = check.run {
                self.lost(check, &lost.accounts);
            }
        }
        self.findings.settled()
    }

    fn judge(&mut self, check: &'static Check, lost: &Lost) {
        let ctx = self.ctx;
        let inventory = ctx.inventory;
        match check.run {
            Run::Organization(run) => self.organization(check, run),
            Run::Account(run) => {
                for account in inventory.accounts.values().filter(|it| is_judged(it)) {
                    self.add(check, account_subject(account), run(account, ctx));
                }
                self.lost(check, &lost.accounts);
            }
            Run::Region(run) => {
                for (subject, region) in population::regions(inventory) {
                    self.add(check, subject, run(&region, ctx));
                }
                self.lost(check, &lost.regions);
            }
            Run::Trail(run) => {
                for trail in inventory.trails.values() {
                    self.add(check, population::trail_subject(trail), run(trail, ctx));
                }
                self.lost(check, &lost.trails);
            }
            Run::Bucket(run) => self.buckets(check, run, lost),
            Run::Key(run) => {
                for key in inventory.keys.values().filter(|key| ctx.key_is_used(key)) {
                    self.add(check, population::key_subject(key), run(key, ctx));
                }
                self.lost(check, &lost.keys);
            }
            Run::LogGroup(run) => {
                for group in inventory
                    .log_groups
                    .values()
                    .filter(|it| !ctx.writers(it).is_empty())
                {
                    self.add(check, population::log_group_subject(group), run(group, ctx));
                }
                self.lost(check, &lost.log_groups);
            }
            Run::EventDataStore(run) => self.stores(check, run, lost),
            Run::Chain(run) => {
                for chain in inventory.chains.values() {
                    self.add(check, population::chain_subject(chain), run(chain, ctx));
                }
                // Chains are looked for by the trails and buckets that were seen.
                self.lost(check, &lost.buckets);
            }
            Run::Plan(run) => self.plan(check, run),
            Run::Event(run) => self.events(check, run),
            // Account by account, in `iam`.
            Run::IamPrincipal(_) => {}
            // All accounts together, in `finish`.
            Run::EffectiveRights(_)
            | Run::Exempt(_)
            | Run::Replicated(_)
            | Run::DeliveryRole(_) => {}
        }
    }
}

/// The roles by which trails deliver to CloudWatch Logs, and the trails that name them.
fn delivering<'a>(ctx: &Context<'a>) -> BTreeMap<&'a Arn, Vec<&'a Trail>> {
    let mut roles: BTreeMap<&Arn, Vec<&Trail>> = BTreeMap::new();
    for trail in ctx.inventory.trails.values() {
        let set = &trail.configuration;
        // One without a log group delivers to none.
        if let Some(Some(role)) = set.log_group_role.ok()
            && set.log_group.ok() != Some(&None)
        {
            roles.entry(role).or_default().push(trail);
        }
    }
    roles
}

/// The roles by which log buckets are replicated.
fn replicating(ctx: &Context<'_>) -> Vec<Arn> {
    let buckets = ctx.inventory.buckets.values();
    let logs = buckets.filter(|it| !ctx.deliverers(it).is_empty());
    let rules = logs.filter_map(|it| it.replication.ok()?.as_ref());
    rules.flatten().filter_map(|it| it.role.clone()).collect()
}

fn account_subject(account: &Account) -> Subject {
    Subject {
        kind: SubjectKind::Account,
        id: account.id.to_string(),
        name: account
            .name
            .clone()
            .unwrap_or_else(|| account.id.to_string()),
        account: Some(account.id.clone()),
        region: None,
        location: None,
    }
}

/// A region, enabled or not, as checks get it.
fn region_of<'a>(
    account: &'a Account,
    name: &'a Region,
    enabled: bool,
    inventory: &'a Inventory,
) -> RegionOf<'a> {
    let view = inventory.regions.get(&(account.id.clone(), name.clone()));
    RegionOf {
        account,
        name,
        enabled,
        view,
    }
}

#[cfg(test)]
mod tests;
