//! Which kinds of events the logs show. A trail leaves out what its event selectors leave out, and that there is none of
//! what nobody logs says nothing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{First, Key, When};
use crate::events::field::Field;
use crate::events::{Raw, Record};

/// A kind of events that a trail logs or leaves out as a whole ("Logging management events" and "Logging data events",
/// CloudTrail user guide).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Management events of calls that only read.
    Reads,
    /// Management events of calls that change something.
    Writes,
    /// Management events of KMS, which a trail may leave out by themselves.
    Kms,
    /// Data events of calls that write or delete S3 objects.
    ObjectWrites,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reads, Self::Writes, Self::Kms, Self::ObjectWrites];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Of what there may be none because it is not logged.
    #[must_use]
    pub const fn calls(self) -> &'static str {
        match self {
            Self::Reads => "any call that only reads",
            Self::Writes => "any call that changes something",
            Self::Kms => "any call of KMS",
            Self::ObjectWrites => "deleting and writing S3 objects",
        }
    }

    /// How a trail leaves it out.
    #[must_use]
    pub const fn left_out(self) -> &'static str {
        match self {
            Self::Reads => {
                "no verified record is of such a management event; a trail whose selectors say WriteOnly leaves them out"
            }
            Self::Writes => {
                "no verified record is of such a management event; a trail whose selectors say ReadOnly leaves them out"
            }
            Self::Kms => {
                "no verified record is of such a management event; a trail leaves them out where its selectors exclude \
                 kms.amazonaws.com"
            }
            Self::ObjectWrites => {
                "no verified record is of such a call; these are data events, which a trail logs only where its event \
                 selectors say so"
            }
        }
    }
}

/// The kinds that proved records were of, so far.
#[derive(Debug, Default)]
pub(super) struct Seen(AtomicU8);

impl Seen {
    /// Notes what a proved record is of.
    pub(super) fn note(&self, record: &Record<'_>) {
        let seen = self.0.load(Ordering::Relaxed);
        let all = Kind::ALL.iter().fold(0, |all, it| all | it.bit());
        if seen == all {
            return;
        }
        let new = bits(record) & !seen;
        if new != 0 {
            self.0.fetch_or(new, Ordering::Relaxed);
        }
    }

    pub(super) fn kinds(&self) -> BTreeSet<Kind> {
        let seen = self.0.load(Ordering::Relaxed);
        let mut kinds = BTreeSet::from(Kind::ALL);
        kinds.retain(|it| seen & it.bit() != 0);
        kinds
    }
}

fn bits(record: &Record<'_>) -> u8 {
    let category = record.category();
    let is_of = |source: &str| {
        let written = record.get(Field::EventSource).and_then(Raw::plain);
        written.is_some_and(|it| it.eq_ignore_ascii_case(source.as_bytes()))
    };
    match (&*category.name, record.read_only()) {
        ("Data", Some(false)) if is_of("s3.amazonaws.com") => Kind::ObjectWrites.bit(),
        // Records of the first years do not say whether a call only reads: its name tells.
        ("Management", read_only) => {
            let reads = read_only.or_else(|| only_reads(&record.name().unwrap_or_default()));
            let kind = match reads {
                Some(true) => Kind::Reads.bit(),
                Some(false) => Kind::Writes.bit(),
                None => 0,
            };
            match is_of("kms.amazonaws.com") {
                true => kind | Kind::Kms.bit(),
                false => kind,
            }
        }
        _ => 0,
    }
}

/// Data events that write or delete S3 objects.
const OBJECT_WRITES: [&str; 7] = [
    "CopyObject",
    "DeleteObject",
    "DeleteObjects",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
];

/// Calls of which CloudTrail says now that they only read, now that they do not, or of which no record was seen that
/// would tell.
const EITHER: [&str; 6] = [
    "AssumeRole",
    "AssumeRoot",
    "CheckMfa",
    "GetFederationToken",
    "GetSessionToken",
    "GetSigninToken",
];

/// Whether a call only reads, by its name; none where that does not tell.
fn only_reads(name: &str) -> Option<bool> {
    if name.is_empty() || EITHER.contains(&name) {
        return None;
    }
    let verbs = ["Get", "List", "Describe", "BatchGet"];
    Some(verbs.iter().any(|it| name.starts_with(it)))
}

impl Key {
    /// The kinds of events that must be logged for its absence to mean anything.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<Kind> {
        match self.when {
            When::Log => return BTreeSet::new(),
            When::First(First::WriteInRegion) => return [Kind::Writes].into(),
            _ if self.names.is_empty() => return [Kind::Reads, Kind::Writes].into(),
            When::Each(_)
            | When::LogBucket(_)
            | When::LogKey
            | When::CrossAccount
            | When::First(First::DeniedOfActor)
            | When::Distinct { .. }
            | When::OffInstance => {}
        }
        let of_objects = |it: &&&str| OBJECT_WRITES.contains(*it);
        let mut kinds = BTreeSet::new();
        // A check of buckets that also looks at the settings of objects rests on what it finds of buckets.
        for name in self.names.iter().filter(|it| !of_objects(it)) {
            match only_reads(name) {
                Some(true) => kinds.extend([Kind::Reads]),
                Some(false) => kinds.extend([Kind::Writes]),
                None => kinds.extend([Kind::Reads, Kind::Writes]),
            }
        }
        if kinds.is_empty() {
            return [Kind::ObjectWrites].into();
        }
        if self.sources == ["kms.amazonaws.com"] {
            kinds.insert(Kind::Kms);
        }
        kinds
    }
}
