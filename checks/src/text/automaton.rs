//! Automata: languages of texts built of characters, sequences, choices and repetitions; and a walk over several.
//!
//! All languages of a walk are one product of position sets, made as the walk needs it. Characters that a set of
//! positions does not tell apart are tried once. Every position that is moved counts as work.

mod build;
mod walk;

use std::collections::{BTreeMap, HashMap};

use super::{Glob, Token, TooComplex, Work};
use build::{Draft, Drafts};
pub use walk::{Step, walk};

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
        let end = |number: &u32| {
            self.nodes
                .get(*number as usize)
                .is_some_and(|it| it.reads.is_none())
        };
        Ok(at.iter().any(end))
    }
}
