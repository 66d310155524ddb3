//! Automata: languages of texts built of characters, sequences, choices and repetitions; and a walk over several.
//!
//! All languages of a walk are one product of position sets, made as the walk needs it. Characters that a set of
//! positions does not tell apart are tried once. Every position that is moved counts as work.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::{ControlFlow, Range};
use std::rc::Rc;

use super::{Glob, Token, TooComplex, Work};

/// Positions of one automaton; a filter pattern has 1,024 characters.
const MAX_NODES: usize = 8_192;

/// Ranges of characters, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chars(Vec<(u32, u32)>);

/// What a text is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// One character of these.
    Chars(Chars),
    /// One after the other.
    All(Vec<Part>),
    /// One of these.
    Any(Vec<Part>),
    /// So many times, at least and at most.
    Repeat(Box<Part>, u32, Option<u32>),
}

impl Chars {
    /// The characters of these ranges.
    #[must_use]
    pub fn new(ranges: Vec<(char, char)>) -> Self {
        let ranges = ranges.into_iter().filter(|(first, last)| first <= last);
        Self(ranges.map(|(a, b)| (u32::from(a), u32::from(b))).collect())
    }

    /// This character.
    #[must_use]
    pub fn one(c: char) -> Self {
        Self::new(vec![(c, c)])
    }

    /// Every character.
    #[must_use]
    pub fn every() -> Self {
        Self::new(vec![('\0', char::MAX)])
    }

    /// This character in upper and lower case.
    #[must_use]
    pub fn any_case(c: char) -> Self {
        let other = c.to_lowercase().chain(c.to_uppercase());
        let mut ranges: Vec<(char, char)> =
            std::iter::once(c).chain(other).map(|c| (c, c)).collect();
        ranges.sort_unstable();
        ranges.dedup();
        Self::new(ranges)
    }

    /// All others.
    #[must_use]
    pub fn but(mut self) -> Self {
        self.0.sort_unstable();
        let (mut ranges, mut next) = (Vec::new(), 0);
        for (first, last) in self.0 {
            if first > next {
                ranges.push((next, first - 1));
            }
            next = next.max(last + 1);
        }
        if next <= u32::from(char::MAX) {
            ranges.push((next, u32::from(char::MAX)));
        }
        Self(ranges)
    }

    /// These and those.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn has(&self, c: u32) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
    }
}

impl Part {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::All(text.chars().map(|c| Self::Chars(Chars::one(c))).collect())
    }

    /// A text in upper, lower or mixed case.
    #[must_use]
    pub fn text_in_any_case(text: &str) -> Self {
        let part = |c| Self::Chars(Chars::any_case(c));
        Self::All(text.chars().map(part).collect())
    }

    /// Any text.
    #[must_use]
    pub fn anything() -> Self {
        Self::Repeat(Box::new(Self::Chars(Chars::every())), 0, None)
    }
}

/// A position: it reads one character of a kind, and leads to others.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    /// Which characters, by their place in the list; none: the text may end here.
    reads: Option<usize>,
    /// Where it leads, by its place in the list of ways.
    next: usize,
}

/// A language of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Automaton {
    nodes: Vec<Node>,
    /// Sets of positions, in order; the first is where a text begins.
    ways: Vec<Vec<u32>>,
    chars: Vec<Chars>,
}

/// While it is built: forks read nothing.
enum Draft {
    Char(usize, usize),
    Fork(Vec<usize>),
    End,
}

#[derive(Default)]
struct Drafts {
    nodes: Vec<Draft>,
    chars: Vec<Chars>,
    by_chars: HashMap<Chars, usize>,
}

impl Drafts {
    fn add(&mut self, node: Draft) -> Result<usize, TooComplex> {
        if self.nodes.len() >= MAX_NODES {
            return Err(TooComplex);
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn kind(&mut self, chars: &Chars) -> usize {
        if let Some(known) = self.by_chars.get(chars) {
            return *known;
        }
        self.chars.push(chars.clone());
        self.by_chars.insert(chars.clone(), self.chars.len() - 1);
        self.chars.len() - 1
    }

    /// Adds nodes that lead through `part` to `next`; gives the first.
    fn build(&mut self, part: &Part, next: usize, work: &mut Work) -> Result<usize, TooComplex> {
        work.spend(1)?;
        Ok(match part {
            Part::Chars(chars) => {
                let kind = self.kind(chars);
                self.add(Draft::Char(kind, next))?
            }
            Part::All(parts) => {
                let mut next = next;
                for part in parts.iter().rev() {
                    next = self.build(part, next, work)?;
                }
                next
            }
            Part::Any(parts) => {
                let mut ways = Vec::new();
                for part in parts {
                    ways.push(self.build(part, next, work)?);
                }
                self.add(Draft::Fork(ways))?
            }
            Part::Repeat(part, least, most) => {
                let mut next = next;
                match most {
                    None => {
                        let fork = self.add(Draft::Fork(vec![next]))?;
                        let once = self.build(part, fork, work)?;
                        if let Some(Draft::Fork(ways)) = self.nodes.get_mut(fork) {
                            ways.push(once);
                        }
                        next = fork;
                    }
                    Some(most) => {
                        let end = next;
                        for _ in *least..*most {
                            let once = self.build(part, next, work)?;
                            next = self.add(Draft::Fork(vec![end, once]))?;
                        }
                    }
                }
                for _ in 0..*least {
                    next = self.build(part, next, work)?;
                }
                next
            }
        })
    }

    /// The nodes that read or end, behind all forks.
    fn behind(&self, from: usize, work: &mut Work) -> Result<Vec<usize>, TooComplex> {
        let (mut open, mut seen, mut found) = (vec![from], vec![false; self.nodes.len()], vec![]);
        work.spend(self.nodes.len() / 64 + 1)?;
        while let Some(at) = open.pop() {
            match seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                Some(_) | None => continue,
            }
            work.spend(1)?;
            match self.nodes.get(at) {
                Some(Draft::Fork(ways)) => open.extend(ways),
                Some(Draft::Char(..) | Draft::End) => found.push(at),
                None => {}
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

impl Automaton {
    /// The texts that are made so.
    ///
    /// # Errors
    ///
    /// It would need too much room or work.
    pub fn of(part: &Part, work: &mut Work) -> Result<Self, TooComplex> {
        let mut drafts = Drafts::default();
        let end = drafts.add(Draft::End)?;
        let start = drafts.build(part, end, work)?;
        let mut numbers = vec![None; drafts.nodes.len()];
        let mut count = 0_u32;
        for (draft, number) in drafts.nodes.iter().zip(&mut numbers) {
            if !matches!(draft, Draft::Fork(_)) {
                *number = Some(count);
                count += 1;
            }
        }
        let mut ways: Vec<Vec<u32>> = Vec::new();
        let mut way_to: BTreeMap<usize, usize> = BTreeMap::new();
        let mut way = |to: usize, work: &mut Work| -> Result<usize, TooComplex> {
            if let Some(known) = way_to.get(&to) {
                return Ok(*known);
            }
            let behind = drafts.behind(to, work)?;
            let behind = behind
                .iter()
                .filter_map(|at| numbers.get(*at).copied().flatten());
            ways.push(behind.collect());
            way_to.insert(to, ways.len() - 1);
            Ok(ways.len() - 1)
        };
        way(start, work)?;
        let mut nodes = Vec::new();
        for draft in &drafts.nodes {
            match draft {
                Draft::Char(kind, next) => nodes.push(Node {
                    reads: Some(*kind),
                    next: way(*next, work)?,
                }),
                Draft::End => nodes.push(Node {
                    reads: None,
                    next: 0,
                }),
                Draft::Fork(_) => {}
            }
        }
        let chars = drafts.chars;
        Ok(Self { nodes, ways, chars })
    }

    /// The texts that a glob matches.
    #[must_use]
    pub fn of_glob(glob: &Glob) -> Self {
        let tokens = glob.tokens();
        let (mut chars, mut kinds) = (Vec::new(), HashMap::new());
        let mut kind = |token: Token| {
            // The name of a star is the same as that of a question mark: both read one character of a kind.
            let name = match token {
                Token::Any { colon } => Token::One { colon },
                Token::Char(_) | Token::One { .. } => token,
            };
            *kinds.entry(name).or_insert_with(|| {
                chars.push(match token {
                    Token::Char(c) if glob.ignores_case() => Chars::any_case(c),
                    Token::Char(c) => Chars::one(c),
                    Token::One { colon: true } | Token::Any { colon: true } => Chars::every(),
                    Token::One { .. } | Token::Any { .. } => Chars::one(':').but(),
                });
                chars.len() - 1
            })
        };
        let mut nodes = Vec::with_capacity(tokens.len() + 1);
        for (at, token) in tokens.iter().enumerate() {
            let next = match token {
                Token::Any { .. } => at,
                Token::Char(_) | Token::One { .. } => at + 1,
            };
            nodes.push(Node {
                reads: Some(kind(*token)),
                next,
            });
        }
        nodes.push(Node {
            reads: None,
            next: 0,
        });
        // From each position: itself, and those behind the stars that begin there.
        let mut ways: Vec<Vec<u32>> = Vec::with_capacity(nodes.len());
        for at in 0..nodes.len() {
            let stars = tokens.iter().skip(at);
            let stars = stars
                .take_while(|it| matches!(it, Token::Any { .. }))
                .count();
            let number = |at| u32::try_from(at).unwrap_or(u32::MAX);
            ways.push((number(at)..=number(at + stars)).collect());
        }
        Self { nodes, ways, chars }
    }

    /// How many positions it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: the end of a text is a position.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether `text` is in the language.
    ///
    /// # Errors
    ///
    /// The budget is spent.
    pub fn matches(&self, text: &str, work: &mut Work) -> Result<bool, TooComplex> {
        let mut at = self.ways.first().cloned().unwrap_or_default();
        for c in text.chars() {
            let mut next = Vec::new();
            for node in at.iter().filter_map(|it| self.nodes.get(*it as usize)) {
                work.spend(1)?;
                let chars = node.reads.and_then(|it| self.chars.get(it));
                if chars.is_some_and(|it| it.has(u32::from(c))) {
                    let way = self.ways.get(node.next);
                    work.spend(way.map_or(0, Vec::len))?;
                    next.extend(way.into_iter().flatten());
                }
            }
            next.sort_unstable();
            next.dedup();
            at = next;
        }
        let end = |it: &u32| {
            self.nodes
                .get(*it as usize)
                .is_some_and(|it| it.reads.is_none())
        };
        Ok(at.iter().any(end))
    }
}

/// The characters that a position reads, by their classes, or those that it does not.
struct Reads {
    but: bool,
    classes: Vec<u32>,
}

impl Reads {
    fn takes(&self, class: u32) -> bool {
        self.classes.binary_search(&class).is_ok() != self.but
    }
}

/// Several languages at once.
struct Product<'a> {
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
fn classes(all: &[&Automaton], work: &mut Work) -> Result<(Vec<Reads>, Vec<char>), TooComplex> {
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

fn readable(first: u32, end: u32) -> Option<char> {
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
