//! Patterns against all resources that begin alike, such as `arn:aws:iam::111122223333:role/*`: the common case of a set,
//! answered without building automata.

use super::context::Tri;
use crate::text::{Glob, Token};

/// The set of all texts that begin so.
#[derive(Debug)]
pub(super) struct Within {
    start: Vec<char>,
}

/// What a pattern leaves of the texts behind the common beginning.
pub(super) enum Rest {
    /// Nothing matches.
    None,
    /// Everything matches.
    All,
    /// This text alone.
    One(String),
    /// Whatever begins so.
    Beginning(String),
    /// Something else.
    Other,
}

impl Within {
    /// The set that a pattern stands for, if it is a text and then `*`.
    pub(super) fn of(set: &Glob) -> Option<Self> {
        let (last, start) = set.tokens().split_last()?;
        if *last != (Token::Any { colon: true }) || set.ignores_case() {
            return None;
        }
        let chars = start.iter().map(|token| match token {
            Token::Char(c) => Some(*c),
            Token::One { .. } | Token::Any { .. } => None,
        });
        Some(Self {
            start: chars.collect::<Option<_>>()?,
        })
    }

    pub(super) fn starting(start: &str) -> Self {
        Self {
            start: start.chars().collect(),
        }
    }

    /// Whether a pattern matches all of the set, none of it or a part; nothing where that is not plain.
    pub(super) fn matched_by(&self, glob: &Glob) -> Option<Tri> {
        if glob.ignores_case() {
            return None;
        }
        let live = self.live(glob);
        let rests = || {
            live.iter()
                .map(|at| glob.tokens().get(*at..).unwrap_or_default())
        };
        if live.is_empty() {
            return Some(Tri::No);
        }
        if rests().any(takes_all) {
            return Some(Tri::Yes);
        }
        // Whoever takes everything takes the empty text too.
        let takes_nothing = |rest: &[Token]| rest.iter().all(|it| matches!(it, Token::Any { .. }));
        let some = !rests().any(takes_nothing) || live.len() == 1;
        some.then_some(Tri::Undecided)
    }

    /// What a pattern leaves.
    pub(super) fn rest(&self, glob: &Glob) -> Rest {
        if glob.ignores_case() {
            return Rest::Other;
        }
        let live = self.live(glob);
        let rest = |at: &usize| glob.tokens().get(*at..).unwrap_or_default();
        match live.as_slice() {
            [] => Rest::None,
            all if all.iter().any(|at| takes_all(rest(at))) => Rest::All,
            [at] => plain(rest(at)),
            _ => Rest::Other,
        }
    }

    /// The positions of a pattern that the common beginning leads to.
    fn live(&self, glob: &Glob) -> Vec<usize> {
        let tokens = glob.tokens();
        let mut live = Vec::new();
        enter(0, tokens, &mut live);
        for c in &self.start {
            let mut next = Vec::new();
            for at in live {
                match tokens.get(at) {
                    Some(token @ Token::Any { .. }) if token.takes(*c) => {
                        enter(at, tokens, &mut next);
                    }
                    Some(token @ (Token::Char(_) | Token::One { .. })) if token.takes(*c) => {
                        enter(at + 1, tokens, &mut next);
                    }
                    Some(_) | None => {}
                }
            }
            live = next;
        }
        live
    }

    /// Texts of the set, at least one of each kind that these patterns tell apart; nothing where that is not plain.
    pub(super) fn witnesses(&self, globs: &[&Glob]) -> Option<Vec<String>> {
        let mut beginnings = vec![String::new()];
        for glob in globs {
            match self.rest(glob) {
                Rest::None | Rest::All => {}
                Rest::One(text) | Rest::Beginning(text) => beginnings.push(text),
                Rest::Other => return None,
            }
        }
        beginnings.sort();
        beginnings.dedup();
        // Behind it no pattern goes on.
        let mut fresh = ['~', '!', '^', '\u{b6}', '\u{2020}'].into_iter();
        let fresh = fresh.find(|c| !beginnings.iter().any(|text| text.contains(*c)))?;
        let start: String = self.start.iter().collect();
        // A text is the longest of these beginnings, or goes on behind it in a way that no pattern looks at.
        let each = beginnings.iter().flat_map(|text| {
            let exact = format!("{start}{text}");
            let longer = format!("{exact}{fresh}");
            [exact, longer]
        });
        Some(each.collect())
    }
}

/// A position, and those behind wildcards that may stand for nothing.
fn enter(at: usize, tokens: &[Token], into: &mut Vec<usize>) {
    let mut at = at;
    loop {
        if into.contains(&at) {
            return;
        }
        into.push(at);
        match tokens.get(at) {
            Some(Token::Any { .. }) => at += 1,
            Some(Token::Char(_) | Token::One { .. }) | None => return,
        }
    }
}

fn takes_all(rest: &[Token]) -> bool {
    !rest.is_empty() && rest.iter().all(|it| *it == Token::Any { colon: true })
}

fn plain(rest: &[Token]) -> Rest {
    let mut text = String::new();
    for (index, token) in rest.iter().enumerate() {
        match token {
            Token::Char(c) => text.push(*c),
            Token::Any { colon: true } if index + 1 == rest.len() => return Rest::Beginning(text),
            Token::Any { .. } | Token::One { .. } => return Rest::Other,
        }
    }
    Rest::One(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::witnesses;

    const PATTERNS: [&str; 16] = [
        "*", "a*", "ab*", "ab/*", "ab/c", "ab/cd", "ab/c*", "ab/*d", "ab/?", "ab/?*", "*/c",
        "a?/c*", "x", "ab/", "ab/c:d", "**",
    ];

    /// The automata are the judge.
    #[test]
    fn as_the_automata_say() {
        for colon in [true, false] {
            for pattern in PATTERNS {
                let token = |c| match c {
                    '*' => Token::Any { colon },
                    '?' => Token::One { colon },
                    c => Token::Char(c),
                };
                let glob = Glob::new(pattern.chars().map(token).collect(), false);
                for set in ["ab/*", "ab*", "*", "ab/c*", "y/*"] {
                    let set = Glob::wild(set, false);
                    let Some(said) = Within::of(&set).unwrap().matched_by(&glob) else {
                        continue;
                    };
                    let judged = match (glob.overlaps(&set), glob.covers(&set)) {
                        (false, _) => Tri::No,
                        (true, true) => Tri::Yes,
                        (true, false) => Tri::Undecided,
                    };
                    assert_eq!(said, judged, "{pattern} {colon} {set:?}");
                }
            }
        }
    }

    /// Every kind of text that the automata find is found.
    #[test]
    fn a_witness_of_each_kind() {
        let plain = [
            "ab/*", "ab/c", "ab/cd", "ab/c*", "ab/cde*", "x*", "ab/d:*", "*",
        ];
        for choice in 0_usize..1 << plain.len() {
            let chosen = plain.iter().enumerate();
            let chosen = chosen.filter(|(at, _)| choice & (1 << at) != 0);
            let globs: Vec<Glob> = chosen.map(|(_, it)| Glob::wild(it, false)).collect();
            let globs: Vec<&Glob> = globs.iter().collect();
            let set = Glob::wild("ab/*", false);
            let kinds = |texts: Vec<String>| -> std::collections::BTreeSet<Vec<bool>> {
                assert!(texts.iter().all(|text| set.matches(text)));
                let kind = |text: &String| globs.iter().map(|glob| glob.matches(text)).collect();
                texts.iter().map(kind).collect()
            };
            let found = Within::of(&set).unwrap().witnesses(&globs).unwrap();
            let judged = witnesses(&globs, &set).unwrap();
            assert_eq!(kinds(found), kinds(judged), "{choice:b}");
        }
    }
}
