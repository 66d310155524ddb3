//! What one check said of one subject.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::calls::ApiCall;
use crate::fact::Reason;
use crate::hex;
use crate::ids::{AccountId, Region};
use crate::shared::Pool;

pub use crate::severity::Severity;

/// A place in a source file.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Location {
    /// The file, relative to where the program was run.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
}

// What several findings have in common, they share: see `Shared`.
/// What one check said of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// SHA-256 of check id, line feed, subject id: the same in every run.
    pub fingerprint: Fingerprint,
    /// The check's id.
    pub check: Arc<str>,
    /// How it ended.
    pub status: Status,
    /// How bad a fail is.
    pub severity: Severity,
    /// What was judged.
    pub subject: Arc<Subject>,
    /// One sentence.
    pub message: Arc<str>,
    /// The facts that the status rests on, or what stood in the way.
    #[serde(default, skip_serializing_if = "<[Evidence]>::is_empty")]
    pub evidence: Arc<[Evidence]>,
    /// The risk is accepted: on a fail only, and the status stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Arc<AppliedWaiver>>,
    /// Against an earlier audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineState>,
}

impl Finding {
    /// A fail that nobody has accepted.
    #[must_use]
    pub fn is_open_failure(&self) -> bool {
        self.status == Status::Fail && self.waiver.is_none()
    }
}

/// Foreign text for a place where it is repeated: cut after so many characters, and said so.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    short_text(Cow::Borrowed(text), most).into_owned()
}

/// The same, without a copy where nothing is cut.
#[must_use]
pub fn short_text(text: Cow<'_, str>, most: usize) -> Cow<'_, str> {
    // No text has more characters than bytes.
    let cut = match text.len() <= most {
        true => None,
        false => text.char_indices().nth(most),
    };
    match cut {
        None => text,
        Some((end, _)) => {
            let rest = text.len() - end;
            let kept = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{kept}... ({rest} bytes more)"))
        }
    }
}

/// What findings have in common, held once: thirty checks judge one account, and forty of them lack the same answer.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    texts: Pool<str>,
    subjects: Pool<Subject>,
    evidence: Pool<[Evidence]>,
    waivers: Pool<AppliedWaiver>,
}

impl Shared {
    /// The same finding, made of what was met before as far as it can be.
    pub(crate) fn share(&mut self, finding: Finding) -> Finding {
        Finding {
            check: self.texts.share(finding.check),
            subject: self.subjects.share(finding.subject),
            message: self.texts.share(finding.message),
            evidence: self.evidence.share(finding.evidence),
            waiver: finding.waiver.map(|it| self.waivers.share(it)),
            ..finding
        }
    }
}

/// Reads findings one by one: what they have in common is held once from the beginning.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Finding>, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Vec<Finding>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Vec<Finding>, A::Error> {
            let (mut list, mut shared) = (Vec::new(), Shared::default());
            while let Some(finding) = all.next_element()? {
                list.push(shared.share(finding));
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(List)
}

/// SHA-256 of check id, line feed, subject id. In JSON, 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// Of the finding of this check on this subject.
#[must_use]
pub fn fingerprint(check: &str, subject: &str) -> Fingerprint {
    let hash = Sha256::new().chain_update(check).chain_update("\n");
    Fingerprint(hash.chain_update(subject).finalize().into())
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("a fingerprint has 64 lower-case hex digits");
        let bytes = hex::decode(&text).filter(|it| hex::encode(it) == text);
        let bytes = bytes.and_then(|it| it.try_into().ok());
        bytes.map(Self).ok_or_else(wrong)
    }
}

impl JsonSchema for Fingerprint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Fingerprint".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// How a finding ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// What the title says is true.
    Pass,
    /// It is not.
    Fail,
    /// Nobody could tell. Never a pass.
    Unknown,
    /// The question does not arise.
    NotApplicable,
}

impl Status {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Unknown => "unknown",
            Status::NotApplicable => "not_applicable",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was judged.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// The ARN where AWS has one; else the account's digits, `ACCOUNT/REGION`, or the organization's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The account that owns it.
    pub account: Option<AccountId>,
    /// Where it lives.
    pub region: Option<Region>,
    /// Where it is written, for what is judged from source code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// What a subject is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// The organization.
    Organization,
    /// An account.
    Account,
    /// A region of an account.
    Region,
    /// A trail.
    Trail,
    /// A log bucket.
    Bucket,
    /// A key.
    Key,
    /// A log group.
    LogGroup,
    /// A CloudTrail Lake store.
    EventDataStore,
    /// A user, a role, or whoever else can act.
    Principal,
    /// A chain of digest files.
    Chain,
    /// Any other resource.
    Resource,
}

impl SubjectKind {
    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SubjectKind::Organization => "organization",
            SubjectKind::Account => "account",
            SubjectKind::Region => "region",
            SubjectKind::Trail => "trail",
            SubjectKind::Bucket => "bucket",
            SubjectKind::Key => "key",
            SubjectKind::LogGroup => "log group",
            SubjectKind::EventDataStore => "event data store",
            SubjectKind::Principal => "principal",
            SubjectKind::Chain => "chain",
            SubjectKind::Resource => "resource",
        }
    }
}

/// One fact that a status rests on, or one call that stood in its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The fact's name, by AWS's word.
    pub what: String,
    /// What was seen; `null` where AWS has nothing there.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub seen: Option<Value>,
    /// What would pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// The call that told, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<ApiCall>,
    /// The IAM action that allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// How the call ended, where it gave no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The account that gave no answer; it may be another one than the subject's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The region that gave no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The request id of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address of the planned resource that would have told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
}

impl Evidence {
    /// It names what stood in the way, not a fact.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        self.reason.is_some()
    }
}

/// A `null` that is there was seen: it is not the same as a field that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// An accepted risk, as it stands on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AppliedWaiver {
    /// Why the risk is accepted.
    pub reason: String,
    /// By whom.
    pub approver: String,
    /// Through which day, UTC.
    pub expires: String,
    /// Where it was discussed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// A finding against an earlier audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineState {
    /// Not there before, or it got worse since: see `compare`.
    New,
    /// As before.
    Unchanged,
    /// Told in another way, and not worse.
    Updated,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_is_sha256_of_check_and_subject() {
        // printf 'trail-exists\n111111111111' | sha256sum
        assert_eq!(
            fingerprint("trail-exists", "111111111111").to_string(),
            "45cd46d67b6c6c88f250ea6837c8bbd1e9da881590b94ab546b357a2b5e14471"
        );
    }

    #[test]
    fn nothing_seen_survives_being_written() {
        let evidence = Evidence {
            what: "LoggingEnabled".to_owned(),
            seen: Some(Value::Null),
            ..Evidence::default()
        };
        let written = serde_json::to_string(&evidence).unwrap();
        assert_eq!(written, r#"{"what":"LoggingEnabled","seen":null}"#);
        let back: Evidence = serde_json::from_str(&written).unwrap();
        assert_eq!(back, evidence);
        let bare: Evidence = serde_json::from_str(r#"{"what":"x"}"#).unwrap();
        assert_eq!(bare.seen, None);
    }

    #[test]
    fn long_text_is_cut_and_said_so() {
        assert_eq!(short("abc", 3), "abc");
        assert_eq!(short("äbcd", 2), "äb... (2 bytes more)");
    }
}
