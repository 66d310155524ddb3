//! The records of one log, as pieces of episodes.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{Item, PAUSE, Piece, count};
use crate::events::key::At;
use crate::events::{Proof, Record, Text};
use crate::finding::short;
use crate::ids::{AccountId, Region};

/// The longest text of a record that is kept.
const LONGEST: usize = 300;

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
        let (account, region) = (
            AccountId::cut(account).to_string(),
            Region::cut(region).to_string(),
        );
        let actor = short(&record.actor().id, LONGEST);
        let time = record.time();
        let rank = rank(seen.proof);
        let mut group: Vec<u8> = Vec::with_capacity(160);
        let session = record.session_of(identity);
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
        // Of copies the best proved is the first.
        sort.push(piece.rank);
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
