//! Every check on every subject.
//!
//! A missing fact becomes an `Unknown` finding here; a lost listing becomes one on the account or region
//! whose resources it would have shown. Nothing vanishes.

mod evidence;
mod population;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use evidence::{LONGEST, LONGEST_NAME, bounded, from_gap, unknown_message};
use population::Lost;

use crate::access::services::NOT_FOLLOWED;
use crate::access::{Access, Analysis, Judged};
use crate::check::{
    Check, DeliveryRole, Identity, Outcome, Principal, RegionOf, Roles, Run, Trusts, Verdict,
};
use crate::context::{Context, is_judged, not_reached, not_seen};
use crate::fact::{Fact, Gap, Gaps, Reason};
use crate::finding::{Evidence, Finding, Status, Subject, SubjectKind, fingerprint, short};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::iam::AuthorizationDetails;
use crate::inventory::plan::Effect;
use crate::inventory::{Account, Bucket, Iam, Inventory, KeyEvents, Organization, Trail};

/// The check whose pass names what it does not look for.
const ESCALATION: &str = "access-escalation-paths";

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
    findings: BTreeMap<(&'static str, String), Finding>,
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
            findings: BTreeMap::new(),
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

    fn documents(&mut self, id: &AccountId, details: Result<&AuthorizationDetails, Gaps>) {
        self.seen_iam.insert(id.clone());
        let Some(account) = self.ctx.inventory.accounts.get(id) else {
            // Its principals were read, and nobody knows whose they are: they must not vanish.
            return self.stray_iam(id);
        };
        if !is_judged(account) {
            return;
        }
        if let Some(analysis) = &mut self.analysis {
            analysis.account(id, details.clone());
        }
        if !self.exempt.is_empty() {
            let trusts = match &details {
                Ok(details) => Ok(self.trusts_of(&details.roles)),
                Err(gaps) => Err(gaps.clone()),
            };
            self.trusts.insert(id.clone(), trusts);
        }
        if self.named.iter().any(|it| it.account() == *id) {
            let roles = match &details {
                Ok(details) => Ok(self.named_of(details)),
                Err(gaps) => Err(gaps.clone()),
            };
            self.roles.insert(id.clone(), roles);
        }
        for check in self.catalog {
            if let Run::IamPrincipal(run) = check.run {
                match &details {
                    Ok(details) => self.principals(check, run, account, details),
                    Err(gaps) => self.add(check, account_subject(account), Err(gaps.clone())),
                }
            }
        }
    }

    /// IAM documents of an account that the inventory does not list.
    fn stray_iam(&mut self, account: &AccountId) {
        let gap = Gap {
            reason: Reason::Malformed,
            detail: "the inventory has its IAM documents, and no record of the account".to_owned(),
            ..not_reached(
                crate::calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
                account,
                &self.ctx.home(),
            )
        };
        let subject = Subject {
            kind: SubjectKind::Account,
            id: account.to_string(),
            name: account.to_string(),
            account: Some(account.clone()),
            region: None,
            location: None,
        };
        for check in self.catalog {
            if matches!(check.run, Run::IamPrincipal(_) | Run::EffectiveRights(_)) {
                self.add(check, subject.clone(), Err(gap.clone().into()));
            }
        }
    }

    /// The roles that are named, and the managed policies that they have.
    fn named_of(&self, details: &AuthorizationDetails) -> AuthorizationDetails {
        let roles = details.roles.iter();
        let roles: Vec<_> = roles
            .filter(|it| self.named.contains(&it.arn))
            .cloned()
            .collect();
        let of = |arn: &Arn| {
            let mut roles = roles.iter();
            roles.any(|it| it.attached.contains(arn) || it.boundary.as_ref() == Some(arn))
        };
        let policies = details.policies.iter().filter(|it| of(&it.arn));
        AuthorizationDetails {
            policies: policies.cloned().collect(),
            roles,
            ..AuthorizationDetails::default()
        }
    }

    fn trusts_of(&self, roles: &[crate::inventory::iam::Role]) -> Vec<(Arn, String)> {
        let name = |arn: &Arn| {
            let name = arn.as_str().rsplit(':').next();
            name.unwrap_or_default().to_owned()
        };
        let exempt = roles
            .iter()
            .filter(|it| self.exempt.contains(&name(&it.arn)));
        exempt
            .map(|it| (it.arn.clone(), it.trust.clone()))
            .collect()
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
        self.findings.into_values().collect()
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
            Run::EventDataStore(run) => {
                for store in inventory.event_data_stores.values() {
                    self.add(check, population::store_subject(store), run(store, ctx));
                }
                if inventory.event_data_stores.is_empty() && lost.stores.is_empty() {
                    self.no_store(check);
                }
                self.lost(check, &lost.stores);
            }
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

    fn buckets(
        &mut self,
        check: &'static Check,
        run: impl Fn(&Bucket, &Context<'_>) -> Outcome,
        lost: &Lost,
    ) {
        let ctx = self.ctx;
        for bucket in ctx.inventory.buckets.values() {
            if !ctx.deliverers(bucket).is_empty() {
                self.add(check, population::bucket_subject(bucket), run(bucket, ctx));
            }
        }
        self.lost(check, &lost.buckets);
    }

    /// Each role that a trail delivers by; a pass is told once for each account.
    fn delivery_roles(
        &mut self,
        check: &'static Check,
        run: fn(&DeliveryRole<'_>, &Roles, &Context<'_>) -> Outcome,
        roles: &Roles,
        lost: &Lost,
    ) {
        let ctx = self.ctx;
        let mut passed: BTreeMap<AccountId, Option<usize>> = BTreeMap::new();
        for (arn, trails) in delivering(ctx) {
            let role = DeliveryRole { arn, trails };
            let told = passed.entry(arn.account()).or_insert(Some(0));
            match run(&role, roles, ctx) {
                Ok(verdict) if verdict.status != Status::Fail => {
                    *told = told.map(|count| count + 1);
                }
                outcome => {
                    *told = None;
                    self.add(check, population::role_subject(arn), outcome);
                }
            }
        }
        // A trail may name a role that is not seen: one of its own account.
        let mut hidden: BTreeMap<&AccountId, Gaps> = BTreeMap::new();
        // The principals of the account were not read: that is told once.
        for account in passed.keys() {
            if let (Some((id, _)), Some(Err(gaps))) = (
                ctx.inventory.accounts.get_key_value(account),
                roles.get(account),
            ) {
                hidden.insert(id, gaps.clone());
            }
        }
        for trail in ctx.inventory.trails.values() {
            let set = &trail.configuration;
            if let (Err(gaps), true) = (
                set.log_group_role.known(),
                set.log_group.ok() != Some(&None),
            ) {
                let before = hidden.remove(&trail.account);
                let gaps = before.into_iter().chain([gaps]).reduce(Gaps::and);
                hidden.extend(gaps.map(|gaps| (&trail.account, gaps)));
            }
        }
        for account in ctx.inventory.accounts.values().filter(|it| is_judged(it)) {
            if let Some(gaps) = hidden.remove(&account.id) {
                self.add(check, account_subject(account), Err(gaps));
                continue;
            }
            let mut holes = lost.log_groups.keys();
            let verdict = match passed.get(&account.id) {
                // A trail that is not seen may; that is told of the place where it may be.
                None if holes.any(|it| it.account.as_ref().is_none_or(|of| *of == account.id)) => {
                    continue;
                }
                None => Verdict::not_applicable(
                    "no trail delivers to CloudWatch Logs by a role of the account",
                ),
                Some(Some(count)) => Verdict::pass(format!(
                    "{count} role(s) of the account can deliver to CloudWatch Logs, and nothing else"
                )),
                Some(None) => continue,
            };
            self.add(check, account_subject(account), Ok(verdict));
        }
    }

    fn organization(
        &mut self,
        check: &'static Check,
        run: impl Fn(&Organization, &Context<'_>) -> Outcome,
    ) {
        match &self.ctx.inventory.organization {
            Fact::Known(Some(organization)) => {
                let subject = population::organization_subject(organization);
                self.add(check, subject, run(organization, self.ctx));
            }
            Fact::Known(None) => {
                for account in self
                    .ctx
                    .inventory
                    .accounts
                    .values()
                    .filter(|it| is_judged(it))
                {
                    let verdict = Verdict::not_applicable("the account belongs to no organization");
                    self.add(check, account_subject(account), Ok(verdict));
                }
            }
            Fact::Unknown(gap) => {
                let subject = population::caller_subject(self.ctx.inventory);
                self.add(check, subject, Err(Gaps::from(gap.clone())));
            }
        }
    }

    /// What the plans do, each thing by itself. Without a plan the question does not arise.
    fn plan(&mut self, check: &'static Check, run: fn(&Effect, &Context<'_>) -> Outcome) {
        let inventory = self.ctx.inventory;
        // A scan evaluates no plan: nothing is asked, and nothing is said.
        let Some(plan) = &inventory.plan else { return };
        let caller = population::caller_subject(inventory);
        let mut none = true;
        for effect in &plan.effects {
            let outcome = run(effect, self.ctx);
            if outcome.as_ref().is_ok_and(|it| it.status != Status::Fail) {
                continue;
            }
            none = false;
            self.add(
                check,
                population::effect_subject(effect, inventory),
                outcome,
            );
        }
        if none {
            let verdict = match plan.changes.is_empty() {
                true => Verdict::not_applicable("the plan holds no resources"),
                false => Verdict::pass("the plan does nothing of this kind"),
            };
            self.add(check, caller, Ok(verdict));
        }
    }

    /// What the records say, each subject by itself; and whether that is all, which only verified logs can tell.
    fn events(&mut self, check: &'static Check, run: fn(&KeyEvents, &Context<'_>) -> Outcome) {
        let inventory = self.ctx.inventory;
        let Some(read) = &inventory.events else {
            return;
        };
        let mut none = true;
        for events in read.found.iter().filter(|it| it.check == check.id) {
            none = false;
            self.add(check, events.subject.clone(), run(events, self.ctx));
        }
        let scope = population::events_subject(inventory);
        match population::unverified(&read.rests_on) {
            Some(gaps) => self.add(check, scope, Err(gaps)),
            None if none => {
                let rests_on = &read.rests_on;
                let verdict = Verdict::pass(format!(
                    "none in {} records of {} verified hours",
                    rests_on.records.verified, rests_on.hours.verified
                ));
                self.add(check, scope, Ok(verdict.saw("window", rests_on.window)));
            }
            None => {}
        }
    }

    /// No rows would look like no question: that there is no store is told once.
    fn no_store(&mut self, check: &'static Check) {
        let inventory = self.ctx.inventory;
        let subject = match inventory.organization.ok() {
            Some(Some(organization)) => population::organization_subject(organization),
            Some(None) | None => population::caller_subject(inventory),
        };
        let none = "no account in sight has a CloudTrail Lake store";
        self.add(check, subject, Ok(Verdict::not_applicable(none)));
    }

    fn principals(
        &mut self,
        check: &'static Check,
        run: fn(&Principal<'_>, &Context<'_>) -> Outcome,
        account: &Account,
        details: &AuthorizationDetails,
    ) {
        let identities = details
            .users
            .iter()
            .map(Identity::User)
            .chain(details.roles.iter().map(Identity::Role));
        let (mut clean, mut asked, mut unasked) = (true, false, None);
        for identity in identities {
            let principal = Principal {
                account: &account.id,
                identity,
                details,
            };
            match run(&principal, self.ctx) {
                Ok(verdict) if verdict.status == Status::NotApplicable => unasked = Some(verdict),
                Ok(verdict) if verdict.status == Status::Pass => asked = true,
                outcome => {
                    clean = false;
                    self.add(check, population::principal_subject(&principal), outcome);
                }
            }
        }
        if clean {
            let count = details.users.len() + details.roles.len();
            let none = Verdict::pass(format!(
                "no user or role of the account does (assessed: {count})"
            ));
            // A question that arises for none of them is not one that all of them pass.
            let verdict = unasked.filter(|_| !asked).unwrap_or(none);
            self.add(check, account_subject(account), Ok(verdict));
        }
    }

    /// One finding per principal that fails or is unknown, one pass per account where nobody is.
    fn access(
        &mut self,
        check: &'static Check,
        run: fn(&Judged<'_>, &Context<'_>) -> Outcome,
        access: &Access,
    ) {
        let mut told: BTreeSet<AccountId> = BTreeSet::new();
        let mut counts: BTreeMap<AccountId, usize> = BTreeMap::new();
        // A file may give one ARN to two accounts: the worse outcome counts.
        let mut outcomes: BTreeMap<String, (Subject, Outcome)> = BTreeMap::new();
        for judged in access.judged() {
            let actor = judged.actor();
            *counts.entry(actor.account.clone()).or_default() += 1;
            let outcome = run(&judged, self.ctx);
            if outcome.as_ref().is_ok_and(|it| it.status != Status::Fail) {
                continue;
            }
            let subject = population::actor_subject(&actor);
            told.insert(actor.account);
            match outcomes.get(&subject.id) {
                Some((_, Ok(_))) => {}
                Some(_) if outcome.is_err() => {}
                Some(_) | None => {
                    outcomes.insert(subject.id.clone(), (subject, outcome));
                }
            }
        }
        for (subject, outcome) in outcomes.into_values() {
            self.add(check, subject, outcome);
        }
        let can =
            |judged: &Judged<'_>| run(judged, self.ctx).is_ok_and(|it| it.status == Status::Fail);
        let roots: BTreeSet<AccountId> = access
            .roots()
            .filter(can)
            .map(|it| it.actor().account)
            .collect();
        for id in self.seen_iam.clone() {
            let account = self.ctx.inventory.accounts.get(&id);
            let unread = access.unread.get(&id);
            let silent = unread.is_some() || !told.contains(&id);
            let Some(account) = account.filter(|it| is_judged(it) && silent) else {
                continue;
            };
            let outcome = match unread {
                Some(gaps) => Err(gaps.clone()),
                None => {
                    let count = counts.get(&id).copied().unwrap_or_default();
                    let but = match roots.contains(&id) {
                        true => "; the root user can: no SCP denies it",
                        false => "",
                    };
                    let beyond = match check.id == ESCALATION {
                        true => format!(" (not followed: {})", NOT_FOLLOWED.join("; ")),
                        false => String::new(),
                    };
                    Ok(Verdict::pass(format!(
                        "no user or role of the account can (assessed: {count}){but}{beyond}"
                    )))
                }
            };
            self.add(check, account_subject(account), outcome);
        }
    }

    fn lost(&mut self, check: &'static Check, lost: &BTreeMap<Subject, Gaps>) {
        for (subject, gaps) in lost {
            // A hole on a subject that was judged as well: a proved fail stands, nothing else does.
            let key = (check.id, subject.id.clone());
            let before = self.findings.get(&key).map(|finding| finding.status);
            if before != Some(Status::Fail) {
                self.findings.remove(&key);
                self.add(check, subject.clone(), Err(gaps.clone()));
            }
        }
    }

    fn add(&mut self, check: &'static Check, subject: Subject, outcome: Outcome) {
        let (status, message, evidence, step) = match outcome {
            Ok(it) => (it.status, it.message, it.evidence, it.step),
            Err(gaps) => (
                Status::Unknown,
                unknown_message(&gaps),
                gaps.iter().map(from_gap).collect(),
                0,
            ),
        };
        let overridden = self
            .ctx
            .settings
            .checks
            .get(check.id)
            .and_then(|it| it.severity);
        let finding = Finding {
            fingerprint: fingerprint(check.id, &subject.id),
            check: check.id.to_owned(),
            status,
            severity: overridden.unwrap_or(check.severity).stepped(step),
            message: short(&message, LONGEST),
            evidence: evidence.into_iter().map(bounded).collect(),
            waiver: None,
            baseline: None,
            subject: Subject {
                name: short(&subject.name, LONGEST_NAME),
                ..subject
            },
        };
        let key = (check.id, finding.subject.id.clone());
        match self.findings.entry(key) {
            Entry::Vacant(place) => {
                place.insert(finding);
            }
            Entry::Occupied(mut place) => {
                let before = place.get().clone();
                place.insert(one_of(before, finding));
            }
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

/// One check has one finding per subject. A file may hold a subject twice: then what fails stays a fail, and what the
/// two do not agree on is unknown.
fn one_of(before: Finding, after: Finding) -> Finding {
    if before == after {
        return before;
    }
    let rank = |status| match status {
        Status::Fail => 0,
        Status::Unknown => 1,
        Status::Pass | Status::NotApplicable => 2,
    };
    let (mut kept, other) = match rank(before.status) <= rank(after.status) {
        true => (before, after),
        false => (after, before),
    };
    kept.evidence.push(Evidence {
        what: TWICE.to_owned(),
        seen: Some(short(&format!("{}: {}", other.status, other.message), LONGEST).into()),
        ..Evidence::default()
    });
    if matches!(kept.status, Status::Pass | Status::NotApplicable) {
        kept.status = Status::Unknown;
        kept.message = format!("could not be evaluated: {TWICE}");
    }
    kept
}

/// Why a finding has two outcomes.
const TWICE: &str = "the subject was evaluated twice, with different results";

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
mod tests {
    use super::*;
    use crate::testing::{inventory, sample};

    fn finding(status: Status, message: &str) -> Finding {
        Finding {
            fingerprint: String::new(),
            check: "trail-exists".to_owned(),
            status,
            severity: crate::finding::Severity::High,
            message: message.to_owned(),
            evidence: Vec::new(),
            waiver: None,
            baseline: None,
            subject: Subject {
                kind: SubjectKind::Account,
                id: "1".to_owned(),
                name: "1".to_owned(),
                account: None,
                region: None,
                location: None,
            },
        }
    }

    #[test]
    fn two_findings_of_one_subject_become_one_and_never_a_pass() {
        use Status::{Fail, NotApplicable, Pass, Unknown};
        for (before, after, status) in [
            (Pass, Fail, Fail),
            (Fail, Unknown, Fail),
            (Unknown, Fail, Fail),
            (Unknown, Pass, Unknown),
            (NotApplicable, Unknown, Unknown),
            (Pass, NotApplicable, Unknown),
            (Pass, Pass, Unknown),
        ] {
            let one = one_of(finding(before, "a"), finding(after, "b"));
            assert_eq!(one.status, status, "{before} {after}");
            assert_eq!(one.evidence.len(), 1);
        }
        let same = one_of(finding(Pass, "a"), finding(Pass, "a"));
        assert_eq!(same, finding(Pass, "a"));
    }

    /// The sample organizations hold every subject once.
    #[test]
    fn nothing_is_evaluated_twice() {
        let (flawed, iam) = sample();
        let good = inventory(|_| {});
        for (inventory, iam) in [(&flawed, &iam), (&good.inventory, &good.iam)] {
            let settings = crate::settings::Settings::default();
            let context = Context::new(inventory, &settings, inventory.header.taken_at);
            let all = crate::catalog::all();
            let mut evaluation = Evaluation::new(&all, &context);
            iam.iter().for_each(|it| evaluation.iam(it.clone()));
            for finding in evaluation.finish() {
                let twice = finding.evidence.iter().any(|it| it.what == TWICE);
                assert!(!twice, "{} {}", finding.check, finding.subject.id);
            }
        }
    }

    #[test]
    fn documents_of_an_account_that_is_not_listed_do_not_vanish() {
        let good = inventory(|_| {});
        let settings = crate::settings::Settings::default();
        let context = Context::new(&good.inventory, &settings, good.inventory.header.taken_at);
        let all = crate::catalog::all();
        let mut evaluation = Evaluation::new(&all, &context);
        let mut stray = good.iam.first().unwrap().clone();
        stray.account = AccountId::from("999999999999");
        evaluation.iam(stray);
        let findings = evaluation.finish();
        let of_stray = findings.iter().filter(|it| it.subject.id == "999999999999");
        let unknown: Vec<&Finding> = of_stray.collect();
        assert!(unknown.iter().all(|it| it.status == Status::Unknown));
        let ids: BTreeSet<&str> = unknown.iter().map(|it| it.check.as_str()).collect();
        assert!(ids.contains("access-trail-stop") && ids.contains("access-no-admin-star"));
    }
}
