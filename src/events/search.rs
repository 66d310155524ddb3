//! `events search`: the records that match, each with what is proved of it.

use std::io;
use std::sync::{Mutex, PoisonError};

use trailaudit_checks::events::filter::{Expression, Subject, parse as parse_filter};
use trailaudit_checks::events::{Proof, Record};
use trailaudit_checks::finding::short;
use trailaudit_reports::events::{Found, Match, Rows};

use super::exit;
use super::reading::{Consumer, Origin};
use super::sorter::{Sorted, Sorter};
use super::target;
use crate::cli::{Order, Search};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::program::tool;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn search(&self, flags: &Search, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(&flags.input, &flags.words, " and an expression")?;
        let expression = match words.as_slice() {
            [] => None,
            [one] => Some(parse(one)?),
            [one, another, ..] => {
                return Err(Stop::usage(format!(
                    "one expression is expected after the source, and there are more: {one}, {another}; quote the \
                     whole expression"
                )));
            }
        };
        let reports = flags.reports.plan()?;
        let matcher = Matcher {
            expression,
            order: flags.sort,
            sorter: Mutex::default(),
        };
        let Some(heard) = self.hear(&flags.input, &target, &matcher, terminal)? else {
            return Ok(Exit::Clean);
        };
        let (rows, total, copies) = rows(matcher.sorter, flags.input.all_trails, flags.limit)?;
        let found = Found {
            tool: tool(),
            expression: words.first().cloned(),
            total,
            copies,
            limit: flags.limit,
            raw: flags.raw,
            rows: Box::new(rows),
            never_seen: matcher
                .expression
                .as_ref()
                .map(Expression::paths_never_seen)
                .unwrap_or_default(),
            rests_on: heard.rests_on,
            asked: None,
        };
        if reports.iter().any(output::Report::is_lines) {
            // Lines hold records alone: an answer without any must not pass for one about all of them.
            let told = serde_json::json!({"rests_on": &found.rests_on, "total": total});
            terminal.note(&told.to_string());
        }
        if flags.raw {
            terminal.warn("--raw shows session tokens and passwords that the records hold");
        }
        let options = |it: &output::Report<Found>| self.options(it.to_stdout());
        output::write(&reports, &found, options, terminal)?;
        Ok(exit(
            &flags.ends,
            &found.rests_on,
            total > 0,
            heard.interrupted,
        ))
    }
}

/// The records in their order, how many there are, and how many copies other trails delivered.
pub(super) fn rows(
    sorter: Mutex<Sorter>,
    all_trails: bool,
    limit: Option<u64>,
) -> anyhow::Result<(Sifted, u64, u64)> {
    let sorter = sorter.into_inner().unwrap_or_else(PoisonError::into_inner);
    let rows = Sifted {
        sorted: sorter.finish()?,
        all_trails,
        limit: u64::MAX,
    };
    let (mut total, mut copies) = (0, 0);
    rows.each(&mut |it| {
        total += 1;
        copies += it.copies;
        Ok(())
    })?;
    let rows = Sifted {
        limit: limit.unwrap_or(u64::MAX),
        ..rows
    };
    Ok((rows, total, copies))
}

/// An expression as it was typed.
pub(super) fn parse(text: &str) -> Result<Expression, Stop> {
    parse_filter(text).map_err(|error| Stop::usage(format!("{}: {error}", short(text, 200))))
}

/// Keeps the records that match.
pub(super) struct Matcher {
    pub(super) expression: Option<Expression>,
    pub(super) order: Order,
    pub(super) sorter: Mutex<Sorter>,
}

impl Consumer for Matcher {
    type Local = Vec<(Vec<u8>, Vec<u8>)>;

    fn may_match(&self, log: &[u8]) -> bool {
        self.expression.as_ref().is_none_or(|it| it.may_match(log))
    }

    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        let matches = self.expression.as_ref().is_none_or(|expression| {
            expression.matches(&Subject {
                record,
                proof: from.proof,
            })
        });
        if matches {
            local.push(pack(self.order, from, record));
        }
        Ok(matches)
    }

    fn end(&self, local: Self::Local) -> anyhow::Result<()> {
        if local.is_empty() {
            return Ok(());
        }
        let mut sorter = self.sorter.lock().unwrap_or_else(PoisonError::into_inner);
        local
            .iter()
            .try_for_each(|(key, value)| sorter.push(key, value))
    }
}

/// The key that a record is sorted by, and all that is told of it.
fn pack(order: Order, from: &Origin<'_>, record: &Record<'_>) -> (Vec<u8>, Vec<u8>) {
    let (key, known) = key_of(order, from, record);
    let mut value = Vec::with_capacity(record.raw().len() + 256);
    put(&mut value, &(known as u64).to_le_bytes());
    put(&mut value, &[rank(from.proof)]);
    put(&mut value, from.why.as_bytes());
    put(&mut value, from.at.bucket.as_bytes());
    put(&mut value, from.at.key.as_bytes());
    put(&mut value, &record.index().to_le_bytes());
    put(
        &mut value,
        from.digest.map_or("", |it| it.key.as_str()).as_bytes(),
    );
    value.extend_from_slice(record.raw());
    (key, value)
}

/// A key whose first bytes, so many, are equal where two trails delivered the same record.
pub(super) fn same_as(from: &Origin<'_>, record: &Record<'_>) -> (Vec<u8>, usize) {
    key_of(Order::Chain, from, record)
}

fn key_of(order: Order, from: &Origin<'_>, record: &Record<'_>) -> (Vec<u8>, usize) {
    let time = record.time().map_or(u64::MAX, |time| {
        // Before 1970 comes first as well.
        time.as_microsecond().cast_unsigned() ^ (1 << 63)
    });
    let account = record.account();
    let account = account.as_ref().map_or(from.account, |it| it.as_str());
    let region = record.region();
    let region = region.as_ref().map_or(from.region, |it| it.as_str());
    let id = record.event_id();
    let id = id.as_ref().map_or("", |it| it.as_str());
    let mut key = Vec::with_capacity(160);
    let place = |key: &mut Vec<u8>| {
        for text in [account, region] {
            key.extend_from_slice(text.as_bytes());
            key.push(0);
        }
    };
    match order {
        Order::Chain => {
            place(&mut key);
            key.extend_from_slice(&time.to_be_bytes());
        }
        Order::Time => {
            key.extend_from_slice(&time.to_be_bytes());
            place(&mut key);
        }
    }
    // Without a time or an id nothing says that two are the same; what was planted is never taken for a copy.
    let planted = matches!(from.proof, Proof::Altered | Proof::Unlisted);
    let known = match id.is_empty() || time == u64::MAX || !from.shared || planted {
        true => 0,
        false => key.len() + id.len() + 2,
    };
    key.extend_from_slice(id.as_bytes());
    key.push(0);
    key.push(rank(from.proof));
    key.extend_from_slice(from.at.bucket.as_bytes());
    key.push(0);
    key.extend_from_slice(from.at.key.as_bytes());
    key.push(0);
    key.extend_from_slice(&record.index().to_be_bytes());
    (key, known)
}

/// The place of a proof among all.
fn rank(proof: Proof) -> u8 {
    let place = Proof::ALL.iter().position(|it| *it == proof);
    place
        .and_then(|it| u8::try_from(it).ok())
        .unwrap_or(u8::MAX)
}

fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    to.extend_from_slice(bytes);
}

/// The next part of what [`put`] wrote; none of what it did not write.
fn take<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = from.split_at_checked(8)?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    Some(bytes)
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// The records in their order, those that several trails delivered once.
pub(super) struct Sifted {
    sorted: Sorted,
    all_trails: bool,
    limit: u64,
}

impl Rows for Sifted {
    fn each(&self, f: &mut dyn FnMut(&Match<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut held: Option<(Vec<u8>, Vec<u8>, u64)> = None;
        let mut shown = 0;
        let mut show = |value: &[u8], copies: u64| -> anyhow::Result<()> {
            if shown < self.limit {
                shown += 1;
                let row = unpack(value, copies);
                f(&row.ok_or_else(|| anyhow::anyhow!("a temporary file was changed"))?)?;
            }
            Ok(())
        };
        let mut next = |key: &[u8], [value, _]: [&[u8]; 2]| -> anyhow::Result<()> {
            let known = take(&mut &*value).and_then(number).unwrap_or_default();
            let known = usize::try_from(known).unwrap_or_default();
            // The proof is the last of what must be the same: what was planted is never taken for a copy.
            let same = key
                .get(..known)
                .filter(|it| !it.is_empty() && !self.all_trails)
                .unwrap_or_default();
            if let Some((before, _, copies)) = &mut held
                && !same.is_empty()
                && *before == same
            {
                *copies += 1;
                return Ok(());
            }
            if let Some((_, value, copies)) = held.take() {
                show(&value, copies)?;
            }
            held = Some((same.to_vec(), value.to_vec(), 0));
            Ok(())
        };
        self.sorted.each(&mut next).map_err(io::Error::other)?;
        if let Some((_, value, copies)) = held {
            show(&value, copies).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

fn unpack(value: &[u8], copies: u64) -> Option<Match<'_>> {
    let mut rest = value;
    let text = |bytes| std::str::from_utf8(bytes).ok();
    take(&mut rest)?;
    let proof = take(&mut rest)?.first().copied()?;
    let proof = *Proof::ALL.get(usize::from(proof))?;
    let why = text(take(&mut rest)?)?;
    let bucket = text(take(&mut rest)?)?;
    let key = text(take(&mut rest)?)?;
    let index = number(take(&mut rest)?)?;
    let digest = text(take(&mut rest)?)?;
    Some(Match {
        proof,
        why,
        bucket,
        key,
        index,
        digest: Some(digest).filter(|it| !it.is_empty()),
        copies,
        raw: rest,
    })
}
