//! Reads the records of a bucket, of its mirror or of files, each with what is proved of it, and what the answer rests
//! on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use trailaudit_checks::digest::{
    ChainId, HourVerdict, Kind, Limits, LogEntry, LogKey, LogOutcome, ObjectRef, Window, members,
};
use trailaudit_checks::events::{
    AHEAD, FormatProblem, Input, LATE, Logs, Lost, ObjectNote, Proof, Record, Records, TextProblem,
    read, scan, tally,
};

use super::versions::LostLogs;
use crate::verify::window::ALLOWANCE;
use crate::verify::{Tap, Tapped};

/// Objects of one kind and place that are named; the others are counted.
const NAMED: usize = 20;

/// What is done with the records.
pub(super) trait Consumer: Sync {
    /// What one log's records come to.
    type Local: Default;

    /// Whether a record of a log with these bytes can matter.
    fn may_match(&self, log: &[u8]) -> bool {
        let _ = log;
        true
    }

    /// Takes one record of the window. Whether it is part of the answer.
    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool>;

    /// Takes what the records of a log came to.
    fn end(&self, local: Self::Local) -> anyhow::Result<()>;
}

/// For another that still owns it.
impl<C: Consumer> Consumer for &C {
    type Local = C::Local;

    fn may_match(&self, log: &[u8]) -> bool {
        (**self).may_match(log)
    }

    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        (**self).record(local, from, record)
    }

    fn end(&self, local: Self::Local) -> anyhow::Result<()> {
        (**self).end(local)
    }
}

/// Where a record stands, and what is proved of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The account of its chain; empty for files.
    pub(super) account: &'a str,
    /// The region of its chain; empty for files.
    pub(super) region: &'a str,
    /// The object.
    pub(super) at: &'a ObjectRef,
    /// The digest that lists it.
    pub(super) digest: Option<&'a ObjectRef>,
    /// What is proved.
    pub(super) proof: Proof,
    /// Why no more is proved, in one word.
    pub(super) why: &'static str,
    /// More than one trail delivers what happens there: the same record may come again.
    pub(super) shared: bool,
}

/// Hours, counted since 1970, by the reason and what it makes of them.
type Reasons = BTreeMap<(&'static str, HourVerdict), BTreeSet<i64>>;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) logs: Logs,
    pub(super) records: Records,
    pub(super) categories: BTreeMap<String, u64>,
    pub(super) largest_lateness: Option<i64>,
    pub(super) objects: BTreeMap<(&'static str, String), Vec<ObjectNote>>,
    pub(super) and_more: BTreeMap<(&'static str, String), u64>,
    pub(super) problems: BTreeMap<&'static str, TextProblem>,
    /// Some text could not be read, so that records may be missing.
    pub(super) lossy: bool,
    pub(super) unknown_fields: BTreeMap<String, u64>,
    /// Hours by chain and reason, of logs that prove nothing.
    lost: BTreeMap<(String, String, String), Reasons>,
    /// Listed logs that could not be read.
    pub(super) failed: BTreeSet<String>,
}

const HOUR: i64 = 3_600;
/// Names of unknown fields that are counted; a record may have any.
const UNKNOWN: usize = 100;

impl Facts {
    fn join(&mut self, other: Self) {
        let Self {
            logs,
            records,
            categories,
            largest_lateness,
            objects,
            and_more,
            problems,
            lossy,
            unknown_fields,
            lost,
            failed,
        } = other;
        self.logs.add(logs);
        self.records.add(records);
        for (name, count) in categories {
            *self.categories.entry(name).or_default() += count;
        }
        self.largest_lateness = self.largest_lateness.max(largest_lateness);
        for (kind, notes) in objects {
            for note in notes {
                self.note(kind.0, note);
            }
        }
        for (kind, count) in and_more {
            *self.and_more.entry(kind).or_default() += count;
        }
        for (kind, problem) in problems {
            self.problem(kind, problem);
        }
        self.lossy |= lossy;
        for (name, count) in unknown_fields {
            if self.unknown_fields.len() < UNKNOWN || self.unknown_fields.contains_key(&name) {
                *self.unknown_fields.entry(name).or_default() += count;
            }
        }
        for (chain, hours) in lost {
            let own = self.lost.entry(chain).or_default();
            for (why, hours) in hours {
                own.entry(why).or_default().extend(hours);
            }
        }
        self.failed.extend(failed);
    }

    pub(super) fn note(&mut self, kind: &'static str, note: ObjectNote) {
        let key = (kind, note.why.clone());
        let notes = self.objects.entry(key.clone()).or_default();
        // The same ones are named whatever the order of reading was.
        let at = notes.binary_search(&note).unwrap_or_else(|at| at);
        notes.insert(at, note);
        if notes.len() > NAMED {
            notes.pop();
            *self.and_more.entry(key).or_default() += 1;
        }
    }

    fn problem(&mut self, kind: &'static str, problem: TextProblem) {
        match self.problems.get_mut(kind) {
            None => {
                self.problems.insert(kind, problem);
            }
            Some(own) => {
                let count = own.count + problem.count;
                if (&problem.key, problem.offset) < (&own.key, own.offset) {
                    *own = problem;
                }
                own.count = count;
            }
        }
    }

    fn format(&mut self, at: &ObjectRef, problem: &FormatProblem) {
        self.lossy |= problem.kind.loses();
        let told = TextProblem {
            kind: format!("record-format:{}", problem.kind.word()),
            key: at.key.clone(),
            offset: problem.offset,
            detail: problem.to_string(),
            count: 1,
        };
        self.problem(problem.kind.word(), told);
    }

    fn lose(
        &mut self,
        chain: &ChainId,
        window: Window,
        why: &'static str,
        verdict: HourVerdict,
        events: Window,
    ) {
        let start = events.start.max(window.start).as_second().div_euclid(HOUR);
        let end = events.end.min(window.end).as_second().div_euclid(HOUR);
        let key = (
            chain.account.clone(),
            chain.region.clone(),
            chain.to_string(),
        );
        let hours = self
            .lost
            .entry(key)
            .or_default()
            .entry((why, verdict))
            .or_default();
        hours.extend(start..=end);
    }

    /// The hours of the logs that prove nothing.
    pub(super) fn lost(&self) -> Vec<Lost> {
        let mut all = Vec::new();
        for ((account, region, chain), reasons) in &self.lost {
            for ((why, verdict), hours) in reasons {
                for hour in hours {
                    let at = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
                    all.push(Lost {
                        account: account.clone(),
                        region: region.clone(),
                        chain: chain.clone(),
                        why,
                        verdict: *verdict,
                        events: Window {
                            start: at(hour * HOUR),
                            end: at(hour * HOUR + HOUR - 2),
                        },
                    });
                }
            }
        }
        all
    }
}

/// The time of a log's events: as its digest signs it, else as the time of its delivery lets it be.
pub(super) fn events_of(range: Option<(Timestamp, Timestamp)>, key: &str) -> Option<Window> {
    if let Some((start, end)) = range {
        return Some(Window { start, end });
    }
    let (from, until) = LogKey::parse(key)?.delivered;
    Some(Window {
        start: from.saturating_sub(LATE).unwrap_or(from),
        end: until.saturating_add(AHEAD).unwrap_or(until),
    })
}

/// Hands the records of logs to a consumer, on the threads that read them.
#[derive(Debug)]
pub(super) struct Reading<C> {
    /// The time of the events that are wanted.
    pub(super) window: Window,
    pub(super) consumer: C,
    pub(super) prefilter: bool,
    /// Only records of proved logs are part of the answer.
    pub(super) only_verified: bool,
    facts: Mutex<Facts>,
    failed: Mutex<Option<anyhow::Error>>,
    /// Logs of which another version may be read, if that is wanted.
    lost_logs: Option<Mutex<LostLogs>>,
    shared: Mutex<BTreeSet<(String, String)>>,
}

impl<C: Consumer> Reading<C> {
    pub(super) fn new(window: Window, consumer: C, prefilter: bool, only_verified: bool) -> Self {
        Self {
            window,
            consumer,
            prefilter,
            only_verified,
            facts: Mutex::default(),
            failed: Mutex::default(),
            lost_logs: None,
            shared: Mutex::default(),
        }
    }

    /// Keeps which logs are missing or altered.
    pub(super) fn keeping_lost_logs(mut self) -> Self {
        self.lost_logs = Some(Mutex::default());
        self
    }

    /// The logs that are missing or altered so far.
    pub(super) fn lost_logs(&self) -> LostLogs {
        let lost = self.lost_logs.as_ref();
        lost.map(|it| std::mem::take(&mut *it.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }

    /// The hours of logs that prove nothing, so far.
    pub(super) fn lost_so_far(&self) -> Vec<Lost> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.lost()
    }

    /// Whether more than one trail delivers what happens there.
    pub(super) fn is_shared(&self, account: &str, region: &str) -> bool {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        !shared.is_empty() && shared.contains(&(account.to_owned(), region.to_owned()))
    }

    /// What was read, and who took it; an error if the answer could not be kept.
    pub(super) fn finish(self) -> anyhow::Result<(Facts, C)> {
        let failed = self
            .failed
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(error) => Err(error),
            None => {
                let facts = self.facts.into_inner();
                let facts = facts.unwrap_or_else(PoisonError::into_inner);
                Ok((facts, self.consumer))
            }
        }
    }

    /// Whether some of these events may be in the window.
    pub(super) fn meets(&self, events: Window) -> bool {
        events.start < self.window.end && events.end >= self.window.start
    }

    pub(super) fn add(&self, facts: Facts) {
        let mut all = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        all.join(facts);
    }

    pub(super) fn failed_logs(&self) -> BTreeSet<String> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.failed.clone()
    }

    fn fail(&self, error: anyhow::Error) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
    }

    /// Takes the text of one object, or of a part of it that is proved alike.
    pub(super) fn text(
        &self,
        facts: &mut Facts,
        from: &Origin<'_>,
        log: &[u8],
        events: Option<Window>,
    ) {
        let skips = self.prefilter && !self.consumer.may_match(log);
        let whole =
            events.is_some_and(|it| it.start >= self.window.start && it.end < self.window.end);
        if skips
            && whole
            && from.proof == Proof::Verified
            && LogKey::parse(&from.at.key).is_some_and(|it| it.service == "CloudTrail")
            && let Some(tally) = tally(log)
        {
            facts.records.verified += tally.records;
            for (name, count) in tally.categories {
                *facts.categories.entry(name.to_owned()).or_default() += count;
            }
            return;
        }
        let mut local = C::Local::default();
        let mut failed = None;
        let scanned = scan(log, &mut |record| {
            if let Err(error) = self.record(facts, &mut local, from, record, skips) {
                failed.get_or_insert(error);
            }
        });
        for problem in &scanned.problems {
            facts.format(from.at, problem);
        }
        let ended = self.consumer.end(local);
        if let Some(error) = failed.or(ended.err()) {
            self.fail(error);
        }
    }

    /// Takes the text of a file, whatever form its records have; which it was.
    pub(super) fn any(&self, facts: &mut Facts, from: &Origin<'_>, text: &[u8]) -> Option<Input> {
        let mut local = C::Local::default();
        let mut failed = None;
        let read = read(text, &mut |record| {
            if let Err(error) = self.record(facts, &mut local, from, record, false) {
                failed.get_or_insert(error);
            }
        });
        for problem in &read.scanned.problems {
            facts.format(from.at, problem);
        }
        let ended = self.consumer.end(local);
        if let Some(error) = failed.or(ended.err()) {
            self.fail(error);
        }
        read.input
    }

    fn record(
        &self,
        facts: &mut Facts,
        local: &mut C::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
        skips: bool,
    ) -> anyhow::Result<()> {
        // A record without a time is no reason to leave it out.
        let time = record.time();
        if time.is_some_and(|it| it < self.window.start || it >= self.window.end) {
            return Ok(());
        }
        facts.records.count(from.proof);
        let category = record.category();
        match facts.categories.get_mut(category.name.as_ref()) {
            Some(count) => *count += 1,
            None => {
                facts.categories.insert(category.name.into_owned(), 1);
            }
        }
        if skips || (self.only_verified && from.proof != Proof::Verified) {
            return Ok(());
        }
        let marks = record.marks();
        if self.consumer.record(local, from, record)? && (marks.unknown || marks.overfull) {
            for (name, _) in record.unknown_members() {
                *facts
                    .unknown_fields
                    .entry(name.as_str().to_owned())
                    .or_default() += 1;
            }
        }
        Ok(())
    }

    fn tapped(&self, log: &Tapped<'_>) -> Facts {
        let mut facts = Facts::default();
        let Tapped {
            chain,
            digest,
            entry,
            outcome,
            ..
        } = log;
        let events = events_of(entry.range, &entry.at.key);
        let shared = self.is_shared(&chain.account, &chain.region);
        let origin = |proof, why| Origin {
            shared,
            account: &chain.account,
            region: &chain.region,
            at: &entry.at,
            digest: Some(digest),
            proof,
            why,
        };
        if let (Some(key), Some((oldest, _))) = (LogKey::parse(&entry.at.key), entry.range) {
            let late = key.delivered.1.as_second() - oldest.as_second();
            facts.largest_lateness = Some(late).filter(|it| *it > 0);
        }
        let whole = Window {
            start: self.window.start,
            end: self.window.end,
        };
        let lose =
            |facts: &mut Facts, kind: &'static str, why: &'static str, detail: &str, verdict| {
                facts.note(
                    kind,
                    ObjectNote {
                        at: entry.at.clone(),
                        verdict: kind.to_owned(),
                        why: if detail.is_empty() {
                            why.to_owned()
                        } else {
                            format!("{why}: {detail}")
                        },
                        events: entry.range.and(events),
                        and_more: 0,
                    },
                );
                facts.lose(chain, self.window, why, verdict, events.unwrap_or(whole));
            };
        match outcome {
            LogOutcome::Valid | LogOutcome::Uncompressed => {
                facts.logs.verified += 1;
                self.text(
                    &mut facts,
                    &origin(Proof::Verified, ""),
                    log.log,
                    entry.range.and(events),
                );
            }
            LogOutcome::Invalid(flaw) => {
                let kinds = [
                    (Kind::LogTrailingData, "log-trailing-data"),
                    (Kind::LogCorrupt, "log-corrupt"),
                ];
                let known = kinds.into_iter().find(|(kind, _)| *kind == flaw.kind);
                let why = known.map_or("log-hash-mismatch", |(_, why)| why);
                facts.logs.altered += 1;
                lose(&mut facts, "altered", why, "", HourVerdict::Invalid);
                if why == "log-trailing-data" {
                    // The one member is what the digest lists; what follows it was added.
                    self.text(&mut facts, &origin(Proof::Verified, ""), log.log, None);
                    for added in members(log.rest, Limits::default().log).each {
                        self.text(&mut facts, &origin(Proof::Altered, why), &added, None);
                    }
                } else {
                    self.text(&mut facts, &origin(Proof::Altered, why), log.log, None);
                }
            }
            LogOutcome::Missing => {
                facts.logs.missing += 1;
                lose(
                    &mut facts,
                    "missing",
                    "log-missing",
                    "",
                    HourVerdict::Invalid,
                );
            }
            LogOutcome::Unread(reason) => {
                facts.logs.unread += 1;
                facts.failed.insert(entry.at.key.clone());
                lose(
                    &mut facts,
                    "unread",
                    "log-unread",
                    reason,
                    HourVerdict::Unverified,
                );
            }
        }
        facts
    }
}

impl<C: Consumer> Tap for Reading<C> {
    fn chains(&self, chains: &[ChainId]) {
        let mut seen = BTreeSet::new();
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        for it in chains {
            let place = (it.account.clone(), it.region.clone());
            if !seen.insert(place.clone()) {
                shared.insert(place);
            }
        }
    }

    fn wants(&self, _: &ChainId, entry: &LogEntry) -> bool {
        let wanted = events_of(entry.range, &entry.at.key).is_none_or(|it| self.meets(it));
        if !wanted {
            let mut facts = Facts::default();
            facts.logs.outside = 1;
            self.add(facts);
        }
        wanted
    }

    fn log(&self, log: &Tapped<'_>) {
        if let Some(lost) = &self.lost_logs
            && matches!(log.outcome, LogOutcome::Invalid(_) | LogOutcome::Missing)
        {
            let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
            lost.add(log);
        }
        let facts = self.tapped(log);
        self.add(facts);
    }
}

/// From when until when logs are read that may hold the events of a window, as far as they are due.
pub(super) fn delivery(
    window: (Option<Timestamp>, Timestamp),
    now: Timestamp,
) -> (Option<Timestamp>, Timestamp) {
    let (since, until) = window;
    let late = until.saturating_add(LATE).unwrap_or(until);
    let due = now.saturating_sub(ALLOWANCE).unwrap_or(now);
    (since, late.min(due).max(until))
}
