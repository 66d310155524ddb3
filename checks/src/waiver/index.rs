//! Failing findings by check and subject, so that a waiver looks only at those that it may match.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use crate::finding::{AppliedWaiver, Finding, Status};
use crate::text::Glob;

/// Where the failing findings are.
pub(super) struct Index {
    by_check: BTreeMap<String, Subjects>,
    /// The ids of all their subjects, found by what stands in them; made when a pattern asks.
    parts: Option<Parts>,
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
            let subjects = by_check.entry(finding.check.to_string()).or_default();
            let id = || finding.subject.id.clone();
            subjects.all.entry(id()).or_default().push(at);
            if finding.waiver.is_none() {
                subjects.open.entry(id()).or_default().push(at);
            }
        }
        Self {
            by_check,
            parts: None,
        }
    }

    /// The ids that the pattern matches, where what stands in it leaves few to look at.
    fn matching(&mut self, pattern: &Pattern) -> Option<Vec<String>> {
        if pattern.literal {
            return None;
        }
        let ids = || self.by_check.values().flat_map(|it| it.all.keys());
        let parts = self.parts.get_or_insert_with(|| Parts::of(ids()));
        let all = parts.holding(pattern)?;
        let matching = all.into_iter().filter(|id| pattern.glob.matches(id));
        Some(matching.map(str::to_owned).collect())
    }

    /// Puts a waiver on the findings that it matches and that have none; tells whether it matches any.
    pub(super) fn apply(
        &mut self,
        check: &str,
        subject: &str,
        also: impl Fn(&Finding) -> bool,
        findings: &mut [Finding],
        waiver: &Arc<AppliedWaiver>,
    ) -> bool {
        let (check, subject) = (Pattern::new(check), Pattern::new(subject));
        let few = self.matching(&subject);
        let mut used = false;
        for (id, subjects) in check.range_mut(&mut self.by_check) {
            if !check.glob.matches(id) {
                continue;
            }
            let matches = |at: &usize| findings.get(*at).is_some_and(&also);
            used = used
                || match &few {
                    Some(ids) => {
                        let mut all = ids.iter().filter_map(|id| subjects.all.get(id));
                        all.any(|at| at.iter().any(matches))
                    }
                    None => {
                        let mut all = subject.range(&subjects.all);
                        all.any(|(id, at)| subject.glob.matches(id) && at.iter().any(matches))
                    }
                };
            let mut put = |at: &mut Vec<usize>| {
                at.retain(|at| match findings.get_mut(*at).filter(|it| also(it)) {
                    Some(finding) => {
                        finding.waiver = Some(Arc::clone(waiver));
                        false
                    }
                    None => true,
                });
                at.is_empty()
            };
            let mut done = Vec::new();
            match &few {
                Some(ids) => {
                    for id in ids {
                        if subjects.open.get_mut(id).is_some_and(&mut put) {
                            done.push(id.clone());
                        }
                    }
                }
                None => {
                    for (id, at) in subject.range_mut(&mut subjects.open) {
                        if subject.glob.matches(id) && put(at) {
                            done.push(id.clone());
                        }
                    }
                }
            }
            for id in done {
                subjects.open.remove(&id);
            }
        }
        used
    }
}

/// Ids by each three bytes that stand in them.
struct Parts {
    ids: Vec<String>,
    by_three: HashMap<[u8; 3], Vec<usize>>,
}

impl Parts {
    fn of<'s>(ids: impl Iterator<Item = &'s String>) -> Self {
        let ids: BTreeSet<&String> = ids.collect();
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        let mut by_three: HashMap<[u8; 3], Vec<usize>> = HashMap::new();
        for (at, id) in ids.iter().enumerate() {
            for three in threes(id) {
                let list = by_three.entry(three).or_default();
                if list.last() != Some(&at) {
                    list.push(at);
                }
            }
        }
        Self { ids, by_three }
    }

    /// The ids in which stands what stands in the pattern and is rarest; nothing where that is in most of them.
    fn holding(&self, pattern: &Pattern) -> Option<Vec<&str>> {
        let pieces = pattern.text.split(['*', '?']);
        let lists = pieces
            .flat_map(threes)
            .map(|three| self.by_three.get(&three).map_or(&[][..], Vec::as_slice));
        let rarest = lists.min_by_key(|it| it.len())?;
        if rarest.len() > self.ids.len() / 2 {
            return None;
        }
        let ids = rarest.iter().filter_map(|at| self.ids.get(*at));
        Some(ids.map(String::as_str).collect())
    }
}

/// Each three bytes that follow on each other.
fn threes(text: &str) -> impl Iterator<Item = [u8; 3]> {
    let bytes = text.as_bytes().windows(3);
    bytes.filter_map(|it| <[u8; 3]>::try_from(it).ok())
}

/// A glob, and the text that all it matches begin with.
struct Pattern {
    text: String,
    glob: Glob,
    start: String,
    literal: bool,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let glob = Glob::wild(text, false);
        let end = text.find(['*', '?']).unwrap_or(text.len());
        Self {
            text: text.to_owned(),
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
