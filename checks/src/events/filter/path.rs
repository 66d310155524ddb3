//! Paths: CloudTrail's own names, looked up without case, any element of an array, names that are doubled.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::super::bytes::MAX_DEPTH;
use super::super::field::Field;
use super::super::raw::{Kind, Raw};
use super::event::Event;

/// Where a path begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    /// At a field that CloudTrail documents.
    Field(Field),
    /// At a top-level name that it does not: it was quoted.
    Unknown(String),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member.
    Name(String),
    /// An element of an array.
    Element(usize),
}

/// A path.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
    /// As it was written.
    pub(super) text: String,
    /// Whether a record had it. Nobody can know of such a name but from the records.
    seen: AtomicBool,
}

/// What is known below `userIdentity`. `..` stands before names of free values.
const IDENTITY: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "type",
            "principalId",
            "arn",
            "accountId",
            "accessKeyId",
            "userName",
            "invokedBy",
            "invokedByDelegate",
            "identityProvider",
            "credentialId",
            "onBehalfOf",
            "inScopeOf",
            "sessionContext",
        ],
    ),
    ("invokedByDelegate", &["accountId"]),
    ("onBehalfOf", &["userId", "identityStoreArn"]),
    (
        "inScopeOf",
        &[
            "sourceArn",
            "sourceAccount",
            "issuerType",
            "credentialsIssuedTo",
            "credentialsIssuedToVersion",
        ],
    ),
    (
        "sessionContext",
        &[
            "sessionIssuer",
            "webIdFederationData",
            "attributes",
            "sourceIdentity",
            "assumedRoot",
            "ec2RoleDelivery",
            "ec2IssuedInVpc",
            "signInSessionArn",
        ],
    ),
    (
        "sessionContext.sessionIssuer",
        &["type", "principalId", "arn", "accountId", "userName"],
    ),
    (
        "sessionContext.attributes",
        &["creationDate", "mfaAuthenticated"],
    ),
    (
        "sessionContext.webIdFederationData",
        &["federatedProvider", "attributes"],
    ),
];

/// The names that may stand below this part of `userIdentity`; none where nothing is documented.
pub(super) fn identity_names(below: &str) -> Option<&'static [&'static str]> {
    let known = IDENTITY
        .iter()
        .find(|(at, _)| at.eq_ignore_ascii_case(below));
    known.map(|(_, names)| *names)
}

impl Path {
    pub(super) fn new(start: Start, steps: Vec<Step>, text: String) -> Self {
        let documented = match &start {
            Start::Field(field) => !field.is_free() || steps.is_empty(),
            Start::Unknown(_) => false,
        };
        Self {
            start,
            steps,
            text,
            seen: AtomicBool::new(documented),
        }
    }

    /// Whether a record had it, or AWS documents it.
    pub(super) fn was_seen(&self) -> bool {
        self.seen.load(Relaxed)
    }

    /// Notes whether the event has it.
    pub(super) fn look(&self, event: &dyn Event) {
        if !self.was_seen() && self.any(event, &mut |_| true) {
            self.seen.store(true, Relaxed);
        }
    }

    /// The last name of the path: an event that has the path has that.
    pub(super) fn last_name(&self) -> Option<&str> {
        let name = |step: &Step| match step {
            Step::Name(name) => Some(name.as_str().to_owned()),
            Step::Element(_) => None,
        };
        let last = self.steps.iter().rev().find(|it| name(it).is_some());
        match (last, &self.start) {
            (Some(Step::Name(name)), _) | (_, Start::Unknown(name)) => Some(name),
            (_, Start::Field(field)) => Some(field.name()),
        }
    }

    /// Whether the test holds of any value at the path: of each element of an array, and of the array itself.
    pub(super) fn any(&self, event: &dyn Event, test: &mut dyn FnMut(Raw<'_>) -> bool) -> bool {
        let mut from_top = |value: Raw<'_>| self.any_from_top(value, test);
        match &self.start {
            Start::Field(field) => event.any_value(*field, &mut from_top),
            Start::Unknown(name) => event.any_unknown(name, &mut from_top),
        }
    }

    fn any_from_top(&self, value: Raw<'_>, test: &mut dyn FnMut(Raw<'_>) -> bool) -> bool {
        if !self.steps.is_empty() && value.kind() == Kind::String {
            // JSON as text, as some services write their parameters.
            let text = value.text().unwrap_or_default();
            return Raw::nested(text.as_bytes())
                .is_some_and(|nested| any_below(nested, &self.steps, MAX_DEPTH, test));
        }
        any_below(value, &self.steps, MAX_DEPTH, test)
    }
}

fn any_below(
    value: Raw<'_>,
    steps: &[Step],
    levels: usize,
    test: &mut dyn FnMut(Raw<'_>) -> bool,
) -> bool {
    let Some(levels) = levels.checked_sub(1) else {
        return false;
    };
    match (steps.split_first(), value.kind()) {
        (None, Kind::Array) => {
            test(value)
                || value
                    .elements()
                    .any(|element| any_below(element, steps, levels, test))
        }
        (None, _) => test(value),
        (Some((Step::Element(n), rest)), Kind::Array) => value
            .elements()
            .nth(*n)
            .is_some_and(|element| any_below(element, rest, levels, test)),
        (Some((Step::Name(_), _)), Kind::Array) => value
            .elements()
            .any(|element| any_below(element, steps, levels, test)),
        (Some((Step::Name(name), rest)), Kind::Object) => value
            .members()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .any(|(_, member)| any_below(member, rest, levels, test)),
        (Some(_), _) => false,
    }
}
