//! A Terraform plan becomes an inventory: the facts that checks read, as they will be after apply, or unknown.
//!
//! The plan is read as `terraform show -json` writes it. Truth is what a change says comes after it, with what is known
//! only after apply beside it; what another resource sets is joined by reference, or stays unknown. Nothing here runs
//! Terraform, and nothing of a provider but its region and account is kept.

mod address;
mod build;
mod carried;
mod config;
mod decidable;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value or an expression of any other shape is unknown: so is what may be added"
)]
mod document;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON of any other shape is unknown: so is what may be added"
)]
pub mod draft;
mod effects;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value or an expression of any other shape is unknown: so is what may be added"
)]
mod hcl;
pub mod iam;
mod onto;
mod place;
mod plan;
mod resolve;
mod source;
mod value;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value or an expression of any other shape is unknown: so is what may be added"
)]
mod written;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use decidable::{Decidable, decidable};
pub use place::Where;
pub use plan::{BadPlan, LARGEST, Plan};
pub use source::{SourceFile, Sources};

use crate::calls::{self, ApiCall};
use crate::coverage::Coverage;
use crate::fact::{Gap, Reason, Source, Unknown, Why};
use crate::ids::{AccountId, Arn};
use crate::inventory::facts::Facts as _;
use crate::inventory::plan::{ChangeAction, Origin, Planned};
use crate::inventory::{Account, Header, Inventory, SCHEMA, Scope, Tool, Trailer};
use build::{Builder, Built};
use place::Places;
use plan::Side;

/// With what plans are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Where the plans act, as far as they do not say.
    pub given: Where,
    /// The program.
    pub tool: Tool,
    /// The clock.
    pub now: Timestamp,
    /// What is sensitive becomes unknown: for what is written to a file.
    pub redact: bool,
}

/// A live inventory older than this is told as such.
const STALE: SignedDuration = SignedDuration::from_hours(24);

/// What the plans hold by themselves: what they say nothing of is unknown.
#[must_use]
pub fn alone(plans: &[Plan], reading: &Reading) -> Inventory {
    let taken_at = plans.iter().filter_map(|it| it.file.timestamp).max();
    let taken_at = taken_at.unwrap_or(reading.now);
    let first = plans.first().map(|it| Places::of(it, &reading.given));
    let place = first.as_ref().map(Places::default).cloned();
    let partition = place
        .as_ref()
        .map_or("aws", |it| it.partition.as_str())
        .to_owned();
    let account = place
        .as_ref()
        .map_or_else(|| AccountId::from(place::NOT_TOLD), place::Place::account);
    let header = Header {
        schema: SCHEMA,
        tool: reading.tool.clone(),
        taken_at,
        scope: Scope {
            organization: None,
            management_account: None,
            caller_arn: Arn::from(format!("arn:{partition}:terraform::{account}:plan")),
            partition,
            accounts: Vec::new(),
            regions: Vec::new(),
            endpoints: Vec::new(),
        },
    };
    let home = header.scope.home();
    let not_in_plan = move |account: &AccountId, call: ApiCall| {
        Gap::from(Why {
            source: Source::Plan {
                address: "the plan".to_owned(),
                attribute: String::new(),
                answered_by: Some(call),
            },
            account: account.clone(),
            region: home.clone(),
            reason: Reason::NotInPlan,
            detail: String::new(),
            request_id: None,
        })
    };
    let organization = Unknown(not_in_plan(&account, calls::DESCRIBE_ORGANIZATION));
    let mut inventory = Inventory::new(header, organization);
    let mut planned = Planned::default();
    for plan in plans {
        let sides = Sides::of(plan, reading);
        planned.add(plan, &sides, None);
        planned.drafts.extend(sides.after.drafts.iter().cloned());
        let built = sides.after;
        inventory.trails.extend(built.trails);
        inventory.event_data_stores.extend(built.stores);
        inventory.buckets.extend(built.buckets);
        inventory.keys.extend(built.keys);
        inventory.log_groups.extend(built.log_groups);
        inventory.topics.extend(built.topics);
    }
    let trails = inventory.trails.values().map(|it| it.account.clone());
    let stores = inventory
        .event_data_stores
        .values()
        .map(|it| it.account.clone());
    let accounts: BTreeSet<AccountId> = trails.chain(stores).chain([account]).collect();
    inventory.header.scope.accounts = accounts.iter().cloned().collect();
    for id in accounts {
        let why = |call| not_in_plan(&id, call);
        let account = Account {
            id: id.clone(),
            name: None,
            state: Default::default(),
            parent: Default::default(),
            management: false,
            excluded: false,
            session: Default::default(),
            regions: Default::default(),
            regions_assumed: false,
            public_access_block: Default::default(),
            summary: Default::default(),
        };
        inventory.accounts.insert(id.clone(), account.settled(&why));
    }
    inventory.trailer = Some(Trailer {
        finished_at: taken_at,
        interrupted: false,
        coverage: Coverage::default(),
        counts: BTreeMap::new(),
        shards: Vec::new(),
    });
    planned.close(&inventory);
    inventory.plan = Some(planned);
    inventory
}

/// What an inventory is like after the plans are applied to it, in this order.
#[must_use]
pub fn onto(live: &Inventory, plans: &[Plan], reading: &Reading) -> Inventory {
    let mut inventory = live.clone();
    let mut planned = Planned {
        onto: true,
        ..Planned::default()
    };
    let age = reading.now.duration_since(live.header.taken_at);
    if age > STALE {
        planned.notes.push(format!(
            "the inventory was collected {} hours ago: what changed since is not in it",
            age.as_hours()
        ));
    }
    for plan in plans {
        if plan
            .file
            .timestamp
            .is_some_and(|it| it < live.header.taken_at)
        {
            planned.notes.push(format!(
                "{} was planned before the inventory was collected: plan again",
                plan.file.path
            ));
        }
        let sides = Sides::of(plan, reading);
        planned.add(plan, &sides, Some(&inventory));
        onto::apply(&mut inventory, &sides.before, &sides.after);
        let side = |side| Builder::new(plan, &sides.places, side, reading.redact);
        let (before, after) = (side(Side::Before), side(Side::After));
        carried::apply(&mut inventory, &before, &after);
        carried::missing_accounts(live, &after, &mut planned);
        planned.iam.extend(sides.iam);
        planned.drafts.extend(sides.after.drafts);
    }
    planned.close(&inventory);
    inventory.plan = Some(planned);
    inventory
}

/// A plan, before and after.
struct Sides {
    places: Places,
    before: Built,
    after: Built,
    iam: Vec<(Option<AccountId>, crate::inventory::change::Edit)>,
}

impl Sides {
    fn of(plan: &Plan, reading: &Reading) -> Self {
        let places = Places::of(plan, &reading.given);
        let side = |side| Builder::new(plan, &places, side, reading.redact);
        let claims = |of| side(of).claims();
        let iam = iam::edits(&claims(Side::Before), &claims(Side::After));
        let (before, after) = (side(Side::Before).build(), side(Side::After).build());
        Self {
            iam,
            before,
            after,
            places,
        }
    }
}

impl Planned {
    fn add(&mut self, plan: &Plan, sides: &Sides, live: Option<&Inventory>) {
        let file = &plan.file;
        self.files.push(file.clone());
        for (action, count) in plan.counts() {
            *self.changes.entry(action).or_default() += count;
        }
        let path = crate::finding::short(&file.path, 300);
        if file.errored {
            self.notes
                .push(format!("{path}: planning failed, so the plan is not whole"));
        }
        if !file.complete {
            self.notes.push(format!(
                "{path}: the plan leaves changes out (deferred, or -target)"
            ));
        }
        let place = sides.places.default();
        if place.account.is_none() {
            self.notes.push(format!(
                "{path} does not say which account it acts in: give --account, or policies cannot be evaluated"
            ));
        }
        self.effects
            .extend(effects::effects(plan, &sides.before, live));
        for side in [&sides.before, &sides.after] {
            for (subject, resources) in &side.origins {
                let mut all = resources.iter().filter_map(|at| plan.resources.get(*at));
                let Some(first) = all.clone().next() else {
                    continue;
                };
                let origin = self.origins.entry(subject.clone()).or_default();
                origin.address.clone_from(&first.address);
                origin
                    .parts
                    .extend(all.clone().skip(1).map(|it| it.address.clone()));
                origin.sensitive |= all.clone().any(plan::Resource::is_sensitive);
                origin.touched |= all.clone().any(plan::Resource::is_changed);
                if all.any(|it| plan.drifted.contains(&it.address)) {
                    let words = format!(
                        "{} was changed outside Terraform before this plan",
                        origin.address
                    );
                    if !self.notes.contains(&words) {
                        self.notes.push(words);
                    }
                }
            }
        }
        for resource in plan
            .resources
            .iter()
            .filter(|it| it.action == ChangeAction::Forget)
        {
            let words = format!(
                "{} stays as it is, and Terraform no longer manages it",
                resource.address
            );
            self.notes.push(words);
        }
    }

    /// What belongs together, and what is not known.
    fn close(&mut self, inventory: &Inventory) {
        let partition = &inventory.header.scope.partition;
        for trail in inventory.trails.values() {
            let set = &trail.configuration;
            let bucket = set
                .bucket
                .ok()
                .map(|name| Arn::bucket(partition, name).to_string());
            let key = set.kms_key.ok().cloned().flatten().map(|it| it.to_string());
            let group = set.log_group.ok().and_then(Option::as_ref);
            let group = group.map(|it| crate::context::log_group_arn(it).to_string());
            let topic = set
                .sns_topic
                .ok()
                .cloned()
                .flatten()
                .map(|it| it.to_string());
            let parts = [bucket, key, group, topic].into_iter().flatten();
            if let Some(origin) = self.origins.get_mut(trail.arn.as_str()) {
                origin.belongs.extend(parts);
            }
        }
        let mut unresolved = BTreeSet::new();
        let mut note = |gaps: Vec<(&'static crate::inventory::facts::Field, Gap)>| {
            for (_, gap) in gaps {
                if let (
                    Source::Plan {
                        address, attribute, ..
                    },
                    Reason::KnownAfterApply,
                ) = (&gap.source, gap.reason)
                    && !attribute.is_empty()
                {
                    unresolved.insert(format!("{address} {attribute}"));
                }
            }
        };
        inventory.trails.values().for_each(|it| note(it.gaps()));
        inventory
            .event_data_stores
            .values()
            .for_each(|it| note(it.gaps()));
        inventory.buckets.values().for_each(|it| note(it.gaps()));
        inventory.keys.values().for_each(|it| note(it.gaps()));
        inventory.log_groups.values().for_each(|it| note(it.gaps()));
        inventory.topics.values().for_each(|it| note(it.gaps()));
        self.unresolved = unresolved.into_iter().collect();
    }

    /// The plan changes this subject, or something that belongs to it, or a trail that it belongs to.
    #[must_use]
    pub fn touches(&self, subject: &str) -> bool {
        let own = self.origins.get(subject);
        own.is_some_and(|it| it.touched)
            || self
                .origins
                .values()
                .any(|it| it.touched && it.belongs.contains(subject))
    }

    /// The planned resource behind a subject.
    #[must_use]
    pub fn origin(&self, subject: &str) -> Option<&Origin> {
        self.origins.get(subject)
    }
}
