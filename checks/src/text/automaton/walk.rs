//! Several automata, read side by side.

use super::super::{TooComplex, Work};
use super::{Automaton, Chars};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::{ControlFlow, Range};
use std::rc::Rc;

/// The characters that a position reads, by their classes, or those that it does not.
pub(super) struct Reads {
    but: bool,
    classes: Vec<u32>,
}

impl Reads {
    fn takes(&self, class: u32) -> bool {
        self.classes.binary_search(&class).is_ok() != self.but
    }
}

/// Several languages at once.
pub(super) struct Product<'a> {
    all: &'a [&'a Automaton],
    /// Where the positions, and the kinds of characters, of each language begin.
    offsets: Vec<(u32, usize)>,
    /// The language of each position.
    owner: Vec<u32>,
    reads: Vec<Reads>,
    chars: Vec<char>,
}

impl<'a> Product<'a> {
    fn of(all: &'a [&'a Automaton], work: &mut Work) -> Result<Self, TooComplex> {
        let (mut offsets, mut owner, mut kinds) = (Vec::new(), Vec::new(), 0);
        for (language, automaton) in all.iter().enumerate() {
            work.spend(automaton.nodes.len() + automaton.chars.len())?;
            let first = u32::try_from(owner.len()).map_err(|_| TooComplex)?;
            offsets.push((first, kinds));
            kinds += automaton.chars.len();
            let language = u32::try_from(language).map_err(|_| TooComplex)?;
            owner.extend(automaton.nodes.iter().map(|_| language));
        }
        let (reads, chars) = classes(all, work)?;
        Ok(Self {
            all,
            offsets,
            owner,
            reads,
            chars,
        })
    }

    fn start(&self) -> Vec<u32> {
        let each = self.all.iter().zip(&self.offsets);
        let each = each.flat_map(|(it, (first, _))| {
            it.ways
                .first()
                .into_iter()
                .flatten()
                .map(move |at| first + at)
        });
        each.collect()
    }

    /// What a position reads, and where it leads, counted from the first position of its language.
    fn node(&self, at: u32) -> Option<(Option<&Reads>, u32, &'a [u32])> {
        let language = *self.owner.get(at as usize)? as usize;
        let (first, kinds) = *self.offsets.get(language)?;
        let automaton = self.all.get(language)?;
        let node = automaton.nodes.get((at - first) as usize)?;
        let reads = match node.reads {
            Some(kind) => Some(self.reads.get(kinds + kind)?),
            None => None,
        };
        Some((reads, first, automaton.ways.get(node.next)?))
    }

    /// The classes of characters that these positions tell apart, with one for all others.
    fn relevant(&self, states: &[u32]) -> Vec<u32> {
        let mut classes = Vec::new();
        for at in states {
            if let Some((Some(reads), _, _)) = self.node(*at) {
                classes.extend(&reads.classes);
            }
        }
        classes.sort_unstable();
        classes.dedup();
        let count = u32::try_from(self.chars.len()).unwrap_or(u32::MAX);
        let other = (0..count).zip(classes.iter().map(Some).chain(std::iter::repeat(None)));
        let other = other.into_iter().find(|(at, class)| *class != Some(at));
        if let Some((other, _)) = other {
            classes.push(other);
            classes.sort_unstable();
        }
        classes
    }

    fn step(&self, states: &[u32], class: u32, work: &mut Work) -> Result<Vec<u32>, TooComplex> {
        let mut next = Vec::new();
        for at in states {
            if let Some((Some(reads), first, way)) = self.node(*at)
                && reads.takes(class)
            {
                next.extend(way.iter().map(|at| first + at));
            }
        }
        work.spend(states.len() + next.len())?;
        next.sort_unstable();
        next.dedup();
        Ok(next)
    }

    /// The languages that hold a text that leads here.
    fn ends(&self, states: &[u32]) -> Vec<usize> {
        let end = |at: &&u32| matches!(self.node(**at), Some((None, _, _)));
        let ends = states.iter().filter(end);
        ends.filter_map(|at| self.owner.get(*at as usize).map(|it| *it as usize))
            .collect()
    }
}

/// What each kind of characters of all languages reads, in classes of characters that no kind tells apart; and one
/// character of each class, readable where there is a choice, in the order of their code points.
pub(super) fn classes(
    all: &[&Automaton],
    work: &mut Work,
) -> Result<(Vec<Reads>, Vec<char>), TooComplex> {
    let mut distinct: BTreeMap<&Chars, usize> = BTreeMap::new();
    let mut kinds = Vec::new();
    for chars in all.iter().flat_map(|it| &it.chars) {
        let new = distinct.len();
        kinds.push(*distinct.entry(chars).or_insert(new));
    }
    let mut bounds: Vec<u32> = vec![0];
    let ranges = distinct.keys().flat_map(|it| &it.0);
    bounds.extend(ranges.flat_map(|(first, last)| [*first, last + 1]));
    bounds.retain(|it| *it <= u32::from(char::MAX));
    bounds.sort_unstable();
    bounds.dedup();
    work.spend(bounds.len())?;
    let at = |bound: u32| bounds.partition_point(|it| *it < bound);
    // The intervals that a kind reads, or, where these are fewer, those that it does not.
    let mut told: Vec<Vec<usize>> = vec![Vec::new(); bounds.len()];
    let mut sides = vec![false; distinct.len()];
    for (chars, id) in &distinct {
        let inside = |chars: &Chars| -> Vec<Range<usize>> {
            chars
                .0
                .iter()
                .map(|(first, last)| at(*first)..at(last + 1))
                .collect()
        };
        let own = inside(chars);
        let size: usize = own.iter().map(|it| it.len()).sum();
        let but = size * 2 > bounds.len();
        let listed = if but {
            inside(&(*chars).clone().but())
        } else {
            own
        };
        for interval in listed.into_iter().flatten() {
            work.spend(1)?;
            if let Some(told) = told.get_mut(interval)
                && told.last() != Some(id)
            {
                told.push(*id);
            }
        }
        if let Some(side) = sides.get_mut(*id) {
            *side = but;
        }
    }
    let ends = bounds
        .iter()
        .skip(1)
        .copied()
        .chain([u32::from(char::MAX) + 1]);
    let mut known: HashMap<&[usize], u32> = HashMap::new();
    let mut chars = Vec::new();
    let mut listed: Vec<Vec<u32>> = vec![Vec::new(); distinct.len()];
    for ((first, end), told) in bounds.iter().copied().zip(ends).zip(&told) {
        let Some(c) = readable(first, end) else {
            continue;
        };
        let new = u32::try_from(chars.len()).map_err(|_| TooComplex)?;
        if *known.entry(told).or_insert(new) == new {
            chars.push(c);
            for id in told {
                if let Some(listed) = listed.get_mut(*id) {
                    listed.push(new);
                }
            }
        }
    }
    let reads = kinds.into_iter().map(|id| Reads {
        but: sides.get(id).copied().unwrap_or_default(),
        classes: listed.get(id).cloned().unwrap_or_default(),
    });
    Ok((reads.collect(), chars))
}

pub(super) fn readable(first: u32, end: u32) -> Option<char> {
    let groups = [('a', 'z'), ('A', 'Z'), ('0', '9'), (' ', '~')];
    let within = |(from, to): (char, char)| {
        let from = u32::from(from).max(first);
        (from <= u32::from(to) && from < end)
            .then(|| char::from_u32(from))
            .flatten()
    };
    let plain = groups.into_iter().find_map(within);
    // Between the halves of the surrogates there are no characters.
    plain.or_else(|| (first..end).find_map(char::from_u32))
}

/// What a walk shows at each step.
pub struct Step<'a> {
    /// The languages that hold the text that leads here, in order. The text is in the first of all.
    pub ends: &'a [usize],
    trail: &'a [(usize, char)],
    at: usize,
}

impl Step<'_> {
    /// The text that leads here.
    #[must_use]
    pub fn text(&self) -> String {
        let (mut chars, mut at) = (Vec::new(), self.at);
        while at != 0 {
            let Some(&(before, c)) = self.trail.get(at) else {
                break;
            };
            chars.push(c);
            at = before;
        }
        chars.iter().rev().collect()
    }
}

/// Walks the texts of the first language, shortest first, one for each set of positions that texts lead to.
///
/// # Errors
///
/// The budget is spent.
pub fn walk(
    all: &[&Automaton],
    work: &mut Work,
    mut visit: impl FnMut(&Step<'_>) -> ControlFlow<()>,
) -> Result<(), TooComplex> {
    let product = Product::of(all, work)?;
    let own = all.first().map_or(0, |it| it.nodes.len());
    let alive = |states: &[u32]| states.first().is_some_and(|it| (*it as usize) < own);
    let start = product.start();
    let mut seen: HashSet<Rc<[u32]>> = HashSet::new();
    let mut trail: Vec<(usize, char)> = vec![(0, ' ')];
    let start: Rc<[u32]> = start.into();
    seen.insert(start.clone());
    let mut queue = VecDeque::from([(0_usize, start)]);
    while let Some((id, states)) = queue.pop_front() {
        let ends = product.ends(&states);
        if ends.first() == Some(&0) {
            let step = Step {
                ends: &ends,
                trail: &trail,
                at: id,
            };
            if visit(&step).is_break() {
                return Ok(());
            }
        }
        let relevant = product.relevant(&states);
        work.spend(states.len() + relevant.len())?;
        for class in relevant {
            let next = product.step(&states, class, work)?;
            if !alive(&next) || seen.contains(next.as_slice()) {
                continue;
            }
            let Some(c) = product.chars.get(class as usize) else {
                continue;
            };
            let new = trail.len();
            trail.push((id, *c));
            let next: Rc<[u32]> = next.into();
            seen.insert(next.clone());
            queue.push_back((new, next));
        }
    }
    Ok(())
}
