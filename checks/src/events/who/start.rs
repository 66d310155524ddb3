//! Where a chain begins: an event, an access key, an ARN, or an instance.

use std::collections::BTreeSet;

use super::Found;
use super::caller::Caller;
use crate::events::{Field, Raw, Record, is_key};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// An `eventID`, or a `sharedEventID`.
    Event(String),
    /// An access key.
    Key(String),
    /// The ARN of an identity or of a session.
    Arn(String),
    /// An EC2 instance: who started it.
    Instance(String),
}

impl Start {
    /// Reads what was asked for; an error says what can be asked.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with("arn:") {
            let instance = text.rsplit_once(":instance/").map(|(_, id)| id);
            return Ok(match instance.filter(|id| is_instance(id)) {
                Some(id) => Self::Instance(id.to_owned()),
                None => Self::Arn(text.to_owned()),
            });
        }
        if is_instance(text) {
            return Ok(Self::Instance(text.to_owned()));
        }
        if is_key(text) {
            return Ok(Self::Key(text.to_owned()));
        }
        if is_event_id(text) {
            return Ok(Self::Event(text.to_ascii_lowercase()));
        }
        Err(format!(
            "`{text}` is not an event ID (8-4-4-4-12 hexadecimal digits), an access key ID (AKIA.. or ASIA..), \
             an ARN or an instance ID (i-..)"
        ))
    }

    /// The text that a log which matters holds.
    #[must_use]
    pub fn literal(&self) -> &str {
        let (Self::Event(text) | Self::Key(text) | Self::Arn(text) | Self::Instance(text)) = self;
        text
    }

    /// Whether a record is one to begin with.
    #[must_use]
    pub fn fits(&self, record: &Record<'_>) -> bool {
        let response = |names: &[&str]| {
            let found = record.text_at(Field::ResponseElements, names);
            found.map(|it| it.to_string())
        };
        match self {
            Self::Event(id) => [record.event_id(), record.shared_event_id()]
                .into_iter()
                .flatten()
                .any(|it| it.eq_ignore_ascii_case(id)),
            Self::Key(key) => {
                let used = record.identity().key().is_some_and(|it| *it == **key);
                let issued = [["credentials", "accessKeyId"], ["accessKey", "accessKeyId"]];
                used || issued.iter().any(|it| response(it).as_ref() == Some(key))
            }
            Self::Arn(arn) => {
                let identity = record.identity();
                [identity.arn(), identity.issuer_arn()]
                    .into_iter()
                    .flatten()
                    .any(|it| *it == **arn)
            }
            Self::Instance(id) => starts(record, id),
        }
    }

    /// The records that one chain each begins with: one for an event, one for each session of a key or an ARN, the
    /// oldest first. What proves nothing is taken where nothing else is there.
    #[must_use]
    pub fn pick(&self, found: Vec<Found>) -> Vec<Found> {
        let callers = found
            .into_iter()
            .filter_map(|it| Some((Caller::of(&it)?, it)));
        let mut all: Vec<(Caller, Found)> = callers.collect();
        all.sort_by(|(a, of_a), (b, of_b)| {
            let order = |caller: &Caller, it: &Found| {
                // Of copies of one event the one that names the caller.
                let unnamed = caller.is("AWSAccount");
                (
                    super::need::is_void(it.proof),
                    caller.event.time,
                    unnamed,
                    it.at.clone(),
                )
            };
            order(a, of_a).cmp(&order(b, of_b))
        });
        let mut seen = BTreeSet::new();
        let uses = |caller: &Caller| match self {
            Self::Key(key) => caller.key.as_ref() == Some(key),
            Self::Event(_) | Self::Arn(_) | Self::Instance(_) => true,
        };
        let any = all.iter().any(|(caller, _)| uses(caller));
        let mut picked = Vec::new();
        for (caller, found) in all {
            // A key's use tells more than its issue.
            if any && !uses(&caller) {
                continue;
            }
            let session = match self {
                Self::Event(_) => caller.shared.clone().or(caller.event.id.clone()),
                Self::Key(_) if !any => caller.shared.clone().or(caller.event.id.clone()),
                Self::Key(_) | Self::Arn(_) => {
                    let since = caller.since.map(|it| it.to_string());
                    Some(format!("{:?} {since:?}", caller.written.principal_id))
                }
                Self::Instance(_) => caller.event.id.clone(),
            };
            if seen.insert(session) {
                picked.push(found);
            }
        }
        picked
    }
}

/// `RunInstances` answers with the instances that it started.
fn starts(record: &Record<'_>, id: &str) -> bool {
    let instances = record.path(Field::ResponseElements, &["instancesSet", "items"]);
    let items = instances.into_iter().flat_map(Raw::elements);
    let ids = items.filter_map(|item| item.get("instanceId")?.text());
    record
        .name()
        .is_some_and(|it| it.eq_ignore_ascii_case("RunInstances"))
        && ids.into_iter().any(|it| *it == *id)
}

fn is_instance(text: &str) -> bool {
    let id = text.strip_prefix("i-").unwrap_or_default();
    (8..=17).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_hexdigit())
}

fn is_event_id(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit())
}
