//! Records that say little of what people did: hidden by default, and always counted.
//!
//! A class rests on what AWS writes, never on what the caller can choose: no user agent and no session name hides a call.
//! What changes something is noise only where CloudTrail itself delivers logs, and what was refused never is.

use super::field::Field;
use super::record::Record;

/// A class of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noise {
    /// A read by a service, for itself or for somebody.
    Service,
    /// A read that the console makes to show its pages.
    Console,
    /// A read by the role of this program.
    Own,
    /// CloudTrail writes a log.
    Delivery,
    /// A read of AWS Health, Support or Trusted Advisor.
    Health,
}

impl Noise {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 5] = [
        Self::Service,
        Self::Console,
        Self::Own,
        Self::Delivery,
        Self::Health,
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Console => "console",
            Self::Own => "self",
            Self::Delivery => "delivery",
            Self::Health => "health",
        }
    }
}

/// The role that this program's own templates create.
const OWN_ROLE: &str = "trailaudit";

impl Record<'_> {
    /// The class of noise that the record is; none for what people should see.
    #[must_use]
    pub fn noise(&self) -> Option<Noise> {
        if self.error_code().is_some() {
            return None;
        }
        let identity = self.identity();
        let by_cloudtrail = identity
            .invoked_by()
            .is_some_and(|it| it.as_str() == "cloudtrail.amazonaws.com");
        if by_cloudtrail && identity.is_type("AWSService") {
            return Some(Noise::Delivery);
        }
        if self.read_only() != Some(true) {
            return None;
        }
        if identity.is_type("AWSService") || self.by_service_of(identity).is_some() {
            return Some(Noise::Service);
        }
        let source = self.source().unwrap_or_default();
        if [
            "health.amazonaws.com",
            "support.amazonaws.com",
            "trustedadvisor.amazonaws.com",
        ]
        .contains(&source.as_str())
        {
            return Some(Noise::Health);
        }
        let console = self.text(Field::SessionCredentialFromConsole);
        let flag = self
            .get(Field::SessionCredentialFromConsole)
            .and_then(super::Raw::flag);
        if flag == Some(true) || console.is_some_and(|it| it.eq_ignore_ascii_case("true")) {
            return Some(Noise::Console);
        }
        let own = identity.is_type("AssumedRole")
            && identity
                .issuer_user_name()
                .is_some_and(|it| it.as_str() == OWN_ROLE);
        own.then_some(Noise::Own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let role = r#""userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"userName":"trailaudit"}}}"#;
        for (json, expected) in [
            (r#"{"readOnly":true,"userIdentity":{"type":"AWSService","invokedBy":"config.amazonaws.com"}}"#.to_owned(), Some(Noise::Service)),
            (r#"{"readOnly":true,"userIdentity":{"type":"IAMUser","invokedBy":"cloudformation.amazonaws.com"}}"#.to_owned(), Some(Noise::Service)),
            (r#"{"readOnly":false,"userIdentity":{"type":"IAMUser","invokedBy":"cloudformation.amazonaws.com"}}"#.to_owned(), None),
            (r#"{"readOnly":"true","sourceIPAddress":"AWS Internal","userIdentity":{"type":"IAMUser"}}"#.to_owned(), Some(Noise::Service)),
            (r#"{"readOnly":true,"sessionCredentialFromConsole":"true","userIdentity":{"type":"IAMUser"}}"#.to_owned(), Some(Noise::Console)),
            (r#"{"readOnly":false,"sessionCredentialFromConsole":"true","userIdentity":{"type":"IAMUser"}}"#.to_owned(), None),
            (r#"{"readOnly":true,"userAgent":"console.amazonaws.com","userIdentity":{"type":"IAMUser"}}"#.to_owned(), None),
            (r#"{"readOnly":true,"errorCode":"AccessDenied","sessionCredentialFromConsole":"true","userIdentity":{"type":"IAMUser"}}"#.to_owned(), None),
            (r#"{"readOnly":true,"eventSource":"health.amazonaws.com","userIdentity":{"type":"IAMUser"}}"#.to_owned(), Some(Noise::Health)),
            (format!("{{\"readOnly\":true,{role}}}"), Some(Noise::Own)),
            (format!("{{\"readOnly\":false,{role}}}"), None),
            (r#"{"readOnly":false,"eventName":"PutObject","userIdentity":{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}}"#.to_owned(), Some(Noise::Delivery)),
            (r#"{"readOnly":true,"userIdentity":{"type":"IAMUser"}}"#.to_owned(), None),
            ("{}".to_owned(), None),
        ] {
            let record = Record::read(json.as_bytes()).unwrap();
            assert_eq!(record.noise(), expected, "{json}");
        }
    }
}
