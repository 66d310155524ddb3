//! One check on all subjects of its kind, where that takes more than a loop.

use super::population::Lost;
use super::{Evaluation, account_subject, delivering, population};
use crate::access::services::NOT_FOLLOWED;
use crate::access::{Access, Judged};
use crate::catalog;
use crate::check::{Check, DeliveryRole, Outcome, Roles, Verdict};
use crate::context::{Context, is_judged};
use crate::fact::{Fact, Gaps};
use crate::finding::{Status, Subject};
use crate::ids::AccountId;
use crate::inventory::plan::Effect;
use crate::inventory::{Bucket, EventDataStore, KeyEvents, Organization};
use std::collections::{BTreeMap, BTreeSet};

/// The check whose pass names what it does not look for.
const ESCALATION: &str = "access-escalation-paths";

impl Evaluation<'_> {
    pub(super) fn buckets(
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
    pub(super) fn delivery_roles(
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
                None if holes
                    .any(|hole| hole.account.as_ref().is_none_or(|of| *of == account.id)) =>
                {
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

    pub(super) fn organization(
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
    pub(super) fn plan(
        &mut self,
        check: &'static Check,
        run: fn(&Effect, &Context<'_>) -> Outcome,
    ) {
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
    pub(super) fn events(
        &mut self,
        check: &'static Check,
        run: fn(&KeyEvents, &Context<'_>) -> Outcome,
    ) {
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
            None if none && let Some(outcome) = catalog::none_of(check.id, inventory) => {
                self.add(check, scope, outcome);
            }
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

    pub(super) fn stores(
        &mut self,
        check: &'static Check,
        run: fn(&EventDataStore, &Context<'_>) -> Outcome,
        lost: &Lost,
    ) {
        let ctx = self.ctx;
        let stores = &ctx.inventory.event_data_stores;
        for store in stores.values() {
            self.add(check, population::store_subject(store), run(store, ctx));
        }
        if stores.is_empty() && lost.stores.is_empty() {
            self.no_store(check);
        }
        self.lost(check, &lost.stores);
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

    /// One finding per principal that fails or is unknown, one pass per account where nobody is.
    pub(super) fn access(
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
}
