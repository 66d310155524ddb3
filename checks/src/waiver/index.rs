//! Failing findings by check and subject, so that a waiver looks only at those that it may match.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::finding::{AppliedWaiver, Finding, Status};
use crate::text::Glob;

/// Where the failing findings are.
pub(super) struct Index {
    by_check: BTreeMap<String, Subjects>,
}

#[derive(Default)]
struct Subjects {
    /// All, by the subject's id.
    all: BTreeMap<String, Vec<usize>>,
    /// Those that no waiver is on yet.
    open: BTreeMap<String, Vec<usize>>,
}

impl Index {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let mut by_check: BTreeMap<String, Subjects> = BTreeMap::new();
        let failing = findings.iter().enumerate();
        for (at, finding) in failing.filter(|(_, it)| it.status == Status::Fail) {
            let subjects = by_check.entry(finding.check.clone()).or_default();
            let id = || finding.subject.id.clone();
            subjects.all.entry(id()).or_default().push(at);
            if finding.waiver.is_none() {
                subjects.open.entry(id()).or_default().push(at);
            }
        }
        Self { by_check }
    }

    /// Puts a waiver on the findings that it matches and that have none; tells whether it matches any.
    pub(super) fn apply(
        &mut self,
        check: &str,
        subject: &str,
        also: impl Fn(&Finding) -> bool,
        findings: &mut [Finding],
        waiver: &AppliedWaiver,
    ) -> bool {
        let (check, subject) = (Pattern::new(check), Pattern::new(subject));
        let mut used = false;
        for (id, subjects) in check.range_mut(&mut self.by_check) {
            if !check.glob.matches(id) {
                continue;
            }
            let matches = |at: &usize| findings.get(*at).is_some_and(&also);
            let mut all = subject.range(&subjects.all);
            used = used || all.any(|(id, at)| subject.glob.matches(id) && at.iter().any(matches));
            let mut done = Vec::new();
            for (id, at) in subject.range_mut(&mut subjects.open) {
                if !subject.glob.matches(id) {
                    continue;
                }
                at.retain(|at| match findings.get_mut(*at).filter(|it| also(it)) {
                    Some(finding) => {
                        finding.waiver = Some(waiver.clone());
                        false
                    }
                    None => true,
                });
                if at.is_empty() {
                    done.push(id.clone());
                }
            }
            for id in done {
                subjects.open.remove(&id);
            }
        }
        used
    }
}

/// A glob, and the text that all it matches begin with.
struct Pattern {
    glob: Glob,
    start: String,
    literal: bool,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let glob = Glob::wild(text, false);
        let end = text.find(['*', '?']).unwrap_or(text.len());
        Self {
            literal: glob.is_literal(),
            start: text.get(..end).unwrap_or_default().to_owned(),
            glob,
        }
    }

    /// Right behind what it begins with come those that begin so; those behind them no longer do.
    fn may_match(&self, id: &str) -> bool {
        if self.literal {
            id == self.start
        } else {
            id.starts_with(&self.start)
        }
    }

    fn range<'m, T>(
        &'m self,
        map: &'m BTreeMap<String, T>,
    ) -> impl Iterator<Item = (&'m String, &'m T)> {
        let from = Bound::Included(self.start.as_str());
        map.range::<str, _>((from, Bound::Unbounded))
            .take_while(|(id, _)| self.may_match(id))
    }

    fn range_mut<'m, T>(
        &'m self,
        map: &'m mut BTreeMap<String, T>,
    ) -> impl Iterator<Item = (&'m String, &'m mut T)> {
        let from = Bound::Included(self.start.as_str());
        map.range_mut::<str, _>((from, Bound::Unbounded))
            .take_while(|(id, _)| self.may_match(id))
    }
}
