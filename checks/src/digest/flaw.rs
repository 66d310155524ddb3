//! A digest that is wrong, or that cannot be judged, and why.

use super::document::{Document, FormatFlaw, LogEntry, Previous, shorten};
use super::key::{DigestKey, ObjectRef};
use super::problem::{Kind, Problem, Verdict};
use crate::severity::Severity;

/// A digest that is wrong or cannot be judged.
#[derive(Clone, Debug)]
pub struct Flaw {
    /// Where it was read.
    pub at: ObjectRef,
    /// What is wrong.
    pub kind: Kind,
    /// Invalid, or unverified.
    pub verdict: Verdict,
    /// What it means here.
    pub detail: String,
    /// What should have been seen.
    pub expected: Option<String>,
    /// What was seen.
    pub seen: Option<String>,
    /// Where an authentic digest that was moved belongs.
    pub home: Option<DigestKey>,
    /// What it says of its predecessor: not proved, but a signature proves itself.
    pub(super) previous: Option<Previous>,
    /// The logs that it lists: not proved.
    pub(super) logs: Vec<LogEntry>,
}

impl Flaw {
    pub(super) fn new(
        at: &ObjectRef,
        kind: Kind,
        verdict: Verdict,
        detail: impl Into<String>,
    ) -> Box<Self> {
        Box::new(Self {
            at: at.clone(),
            kind,
            verdict,
            detail: detail.into(),
            expected: None,
            seen: None,
            home: None,
            previous: None,
            logs: Vec::new(),
        })
    }

    /// A digest that could not be read, and why.
    pub fn unread(at: &ObjectRef, reason: impl Into<String>) -> Box<Self> {
        let reason = reason.into();
        let flaw = Self::new(
            at,
            Kind::DigestUnverified,
            Verdict::Unverified,
            "the digest was not read",
        );
        flaw.differs("a digest that can be read", reason)
    }

    pub(super) fn differs(
        mut self: Box<Self>,
        expected: impl ToString,
        seen: impl AsRef<str>,
    ) -> Box<Self> {
        self.expected = Some(expected.to_string());
        self.seen = Some(shorten(seen.as_ref()));
        self
    }

    pub(super) fn of(mut self: Box<Self>, document: Document) -> Box<Self> {
        self.previous = document.previous;
        self.logs = document.logs;
        self
    }

    pub(super) fn format(at: &ObjectRef, flaw: FormatFlaw) -> Box<Self> {
        Self::new(at, Kind::DigestFormat, Verdict::Invalid, flaw.what)
            .differs(flaw.expected, flaw.seen)
    }

    /// The problem that it makes: in its chain, if its key tells one.
    pub fn problem(&self) -> Problem {
        let key = DigestKey::parse(&self.at);
        let mut problem = Problem::object(
            self.kind,
            self.verdict,
            &self.at,
            key.as_ref().map(|key| &key.chain),
        );
        if self.verdict == Verdict::Unverified {
            problem.severity = Severity::Low;
        }
        problem.detail.clone_from(&self.detail);
        problem.expected.clone_from(&self.expected);
        problem.seen.clone_from(&self.seen);
        problem
    }
}
