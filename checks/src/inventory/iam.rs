//! An account's IAM documents, as GetAccountAuthorizationDetails gives them.
//!
//! One record per account, and the only one that is not held in memory while judging.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::Facts as _;
use crate::fact::{Fact, Gaps, Known};
use crate::ids::{AccountId, Arn};

/// The IAM record of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Iam {
    /// The account.
    pub account: AccountId,
    /// The documents.
    #[serde(default)]
    pub details: AuthorizationFacts,
}

/// The documents, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationFacts {
    /// IAM users.
    #[serde(default)]
    pub users: Fact<Vec<User>>,
    /// IAM groups.
    #[serde(default)]
    pub groups: Fact<Vec<Group>>,
    /// IAM roles.
    #[serde(default)]
    pub roles: Fact<Vec<Role>>,
    /// Managed policies that are attached somewhere, AWS's own included.
    #[serde(default)]
    pub policies: Fact<Vec<ManagedPolicy>>,
}

impl AuthorizationFacts {
    /// All of them, or what is missing: nobody's permissions are known from a part.
    pub fn into_known(self) -> Result<AuthorizationDetails, Gaps> {
        self.missing().map_or(Ok(()), Err)?;
        Ok(AuthorizationDetails {
            users: self.users.into_known()?,
            groups: self.groups.into_known()?,
            roles: self.roles.into_known()?,
            policies: self.policies.into_known()?,
        })
    }
}

impl From<AuthorizationDetails> for AuthorizationFacts {
    fn from(all: AuthorizationDetails) -> Self {
        Self {
            users: Known(all.users),
            groups: Known(all.groups),
            roles: Known(all.roles),
            policies: Known(all.policies),
        }
    }
}

/// Users, groups, roles and policies of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationDetails {
    /// IAM users.
    pub users: Vec<User>,
    /// IAM groups.
    pub groups: Vec<Group>,
    /// IAM roles.
    pub roles: Vec<Role>,
    /// Managed policies that are attached somewhere, AWS's own included.
    pub policies: Vec<ManagedPolicy>,
}

impl AuthorizationDetails {
    /// The managed policy with this ARN.
    #[must_use]
    pub fn policy(&self, arn: &Arn) -> Option<&ManagedPolicy> {
        self.policies.iter().find(|policy| &policy.arn == arn)
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `AIDA` and its letters.
    pub id: String,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// Inline policies.
    pub inline: Vec<InlinePolicy>,
    /// Attached managed policies.
    pub attached: Vec<Arn>,
    /// The permissions boundary.
    pub boundary: Option<Arn>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Inline policies.
    pub inline: Vec<InlinePolicy>,
    /// Attached managed policies.
    pub attached: Vec<Arn>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `AROA` and its letters.
    pub id: String,
    /// The trust policy.
    pub trust: String,
    /// Inline policies.
    pub inline: Vec<InlinePolicy>,
    /// Attached managed policies.
    pub attached: Vec<Arn>,
    /// The permissions boundary.
    pub boundary: Option<Arn>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Names of its instance profiles.
    pub instance_profiles: Vec<String>,
}

/// A policy that lives in one user, group or role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// The document.
    pub document: String,
}

/// A managed policy, in its default version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The default version, such as `v3`.
    pub version: String,
    /// The document.
    pub document: String,
}
