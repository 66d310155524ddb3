//! What a call that issues a session says of that session.

use jiff::Timestamp;

use super::expiry;
use crate::events::{Field, Record, is_key, time};

/// The calls that issue sessions, and the sign-ins that begin one.
pub(super) const ROLE_CALLS: &[&str] = &[
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "SwitchRole",
];
pub(super) const USER_CALLS: &[&str] = &["GetSessionToken", "ConsoleLogin"];
pub(super) const ROOT_CALLS: &[&str] = &["ConsoleLogin", "GetSessionToken", "AssumeRoot"];
pub(super) const ASSUME_ROOT: &[&str] = &["AssumeRoot"];
pub(super) const FEDERATION_CALLS: &[&str] = &["GetFederationToken"];

/// A session, as the call that issued it has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::events) struct Issue {
    pub time: Option<Timestamp>,
    /// The access key of the session. Console sessions use others.
    pub key: Option<String>,
    /// `principalId` of the session.
    pub principal: Option<String>,
    /// When the key ends.
    pub expires: Option<Timestamp>,
    /// What the call set or handed on as the session's source identity.
    pub source_identity: Option<String>,
    /// The account that a root session is of.
    pub root_of: Option<String>,
    /// The subject of an assertion or a token.
    pub subject: Option<String>,
    /// A sign-in to the console, which issues no key that it tells.
    pub sign_in: bool,
    /// A switch of roles in the console: it goes with an AssumeRole of the same second.
    pub switch: bool,
}

impl Issue {
    /// None if the record is no such call, or if the call failed.
    pub fn of(record: &Record<'_>) -> Option<Self> {
        let text = |field, names: &[&str]| {
            let found = record.text_at(field, names)?.to_string();
            (!found.is_empty()).then_some(found)
        };
        let request = |name: &str| text(Field::RequestParameters, &[name]);
        let response = |names: &[&str]| text(Field::ResponseElements, names);
        if record.text(Field::ErrorCode).is_some() {
            return None;
        }
        let name = record.name()?;
        let is = |it: &str| name.eq_ignore_ascii_case(it);
        let key = response(&["credentials", "accessKeyId"]).filter(|it| is_key(it));
        let written = || Some(record.identity().principal_id()?.to_string());
        let expires = response(&["credentials", "expiration"]);
        let mut issue = Self {
            time: record.time(),
            key,
            expires: expires.and_then(|it| time::parse(&it).or_else(|| expiry::parse(&it))),
            source_identity: response(&["sourceIdentity"]).or_else(|| request("sourceIdentity")),
            ..Self::default()
        };
        if ROLE_CALLS.iter().take(3).any(|it| is(it)) {
            issue.principal = response(&["assumedRoleUser", "assumedRoleId"]);
            let subject = response(&["subject"]);
            issue.subject = subject.or_else(|| response(&["subjectFromWebIdentityToken"]));
        } else if is("SwitchRole") {
            // A failed switch says so in its answer.
            if response(&["SwitchRole"]).is_some_and(|it| !it.eq_ignore_ascii_case("success")) {
                return None;
            }
            issue.switch = true;
            issue.principal = written();
        } else if is("AssumeRoot") {
            issue.root_of = request("targetPrincipal").map(|it| account_of(&it));
        } else if is("GetSessionToken") {
            // By its key alone: a user may ask for many in one second.
        } else if is("GetFederationToken") {
            issue.principal = response(&["federatedUser", "federatedUserId"]);
        } else if is("ConsoleLogin") {
            if response(&["ConsoleLogin"]).is_some_and(|it| !it.eq_ignore_ascii_case("success")) {
                return None;
            }
            issue.sign_in = true;
            issue.principal = written();
        } else {
            return None;
        }
        Some(issue)
    }
}

/// The account of an ARN, or the id itself.
fn account_of(principal: &str) -> String {
    let account = principal
        .strip_prefix("arn:")
        .and_then(|rest| rest.split(':').nth(3));
    account.unwrap_or(principal).to_owned()
}
