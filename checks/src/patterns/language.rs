//! Languages of texts: an exact text, a pattern with `*`, a regular expression. All become one small automaton,
//! so that any of them can be compared with any other.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// Nodes of one automaton; a filter pattern has 1,024 characters.
const MAX_NODES: usize = 8_192;
/// States after which a walk over several languages gives up.
const MAX_STATES: usize = 4_000;

/// A set of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Texts {
    kind: Kind,
    /// As it was written.
    source: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Exact,
    Every,
    Automaton(Vec<Node>),
}

/// What a text is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Chars(Chars),
    All(Vec<Part>),
    Any(Vec<Part>),
    Repeat(Box<Part>, u32, Option<u32>),
}

/// Ranges of characters, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chars(Vec<(u32, u32)>);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Char(Chars, usize),
    Fork(Vec<usize>),
    End,
}

impl Chars {
    pub(super) fn new(ranges: Vec<(char, char)>) -> Self {
        let ranges = ranges.into_iter().filter(|(first, last)| first <= last);
        Self(ranges.map(|(a, b)| (u32::from(a), u32::from(b))).collect())
    }

    pub(super) fn one(c: char) -> Self {
        Self::new(vec![(c, c)])
    }

    pub(super) fn every() -> Self {
        Self::new(vec![('\0', char::MAX)])
    }

    pub(super) fn any_case(c: char) -> Self {
        let other = c.to_lowercase().chain(c.to_uppercase());
        Self::new(std::iter::once(c).chain(other).map(|c| (c, c)).collect())
    }

    pub(super) fn but(mut self) -> Self {
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

    pub(super) fn join(mut self, other: Self) -> Self {
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
    pub(super) fn text(text: &str) -> Self {
        Self::All(text.chars().map(|c| Self::Chars(Chars::one(c))).collect())
    }

    pub(super) fn text_in_any_case(text: &str) -> Self {
        Self::All(
            text.chars()
                .map(|c| Self::Chars(Chars::any_case(c)))
                .collect(),
        )
    }

    pub(super) fn anything() -> Self {
        Self::Repeat(Box::new(Self::Chars(Chars::every())), 0, None)
    }
}

impl Texts {
    /// This text alone.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self {
            kind: Kind::Exact,
            source: text.to_owned(),
        }
    }

    /// Every text.
    #[must_use]
    pub fn every() -> Self {
        Self {
            kind: Kind::Every,
            source: "*".to_owned(),
        }
    }

    /// A pattern in which `*` is any run of characters.
    #[must_use]
    pub fn wild(pattern: &str) -> Self {
        if !pattern.contains('*') {
            return Self::exact(pattern);
        }
        let mut parts = Vec::new();
        for (at, piece) in pattern.split('*').enumerate() {
            if at > 0 && parts.last() != Some(&Part::anything()) {
                parts.push(Part::anything());
            }
            if !piece.is_empty() {
                parts.push(Part::text(piece));
            }
        }
        if parts == [Part::anything()] {
            return Self::every();
        }
        // A pattern of this length always fits.
        Self::of(Part::All(parts), pattern).unwrap_or_else(Self::every)
    }

    /// Texts with this beginning.
    #[must_use]
    pub fn starting_with(text: &str) -> Self {
        let parts = vec![Part::text(text), Part::anything()];
        Self::of(Part::All(parts), &format!("{text}*")).unwrap_or_else(Self::every)
    }

    /// Texts with this end.
    #[must_use]
    pub fn ending_with(text: &str) -> Self {
        let parts = vec![Part::anything(), Part::text(text)];
        Self::of(Part::All(parts), &format!("*{text}")).unwrap_or_else(Self::every)
    }

    /// None if it would need too much room.
    pub(super) fn of(part: Part, source: &str) -> Option<Self> {
        let mut nodes = vec![Node::End];
        let start = build(&part, 0, &mut nodes)?;
        // The start comes last, so that it is found again.
        nodes.push(Node::Fork(vec![start]));
        (nodes.len() <= MAX_NODES).then(|| Self {
            kind: Kind::Automaton(nodes),
            source: source.to_owned(),
        })
    }

    /// Whether `text` is one of them.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Kind::Automaton(nodes) = &self.kind else {
            return self.kind == Kind::Every || self.source == text;
        };
        let mut states = start(nodes);
        for c in text.chars() {
            states = step(nodes, &states, u32::from(c));
        }
        states.contains(&0)
    }

    /// One of them, where it is plain to see.
    pub(super) fn example(&self) -> Option<String> {
        match self.kind {
            Kind::Exact => Some(self.source.clone()),
            Kind::Every => Some("other".to_owned()),
            Kind::Automaton(_) => Some(self.source.replace('*', "")).filter(|it| self.matches(it)),
        }
    }

    pub(super) fn exactly(&self) -> Option<&str> {
        (self.kind == Kind::Exact).then_some(&self.source)
    }

    pub(super) fn is_every(&self) -> bool {
        self.kind == Kind::Every
    }

    fn nodes(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Automaton(nodes) => Some(nodes),
            Kind::Exact | Kind::Every => None,
        }
    }
}

/// Adds nodes that lead through `part` to `next`; gives the first.
fn build(part: &Part, next: usize, nodes: &mut Vec<Node>) -> Option<usize> {
    if nodes.len() > MAX_NODES {
        return None;
    }
    let add = |node, nodes: &mut Vec<Node>| {
        nodes.push(node);
        nodes.len() - 1
    };
    Some(match part {
        Part::Chars(chars) => add(Node::Char(chars.clone(), next), nodes),
        Part::All(parts) => {
            let mut next = next;
            for part in parts.iter().rev() {
                next = build(part, next, nodes)?;
            }
            next
        }
        Part::Any(parts) => {
            let mut ways = Vec::new();
            for part in parts {
                ways.push(build(part, next, nodes)?);
            }
            add(Node::Fork(ways), nodes)
        }
        Part::Repeat(part, least, most) => {
            let mut next = next;
            match most {
                None => {
                    let fork = add(Node::Fork(vec![next]), nodes);
                    let once = build(part, fork, nodes)?;
                    if let Some(Node::Fork(ways)) = nodes.get_mut(fork) {
                        ways.push(once);
                    }
                    next = fork;
                }
                Some(most) => {
                    let end = next;
                    for _ in *least..*most {
                        let once = build(part, next, nodes)?;
                        next = add(Node::Fork(vec![end, once]), nodes);
                    }
                }
            }
            for _ in 0..*least {
                next = build(part, next, nodes)?;
            }
            next
        }
    })
}

/// The nodes that a walk may be at, in order: 0 among them means that the text is complete.
type States = BTreeSet<usize>;

fn start(nodes: &[Node]) -> States {
    closed(nodes, vec![nodes.len().saturating_sub(1)])
}

fn step(nodes: &[Node], states: &States, c: u32) -> States {
    let moved = states.iter().filter_map(|at| match nodes.get(*at) {
        Some(Node::Char(chars, next)) if chars.has(c) => Some(*next),
        Some(_) | None => None,
    });
    closed(nodes, moved.collect())
}

fn closed(nodes: &[Node], mut open: Vec<usize>) -> States {
    let (mut states, mut seen) = (States::new(), BTreeSet::new());
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        match nodes.get(at) {
            Some(Node::Fork(ways)) => open.extend(ways),
            Some(Node::Char(..) | Node::End) => drop(states.insert(at)),
            None => {}
        }
    }
    states
}

/// Texts that stand for all texts, as far as these languages can tell them apart; none if that is too hard to find.
pub(super) fn samples(languages: &[&Texts]) -> Option<Vec<String>> {
    let exact: BTreeSet<&str> = languages.iter().filter_map(|it| it.exactly()).collect();
    let mut texts: Vec<String> = exact.iter().map(ToString::to_string).collect();
    let others: Vec<&[Node]> = languages.iter().filter_map(|it| it.nodes()).collect();
    if others.is_empty() {
        let fresh = |n: usize| {
            if n == 0 {
                "other".to_owned()
            } else {
                format!("other-{n}")
            }
        };
        texts.extend(
            (0..=exact.len())
                .map(fresh)
                .find(|it| !exact.contains(it.as_str())),
        );
        return Some(texts);
    }
    let named = Part::Any(exact.iter().map(|text| Part::text(text)).collect());
    let named = Texts::of(named, "")?;
    let all: Vec<&[Node]> = named.nodes().into_iter().chain(others).collect();
    texts.extend(walk(&all)?);
    Some(texts)
}

/// The shortest text for each way in which texts outside of the first language lie in and out of the others.
fn walk(all: &[&[Node]]) -> Option<Vec<String>> {
    let alphabet = alphabet(all);
    let tables: Option<Vec<Table>> = all.iter().map(|nodes| table(nodes, &alphabet)).collect();
    let tables = tables?;
    let first = vec![0_usize; tables.len()];
    let (mut ways, mut texts) = (BTreeSet::new(), Vec::new());
    let mut seen = HashSet::from([first.clone()]);
    let mut queue = VecDeque::from([(String::new(), first)]);
    while let Some((text, states)) = queue.pop_front() {
        let complete = tables
            .iter()
            .zip(&states)
            .map(|(table, at)| table.ends(*at));
        let complete: Vec<bool> = complete.collect();
        if complete.first() == Some(&false) && ways.insert(complete) {
            texts.push(text.clone());
        }
        for (index, c) in alphabet.iter().enumerate() {
            let moved = tables
                .iter()
                .zip(&states)
                .map(|(table, at)| table.next(*at, index));
            let next: Vec<usize> = moved.collect();
            if seen.contains(&next) {
                continue;
            }
            if seen.len() >= MAX_STATES {
                return None;
            }
            seen.insert(next.clone());
            queue.push_back((format!("{text}{c}"), next));
        }
    }
    Some(texts)
}

/// Where a language goes from each state with each character of an alphabet, and where texts may end.
struct Table {
    rows: Vec<(Vec<usize>, bool)>,
}

impl Table {
    fn next(&self, at: usize, index: usize) -> usize {
        let row = self.rows.get(at).and_then(|(row, _)| row.get(index));
        row.copied().unwrap_or_default()
    }

    fn ends(&self, at: usize) -> bool {
        self.rows.get(at).is_some_and(|(_, ends)| *ends)
    }
}

/// None if it has too many states.
fn table(nodes: &[Node], alphabet: &[char]) -> Option<Table> {
    let first = start(nodes);
    let mut known = HashMap::from([(first.clone(), 0_usize)]);
    let (mut rows, mut queue) = (Vec::new(), VecDeque::from([first]));
    while let Some(states) = queue.pop_front() {
        let mut row = Vec::with_capacity(alphabet.len());
        for c in alphabet {
            let next = step(nodes, &states, u32::from(*c));
            let new = known.len();
            let index = *known.entry(next.clone()).or_insert(new);
            if index == new {
                queue.push_back(next);
            }
            row.push(index);
        }
        rows.push((row, states.contains(&0)));
        if known.len() > MAX_STATES {
            return None;
        }
    }
    Some(Table { rows })
}

/// One character for each way in which the ranges of all nodes hold characters, readable where there is a choice.
fn alphabet(all: &[&[Node]]) -> Vec<char> {
    let mut bounds = BTreeSet::from([0]);
    for node in all.iter().flat_map(|nodes| nodes.iter()) {
        if let Node::Char(chars, _) = node {
            bounds.extend(chars.0.iter().flat_map(|(first, last)| [*first, last + 1]));
        }
    }
    let ends = bounds
        .iter()
        .skip(1)
        .copied()
        .chain([u32::from(char::MAX) + 1]);
    let mut chars = Vec::new();
    for (first, end) in bounds.iter().copied().zip(ends) {
        let readable = ('a'..='z')
            .chain('A'..='Z')
            .chain('0'..='9')
            .chain(' '..='~');
        let readable = readable.filter(|c| (first..end).contains(&u32::from(*c)));
        chars.extend(
            readable
                .chain((first..end).filter_map(char::from_u32))
                .next(),
        );
    }
    chars
}
