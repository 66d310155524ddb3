//! A change that was planned and not yet made: what of an inventory comes from a Terraform plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::{Draft, Edit};
use crate::finding::Location;
use crate::ids::AccountId;

/// The plans whose result this inventory is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    /// The plans, in the order in which they are applied.
    pub files: Vec<PlanFile>,
    /// They were applied to a saved inventory; else the inventory holds nothing but what the plans say.
    pub onto: bool,
    /// Subjects that the plans do not touch are reported as well.
    #[serde(default)]
    pub full: bool,
    /// How many resources change in which way.
    pub changes: BTreeMap<ChangeAction, u64>,
    /// What the plans do to the logging, beyond what each resource is like afterwards.
    pub effects: Vec<Effect>,
    /// The planned resource behind each subject, by the subject's id.
    pub origins: BTreeMap<String, Origin>,
    /// Attributes that are known only after apply and that were needed: `ADDRESS ATTRIBUTE`.
    pub unresolved: Vec<String>,
    /// What else has to be known to read the result.
    pub notes: Vec<String>,
    /// Policies of which parts are known only after apply. They are not written to files.
    #[serde(skip)]
    pub drafts: Vec<Draft>,
    /// What the plans do to IAM, by account; none where they do not say which. The documents are no part of an inventory.
    #[serde(skip)]
    pub iam: Vec<(Option<AccountId>, Edit)>,
}

impl Planned {
    /// Some plan is not the whole change: part of it could not be planned, or was left out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.files.iter().any(|it| !it.complete || it.errored)
    }
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanFile {
    /// The file, as it was named.
    pub path: String,
    /// `plan` or `state`.
    pub kind: String,
    /// The version of its form.
    pub format_version: String,
    /// The version of Terraform or OpenTofu; none where the file does not say.
    pub tool_version: Option<String>,
    /// When it was planned; none in older plans.
    pub timestamp: Option<Timestamp>,
    /// It holds the whole change.
    pub complete: bool,
    /// Planning failed.
    pub errored: bool,
}

/// What happens to a resource.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is created.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted and created again, in either order.
    Replace,
    /// It is deleted.
    Delete,
    /// It stays as it is, and Terraform no longer manages it.
    Forget,
    /// It is there already, and Terraform begins to manage it.
    Import,
    /// It has another address.
    Move,
    /// Nothing happens to it.
    NoOp,
}

impl ChangeAction {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeAction::Create => "create",
            ChangeAction::Update => "update",
            ChangeAction::Replace => "replace",
            ChangeAction::Delete => "delete",
            ChangeAction::Forget => "forget",
            ChangeAction::Import => "import",
            ChangeAction::Move => "move",
            ChangeAction::NoOp => "no_op",
        }
    }
}

/// Something that a plan does to the logging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// What kind of thing.
    pub kind: EffectKind,
    /// The resource's address in the plan.
    pub address: String,
    /// Its ARN, where it can be told.
    pub resource: Option<String>,
    /// What happens to it.
    pub action: ChangeAction,
    /// What that means, as one sentence.
    pub meaning: String,
    /// The attribute that decides; empty for the resource as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attribute: String,
}

impl Effect {
    /// The id of the subject of its finding.
    #[must_use]
    pub fn subject(&self) -> String {
        match self.attribute.as_str() {
            "" => format!("plan:{}", self.address),
            name => format!("plan:{} {name}", self.address),
        }
    }
}

/// What a plan can do to the logging.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Logs, or what records or reads them, are deleted.
    Deletes,
    /// Events may go unrecorded for some time.
    Interrupts,
    /// Terraform no longer manages something that protects the logs.
    Releases,
    /// It may touch the logs, and it cannot be read.
    Unreviewable,
}

/// The planned resource behind a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Its address.
    pub address: String,
    /// The addresses of resources that each set one thing of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parts: BTreeSet<String>,
    /// The plan changes it, or something that belongs to it.
    pub touched: bool,
    /// It has values that are marked as sensitive: they are not written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// Where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Where its attributes, and the blocks of resources that belong to it, are declared: by attribute, and by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, Location>,
    /// Subjects that belong to it, by id: the bucket, the key and the log group of a trail.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub belongs: BTreeSet<String>,
}
