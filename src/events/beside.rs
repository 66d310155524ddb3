//! Logs that no proved digest lists: they are read after the chains, and what they hold is marked.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use trailaudit_checks::digest::{Kind, Limits, LogKey, ObjectRef, Problem, Verdict, members};
use trailaudit_checks::events::{ObjectNote, Proof, Reason};

use super::reading::{Consumer, Facts, Origin, Reading, events_of};
use crate::objects::{Sink, Source};
use crate::verify::Verified;

/// One of these logs, and what is known of it.
struct Beside<'a> {
    problem: &'a Problem,
    at: ObjectRef,
    proof: Proof,
    why: &'static str,
}

/// Reads those that may hold events of the window.
pub(super) fn read<C: Consumer>(source: &dyn Source, verified: &[Verified], reading: &Reading<C>) {
    let failed = reading.failed_logs();
    let mut seen = BTreeSet::new();
    let problems = verified.iter().flat_map(|it| &it.record.problems);
    let logs: Vec<Beside<'_>> = problems
        .filter_map(|problem| Beside::of(problem, &failed, reading))
        .filter(|it| seen.insert(it.at.clone()))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..source.readers().min(logs.len()) {
            scope.spawn(|| {
                while let Some(log) = logs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let read = catch_unwind(AssertUnwindSafe(|| log.read(source, reading)));
                    let died = || log.unread("reading it died: please report this".to_owned());
                    reading.add(read.unwrap_or_else(|_| died()));
                }
            });
        }
    });
}

impl<'a> Beside<'a> {
    /// None for what is no log, was read before or cannot matter.
    fn of<C: Consumer>(
        problem: &'a Problem,
        failed: &BTreeSet<String>,
        reading: &Reading<C>,
    ) -> Option<Self> {
        let key = problem.key.as_ref().filter(|it| !failed.contains(*it))?;
        let unverified = Proof::Unverified(Reason::NoDigest);
        let kinds = [
            (Kind::LogUnlisted, Proof::Unlisted, "log-unlisted"),
            (Kind::LogUnverified, unverified, "no-valid-digest"),
            (Kind::LogForeignBucket, unverified, "log-foreign-bucket"),
            (Kind::LogKeySuspicious, unverified, "log-key-suspicious"),
        ];
        let (_, proof, why) = kinds.into_iter().find(|(kind, ..)| *kind == problem.kind)?;
        // A key that CloudTrail does not write says nothing of its time.
        if LogKey::parse(key).is_some() && !reading.meets(events_of(None, key)?) {
            return None;
        }
        Some(Self {
            problem,
            at: ObjectRef::new(problem.bucket.clone(), key.clone()),
            proof,
            why,
        })
    }

    fn read<C: Consumer>(&self, source: &dyn Source, reading: &Reading<C>) -> Facts {
        if matches!(
            self.problem.kind,
            Kind::LogForeignBucket | Kind::LogKeySuspicious
        ) {
            return self.unread(self.why.to_owned());
        }
        let cap = Limits::default().log;
        let mut held = Held {
            bytes: Vec::new(),
            most: cap.bytes,
            cut: false,
        };
        match source.read(&self.at.key, &mut held) {
            Ok(Some(_)) if !held.cut => {}
            Ok(Some(_)) => return self.unread("it is too large".to_owned()),
            Ok(None) => return self.unread("it is not there any more".to_owned()),
            Err(unread) => return self.unread(unread.words()),
        }
        let mut facts = Facts::default();
        let (count, kind) = match self.problem.verdict {
            Some(Verdict::Unlisted) => (&mut facts.logs.unlisted, "unlisted"),
            _ => (&mut facts.logs.unverified, "unverified"),
        };
        *count += 1;
        facts.note(kind, self.note(kind, self.why.to_owned()));
        let origin = Origin {
            account: &self.problem.account,
            region: &self.problem.region,
            at: &self.at,
            digest: None,
            proof: self.proof,
            why: self.why,
            // A trail without digests may deliver there beside others.
            shared: true,
        };
        let inflated = members(&held.bytes, cap);
        for log in &inflated.each {
            reading.text(&mut facts, &origin, log, None);
        }
        if let Some(flaw) = inflated.flaw {
            facts.lossy = true;
            facts.note("unread", self.note("unread", flaw));
        }
        facts
    }

    fn note(&self, verdict: &str, why: String) -> ObjectNote {
        ObjectNote {
            at: self.at.clone(),
            verdict: verdict.to_owned(),
            why,
            events: None,
            and_more: 0,
        }
    }

    fn unread(&self, why: String) -> Facts {
        let mut facts = Facts::default();
        facts.logs.unread += 1;
        facts.note("unread", self.note("unread", why));
        facts
    }
}

/// An object as it is stored.
struct Held {
    bytes: Vec<u8>,
    most: u64,
    cut: bool,
}

impl Sink for Held {
    fn begin(&mut self) {
        self.bytes.clear();
        self.cut = false;
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        let fits = (self.bytes.len() + bytes.len()) as u64 <= self.most;
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        self.cut |= !fits;
        fits
    }
}
