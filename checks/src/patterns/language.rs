//! Languages of texts: an exact text, a pattern with `*`, a regular expression. Any of them can be compared with any
//! other.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::text::automaton::{Automaton, walk};
pub(super) use crate::text::automaton::{Chars, Part};
use crate::text::{Glob, Token, TooComplex, Tri, Work};

/// What one expression may cost when it is read, and what one text may cost when it is matched.
const READING: u64 = 200_000;

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
    Glob(Glob),
    Automaton(Arc<Automaton>),
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
        // `?` is itself here.
        let token = |c| match c {
            '*' => Token::Any { colon: true },
            c => Token::Char(c),
        };
        let glob = Glob::new(pattern.chars().map(token).collect(), false);
        if glob.is_everything() {
            return Self::every();
        }
        Self::of_glob(glob, pattern.to_owned())
    }

    /// Texts with this beginning.
    #[must_use]
    pub fn starting_with(text: &str) -> Self {
        let star = std::iter::once(Token::Any { colon: true });
        let tokens = text.chars().map(Token::Char).chain(star);
        Self::of_glob(Glob::new(tokens.collect(), false), format!("{text}*"))
    }

    /// Texts with this end.
    #[must_use]
    pub fn ending_with(text: &str) -> Self {
        let star = std::iter::once(Token::Any { colon: true });
        let tokens = star.chain(text.chars().map(Token::Char));
        Self::of_glob(Glob::new(tokens.collect(), false), format!("*{text}"))
    }

    fn of_glob(glob: Glob, source: String) -> Self {
        let kind = Kind::Glob(glob);
        Self { kind, source }
    }

    /// The texts that are made so.
    ///
    /// # Errors
    ///
    /// It would need too much room or work.
    pub(super) fn of(part: &Part, source: &str) -> Result<Self, TooComplex> {
        let mut work = Work::new(READING);
        let automaton = Arc::new(Automaton::of(part, &mut work)?);
        Ok(Self {
            kind: Kind::Automaton(automaton),
            source: source.to_owned(),
        })
    }

    /// Whether `text` is one of them; undecided where that takes too much work.
    #[must_use]
    pub fn matches(&self, text: &str) -> Tri {
        match &self.kind {
            Kind::Every => Tri::Yes,
            Kind::Exact => Tri::from(self.source == text),
            Kind::Glob(glob) => Tri::from(glob.matches(text)),
            Kind::Automaton(automaton) => automaton
                .matches(text, &mut Work::new(READING))
                .map_or(Tri::Undecided, Tri::from),
        }
    }

    /// What a text of this length costs at most to be matched, in steps of work.
    pub(super) fn cost(&self, length: usize) -> usize {
        match &self.kind {
            Kind::Every | Kind::Exact => 1,
            Kind::Glob(glob) => 1 + (glob.tokens().len() * length) / 16,
            Kind::Automaton(automaton) => 1 + (automaton.len() * length) / 8,
        }
    }

    /// One of them, where it is plain to see.
    pub(super) fn example(&self) -> Option<String> {
        match self.kind {
            Kind::Exact => Some(self.source.clone()),
            Kind::Every => Some("other".to_owned()),
            Kind::Glob(_) | Kind::Automaton(_) => {
                Some(self.source.replace('*', "")).filter(|it| self.matches(it) == Tri::Yes)
            }
        }
    }

    pub(super) fn exactly(&self) -> Option<&str> {
        (self.kind == Kind::Exact).then_some(&self.source)
    }

    pub(super) fn is_every(&self) -> bool {
        self.kind == Kind::Every
    }

    fn automaton(&self) -> Option<Arc<Automaton>> {
        match &self.kind {
            Kind::Glob(glob) => Some(Arc::new(Automaton::of_glob(glob))),
            Kind::Automaton(automaton) => Some(automaton.clone()),
            Kind::Exact | Kind::Every => None,
        }
    }
}

/// A text that is none of these, where there is no pattern among the languages.
pub(super) fn fresh(exact: &BTreeSet<&str>) -> String {
    let name = |n: usize| match n {
        0 => "other".to_owned(),
        n => format!("other-{n}"),
    };
    let mut names = (0..=exact.len()).map(name);
    names
        .find(|it| !exact.contains(it.as_str()))
        .unwrap_or_default()
}

/// Texts that stand for all texts, as far as these languages can tell them apart.
///
/// # Errors
///
/// That is too hard to find.
pub(super) fn samples(languages: &[&Texts], work: &mut Work) -> Result<Vec<String>, TooComplex> {
    let exact: BTreeSet<&str> = languages.iter().filter_map(|it| it.exactly()).collect();
    let mut texts: Vec<String> = exact.iter().map(ToString::to_string).collect();
    let others: Vec<Arc<Automaton>> = languages.iter().filter_map(|it| it.automaton()).collect();
    if others.is_empty() {
        texts.push(fresh(&exact));
        return Ok(texts);
    }
    let named = Part::Any(exact.iter().map(|text| Part::text(text)).collect());
    let named = Automaton::of(&named, work)?;
    let every = Automaton::of_glob(&Glob::everything());
    let mut all = vec![&every, &named];
    all.extend(others.iter().map(Arc::as_ref));
    // The shortest text for each way in which texts that are not named lie in and out of the others.
    let mut ways = BTreeSet::new();
    walk(&all, work, |step| {
        if !step.ends.contains(&1) && ways.insert(step.ends.to_vec()) {
            texts.push(step.text());
        }
        ControlFlow::Continue(())
    })?;
    Ok(texts)
}
