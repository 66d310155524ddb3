//! The parts of a set of resources that the policies over one question tell apart.

use std::collections::BTreeMap;
use std::ops::Range;

use super::atoms::Atom;
use super::compile::Build;
use super::context::View;
use super::request::{Layers, Request};
use super::template::Filled;
use super::within::{Rest, Within};
use crate::text::Glob;

/// Resources whose ARNs begin alike.
#[derive(Debug, Clone, Default)]
pub struct Members {
    /// How they begin.
    start: String,
    /// The rest of each, sorted.
    rests: Vec<String>,
}

impl Members {
    /// Those of these ARNs that begin so, in the order of their ARNs.
    #[must_use]
    pub fn new<'a>(start: &str, arns: impl IntoIterator<Item = &'a str>) -> Self {
        let rests = arns.into_iter().filter_map(|arn| arn.strip_prefix(start));
        let mut rests: Vec<String> = rests.map(str::to_owned).collect();
        rests.sort();
        Self {
            start: start.to_owned(),
            rests,
        }
    }

    /// The ARN at this place.
    #[must_use]
    pub fn arn(&self, at: usize) -> Option<String> {
        self.rests
            .get(at)
            .map(|rest| format!("{}{rest}", self.start))
    }

    /// How they begin.
    #[must_use]
    pub fn start(&self) -> &str {
        &self.start
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rests.len()
    }

    /// None.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rests.is_empty()
    }

    /// The places of those that a pattern matches.
    fn matched(&self, glob: &Glob) -> Vec<usize> {
        let from = |text: &str| self.rests.partition_point(|it| it.as_str() < text);
        match Within::starting(&self.start).rest(glob) {
            Rest::None => Vec::new(),
            Rest::All => (0..self.rests.len()).collect(),
            Rest::One(text) => {
                let same = self.rests.iter().enumerate().skip(from(&text));
                let same = same.take_while(|(_, it)| **it == text);
                same.map(|(at, _)| at).collect()
            }
            Rest::Beginning(text) => {
                let alike = self.rests.iter().enumerate().skip(from(&text));
                let alike = alike.take_while(|(_, it)| it.starts_with(&text));
                alike.map(|(at, _)| at).collect()
            }
            Rest::Other => {
                let all = 0..self.rests.len();
                let matches = |at: &usize| self.arn(*at).is_some_and(|arn| glob.matches(&arn));
                all.filter(matches).collect()
            }
        }
    }
}

/// Parts of `members` of which each is decided alike, as runs of places: whatever [`super::decide()`] says of one of a part
/// it says of all. The request must be about a set that holds all of them, and no policy but those of the layers may look at
/// which one it is.
#[must_use]
pub fn parts<R: Clone>(
    request: &Request,
    layers: &Layers<'_, R>,
    members: &Members,
) -> Vec<Vec<Range<usize>>> {
    let mut build = Build::new(request, layers);
    build.whole();
    let view = View::of(&request.context);
    let mut by_member: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, atom) in build.atoms.iter().enumerate() {
        let Atom::Resource(atom) = atom else {
            continue;
        };
        // What cannot be filled in is open for all of them alike.
        if let Filled::Glob(glob) = atom.pattern.fill(&view, atom.incomplete) {
            for at in members.matched(&glob) {
                by_member.entry(at).or_default().push(number);
            }
        }
    }
    let mut rest: Vec<Range<usize>> = Vec::new();
    let mut next = 0;
    let mut by_kind: BTreeMap<Vec<usize>, Vec<Range<usize>>> = BTreeMap::new();
    for (at, kind) in by_member {
        if next < at {
            rest.push(next..at);
        }
        next = at + 1;
        let runs = by_kind.entry(kind).or_default();
        match runs.last_mut() {
            Some(last) if last.end == at => last.end = next,
            Some(_) | None => runs.push(at..next),
        }
    }
    if next < members.len() {
        rest.push(next..members.len());
    }
    let parts = by_kind.into_values().chain([rest]);
    parts.filter(|runs| !runs.is_empty()).collect()
}
