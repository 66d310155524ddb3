//! The actions by which a record is stopped, destroyed, forged or blinded, or that lead there: `data/tamper-actions.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::listed::listed;
use super::services;
use crate::finding::Severity;
use crate::policy::{ActionSet, ActionTable};

/// One action of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TamperAction {
    /// Such as `cloudtrail:StopLogging`.
    pub action: String,
    /// The kinds of resource it acts on; none for those that no inventory holds.
    pub on: Vec<Kind>,
    /// What it does to the record, the worst first.
    pub harm: Vec<Harm>,
    /// How bad.
    pub severity: Severity,
    /// It has no resource: only `*` grants it.
    #[serde(default)]
    pub wildcard_only: bool,
    /// How it leads to other principals' rights.
    #[serde(default)]
    pub escalation: Option<Escalation>,
    /// What else must be so.
    #[serde(default)]
    pub only_if: Option<String>,
    /// The controls that must deny it to everyone but principals named one by one.
    #[serde(default)]
    pub denied_by: Vec<Control>,
    /// What it does, in a sentence.
    pub effect: String,
}

/// A control whose checks evaluate whether it denies an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// A service control policy, on trails.
    TrailScp,
    /// A service or resource control policy, on what stores the logs.
    StorageControlPolicy,
    /// The policy of the log bucket.
    BucketPolicy,
    /// A resource control policy, for external principals.
    Rcp,
    /// A service control policy that closes a region.
    RegionScp,
    /// A service control policy, on roles that other policies exempt.
    ExemptRoleScp,
    /// The same, on users.
    ExemptUserScp,
}

impl TamperAction {
    /// The class of harm that it is told under.
    #[must_use]
    pub fn harm(&self) -> Harm {
        self.harm.first().copied().unwrap_or(Harm::Escalate)
    }

    /// Reading, or worth no word: told only to those who ask for it.
    #[must_use]
    pub fn is_minor(&self) -> bool {
        self.severity == Severity::Info
    }
}

/// What is done to the record. The worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Events stop being recorded or delivered.
    StopRecording,
    /// Records are removed, or expire.
    DestroyEvidence,
    /// Records are added or replaced.
    ForgeEvidence,
    /// A guard falls, or other rights can be had.
    Escalate,
    /// Nobody is told any more.
    BlindMonitoring,
    /// Those who should read no longer can.
    LockOutReaders,
    /// Those who should not read can.
    ExfiltrateLogs,
    /// A protection is lowered; the harm needs one more step.
    WeakenGuard,
    /// Plain reading.
    ReadLogs,
}

impl Harm {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Harm::StopRecording => "stop_recording",
            Harm::DestroyEvidence => "destroy_evidence",
            Harm::ForgeEvidence => "forge_evidence",
            Harm::Escalate => "escalate",
            Harm::BlindMonitoring => "blind_monitoring",
            Harm::LockOutReaders => "lock_out_readers",
            Harm::ExfiltrateLogs => "exfiltrate_logs",
            Harm::WeakenGuard => "weaken_guard",
            Harm::ReadLogs => "read_logs",
        }
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of resource is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A trail.
    Trail,
    /// A CloudTrail Lake store.
    EventDataStore,
    /// A channel of such a store.
    Channel,
    /// A log bucket.
    Bucket,
    /// The log and digest files in it.
    Objects,
    /// A key that encrypts logs.
    Key,
    /// An alias by which a trail names its key.
    Alias,
    /// A key store outside KMS that such a key lives in.
    KeyStore,
    /// A log group that a trail delivers to.
    LogGroup,
    /// The streams of such a group.
    LogStream,
    /// An alarm.
    Alarm,
    /// An EventBridge rule.
    EventRule,
    /// The bus of such a rule.
    EventBus,
    /// A topic.
    Topic,
    /// A queue.
    Queue,
    /// The organization: its policies, accounts and trusted services.
    Organization,
    /// A member account.
    Member,
    /// What is set for a whole account.
    Account,
    /// AWS Config.
    Config,
    /// GuardDuty.
    Guardduty,
    /// Security Hub.
    Securityhub,
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// Security Lake.
    Securitylake,
    /// Another principal: a step on the way.
    Principal,
}

impl Kind {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Trail => "trail",
            Kind::EventDataStore => "event_data_store",
            Kind::Channel => "channel",
            Kind::Bucket => "bucket",
            Kind::Objects => "objects",
            Kind::Key => "key",
            Kind::Alias => "alias",
            Kind::KeyStore => "key_store",
            Kind::LogGroup => "log_group",
            Kind::LogStream => "log_stream",
            Kind::Alarm => "alarm",
            Kind::EventRule => "event_rule",
            Kind::EventBus => "event_bus",
            Kind::Topic => "topic",
            Kind::Queue => "queue",
            Kind::Organization => "organization",
            Kind::Member => "member",
            Kind::Account => "account",
            Kind::Config => "config",
            Kind::Guardduty => "guardduty",
            Kind::Securityhub => "securityhub",
            Kind::AccessAnalyzer => "access_analyzer",
            Kind::Securitylake => "securitylake",
            Kind::Principal => "principal",
        }
    }
}

/// How an action leads to other principals' rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// Become the role.
    AssumeRole,
    /// Become an account's root user.
    AssumeRoot,
    /// Make the role trust oneself.
    TrustRewrite,
    /// Make credentials of the user.
    Credential,
    /// Give a user rights.
    SelfOrOtherGrant,
    /// Give a role rights.
    RoleGrant,
    /// Give a group rights.
    GroupGrant,
    /// Join a group.
    GroupJoin,
    /// Rewrite a policy that is attached.
    PolicyRewrite,
    /// Lift a permissions boundary.
    RemoveBoundary,
    /// Take a Deny away.
    RemoveDeny,
    /// Change tags that policies look at.
    Abac,
    /// Make a user or role.
    NewPrincipal,
    /// Vouch for whom one likes.
    Federation,
    /// Take a second factor away.
    Mfa,
    /// Hand a role to a service.
    PassRole,
    /// Run one's own code under the role that was handed over.
    LaunchWithPassedRole,
    /// Run one's own code where it runs under a role already.
    UseExistingCompute,
    /// Give rights through IAM Identity Center.
    Sso,
    /// Rewrite the policy of a resource.
    RewriteResourcePolicy,
    /// Hand on the use of a key.
    Grant,
    /// Make another account administer the organization's trails.
    ActsOnOrgTrail,
}

/// An action of the table, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(usize);

impl ActionId {
    /// Its place, for the sets of [`ActionTable`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// By it a user becomes a federated user, whom policies of resources can name.
pub(super) const FEDERATION_TOKEN: &str = "sts:GetFederationToken";

/// All actions, and the index of the policies that touch them.
#[derive(Debug)]
pub struct Table {
    /// The actions, in the order of the file.
    pub actions: Vec<TamperAction>,
    /// The same, by place, and after them those by which services act under roles.
    pub index: ActionTable,
    /// Calls of services.
    pub(super) run_code: ActionSet,
    /// Names in lower case.
    places: BTreeMap<String, ActionId>,
}

impl Table {
    /// The place of an action; case is ignored, as IAM ignores it.
    #[must_use]
    pub fn find(&self, action: &str) -> Option<ActionId> {
        self.places.get(&action.to_ascii_lowercase()).copied()
    }

    /// The actions that a control must deny, in the order of the file.
    pub fn denied_by(&self, control: Control) -> impl Iterator<Item = &TamperAction> {
        let all = self.actions.iter();
        all.filter(move |it| it.denied_by.contains(&control))
    }

    /// An action that this code names.
    #[expect(
        clippy::expect_used,
        reason = "the names are in the code, and a test looks each of them up"
    )]
    pub(super) fn named(&self, action: &str) -> ActionId {
        self.find(action)
            .expect("the code names only actions of the table")
    }

    /// Every id, those of services' calls as well.
    pub(super) fn ids(&self) -> impl Iterator<Item = ActionId> + use<> {
        (0..self.places.len()).map(ActionId)
    }

    /// Every action with its id, without calls of services that do nothing to the record themselves.
    pub fn each(&self) -> impl Iterator<Item = (ActionId, &TamperAction)> {
        let all = self.actions.iter().enumerate();
        all.map(|(place, action)| (ActionId(place), action))
    }

    /// The action with this id; nothing for calls of services that do nothing to the record themselves.
    pub(super) fn tampers(&self, id: ActionId) -> Option<&TamperAction> {
        self.actions.get(id.0)
    }

    /// The action with this id, which is one that tampers.
    #[must_use]
    pub fn get(&self, id: ActionId) -> &TamperAction {
        listed(&self.actions, id.0)
    }
}

/// The actions that SCPs protect the record from, and leaving the organization.
#[must_use]
pub fn protected() -> Vec<&'static str> {
    let table = table();
    let all = [Control::TrailScp, Control::StorageControlPolicy].into_iter();
    let actions = all.flat_map(|it| table.denied_by(it));
    let names = actions.map(|it| it.action.as_str());
    names.chain(["organizations:LeaveOrganization"]).collect()
}

/// The table.
#[must_use]
pub fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let text = include_str!("../../data/tamper-actions.json");
        // A test reads it too, and counts.
        let actions: Vec<TamperAction> = serde_json::from_str(text).unwrap_or_default();
        let mut names: Vec<&str> = actions.iter().map(|it| it.action.as_str()).collect();
        let mut places = BTreeMap::new();
        for (place, name) in names.iter().enumerate() {
            places.insert(name.to_ascii_lowercase(), ActionId(place));
        }
        let mut run_code = ActionSet::default();
        for name in services::actions().chain([FEDERATION_TOKEN]) {
            let next = ActionId(names.len());
            let place = *places.entry(name.to_ascii_lowercase()).or_insert(next);
            if name != FEDERATION_TOKEN {
                run_code.insert(place.index());
            }
            if place == next {
                names.push(name);
            }
        }
        let index = ActionTable::new(names);
        Table {
            actions,
            index,
            run_code,
            places,
        }
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_whole() {
        let text = include_str!("../../data/tamper-actions.json");
        let actions: Vec<TamperAction> = serde_json::from_str(text).unwrap();
        assert_eq!(actions.len(), 252);
        assert_eq!(table().actions, actions);
        let names: BTreeSet<String> = actions
            .iter()
            .map(|it| it.action.to_ascii_lowercase())
            .collect();
        assert_eq!(names.len(), actions.len());
        for action in &actions {
            assert!(!action.harm.is_empty(), "{}", action.action);
            assert_eq!(
                action.on.contains(&Kind::Principal),
                action.on == [Kind::Principal],
                "{}",
                action.action
            );
            if action.on == [Kind::Principal] {
                assert!(action.escalation.is_some(), "{}", action.action);
            }
        }
        assert_eq!(table().find("CLOUDTRAIL:stoplogging"), Some(ActionId(0)));
    }
}
