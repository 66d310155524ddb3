//! Small inventories and verdict tables, for tests.
//!
//! Every builder starts from a world in which every check passes: one organization of one account with one
//! enabled region, one trail, its bucket, key and log group. A case says what it changes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod chain;
mod chains;
mod flaws;
pub mod members;
mod sample;
mod selecting;
mod world;

use jiff::{SignedDuration, Timestamp};

use crate::calls::ApiCall;
use crate::check::{Check, Run};
use crate::context::Context;
use crate::evaluate::Evaluation;
use crate::fact::{Fact, Gap, Reason, Source, Why};
use crate::finding::{Finding, Status};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::facts::Facts as _;
use crate::inventory::iam::{AuthorizationFacts, Group, InlinePolicy, ManagedPolicy, Role, User};
use crate::inventory::key::KeyGrant;
use crate::inventory::organization::Unit;
use crate::inventory::{
    Account, Bucket, ControlPolicy, ControlPolicyKind, Iam, Inventory, Key, LogGroup, Organization,
    RegionView, Selectors, StoreConfiguration, Trail, TrailConfiguration, TrailStatus, Versioning,
};
use crate::settings::Settings;

pub use crate::finding::Status::{Fail, NotApplicable, Pass, Unknown};
pub use chain::{
    TOPIC_POLICY, alarm, any_of, filter, filters, rule, rules, topic, unknown_filters,
};
pub use chains::{chain_problem, verified_chain};
pub use sample::sample;
pub use selecting::{add_store, advanced, classic_objects, classic_selectors, selectors};
pub use world::{
    ACCOUNT, BUCKET_ARN, BUCKET_POLICY, DELIVERY_ROLE, HOME, KEY_ARN, KEY_POLICY, REPLICATION_ROLE,
    TO_LOGS, TO_REPLICA, TRAIL_ARN, add_account, add_region, add_trail, member, unseen_bucket,
    world,
};

/// What a check is run on, and with which settings.
#[derive(Debug, Clone)]
pub struct Case {
    /// What was seen.
    pub inventory: Inventory,
    /// IAM documents.
    pub iam: Vec<Iam>,
    /// The user's settings.
    pub settings: Settings,
}

impl Case {
    /// Changes anything else.
    #[must_use]
    pub fn and(mut self, change: impl FnOnce(&mut Inventory)) -> Self {
        change(&mut self.inventory);
        self
    }

    /// Changes the known IAM documents of the account.
    #[must_use]
    pub fn and_iam(mut self, change: impl FnOnce(&mut Documents<'_>)) -> Self {
        change(&mut details(&mut self.iam[0]));
        self
    }

    /// Changes the settings.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// All findings of these checks.
    #[must_use]
    pub fn findings(&self, checks: &[&'static Check]) -> Vec<Finding> {
        let ctx = Context::new(&self.inventory, &self.settings, taken_at());
        let mut evaluation = Evaluation::new(checks, &ctx);
        for iam in self.iam.clone() {
            evaluation.iam(iam);
        }
        evaluation.finish()
    }
}

/// When the facts of every case were taken.
#[must_use]
pub fn taken_at() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// So many hours before the facts were taken.
#[must_use]
pub fn hours_ago(hours: i64) -> Timestamp {
    taken_at() - SignedDuration::from_hours(hours)
}

/// Runs the check on each case: it must give exactly one finding, with the status expected.
pub fn table<const N: usize>(check: &'static Check, cases: [(Status, Case); N]) {
    for (row, (expected, case)) in cases.into_iter().enumerate() {
        let findings = case.findings(&[check]);
        let [finding] = findings.as_slice() else {
            panic!(
                "{} row {row}: one finding expected, got {findings:#?}",
                check.id
            );
        };
        let message = &finding.message;
        assert_eq!(
            finding.status, expected,
            "{} row {row}: {message}",
            check.id
        );
    }
}

/// Like [`table`], where holes elsewhere give findings too: only the one on this subject counts.
pub fn table_on<const N: usize>(check: &'static Check, subject: &str, cases: [(Status, Case); N]) {
    for (row, (expected, case)) in cases.into_iter().enumerate() {
        let findings = case.findings(&[check]);
        let finding = findings.iter().find(|it| it.subject.id == subject);
        let finding = finding.unwrap_or_else(|| panic!("{} row {row}: {findings:#?}", check.id));
        let message = &finding.message;
        assert_eq!(
            finding.status, expected,
            "{} row {row}: {message}",
            check.id
        );
    }
}

/// Runs the check on one case that has several subjects: subject id and status of each finding.
pub fn statuses(check: &'static Check, case: &Case) -> Vec<(String, Status)> {
    let findings = case.findings(&[check]);
    findings
        .into_iter()
        .map(|finding| (finding.subject.id.clone(), finding.status))
        .collect()
}

/// Anything may be changed.
pub fn inventory(change: impl FnOnce(&mut Inventory)) -> Case {
    let mut inventory = world();
    change(&mut inventory);
    Case {
        inventory,
        iam: vec![world::iam()],
        settings: Settings::default(),
    }
}

/// The organization is changed.
pub fn organization(change: impl FnOnce(&mut Organization)) -> Case {
    inventory(|inventory| match &mut inventory.organization {
        Fact::Known(Some(organization)) => change(organization),
        Fact::Known(None) | Fact::Unknown(_) => panic!("the world has an organization"),
    })
}

/// The account is changed.
pub fn account(change: impl FnOnce(&mut Account)) -> Case {
    inventory(|it| change(it.accounts.values_mut().next().unwrap()))
}

/// The region is changed.
pub fn region(change: impl FnOnce(&mut RegionView)) -> Case {
    inventory(|it| change(it.regions.values_mut().next().unwrap()))
}

/// The trail is changed.
pub fn trail(change: impl FnOnce(&mut Trail)) -> Case {
    inventory(|it| change(it.trails.values_mut().next().unwrap()))
}

/// The trail records data events of these types of resources, further narrowed.
pub fn data_events(kinds: &[&str], more: &[&str]) -> Case {
    let list = kinds.iter().map(|kind| {
        let own = [
            "eventCategory = Data".to_owned(),
            format!("resources.type = {kind}"),
        ];
        let more = more.iter().map(ToString::to_string);
        let tests: Vec<String> = own.into_iter().chain(more).collect();
        let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
        advanced(&tests)
    });
    let selectors = Selectors::Advanced(list.collect());
    trail(|it| it.selectors = Fact::Known(selectors))
}

/// The log bucket is changed.
pub fn bucket(change: impl FnOnce(&mut Bucket)) -> Case {
    inventory(|it| change(it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap()))
}

/// The trail's key is changed.
pub fn key(change: impl FnOnce(&mut Key)) -> Case {
    inventory(|it| change(it.keys.values_mut().next().unwrap()))
}

/// The trail's log group is changed.
pub fn log_group(change: impl FnOnce(&mut LogGroup)) -> Case {
    inventory(|it| change(it.log_groups.values_mut().next().unwrap()))
}

/// The account's IAM documents are changed.
pub fn iam(change: impl FnOnce(&mut Iam)) -> Case {
    let mut case = inventory(|_| {});
    change(&mut case.iam[0]);
    case
}

/// The account has one more user, without any policy but what `change` gives it.
pub fn user(change: impl FnOnce(&mut User)) -> Case {
    let mut user = world::user("ana");
    change(&mut user);
    iam(|it| details(it).users.push(user))
}

/// The account has one more role, without any policy but what `change` gives it.
pub fn role(change: impl FnOnce(&mut Role)) -> Case {
    let mut role = world::role("worker");
    change(&mut role);
    iam(|it| details(it).roles.push(role))
}

/// The ARN of the role that [`role`] adds.
pub const WORKER: &str = "arn:aws:iam::111111111111:role/worker";
/// Allows everything.
pub const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// One more role, with this right.
pub fn may(action: &str, resource: &str) -> Case {
    role(|r| {
        r.inline
            .push(inline(&statement("Allow", action, resource, "")))
    })
}

/// One more role, with this right if it has a second factor.
pub fn with_mfa(action: &str) -> Case {
    let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    role(|r| r.inline.push(inline(&statement("Allow", action, "*", mfa))))
}

/// One more role, to which one policy allows everything and another denies these.
pub fn denied_again(actions: &[&str]) -> Case {
    let deny = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":{actions:?},"Resource":"*"}}}}"#
    );
    role(|r| r.inline.extend([inline(ALL), inline(&deny)]))
}

/// One more role that is allowed one thing, within a boundary that allows another.
pub fn bounded(action: &str, boundary: &str) -> Case {
    let arn = "arn:aws:iam::111111111111:policy/boundary";
    let document = statement("Allow", boundary, "*", "");
    let may = statement("Allow", action, "*", "");
    role(|r| {
        r.boundary = Some(Arn::from(arn));
        r.inline.push(inline(&may));
    })
    .and_iam(|it| it.policies.push(managed(arn, &document)))
}

fn statement(effect: &str, action: &str, resource: &str, more: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"{more}}}}}"#
    )
}

/// The known IAM documents, to be changed.
#[derive(Debug)]
pub struct Documents<'a> {
    /// IAM users.
    pub users: &'a mut Vec<User>,
    /// IAM groups.
    pub groups: &'a mut Vec<Group>,
    /// IAM roles.
    pub roles: &'a mut Vec<Role>,
    /// Managed policies.
    pub policies: &'a mut Vec<ManagedPolicy>,
}

/// The known IAM documents.
pub fn details(iam: &mut Iam) -> Documents<'_> {
    let all = &mut iam.details;
    Documents {
        users: known(&mut all.users),
        groups: known(&mut all.groups),
        roles: known(&mut all.roles),
        policies: known(&mut all.policies),
    }
}

/// An inline policy with this document.
#[must_use]
pub fn inline(document: &str) -> InlinePolicy {
    InlinePolicy {
        name: "inline".to_owned(),
        document: document.to_owned(),
    }
}

/// A managed policy with this ARN and document.
#[must_use]
pub fn managed(arn: &str, document: &str) -> ManagedPolicy {
    ManagedPolicy {
        arn: arn.into(),
        name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        version: "v1".to_owned(),
        document: document.to_owned(),
    }
}

/// What a fact holds, to be changed.
pub fn known<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) => value,
        Fact::Unknown(gap) => panic!("unknown: {gap}"),
    }
}

/// The trail's configuration, to be changed.
pub fn configuration(trail: &mut Trail) -> &mut TrailConfiguration {
    &mut trail.configuration
}

/// The trail's status, to be changed.
pub fn status(trail: &mut Trail) -> &mut TrailStatus {
    &mut trail.status
}

/// What one call tells: a fact, or several.
pub trait Told: Default {
    /// All of it is missing for this reason.
    fn missing(gap: Gap) -> Self;
}

impl<T> Told for Fact<T> {
    fn missing(gap: Gap) -> Self {
        Fact::Unknown(gap)
    }
}

macro_rules! told {
    ($($name:ty),*) => {
        $(impl Told for $name {
            fn missing(gap: Gap) -> Self {
                Self::default().settled(&|_| gap.clone())
            }
        })*
    };
}

told!(
    TrailConfiguration,
    TrailStatus,
    StoreConfiguration,
    Versioning,
    AuthorizationFacts
);

/// The call was denied.
pub fn denied<T: Told>(call: ApiCall) -> T {
    gap(call, Reason::Denied)
}

/// The call ended in this way.
pub fn gap<T: Told>(call: ApiCall, reason: Reason) -> T {
    T::missing(gap_of(reason)(call))
}

/// What is said of each call that ended in this way.
pub fn gap_of(reason: Reason) -> impl Fn(ApiCall) -> Gap {
    move |call| {
        Gap::from(Why {
            source: Source::Call(call),
            account: AccountId::from(ACCOUNT),
            region: Region::from(HOME),
            reason,
            detail: "not authorized".to_owned(),
            request_id: Some("11111111-2222-3333-4444-555555555555".to_owned()),
        })
    }
}

/// Versioning that was never on.
#[must_use]
pub fn never_versioned() -> Versioning {
    Versioning {
        enabled: Fact::Known(false),
        suspended: Fact::Known(false),
        mfa_delete: Fact::Known(false),
    }
}

/// Every check of this kind of subject, for tests of the engine.
#[must_use]
pub fn is_principal_check(check: &Check) -> bool {
    matches!(
        check.run,
        Run::IamPrincipal(_) | Run::EffectiveRights(_) | Run::DeliveryRole(_)
    )
}

/// A grant of one operation of a key.
pub fn key_grant(grantee: &str, operation: &str) -> KeyGrant {
    KeyGrant {
        id: "g-1".to_owned(),
        grantee: grantee.to_owned(),
        retiring: None,
        operations: vec![operation.to_owned()],
        context_equals: Default::default(),
        context_subset: Default::default(),
    }
}

/// An organization with one member, and a service control policy of this statement at its root.
pub fn scp(statement: &str) -> Case {
    scp_at(statement, &["r-root"])
}

/// An organization with one member, and at its root an RCP that denies everything on buckets and keys under a condition.
pub fn rcp(condition: &str) -> Case {
    scp(&format!(
        r#"{{"Sid":"Ours","Effect":"Deny","Principal":"*","Action":["s3:*","kms:*"],"Resource":"*","Condition":{{{condition}}}}}"#
    ))
    .and(|inventory| {
        let of = known(&mut inventory.organization).as_mut().unwrap();
        known(&mut of.policies)[1].kind = ControlPolicyKind::ResourceControlPolicy;
    })
}

/// The same, attached to these.
pub fn scp_at(statement: &str, targets: &[&str]) -> Case {
    const MEMBER: &str = "222222222222";
    let policy = |name: &str, statement: &str, targets: &[&str]| ControlPolicy {
        id: format!("p-{name}"),
        arn: format!("arn:aws:organizations::{ACCOUNT}:policy/o-test/p-{name}").into(),
        name: name.to_owned(),
        kind: ControlPolicyKind::ServiceControlPolicy,
        aws_managed: false,
        document: Fact::Known(format!(
            r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#
        )),
        targets: Fact::Known(targets.iter().map(|it| (*it).to_owned()).collect()),
    };
    let full = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let everywhere = ["r-root", ACCOUNT, MEMBER, "333333333333"];
    let policies = vec![
        policy("full", full, &everywhere),
        policy("guard", statement, targets),
    ];
    organization(|organization| {
        organization.units = Fact::Known(vec![Unit {
            id: "r-root".to_owned(),
            arn: "arn:aws:organizations::111111111111:root/o-test/r-root".into(),
            name: "Root".to_owned(),
            parent: None,
            policy_types: vec!["SERVICE_CONTROL_POLICY".to_owned()],
        }]);
        organization.policies = Fact::Known(policies);
    })
    .and(|it| member(it, MEMBER, &[HOME]))
}
