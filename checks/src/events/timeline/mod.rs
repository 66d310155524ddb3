//! What happened, in order: the calls of one session without a long pause are one episode.
//!
//! A [`Lane`] takes the records of one log and gives pieces, reads put together; sorted, the pieces go to [`Episodes`],
//! which joins those of one session. Pieces and episodes can be written to a file in between, so that memory is bounded.

mod episodes;
mod lane;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use episodes::Episodes;
pub use lane::{Hide, Lane, Seen, Sorted};

/// So long nothing happens between two episodes of a session.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Names of reads, addresses and places of one episode that are told.
const NAMES: usize = 100;

/// Calls of one session without a long pause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Episode {
    /// When it began; null for records without a time.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Who did it, as far as the records prove it.
    pub actor: String,
    /// The session's name, which its caller chose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub session: String,
    /// Since when the session exists.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub since: String,
    /// What is proved of its records: the least.
    pub proof: String,
    /// How many records it has.
    pub records: u64,
    /// Addresses of the calls.
    pub addresses: Vec<String>,
    /// `ACCOUNT/REGION` of the calls.
    pub places: Vec<String>,
    /// Reads, by name, with how many there are.
    pub reads: BTreeMap<String, u64>,
    /// Reads whose names are not told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_reads: u64,
    /// Writes and refused calls.
    pub items: Vec<Item>,
    /// More of these, which are not told one by one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_items: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(it: &u64) -> bool {
    *it == 0
}

/// A call that changed something, or was refused.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Item {
    /// When.
    pub time: Option<Timestamp>,
    /// `eventID`.
    pub id: String,
    /// `eventName`.
    pub name: String,
    /// `eventSource`.
    pub source: String,
    /// What it was about: the first name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// The error of the call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// `sourceIPAddress`.
    pub ip: String,
    /// What is proved of the record.
    pub proof: String,
    /// Key events that it is, by check id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The bucket of its log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bucket: String,
    /// The key of its log, or the file.
    pub key: String,
    /// Its place in the log, from 0.
    pub index: u64,
}

/// Part of an episode: one call, or reads of one log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Piece {
    actor: String,
    session: String,
    since: String,
    rank: u8,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    address: String,
    place: String,
    records: u64,
    reads: BTreeMap<String, u64>,
    more_reads: u64,
    item: Option<Item>,
    /// One record alone: another trail may have delivered the same.
    id: String,
}

fn count(reads: &mut BTreeMap<String, u64>, more: &mut u64, name: String, number: u64) {
    if reads.len() < NAMES || reads.contains_key(&name) {
        *reads.entry(name).or_default() += number;
    } else {
        *more += number;
    }
}

impl Episode {
    /// What it is sorted by among all.
    #[must_use]
    pub fn order(&self) -> Vec<u8> {
        let time = self.start.map_or(u64::MAX, |it| {
            it.as_microsecond().cast_unsigned() ^ (1 << 63)
        });
        let mut key = time.to_be_bytes().to_vec();
        key.extend_from_slice(self.actor.as_bytes());
        key.extend_from_slice(self.since.as_bytes());
        key
    }
}
