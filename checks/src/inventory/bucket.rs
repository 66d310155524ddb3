//! A bucket that holds log files, replicas of them, or access logs about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::Facts as _;
use crate::calls::ApiCall;
use crate::fact::{Fact, Gap};
use crate::ids::{AccountId, Arn, Region};

/// A bucket, read with the role of the account that owns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// Its ARN, also when it is gone.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// A bucket of this name exists, whoever owns it.
    #[serde(default)]
    pub exists: Fact<bool>,
    /// The account in scope that owns it; none when every one was asked and none does.
    #[serde(default)]
    pub owner: Fact<Option<AccountId>>,
    /// Where it lives.
    #[serde(default)]
    pub region: Fact<Region>,
    /// Its access control list.
    #[serde(default)]
    pub acl: Fact<Vec<AclGrant>>,
    /// `BucketOwnerEnforced` switches access control lists off; none when never set.
    #[serde(default)]
    pub ownership: Fact<Option<String>>,
    /// Block Public Access of the bucket itself.
    #[serde(default)]
    pub public_access_block: Fact<Option<PublicAccessBlock>>,
    /// The bucket policy.
    #[serde(default)]
    pub policy: Fact<Option<String>>,
    /// S3's own word on whether the policy is public.
    #[serde(default)]
    pub policy_is_public: Fact<Option<bool>>,
    /// Versioning and MFA delete.
    #[serde(default)]
    pub versioning: Versioning,
    /// Object Lock is on.
    #[serde(default)]
    pub object_lock: Fact<bool>,
    /// The retention that new objects get.
    #[serde(default)]
    pub default_retention: Fact<Option<Retention>>,
    /// Default encryption; none when the answer has none (AWS then uses AES256).
    #[serde(default)]
    pub encryption: Fact<Option<DefaultEncryption>>,
    /// Server access logging.
    #[serde(default)]
    pub access_logging: Fact<Option<AccessLogging>>,
    /// Lifecycle rules; none when there is no configuration.
    #[serde(default)]
    pub lifecycle: Fact<Option<Vec<LifecycleRule>>>,
    /// Replication rules.
    #[serde(default)]
    pub replication: Fact<Option<Vec<ReplicationRule>>>,
    /// Event notifications.
    #[serde(default)]
    pub notifications: Fact<Notifications>,
    /// Static website hosting.
    #[serde(default)]
    pub website: Fact<bool>,
    /// Access points on it.
    #[serde(default)]
    pub access_points: Fact<Vec<AccessPoint>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Fact<BTreeMap<String, String>>,
    /// Prefixes at its top.
    #[serde(default)]
    pub prefixes: Fact<Vec<String>>,
}

impl Bucket {
    /// A bucket of which nothing is known, and why.
    #[must_use]
    pub fn unread(arn: Arn, name: &str, why: &dyn Fn(ApiCall) -> Gap) -> Self {
        Self {
            arn,
            name: name.to_owned(),
            exists: Fact::default(),
            owner: Fact::default(),
            region: Fact::default(),
            acl: Fact::default(),
            ownership: Fact::default(),
            public_access_block: Fact::default(),
            policy: Fact::default(),
            policy_is_public: Fact::default(),
            versioning: Versioning::default(),
            object_lock: Fact::default(),
            default_retention: Fact::default(),
            encryption: Fact::default(),
            access_logging: Fact::default(),
            lifecycle: Fact::default(),
            replication: Fact::default(),
            notifications: Fact::default(),
            website: Fact::default(),
            access_points: Fact::default(),
            tags: Fact::default(),
            prefixes: Fact::default(),
        }
        .settled(why)
    }
}

/// The four switches of Block Public Access.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicAccessBlock {
    /// Refuses new public access control lists.
    pub block_public_acls: bool,
    /// Ignores those that are there.
    pub ignore_public_acls: bool,
    /// Refuses new public policies.
    pub block_public_policy: bool,
    /// Closes a public policy to strangers.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All four on.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// The switches that are off, by AWS's names.
    #[must_use]
    pub fn off(self) -> Vec<&'static str> {
        [
            (self.block_public_acls, "BlockPublicAcls"),
            (self.ignore_public_acls, "IgnorePublicAcls"),
            (self.block_public_policy, "BlockPublicPolicy"),
            (self.restrict_public_buckets, "RestrictPublicBuckets"),
        ]
        .into_iter()
        .filter_map(|(on, name)| (!on).then_some(name))
        .collect()
    }
}

/// A grant of an access control list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AclGrant {
    /// A canonical user id or a group's URI.
    pub grantee: String,
    /// `CanonicalUser` or `Group`.
    pub kind: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP`, `FULL_CONTROL`.
    pub permission: String,
    /// The grantee is the owner that the ACL names; none in files that are older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_owner: Option<bool>,
}

impl AclGrant {
    /// To a user of some account.
    #[must_use]
    pub fn is_to_user(&self) -> bool {
        self.kind == "CanonicalUser"
    }

    /// Everything, to a user of whom it is not said whether it is the owner: S3's first grant is the owner's.
    #[must_use]
    pub fn may_be_owners(&self) -> bool {
        self.is_to_user() && self.of_owner.is_none() && self.permission == "FULL_CONTROL"
    }
}

/// Versioning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Versioning {
    /// `Enabled`.
    #[serde(default)]
    pub enabled: Fact<bool>,
    /// `Suspended`: once on, so that versions from then may be stored. Schema 1 did not tell it from never set.
    #[serde(default)]
    pub suspended: Fact<bool>,
    /// MFA delete; S3 leaves it out when it was never set.
    #[serde(default)]
    pub mfa_delete: Fact<bool>,
}

/// A default retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retention {
    /// Who may shorten it.
    pub mode: RetentionMode,
    /// Given in days.
    pub days: Option<u32>,
    /// Given in years.
    pub years: Option<u32>,
}

impl Retention {
    /// How long, with a year of 365 days: never more than what is really kept.
    #[must_use]
    pub fn in_days(self) -> u32 {
        let years = self.years.unwrap_or_default().saturating_mul(365);
        self.days.unwrap_or_default().saturating_add(years)
    }
}

/// Who may shorten a retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RetentionMode {
    /// Whoever holds `s3:BypassGovernanceRetention`.
    Governance,
    /// Nobody.
    Compliance,
}

/// Default encryption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultEncryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key, as given: an ARN, an id or an alias.
    pub kms_key: Option<String>,
    /// Bucket keys are on.
    pub bucket_key: bool,
}

/// Server access logging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessLogging {
    /// The bucket that the access logs go to.
    pub target_bucket: String,
    /// The prefix there.
    pub target_prefix: String,
}

/// A lifecycle rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LifecycleRule {
    /// Its id.
    pub id: Option<String>,
    /// It runs.
    pub enabled: bool,
    /// The prefix it is limited to; empty for all objects.
    pub prefix: String,
    /// It is limited by more than a prefix (tags, sizes).
    pub narrowed: bool,
    /// Current versions expire after so many days.
    pub expiration_days: Option<i64>,
    /// Current versions expire at a date.
    pub expiration_date: Option<Timestamp>,
    /// Versions that are no longer current expire after so many days.
    pub noncurrent_days: Option<i64>,
    /// So many versions that are no longer current are kept.
    pub noncurrent_kept: Option<i64>,
    /// Moves to other storage classes: after days, to class.
    pub transitions: Vec<Transition>,
}

/// A move to another storage class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transition {
    /// After so many days.
    pub days: Option<i64>,
    /// Such as `GLACIER`.
    pub class: String,
}

/// A replication rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicationRule {
    /// It runs.
    pub enabled: bool,
    /// The prefix it is limited to; empty for all objects.
    pub prefix: String,
    /// It is limited by tags.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub narrowed: bool,
    /// The destination bucket's ARN.
    pub destination: Arn,
    /// The account that owns the destination, where the rule says so.
    pub destination_account: Option<AccountId>,
    /// Deletions are replicated too.
    pub delete_markers: bool,
    /// Objects that are encrypted with KMS keys are replicated: S3 leaves them out unless the rule selects them. None
    /// where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_encrypted: Option<bool>,
    /// The role by which S3 replicates. None where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Arn>,
    /// Of rules to one destination that select an object, the one with the highest priority applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Elements of the rule that this version does not know: each may narrow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<String>,
}

/// Event notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notifications {
    /// To EventBridge.
    pub event_bridge: bool,
    /// To topics, queues and functions, by ARN.
    pub targets: Vec<Arn>,
}

/// An access point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPoint {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `Internet` or `VPC`.
    pub network_origin: String,
    /// Its policy.
    #[serde(default)]
    pub policy: Fact<Option<String>>,
    /// Its own Block Public Access.
    #[serde(default)]
    pub public_access_block: Fact<Option<PublicAccessBlock>>,
}
