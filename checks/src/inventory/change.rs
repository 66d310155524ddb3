//! What plans change and an inventory has no place for: policies of which parts are unknown, and what becomes of IAM.

use std::collections::BTreeMap;

use super::iam::{InlinePolicy, ManagedPolicy};
use crate::fact::Gap;
use crate::ids::Arn;

/// A policy with unknown parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose policy.
    pub of: DraftOf,
    /// The document, with marks for what is unknown.
    pub(crate) text: String,
    /// It is certain to be this document but for the marks.
    pub exact: bool,
    /// The name of what it belongs to is known: else patterns may be meant for it or not.
    pub(crate) named: bool,
}

/// Whose policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftOf {
    /// Of a bucket.
    Bucket(Arn),
    /// Of a key.
    Key(Arn),
    /// Of a topic.
    Topic(Arn),
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A role.
    Role,
}

/// One thing that is so in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// There is this principal.
    Principal {
        /// What it is.
        kind: Kind,
        /// Its ARN.
        arn: Arn,
        /// Its name.
        name: String,
        /// Its trust policy, of a role.
        trust: String,
        /// Its permissions boundary.
        boundary: Option<Arn>,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// It has this inline policy.
    Inline(Kind, String, InlinePolicy),
    /// This policy is attached to it.
    Attached(Kind, String, Arn),
    /// There is this policy.
    Managed(ManagedPolicy),
    /// The user is in the group.
    Member(String, String),
    /// The role has this instance profile.
    Profile(String, String),
    /// Something of it is not known.
    Open(Gap),
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It is so no longer.
    Remove(Claim),
    /// It is so.
    Add(Claim),
}
