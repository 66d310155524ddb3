//! What happened, in order: the calls of one session without a long pause are one episode.
//!
//! A [`Lane`] takes the records of one log and gives pieces, reads put together; sorted, the pieces go to [`Episodes`],
//! which joins those of one session. Pieces and episodes can be written to a file in between, so that memory is bounded.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::At;
use super::{Proof, Record, Text};
use crate::finding::short;
use crate::ids::{AccountId, Region};

/// So long nothing happens between two episodes of a session.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Calls of one episode that are told one by one; the others are counted.
const ITEMS: usize = 500;
/// Names of reads, addresses and places of one episode that are told.
const NAMES: usize = 100;
/// The longest text of a record that is kept.
const LONGEST: usize = 300;

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

/// Which records are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// No noise; it is counted.
    Noise,
    /// Everything.
    Nothing,
    /// Everything but noise.
    ButNoise,
}

/// What a piece is sorted by, and the piece.
pub type Sorted = (Vec<u8>, Vec<u8>);

/// The records of one log.
#[derive(Debug, Default)]
pub struct Lane {
    rows: Vec<Sorted>,
    reads: HashMap<(Vec<u8>, String, String), Piece>,
    hidden: BTreeMap<&'static str, u64>,
}

/// What is known of a record from outside.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// Where it is.
    pub at: At<'a>,
    /// What is proved.
    pub proof: Proof,
    /// More than one trail delivers what happens there.
    pub shared: bool,
    /// Key events that it is.
    pub keys: Vec<String>,
}

impl Lane {
    /// Takes one record. Whether it is told.
    pub fn record(&mut self, record: &Record<'_>, seen: Seen<'_>, hide: Hide) -> bool {
        let noise = record.noise().filter(|_| seen.keys.is_empty());
        let told = match (hide, noise) {
            (Hide::Nothing, _) | (Hide::Noise, None) | (Hide::ButNoise, Some(_)) => true,
            (Hide::Noise, Some(class)) => {
                *self.hidden.entry(class.word()).or_default() += 1;
                false
            }
            (Hide::ButNoise, None) => false,
        };
        if told {
            self.take(record, seen);
        }
        told
    }

    fn take(&mut self, record: &Record<'_>, seen: Seen<'_>) {
        let identity = record.identity();
        let text = |it: Option<Text<'_>>| it.map_or_else(String::new, |it| short(&it, LONGEST));
        let account = record.account();
        let account = account.as_ref().map_or(seen.at.account, |it| it.as_str());
        let region = record.region();
        let region = region.as_ref().map_or(seen.at.region, |it| it.as_str());
        let (account, region) = (AccountId::cut(account).0, Region::cut(region).0);
        let actor = short(&record.actor().id, LONGEST);
        let time = record.time();
        let rank = rank(seen.proof);
        let mut group: Vec<u8> = Vec::with_capacity(160);
        let session = record.session_of(&identity);
        let principal = text(session.as_ref().and_then(|it| it.principal_id.clone()));
        let since = text(identity.created());
        for part in [actor.as_str(), &principal, &since] {
            group.extend(part.bytes().map(|it| it.max(2)));
            group.push(1);
        }
        // What was planted stands by itself, and is never taken for a copy.
        let planted = matches!(seen.proof, Proof::Altered | Proof::Unlisted);
        group.push(if planted { 3 } else { 2 });
        let reads = record.read_only() == Some(true) && !record.failed() && seen.keys.is_empty();
        let name = text(record.name());
        let source = text(record.source());
        let id = text(record.event_id());
        let ip = text(record.ip());
        // Equal ids say that two are the same only where more than one trail delivers them.
        let copied = seen.shared && time.is_some() && !planted;
        let mut piece = Piece {
            actor,
            session: short(&session.and_then(|it| it.name).unwrap_or_default(), LONGEST),
            since,
            rank,
            first: time,
            last: time,
            address: ip.clone(),
            place: format!("{account}/{region}"),
            records: 1,
            id: if copied { id.clone() } else { String::new() },
            ..Piece::default()
        };
        if reads {
            let service = source.strip_suffix(".amazonaws.com").unwrap_or(&source);
            let name = format!("{service}:{name}");
            if seen.shared || time.is_none() {
                piece.reads.insert(name, 1);
                return self.push(&group, &piece);
            }
            return self.read(group, name, piece);
        }
        let mut on = String::new();
        record.resources(&mut |it| {
            if on.is_empty() {
                on = short(&it, LONGEST);
            }
        });
        piece.item = Some(Item {
            time,
            id,
            name,
            source,
            on,
            error: text(record.error()),
            account,
            region,
            ip,
            proof: seen.proof.to_string(),
            keys: seen.keys,
            bucket: seen.at.bucket.to_owned(),
            key: seen.at.key.to_owned(),
            index: record.index(),
        });
        self.push(&group, &piece);
    }

    /// Adds a read to those of its session, address and place that are not long before.
    fn read(&mut self, group: Vec<u8>, name: String, piece: Piece) {
        let place = (group, piece.address.clone(), piece.place.clone());
        let near = |held: &Piece| {
            let (Some(first), Some(last), Some(time)) = (held.first, held.last, piece.first) else {
                return false;
            };
            let pause = |from: Timestamp, to: Timestamp| to.duration_since(from) < PAUSE;
            pause(last, time) && pause(time, first)
        };
        match self.reads.get_mut(&place) {
            Some(held) if near(held) => {
                held.first = held.first.min(piece.first);
                held.last = held.last.max(piece.last);
                held.records += 1;
                held.rank = held.rank.max(piece.rank);
                count(&mut held.reads, &mut held.more_reads, name, 1);
            }
            _ => {
                let mut piece = piece;
                piece.reads.insert(name, 1);
                if let Some(old) = self.reads.insert(place.clone(), piece) {
                    self.push(&place.0, &old);
                }
            }
        }
    }

    fn push(&mut self, group: &[u8], piece: &Piece) {
        let time = piece.first.map_or(u64::MAX, |it| {
            it.as_microsecond().cast_unsigned() ^ (1 << 63)
        });
        let mut sort = Vec::with_capacity(group.len() + piece.id.len() + 10);
        sort.extend_from_slice(group);
        sort.push(0);
        sort.extend_from_slice(&time.to_be_bytes());
        sort.extend_from_slice(piece.id.as_bytes());
        if let Ok(bytes) = serde_json::to_vec(piece) {
            self.rows.push((sort, bytes));
        }
    }

    /// The pieces, and how many records were hidden by class.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Sorted>, BTreeMap<&'static str, u64>) {
        let mut reads: Vec<_> = std::mem::take(&mut self.reads).into_iter().collect();
        reads.sort_by(|a, b| a.0.cmp(&b.0));
        for ((group, ..), piece) in reads {
            self.push(&group, &piece);
        }
        (self.rows, self.hidden)
    }
}

/// How weak a proof is.
fn rank(proof: Proof) -> u8 {
    match proof {
        Proof::Verified => 0,
        Proof::Version => 1,
        Proof::Unverified(_) => 2,
        Proof::Unlisted => 3,
        Proof::Altered => 4,
    }
}

fn word(rank: u8) -> &'static str {
    match rank {
        0 => "verified",
        1 => "version",
        2 => "unverified",
        3 => "unlisted",
        _ => "altered",
    }
}

fn count(reads: &mut BTreeMap<String, u64>, more: &mut u64, name: String, number: u64) {
    if reads.len() < NAMES || reads.contains_key(&name) {
        *reads.entry(name).or_default() += number;
    } else {
        *more += number;
    }
}

/// Joins sorted pieces.
#[derive(Debug, Default)]
pub struct Episodes {
    group: Vec<u8>,
    before: Vec<u8>,
    rank: u8,
    held: Option<Episode>,
}

impl Episodes {
    /// Takes the next piece; the episode that ended before it.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn piece(
        &mut self,
        sort: &[u8],
        piece: &[u8],
    ) -> Result<Option<Episode>, serde_json::Error> {
        let piece: Piece = serde_json::from_slice(piece)?;
        let group = sort
            .get(..sort.len().saturating_sub(8 + piece.id.len()))
            .unwrap_or_default();
        let same = self.group == group;
        if same && self.before == sort && !piece.id.is_empty() {
            return Ok(None);
        }
        self.before = sort.to_vec();
        let goes_on = same
            && self
                .held
                .as_ref()
                .is_some_and(|it| match (it.end, piece.first) {
                    (Some(end), Some(first)) => first.duration_since(end) < PAUSE,
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                });
        let ended = match goes_on {
            true => None,
            false => self.held.take(),
        };
        if !goes_on {
            self.group = group.to_vec();
            self.rank = 0;
        }
        self.rank = self.rank.max(piece.rank);
        let episode = self.held.get_or_insert_with(|| Episode {
            start: piece.first,
            actor: piece.actor.clone(),
            session: piece.session.clone(),
            since: piece.since.clone(),
            ..Episode::default()
        });
        word(self.rank).clone_into(&mut episode.proof);
        episode.end = episode.end.max(piece.last);
        episode.records += piece.records;
        for (list, text) in [
            (&mut episode.addresses, piece.address),
            (&mut episode.places, piece.place),
        ] {
            if !text.is_empty() && list.len() < NAMES && !list.contains(&text) {
                list.push(text);
            }
        }
        for (name, number) in piece.reads {
            count(&mut episode.reads, &mut episode.more_reads, name, number);
        }
        episode.more_reads += piece.more_reads;
        match piece.item {
            Some(item)
                if episode.items.len() < ITEMS
                    || !item.keys.is_empty() && episode.items.len() < 2 * ITEMS =>
            {
                episode.items.push(item);
            }
            Some(_) => episode.more_items += 1,
            None => {}
        }
        Ok(ended)
    }

    /// The last one.
    #[must_use]
    pub fn last(self) -> Option<Episode> {
        self.held
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(records: &[String], shared: bool) -> Vec<Episode> {
        let mut rows = Vec::new();
        for half in [1, 0] {
            let mut lane = Lane::default();
            for text in records.iter().skip(half).step_by(2) {
                let record = Record::read(text.as_bytes()).unwrap();
                let at = At {
                    bucket: "b",
                    key: "k",
                    account: "1",
                    region: "r",
                };
                let seen = Seen {
                    at,
                    proof: Proof::Verified,
                    shared,
                    keys: Vec::new(),
                };
                lane.record(&record, seen, Hide::Noise);
            }
            rows.extend(lane.finish().0);
        }
        rows.sort();
        let mut episodes = Episodes::default();
        let mut all = Vec::new();
        for (sort, piece) in &rows {
            all.extend(episodes.piece(sort, piece).unwrap());
        }
        all.extend(episodes.last());
        all.sort_by_key(Episode::order);
        all
    }

    fn call(user: &str, minute: u32, name: &str, reads: bool) -> String {
        format!(
            r#"{{"eventID":"{name}{minute}","eventTime":"2026-03-01T10:{minute:02}:00Z","eventName":"{name}","eventSource":"s3.amazonaws.com","readOnly":{reads},
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/{user}","principalId":"AIDA{user}"}}}}"#
        )
    }

    #[test]
    fn a_pause_of_ten_minutes_ends_an_episode() {
        let records = [
            call("a", 0, "PutObject", false),
            call("a", 9, "GetObject", true),
            call("a", 18, "GetObject", true),
            call("b", 5, "PutObject", false),
            call("a", 28, "GetObject", true),
        ];
        let all = told(&records, false);
        let told: Vec<_> = all
            .iter()
            .map(|it| {
                (
                    it.actor.as_str(),
                    it.records,
                    it.items.len(),
                    it.reads.values().sum::<u64>(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("arn:aws:iam::1:user/a", 3, 1, 2),
                ("arn:aws:iam::1:user/b", 1, 1, 0),
                ("arn:aws:iam::1:user/a", 1, 0, 1),
            ]
        );
    }

    #[test]
    fn what_two_trails_delivered_is_told_once() {
        let one = call("a", 0, "PutObject", false);
        let read = call("a", 1, "GetObject", true);
        let twice = [one.clone(), one, read.clone(), read];
        let all = told(&twice, true);
        assert_eq!((all.len(), all[0].records, all[0].items.len()), (1, 2, 1));
        // One trail delivers each record once: equal ids are two records.
        let all = told(&twice, false);
        assert_eq!((all.len(), all[0].records, all[0].items.len()), (1, 4, 2));
    }
}
