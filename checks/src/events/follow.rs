//! Sessions onwards: which a session issued, and what finds the calls of each.
//!
//! A session is found again by the access key that its call answered with, or by its principal and the second of that
//! call, which is the `creationDate` of the session (the other way round than in [`super::who`], which goes back).

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::field::Field;
use super::questions::quoted;
use super::who::issue::Issue;
use super::{Proof, Record, Text};
use crate::finding::short;

/// The calls that issue a session to whoever makes them.
pub const ISSUES: &str = "name in (AssumeRole, AssumeRoot, GetSessionToken, GetFederationToken, AssumeRoleWithSAML, \
                          AssumeRoleWithWebIdentity)";
/// The longest text of a record that is kept.
const LONGEST: usize = 400;

/// A session that another one issued.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Issued {
    /// When the call was made.
    pub time: Timestamp,
    /// `eventName` of the call.
    pub name: String,
    /// `eventID` of the call.
    pub event: String,
    /// `principalId` of the caller.
    pub by: String,
    /// What it is a session of: the role, the user or the account.
    pub of: String,
    /// `principalId` of the session; null where the call does not tell it.
    pub principal: Option<String>,
    /// Its access key.
    pub key: Option<String>,
    /// What is proved of the record of the call, and of the calls before it: the least.
    pub proof: String,
    /// That is verified.
    #[serde(skip)]
    pub proven: bool,
}

impl Issued {
    /// The session that a call issued; none if it is no such call, failed, or does not tell enough.
    #[must_use]
    pub fn of(record: &Record<'_>, proof: Proof) -> Option<Self> {
        let issue = Issue::of(record)?;
        if issue.sign_in || issue.switch || issue.key.is_none() && issue.principal.is_none() {
            return None;
        }
        let text = |it: Option<Text<'_>>| it.map_or_else(String::new, |it| short(&it, LONGEST));
        let identity = record.identity();
        let asked = |name| {
            let it = record.text_at(Field::RequestParameters, &[name])?;
            Some(short(&it, LONGEST)).filter(|it| !it.is_empty())
        };
        Some(Self {
            time: issue.time?,
            name: text(record.name()),
            event: text(record.event_id()),
            by: text(identity.principal_id()),
            of: asked("roleArn")
                .or_else(|| asked("targetPrincipal"))
                .or_else(|| asked("name"))
                .unwrap_or_else(|| short(&record.actor().id, LONGEST)),
            principal: issue.principal,
            key: issue.key,
            proof: proof.word().to_owned(),
            proven: proof.is_proven(),
        })
    }

    /// The same, where what leads to the call is not proved.
    #[must_use]
    pub fn unproven(self) -> Self {
        match self.proven {
            true => Self {
                proof: "unverified".to_owned(),
                proven: false,
                ..self
            },
            false => self,
        }
    }

    /// How it was issued, in words.
    #[must_use]
    pub fn how(&self) -> String {
        format!("issued by {} ({}) to {}", self.name, self.event, self.by)
    }

    /// What finds the calls of the session.
    #[must_use]
    pub fn expression(&self) -> String {
        let key = self
            .key
            .as_ref()
            .map(|it| format!("userIdentity.accessKeyId == {}", quoted(it)));
        let second = SignedDuration::from_secs(1);
        let from = Timestamp::from_second(self.time.as_second()).unwrap_or(self.time);
        let to = from.checked_add(second).unwrap_or(Timestamp::MAX);
        let principal = self.principal.as_ref().map(|it| {
            format!(
                "userIdentity.principalId == {} and userIdentity.sessionContext.attributes.creationDate >= {from} and \
                 userIdentity.sessionContext.attributes.creationDate < {to}",
                quoted(it)
            )
        });
        let both: Vec<String> = key.into_iter().chain(principal).collect();
        both.join(" or ")
    }
}

/// What finds the calls of the session that a record is of, from then on; none without a time.
#[must_use]
pub fn of_session(record: &Record<'_>) -> Option<String> {
    let time = record.time()?;
    let identity = record.identity();
    let part = |name: &str, it: Option<Text<'_>>| {
        let it = it.filter(|it| !it.is_empty())?;
        Some(format!("{name} == {}", quoted(&it)))
    };
    let parts = [
        part("userIdentity.principalId", identity.principal_id()),
        part(
            "userIdentity.sessionContext.attributes.creationDate",
            identity.created(),
        ),
    ];
    let mut parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        parts.push(format!("actor == {}", quoted(&record.actor().id)));
    }
    Some(format!("{} and time >= {time}", parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::filter::{Subject, parse};

    const CALL: &str = r#"{"eventTime":"2026-03-01T10:00:07Z","eventName":"AssumeRole","eventSource":"sts.amazonaws.com","eventID":"e-1",
        "userIdentity":{"type":"IAMUser","principalId":"AIDAALICE","arn":"arn:aws:iam::111122223333:user/alice"},
        "requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/admin","roleSessionName":"x"},
        "responseElements":{"credentials":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE"},"assumedRoleUser":{"assumedRoleId":"AROAADMIN:x"}}}"#;

    fn of(json: &str) -> Option<Issued> {
        Issued::of(&Record::read(json.as_bytes()).unwrap(), Proof::Verified)
    }

    #[test]
    fn the_calls_of_an_issued_session() {
        let issued = of(CALL).unwrap();
        assert_eq!(
            (issued.by.as_str(), issued.of.as_str(), issued.proven),
            ("AIDAALICE", "arn:aws:iam::111122223333:role/admin", true)
        );
        let expression = parse(&issued.expression()).unwrap();
        for (key, principal, since, expected) in [
            (
                "ASIAIOSFODNN7EXAMPLE",
                "AROAADMIN:x",
                "2026-03-01T10:00:07Z",
                true,
            ),
            // A service goes on with a key of its own.
            (
                "ASIAZZZZZZZZZZEXAMPL",
                "AROAADMIN:x",
                "2026-03-01T10:00:07Z",
                true,
            ),
            (
                "ASIAZZZZZZZZZZEXAMPL",
                "AROAADMIN:x",
                "2026-03-01T10:00:07.900Z",
                true,
            ),
            (
                "ASIAZZZZZZZZZZEXAMPL",
                "AROAADMIN:x",
                "2026-03-01T10:00:08Z",
                false,
            ),
            (
                "ASIAZZZZZZZZZZEXAMPL",
                "AROAADMIN:x",
                "2026-03-01T10:00:06Z",
                false,
            ),
            (
                "ASIAZZZZZZZZZZEXAMPL",
                "AROAADMIN:y",
                "2026-03-01T10:00:07Z",
                false,
            ),
        ] {
            let json = format!(
                r#"{{"userIdentity":{{"accessKeyId":"{key}","principalId":"{principal}","sessionContext":{{"attributes":{{"creationDate":"{since}"}}}}}}}}"#
            );
            let record = Record::read(json.as_bytes()).unwrap();
            let subject = Subject {
                record: &record,
                proof: Proof::Verified,
            };
            assert_eq!(expression.matches(&subject), expected, "{json}");
        }
    }

    #[test]
    fn what_issues_none() {
        let failed = CALL.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\"");
        let other = CALL.replace("\"AssumeRole\"", "\"ListRoles\"");
        let sign_in = CALL.replace("\"AssumeRole\"", "\"ConsoleLogin\"");
        let timeless = CALL.replace("eventTime", "eventTimes");
        for json in [&failed, &other, &sign_in, &timeless] {
            assert_eq!(of(json), None, "{json}");
        }
    }

    /// Keys and principals are written into an expression: none of them ends its text early.
    #[test]
    fn hostile_names_stay_values() {
        for name in [
            r#"x\" or root or \""#,
            "*",
            r"\\",
            "a) or (root",
            "\\u0000\\u202e",
        ] {
            let json = CALL.replace("AROAADMIN:x", name).replace("AIDAALICE", name);
            let issued = of(&json).unwrap();
            parse(&issued.expression()).unwrap();
            let record = Record::read(json.as_bytes()).unwrap();
            parse(&of_session(&record).unwrap()).unwrap();
        }
    }
}
