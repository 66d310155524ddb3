//! What one check said of one subject.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::calls::ApiCall;
use crate::fact::Reason;
use crate::hex;
use crate::ids::{AccountId, Region};

pub use crate::severity::Severity;

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The file, relative to where the program was run.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
}

/// What one check said of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// SHA-256 of check id, line feed, subject id: the same in every run.
    pub fingerprint: String,
    /// The check's id.
    pub check: String,
    /// How it ended.
    pub status: Status,
    /// How bad a fail is.
    pub severity: Severity,
    /// What was judged.
    pub subject: Subject,
    /// One sentence.
    pub message: String,
    /// The facts that the status rests on, or what stood in the way.
    #[serde(
        default,
        deserialize_with = "exactly",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub evidence: Vec<Evidence>,
    /// The risk is accepted: on a fail only, and the status stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<AppliedWaiver>,
    /// Against an earlier audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineState>,
}

/// A list that takes no more memory than its items: a vector that grows one by one has room for four, and an audit of
/// ten thousand accounts has millions of lists with one item.
fn exactly<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}

impl Finding {
    /// Gives back what its texts and lists take beyond their content; findings are kept by the million.
    pub(crate) fn shrink(&mut self) {
        self.message.shrink_to_fit();
        self.evidence.shrink_to_fit();
        self.subject.id.shrink_to_fit();
        self.subject.name.shrink_to_fit();
    }

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

/// SHA-256 of check id, line feed, subject id, in lower-case hex.
#[must_use]
pub fn fingerprint(check: &str, subject: &str) -> String {
    let hash = Sha256::new().chain_update(check).chain_update("\n");
    hex::encode(&hash.chain_update(subject).finalize())
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
            fingerprint("trail-exists", "111111111111"),
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
