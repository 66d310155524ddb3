//! What is asked, and all the policies that have a say in it.

use super::condition::Condition;
use super::context::Context;
use super::document::{Document, Effect};
use super::principal::Caller;

/// A question: may this caller do that there?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// The action, such as `cloudtrail:StopLogging`.
    pub action: String,
    /// On what.
    pub target: Target,
    /// The account that owns it; for S3 the bucket's owner.
    pub resource_account: String,
    /// The rest of the request.
    pub context: Context,
}

/// The resource of a request, or all those that are asked about at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One ARN; `*` for actions that have no resource.
    One(String),
    /// Any of these ARNs.
    OneOf(Vec<String>),
    /// Any resource that this pattern matches, such as `arn:aws:s3:::logs/AWSLogs/*`.
    Matching(String),
}

impl Target {
    /// A text that shows the kind of the resource.
    pub(super) fn sample(&self) -> &str {
        match self {
            Self::One(arn) | Self::Matching(arn) => arn,
            Self::OneOf(arns) => arns.first().map_or("*", String::as_str),
        }
    }
}

/// A policy with its name: the ARN of a managed one, the name of an inline one. `R` says why a document cannot be read:
/// whatever the caller keeps for that comes back in [`super::Decision::missing`], as it is.
#[derive(Debug, Clone)]
pub struct Policy<'a, R = String> {
    /// Its name in reports.
    pub name: String,
    /// What it says, or why that is not known.
    pub document: Result<&'a Document, R>,
}

/// A policy that could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread<R = String> {
    /// Its name.
    pub policy: String,
    /// As the caller gave it.
    pub reason: R,
}

impl<'a, R> Policy<'a, R> {
    /// A policy that was read.
    pub fn new(name: &str, document: &'a Document) -> Self {
        Self {
            name: name.to_owned(),
            document: Ok(document),
        }
    }

    /// A policy that could not be read: what it says is unknown, never nothing.
    pub fn missing(name: &str, reason: R) -> Self {
        Self {
            name: name.to_owned(),
            document: Err(reason),
        }
    }
}

/// The policies attached at one place of an organization: its root, a unit or an account.
#[derive(Debug, Clone)]
pub struct Level<'a, R = String> {
    /// Its id.
    pub target: String,
    /// What is attached there. Service control policies: nothing attached blocks everything.
    pub policies: Vec<Policy<'a, R>>,
}

/// All policies that have a say in one request: a view of what its caller keeps, made for each.
#[derive(Debug)]
pub struct Layers<'a, R = String> {
    /// Policies of the caller, those of its groups included.
    pub identity: &'a [Policy<'a, R>],
    /// The caller's permissions boundary.
    pub boundary: Option<&'a Policy<'a, R>>,
    /// The policy that its session was limited with.
    pub session: Option<&'a Policy<'a, R>>,
    /// Service control policies of the caller's account, root first; nothing if none are in play.
    pub scps: Option<&'a [Level<'a, R>]>,
    /// Resource control policies of the resource's account; `RCPFullAWSAccess` is implied.
    pub rcps: Option<&'a [Level<'a, R>]>,
    /// The policy of the resource: bucket, key, topic, trust policy.
    pub resource: Option<&'a Policy<'a, R>>,
    /// Grants of a KMS key.
    pub grants: &'a [KeyGrant],
    /// Access control lists of a bucket or an object. None where the owner is enforced.
    pub acl: &'a [AclGrant],
    /// `RestrictPublicBuckets`: a public policy lets in nobody from outside the account.
    pub restrict_public_buckets: bool,
    /// The key is managed by AWS: no resource control policy reaches it.
    pub aws_managed_key: bool,
    /// The account that no organization policy limits.
    pub management_account: Option<&'a str>,
}

impl<R> Default for Layers<'_, R> {
    fn default() -> Self {
        Self {
            identity: &[],
            boundary: None,
            session: None,
            scps: None,
            rcps: None,
            resource: None,
            grants: &[],
            acl: &[],
            restrict_public_buckets: false,
            aws_managed_key: false,
            management_account: None,
        }
    }
}

/// A grant of a KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// `GrantId`
    pub id: String,
    /// `GranteePrincipal`
    pub grantee: String,
    /// Who may retire it, where that is somebody.
    pub retiring: Option<String>,
    /// `Operations`, such as `Decrypt`.
    pub operations: Vec<String>,
    /// Its constraints, as conditions on `kms:EncryptionContext:…`.
    pub constraints: Vec<Condition>,
}

/// One entry of an S3 access control list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclGrant {
    /// Whom it names.
    pub grantee: AclGrantee,
    /// What it lets them do.
    pub permission: AclPermission,
    /// It hangs on an object, not on the bucket.
    pub on_object: bool,
}

/// Whom an access control list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AclGrantee {
    /// The group `AllUsers`: everyone.
    AllUsers,
    /// The group `AuthenticatedUsers`: every principal of every account.
    AuthenticatedUsers,
    /// An account, by its canonical user id.
    CanonicalUser(String),
}

/// What an access control list grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AclPermission {
    /// `READ`
    Read,
    /// `WRITE`
    Write,
    /// `READ_ACP`
    ReadAcp,
    /// `WRITE_ACP`
    WriteAcp,
    /// `FULL_CONTROL`
    FullControl,
}

/// Which policies a statement belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The caller's own policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The session policy.
    Session,
    /// Service control policies.
    Scp,
    /// Resource control policies.
    Rcp,
    /// The resource's policy.
    Resource,
    /// A grant of a key.
    KeyGrant,
    /// An access control list.
    Acl,
}

/// Where a statement is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    /// Which policies.
    pub layer: Layer,
    /// Which of them.
    pub policy: String,
    /// Position in the document, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
}
