//! Questions about sets of globs: do two overlap, do some cover another, a witness of each kind.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::automaton::{Automaton, walk};
use super::{Glob, Token, TooComplex, Work};

/// What one comparison of globs may cost. ARN patterns need some thousand steps; `*a????????????` needs more.
pub const COMPARISON: u64 = 400_000;

impl Glob {
    /// Whether some text is matched by both. `true` as well if that is too hard to tell: whoever asks takes what may
    /// overlap for more to look at, never for less.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.overlap_within(other, &mut Work::new(COMPARISON))
            .unwrap_or(true)
    }

    /// The same, within a budget.
    ///
    /// # Errors
    ///
    /// The budget is spent.
    pub fn overlap_within(&self, other: &Self, work: &mut Work) -> Result<bool, TooComplex> {
        if self.is_literal() && !other.ignores_case() && !self.ignores_case() {
            let chars: Vec<char> = literals(self.tokens().iter()).collect();
            work.spend(chars.len())?;
            return Ok(other.matches_chars(&chars));
        }
        if !meet(self, other) {
            return Ok(false);
        }
        let ignore_case = self.ignores_case() || other.ignores_case();
        // The positions in the other that go with each position here.
        let theirs = other.tokens();
        let mut row = vec![false; theirs.len() + 1];
        if let Some(first) = row.first_mut() {
            *first = true;
        }
        for at in 0..=self.tokens().len() {
            let left = self.tokens().get(at).copied();
            let mut next = vec![false; theirs.len() + 1];
            work.spend(theirs.len() + 1)?;
            let mut some = false;
            for there in 0..=theirs.len() {
                if row.get(there) != Some(&true) {
                    continue;
                }
                some = true;
                let right = theirs.get(there).copied();
                if matches!(right, Some(Token::Any { .. })) {
                    set(&mut row, there + 1);
                }
                let Some(left) = left else {
                    continue;
                };
                let star = matches!(left, Token::Any { .. });
                if star {
                    set(&mut next, there);
                }
                let Some(right) = right.filter(|it| common(left, *it, ignore_case)) else {
                    continue;
                };
                match (star, matches!(right, Token::Any { .. })) {
                    (true, true) => {}
                    (true, false) => set(&mut row, there + 1),
                    (false, true) => set(&mut next, there),
                    (false, false) => set(&mut next, there + 1),
                }
            }
            if left.is_none() {
                return Ok(row.last() == Some(&true));
            }
            if !some {
                return Ok(false);
            }
            row = next;
        }
        Ok(false)
    }

    /// Whether it matches every text that `other` matches. `false` as well if that is too hard to tell.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        union_covers(&[self], other, &mut Work::new(COMPARISON)).unwrap_or(false)
    }
}

fn set(row: &mut [bool], at: usize) {
    if let Some(slot) = row.get_mut(at) {
        *slot = true;
    }
}

fn literals<'a>(tokens: impl Iterator<Item = &'a Token>) -> impl Iterator<Item = char> {
    tokens.map_while(|token| match token {
        Token::Char(c) => Some(*c),
        Token::One { .. } | Token::Any { .. } => None,
    })
}

/// Whether two globs may overlap by the plain texts that they begin and end with.
fn meet(one: &Glob, other: &Glob) -> bool {
    let ignore_case = one.ignores_case() || other.ignores_case();
    let same = |(a, b): (char, char)| same_char(a, b, ignore_case);
    let (a, b) = (one.tokens(), other.tokens());
    literals(a.iter()).zip(literals(b.iter())).all(same)
        && literals(a.iter().rev())
            .zip(literals(b.iter().rev()))
            .all(same)
}

fn same_char(a: char, b: char, ignore_case: bool) -> bool {
    a == b || ignore_case && a.to_lowercase().eq(b.to_lowercase())
}

fn common(left: Token, right: Token, ignore_case: bool) -> bool {
    match (left, right) {
        (Token::Char(a), Token::Char(b)) => same_char(a, b, ignore_case),
        (Token::Char(a), other) | (other, Token::Char(a)) => other.takes(a),
        (Token::One { .. } | Token::Any { .. }, Token::One { .. } | Token::Any { .. }) => true,
    }
}

/// Whether one glob covers another by its shape: its positions match those of the other, wildcard by wildcard.
fn covers_by_shape(glob: &Glob, target: &Glob) -> bool {
    if target.ignores_case() && !glob.ignores_case() {
        return false;
    }
    let takes = |own: Token, theirs: Token| match (own, theirs) {
        (own, Token::Char(c)) if glob.ignores_case() && !target.ignores_case() => {
            c.to_lowercase().all(|c| own.takes(c))
        }
        (own, Token::Char(c)) => own.takes(c),
        (Token::Any { colon }, Token::Any { colon: theirs })
        | (Token::Any { colon } | Token::One { colon }, Token::One { colon: theirs }) => {
            colon || !theirs
        }
        (Token::Char(_), _) | (Token::One { .. }, Token::Any { .. }) => false,
    };
    let (own, theirs) = (glob.tokens(), target.tokens());
    let (mut o, mut t, mut retry) = (0, 0, None);
    while let Some(&token) = theirs.get(t) {
        match own.get(o) {
            Some(Token::Any { .. }) => {
                retry = Some((o, t));
                o += 1;
            }
            Some(&position) if takes(position, token) => {
                o += 1;
                t += 1;
            }
            Some(_) | None => {
                let Some((star, from)) = retry else {
                    return false;
                };
                let grows = own.get(star).zip(theirs.get(from));
                if !grows.is_some_and(|(star, token)| takes(*star, *token)) {
                    return false;
                }
                retry = Some((star, from + 1));
                o = star + 1;
                t = from + 1;
            }
        }
    }
    own.iter().skip(o).all(|it| matches!(it, Token::Any { .. }))
}

/// Whether every text of `target` is matched by one of `globs`.
///
/// # Errors
///
/// The budget is spent.
pub fn union_covers(globs: &[&Glob], target: &Glob, work: &mut Work) -> Result<bool, TooComplex> {
    if globs.iter().any(|it| it.is_everything() || *it == target) {
        return Ok(true);
    }
    let near = near(globs, target, work)?;
    if near.iter().any(|it| covers_by_shape(it, target)) {
        return Ok(true);
    }
    if near.is_empty() || target.is_literal() && !target.ignores_case() {
        let chars: Vec<char> = literals(target.tokens().iter()).collect();
        let lower = chars
            .iter()
            .flat_map(|c| c.to_lowercase())
            .collect::<Vec<char>>();
        let text = |it: &Glob| if it.ignores_case() { &lower } else { &chars };
        work.spend(chars.len().saturating_mul(near.len()))?;
        return Ok(near.iter().any(|it| it.matches_chars(text(it))));
    }
    let mut covered = true;
    visit(&near, target, work, |ends, _, _| {
        covered = ends.len() > 1;
        Ok(if covered {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(covered)
}

/// One text of `within` for each combination of `globs` that can match together; nothing if there are too many.
#[must_use]
pub fn witnesses(globs: &[&Glob], within: &Glob) -> Option<Vec<String>> {
    witnesses_within(globs, within, &mut Work::new(COMPARISON)).ok()
}

fn witnesses_within(
    globs: &[&Glob],
    within: &Glob,
    work: &mut Work,
) -> Result<Vec<String>, TooComplex> {
    let near = near(globs, within, work)?;
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    visit(&near, within, work, |ends, text, work| {
        if !seen.contains(ends) {
            seen.insert(ends.to_vec());
            let text = text();
            work.spend(ends.len() + text.len())?;
            texts.push(text);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(texts)
}

/// Those that may overlap the target, each once.
fn near<'a>(
    globs: &[&'a Glob],
    target: &Glob,
    work: &mut Work,
) -> Result<Vec<&'a Glob>, TooComplex> {
    let mut known = HashSet::new();
    let mut near = Vec::new();
    for glob in globs {
        work.spend(1)?;
        if meet(glob, target) && known.insert(*glob) {
            near.push(*glob);
        }
    }
    Ok(near)
}

fn visit(
    globs: &[&Glob],
    within: &Glob,
    work: &mut Work,
    mut show: impl FnMut(
        &[usize],
        &dyn Fn() -> String,
        &mut Work,
    ) -> Result<ControlFlow<()>, TooComplex>,
) -> Result<(), TooComplex> {
    let mut automata = Vec::with_capacity(globs.len() + 1);
    for glob in std::iter::once(&within).chain(globs) {
        work.spend(glob.tokens().len())?;
        automata.push(Automaton::of_glob(glob));
    }
    let all: Vec<&Automaton> = automata.iter().collect();
    let mut extra = Work::new(COMPARISON);
    let mut failed = Ok(());
    walk(&all, work, |step| {
        match show(step.ends, &|| step.text(), &mut extra) {
            Ok(flow) => flow,
            Err(error) => {
                failed = Err(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wild(text: &str) -> Glob {
        Glob::wild(text, false)
    }

    fn covered(globs: &[&Glob], target: &Glob) -> bool {
        union_covers(globs, target, &mut Work::new(COMPARISON)).unwrap()
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
            ("*ab", "*aab*", true),
            ("*a*b", "a?c*?b", true),
            ("a*a", "a", false),
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
            ("a", "a", true),
            ("a", "b", false),
        ] {
            assert_eq!(wild(a).covers(&wild(b)), expected, "{a} {b}");
        }
        let (short, long) = (wild("?"), wild("??*"));
        let empty = wild("");
        assert!(covered(&[&short, &long, &empty], &wild("*")));
        assert!(!covered(&[&short, &long], &wild("*")));
        assert!(Glob::wild("S3:Get*", true).covers(&wild("s3:GETx")));
        assert!(!wild("s3:get*").covers(&Glob::wild("s3:Get*", true)));
        assert!(!covered(&[], &wild("a")));
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
        let mut work = Work::new(COMPARISON);
        assert_eq!(
            witnesses_within(&[&hard], &wild("*"), &mut work),
            Err(TooComplex)
        );
        assert!(work.spent() < 2 * COMPARISON);
    }

    /// Each pair of small globs against every small text.
    #[test]
    fn answers_agree_with_all_small_texts() {
        let letters = ["", "a", "b", "*", "?"];
        let mut globs = BTreeSet::new();
        for a in letters {
            for b in letters {
                for c in letters {
                    globs.insert(format!("{a}{b}{c}"));
                }
            }
        }
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..5 {
            let to = texts.len();
            for at in from..to {
                for c in ["a", "b", "c"] {
                    texts.push(format!("{}{c}", texts[at]));
                }
            }
            from = to;
        }
        for a in &globs {
            for b in &globs {
                let (one, two) = (wild(a), wild(b));
                let both = |t: &&String| one.matches(t) && two.matches(t);
                assert_eq!(
                    one.overlaps(&two),
                    texts.iter().any(|t| both(&t)),
                    "{a} {b}"
                );
                let all = texts.iter().all(|t| one.matches(t) || !two.matches(t));
                assert_eq!(one.covers(&two), all, "{a} {b}");
            }
        }
    }
}
