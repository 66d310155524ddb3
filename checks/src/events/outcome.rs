//! What kind of event a record is, and how the call ended.

use std::borrow::Cow;

use super::field::Field;
use super::raw::{Kind, Raw};
use super::record::Record;
use super::text::Text;

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// One call, sign-in or action of a service.
    Event,
    /// An unusual rate of calls or errors.
    Insight,
    /// Traffic through a VPC endpoint.
    NetworkActivity,
    /// A count of events within minutes: no single event.
    Aggregated,
}

/// The category of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category<'a> {
    /// `Management`, `Data`, `NetworkActivity`, `Insight`, `Aggregated`, or what AWS will add.
    pub name: Cow<'a, str>,
    /// Whether the record does not have it, as those before version 1.07, and it was derived.
    pub derived: bool,
}

impl<'a> Record<'a> {
    /// The category: `eventCategory`, or what follows from the type.
    #[must_use]
    pub fn category(&self) -> Category<'a> {
        // As nearly all are spelled.
        let known = self
            .get(Field::EventCategory)
            .and_then(|it| match it.bytes() {
                br#""Management""# => Some("Management"),
                br#""Data""# => Some("Data"),
                _ => None,
            });
        if let Some(name) = known {
            return Category {
                name: Cow::Borrowed(name),
                derived: false,
            };
        }
        let written = self.text(Field::EventCategory).filter(|it| !it.is_empty());
        if let Some(text) = written {
            return Category {
                name: text.text,
                derived: false,
            };
        }
        let kind = self.text(Field::EventType).unwrap_or_default();
        let management = self.get(Field::ManagementEvent).and_then(Raw::flag);
        let name = if kind.eq_ignore_ascii_case("AwsCloudTrailInsight") {
            "Insight"
        } else if kind.eq_ignore_ascii_case("AwsAggregatedEvent") {
            "Aggregated"
        } else if is_network(&kind) {
            "NetworkActivity"
        } else if management == Some(false) {
            "Data"
        } else {
            "Management"
        };
        Category {
            name: Cow::Borrowed(name),
            derived: true,
        }
    }

    /// The kind of event.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        let category = self.category();
        let is = |name: &str| category.name.eq_ignore_ascii_case(name);
        if is("Insight") {
            RecordKind::Insight
        } else if is("Aggregated") {
            RecordKind::Aggregated
        } else if is("NetworkActivity") {
            RecordKind::NetworkActivity
        } else {
            RecordKind::Event
        }
    }

    /// `errorCode`; none if it is absent, null or empty.
    #[must_use]
    pub fn error_code(&self) -> Option<Text<'a>> {
        self.text(Field::ErrorCode).filter(|it| !it.is_empty())
    }

    /// The error of the call: `errorCode`, or what some services write into `responseElements` instead: `__type`, or
    /// `Failure` for a sign-in or a switch of roles.
    #[must_use]
    pub fn error(&self) -> Option<Text<'a>> {
        self.error_code().or_else(|| self.response_error())
    }

    fn response_error(&self) -> Option<Text<'a>> {
        let response = self.get(Field::ResponseElements)?;
        match response.kind() {
            Kind::Object => response_error(response),
            Kind::String => {
                let text = response.text()?;
                response_error(Raw::nested(text.as_bytes())?).map(Text::into_owned)
            }
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Array | Kind::Unreadable => None,
        }
    }

    /// Whether the call failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error().is_some()
    }

    /// Whether the call was refused for lack of a permission.
    #[must_use]
    pub fn denied(&self) -> bool {
        self.error().is_some_and(|code| is_denial(&code))
    }
}

fn response_error(response: Raw<'_>) -> Option<Text<'_>> {
    let mut failure = None;
    for (name, value) in response.members() {
        let text = || value.text().filter(|it| !it.is_empty());
        if name.as_str() == "__type" {
            // `com.amazonaws.kms#AccessDeniedException`: the name of the error is behind the namespace.
            if let Some(text) = text() {
                return Some(text);
            }
        }
        let signs_in = [
            "ConsoleLogin",
            "SwitchRole",
            "ExitRole",
            "RenewRole",
            "CheckMfa",
        ]
        .iter()
        .any(|it| name.eq_ignore_ascii_case(it));
        if signs_in {
            failure = failure.or_else(|| text().filter(|it| it.eq_ignore_ascii_case("Failure")));
        }
    }
    failure
}

/// Whether the type of event is that of a VPC endpoint: documented is `AwsVpceEvents`, published records have
/// `AwsVpceEvent`.
fn is_network(kind: &str) -> bool {
    ["AwsVpceEvents", "AwsVpceEvent"]
        .iter()
        .any(|it| kind.eq_ignore_ascii_case(it))
}

/// Whether an error code is that of a missing permission, not of throttling, a wrong parameter or an absent thing.
#[must_use]
pub fn is_denial(code: &str) -> bool {
    let code = code.rsplit('#').next().unwrap_or(code).to_ascii_lowercase();
    code.starts_with("accessdenied")
        || code.contains("unauthorized")
        || code.starts_with("notauthorized")
        || code == "vpceaccessdenied"
        || (code.starts_with("kms") && code.contains("accessdenied"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials() {
        for code in [
            "AccessDenied",
            "AccessDeniedException",
            "Client.UnauthorizedOperation",
            "UnauthorizedOperation",
            "NotAuthorizedException",
            "VpceAccessDenied",
            "KMSAccessDeniedException",
            "KMS.AccessDeniedException",
            "com.amazonaws.kms#AccessDeniedException",
        ] {
            assert!(is_denial(code), "{code}");
        }
        for code in [
            "ThrottlingException",
            "NoSuchBucket",
            "Failure",
            "KMSInvalidState",
            "",
        ] {
            assert!(!is_denial(code), "{code}");
        }
    }

    #[test]
    fn failures_without_an_error_code() {
        let failed = |json: &str| {
            let record = Record::read(json.as_bytes()).unwrap();
            (record.failed(), record.denied())
        };
        for (json, expected) in [
            (r#"{"errorCode":"AccessDenied"}"#, (true, true)),
            (
                r#"{"errorCode":"","responseElements":null}"#,
                (false, false),
            ),
            (r#"{"errorCode":null}"#, (false, false)),
            (
                r#"{"responseElements":{"ConsoleLogin":"Failure"}}"#,
                (true, false),
            ),
            (
                r#"{"responseElements":{"ConsoleLogin":"Success"}}"#,
                (false, false),
            ),
            (
                r#"{"responseElements":{"__type":"a#AccessDeniedException"}}"#,
                (true, true),
            ),
            (
                r#"{"responseElements":"{\"__type\":\"AccessDenied\"}"}"#,
                (true, true),
            ),
            (
                r#"{"responseElements":{"state":"Failure"}}"#,
                (false, false),
            ),
        ] {
            assert_eq!(failed(json), expected, "{json}");
        }
    }

    #[test]
    fn categories() {
        for (json, name, derived, kind) in [
            (
                r#"{"eventCategory":"Data"}"#,
                "Data",
                false,
                RecordKind::Event,
            ),
            ("{}", "Management", true, RecordKind::Event),
            (
                r#"{"managementEvent":"false"}"#,
                "Data",
                true,
                RecordKind::Event,
            ),
            (
                r#"{"eventType":"AwsCloudTrailInsight"}"#,
                "Insight",
                true,
                RecordKind::Insight,
            ),
            (
                r#"{"eventType":"AwsVpceEvent"}"#,
                "NetworkActivity",
                true,
                RecordKind::NetworkActivity,
            ),
            (
                r#"{"eventCategory":"Aggregated"}"#,
                "Aggregated",
                false,
                RecordKind::Aggregated,
            ),
            (
                r#"{"eventCategory":"New"}"#,
                "New",
                false,
                RecordKind::Event,
            ),
        ] {
            let record = Record::read(json.as_bytes()).unwrap();
            let category = record.category();
            assert_eq!(
                (&*category.name, category.derived),
                (name, derived),
                "{json}"
            );
            assert_eq!(record.kind(), kind, "{json}");
        }
    }
}
