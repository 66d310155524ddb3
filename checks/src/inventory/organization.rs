//! The organization: its tree, its policies and whom it trusts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::ids::{AccountId, Arn};

/// An organization, as its management account or a delegated administrator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Organization {
    /// `o-` and its letters.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// The account that owns it, exempt from its service control policies.
    pub management_account: AccountId,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: String,
    /// Every account that ListAccounts gave; each has a record of its own.
    #[serde(default)]
    pub accounts: Fact<Vec<AccountId>>,
    /// Roots and organizational units, parents before children.
    #[serde(default)]
    pub units: Fact<Vec<Unit>>,
    /// Service and resource control policies.
    #[serde(default)]
    pub policies: Fact<Vec<ControlPolicy>>,
    /// Services with trusted access, by principal, such as `cloudtrail.amazonaws.com`.
    #[serde(default)]
    pub trusted_services: Fact<Vec<String>>,
    /// The features of centralized root access that are on: `RootCredentialsManagement`, `RootSessions`.
    #[serde(default)]
    pub root_access: Fact<Vec<String>>,
    /// Accounts that administer a service for the organization.
    #[serde(default)]
    pub delegated_administrators: Fact<Vec<DelegatedAdministrator>>,
    /// The Organizations resource policy, by which policy management is delegated.
    #[serde(default)]
    pub resource_policy: Fact<Option<String>>,
}

/// A root or an organizational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// `r-..` or `ou-..`.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The unit above; none for a root.
    pub parent: Option<String>,
    /// The kinds of policy that are switched on (roots only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_types: Vec<String>,
}

/// What a control policy limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlPolicyKind {
    /// What principals may do.
    ServiceControlPolicy,
    /// What may be done to resources.
    ResourceControlPolicy,
}

/// A service or resource control policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ControlPolicy {
    /// `p-` and its letters.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// What it limits.
    pub kind: ControlPolicyKind,
    /// Written by AWS.
    pub aws_managed: bool,
    /// The document.
    #[serde(default)]
    pub document: Fact<String>,
    /// Roots, units and accounts it is attached to, by id.
    #[serde(default)]
    pub targets: Fact<Vec<String>>,
}

/// An account that administers services for the organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DelegatedAdministrator {
    /// The account.
    pub account: AccountId,
    /// The services, by principal.
    #[serde(default)]
    pub services: Fact<Vec<String>>,
}
