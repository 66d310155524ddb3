//! Questions about whole languages of patterns: do two overlap, does one cover another, a witness of each kind.
//!
//! All patterns are walked together, character by character, as one product of state sets. Two characters that no
//! pattern mentions are interchangeable, so a small alphabet stands for all texts.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::ControlFlow;

use super::glob::{Glob, Token};

/// States after which a walk gives up. ARN patterns need a few hundred; only `*a????????????` needs more.
const MAX_STATES: usize = 3_000;

impl Glob {
    /// Whether some text is matched by both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        if self.is_literal() && !other.ignores_case() && !self.ignores_case() {
            return other.matches(&self.text());
        }
        // Pairs of positions are few: this one needs no limit.
        let mut seen = BTreeSet::new();
        let mut queue = vec![(0, 0)];
        while let Some((a, b)) = queue.pop() {
            if !seen.insert((a, b)) {
                continue;
            }
            let (left, right) = (self.tokens().get(a), other.tokens().get(b));
            if left.is_none() && right.is_none() {
                return true;
            }
            if let Some(Token::Any { .. }) = left {
                queue.push((a + 1, b));
            }
            if let Some(Token::Any { .. }) = right {
                queue.push((a, b + 1));
            }
            if let (Some(&left), Some(&right)) = (left, right)
                && common(left, right, self.ignores_case() || other.ignores_case())
            {
                let next = |token, at| match token {
                    Token::Any { .. } => at,
                    Token::Char(_) | Token::One { .. } => at + 1,
                };
                queue.push((next(left, a), next(right, b)));
            }
        }
        false
    }

    /// Whether it matches every text that `other` matches. `false` as well if that is too hard to tell.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.is_everything() || self == other || union_covers(&[self], other)
    }

    fn text(&self) -> String {
        let char = |token: &Token| match token {
            Token::Char(c) => Some(*c),
            Token::One { .. } | Token::Any { .. } => None,
        };
        self.tokens().iter().filter_map(char).collect()
    }
}

/// Whether every text of `target` is matched by one of `globs`. `false` as well if that is too hard to tell.
pub(super) fn union_covers(globs: &[&Glob], target: &Glob) -> bool {
    if globs
        .iter()
        .any(|glob| glob.is_everything() || *glob == target)
    {
        return true;
    }
    let mut covered = true;
    let complete = walk(target, globs, |accepts, _| {
        if accepts.contains(&true) {
            ControlFlow::Continue(())
        } else {
            covered = false;
            ControlFlow::Break(())
        }
    });
    complete && covered
}

/// One text of `within` for each combination of `globs` that can match together; nothing if there are too many.
pub(super) fn witnesses(globs: &[&Glob], within: &Glob) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    let complete = walk(within, globs, |accepts, text| {
        if seen.insert(accepts.to_vec()) {
            texts.push(text());
        }
        ControlFlow::Continue(())
    });
    complete.then_some(texts)
}

fn common(left: Token, right: Token, ignore_case: bool) -> bool {
    match (left, right) {
        (Token::Char(a), Token::Char(b)) if ignore_case => a.to_lowercase().eq(b.to_lowercase()),
        (Token::Char(a), other) | (other, Token::Char(a)) => other.takes(a),
        (Token::One { .. } | Token::Any { .. }, Token::One { .. } | Token::Any { .. }) => true,
    }
}

/// The positions that a pattern may be at, as bits.
type States = Vec<u64>;

/// Walks all texts of `within`, shortest first, and shows for each state which patterns match. `false`: gave up,
/// or was told to stop.
fn walk(
    within: &Glob,
    globs: &[&Glob],
    mut visit: impl FnMut(&[bool], &dyn Fn() -> String) -> ControlFlow<()>,
) -> bool {
    let all: Vec<&Glob> = std::iter::once(within)
        .chain(globs.iter().copied())
        .collect();
    let alphabet = alphabet(&all);
    let start: Vec<States> = all.iter().map(|glob| closed(glob, [0])).collect();
    let mut seen: HashMap<Vec<States>, usize> = HashMap::new();
    let mut trail: Vec<(usize, char)> = vec![(0, ' ')];
    let mut queue = VecDeque::from([(0_usize, start.clone())]);
    seen.insert(start, 0);
    while let Some((id, states)) = queue.pop_front() {
        let accepts: Vec<bool> = all
            .iter()
            .zip(&states)
            .map(|(g, s)| accepted(g, s))
            .collect();
        if let Some((true, accepts)) = accepts.split_first()
            && visit(accepts, &|| spell(&trail, id)).is_break()
        {
            return true;
        }
        for &c in &alphabet {
            let next: Vec<States> = all
                .iter()
                .zip(&states)
                .map(|(g, s)| step(g, s, c))
                .collect();
            let dead = next
                .first()
                .is_none_or(|own| own.iter().all(|bits| *bits == 0));
            if dead || seen.contains_key(&next) {
                continue;
            }
            if seen.len() >= MAX_STATES {
                return false;
            }
            let new = trail.len();
            trail.push((id, c));
            seen.insert(next.clone(), new);
            queue.push_back((new, next));
        }
    }
    true
}

/// The text that leads to a state.
fn spell(trail: &[(usize, char)], mut id: usize) -> String {
    let mut chars = Vec::new();
    while id != 0 {
        let Some(&(before, c)) = trail.get(id) else {
            break;
        };
        chars.push(c);
        id = before;
    }
    chars.iter().rev().collect()
}

/// Every character that a pattern mentions, in both cases if case is ignored somewhere, and one that none mentions.
/// The colon, which wildcards in ARNs may not cross, is among them: each such pattern has five.
fn alphabet(globs: &[&Glob]) -> Vec<char> {
    let ignore_case = globs.iter().any(|glob| glob.ignores_case());
    let mut chars = BTreeSet::new();
    for token in globs.iter().flat_map(|glob| glob.tokens()) {
        match *token {
            Token::Char(c) if ignore_case => chars.extend(
                std::iter::once(c)
                    .chain(c.to_lowercase())
                    .chain(c.to_uppercase()),
            ),
            Token::Char(c) => chars.extend([c]),
            Token::One { .. } | Token::Any { .. } => {}
        }
    }
    let other = ('a'..='z')
        .chain('0'..='9')
        .chain('\u{4e00}'..)
        .find(|c| *c != ':' && !chars.contains(c));
    chars.into_iter().chain(other).collect()
}

fn accepted(glob: &Glob, states: &States) -> bool {
    has(states, glob.tokens().len())
}

fn step(glob: &Glob, states: &States, c: char) -> States {
    if !glob.ignores_case() {
        return step_char(glob, states, c);
    }
    c.to_lowercase()
        .fold(states.clone(), |states, c| step_char(glob, &states, c))
}

fn step_char(glob: &Glob, states: &States, c: char) -> States {
    let moved = glob.tokens().iter().enumerate().filter_map(|(at, token)| {
        (has(states, at) && token.takes(c)).then_some(match token {
            Token::Any { .. } => at,
            Token::Char(_) | Token::One { .. } => at + 1,
        })
    });
    closed(glob, moved)
}

/// Adds the positions that are reached by letting `*` stand for nothing.
fn closed(glob: &Glob, positions: impl IntoIterator<Item = usize>) -> States {
    let mut states = vec![0; glob.tokens().len() / 64 + 1];
    for position in positions {
        add(&mut states, position);
    }
    for (at, token) in glob.tokens().iter().enumerate() {
        if matches!(token, Token::Any { .. }) && has(&states, at) {
            add(&mut states, at + 1);
        }
    }
    states
}

fn has(states: &States, at: usize) -> bool {
    states
        .get(at / 64)
        .is_some_and(|bits| bits & (1 << (at % 64)) != 0)
}

fn add(states: &mut States, at: usize) {
    if let Some(bits) = states.get_mut(at / 64) {
        *bits |= 1 << (at % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::ResourcePattern;
    use super::*;

    fn wild(text: &str) -> Glob {
        Glob::wild(text, false)
    }

    #[test]
    fn overlap() {
        for (a, b, expected) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a?c", "ab*", true),
            ("a?", "a", false),
            ("*", "", true),
            ("logs/*/x", "logs/a*y", false),
            ("logs/*", "*/x", true),
        ] {
            assert_eq!(wild(a).overlaps(&wild(b)), expected, "{a} {b}");
            assert_eq!(wild(b).overlaps(&wild(a)), expected, "{b} {a}");
        }
        assert!(Glob::wild("S3:*", true).overlaps(&wild("s3:Get*")));
    }

    #[test]
    fn cover() {
        for (a, b, expected) in [
            ("*", "a*", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("a*b*", "a*xb", true),
            ("?*", "*", false),
            ("?*", "*a", true),
            ("*?", "?*", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(wild(a).covers(&wild(b)), expected, "{a} {b}");
        }
        let (short, long) = (wild("?"), wild("??*"));
        let empty = wild("");
        assert!(union_covers(&[&short, &long, &empty], &wild("*")));
        assert!(!union_covers(&[&short, &long], &wild("*")));
    }

    #[test]
    fn witnesses_show_every_combination() {
        let (a, b) = (wild("a*"), wild("*b"));
        let texts = witnesses(&[&a, &b], &wild("*")).unwrap();
        let mut kinds: Vec<_> = texts.iter().map(|t| (a.matches(t), b.matches(t))).collect();
        kinds.sort_unstable();
        assert_eq!(
            kinds,
            [(false, false), (false, true), (true, false), (true, true)]
        );
    }

    #[test]
    fn what_is_too_hard_is_not_claimed() {
        let hard = wild(&format!("*a{}", "?".repeat(40)));
        assert!(witnesses(&[&hard], &wild("*")).is_none());
        assert!(!hard.covers(&wild("*a*")));
    }

    /// The quick matcher retries one `*` only; the automaton keeps all positions. They must agree, also in ARNs.
    #[test]
    fn matching_agrees_with_the_automaton() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |end: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % end
        };
        let mut matched = 0;
        for _ in 0..20_000 {
            let mut text = |letters: &[char], fields: u64, longest: u64| {
                let mut text = String::new();
                for field in 0..fields {
                    if field > 0 {
                        text.push(':');
                    }
                    for _ in 0..random(longest) {
                        text.push(letters[usize::try_from(random(letters.len() as u64)).unwrap()]);
                    }
                }
                text
            };
            let pattern = text(&['*', '*', '*', 'a', '?'], 6, 4);
            let value = text(&['a', 'a', 'a', 'a', 'b', ':'], 6, 3);
            let glob = ResourcePattern::new(&pattern, false).glob().unwrap();
            let end = value
                .chars()
                .fold(closed(&glob, [0]), |states, c| step(&glob, &states, c));
            assert_eq!(
                glob.matches(&value),
                accepted(&glob, &end),
                "{pattern} {value}"
            );
            matched += usize::from(glob.matches(&value));
        }
        assert!(matched > 100, "{matched}");
    }
}
