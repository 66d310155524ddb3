//! The decision: all layers of policies, combined as AWS combines them.
//!
//! Everything becomes one formula over what is not known (see [`super::formula`]). If that decides itself, done. Else
//! the worlds that the open keys and resources leave are tried one by one (see [`super::worlds`]).

use super::assignments::{self, Worlds};
use super::compile::Build;
use super::context::Tri;
use super::layers::Formulas;
use super::request::{Layer, Layers, Request, StatementRef, Unread};
use super::residual::{self, Residual};
use super::strength::Strength;

/// Whether a caller can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// In every world.
    Allowed,
    /// In some.
    Conditional,
    /// A document that could not be read may turn it either way.
    Unknown,
    /// In none.
    Denied,
}

/// What AWS answers to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Granted, and nothing forbids it.
    Allowed,
    /// Nothing grants it.
    ImplicitDeny,
    /// A statement forbids it.
    ExplicitDeny,
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<R = String> {
    /// The verdict.
    pub verdict: Verdict,
    /// AWS's answer, where it is the same in every world.
    pub outcome: Option<Outcome>,
    /// The statements that decide: Denies that fire, Allows that grant; in some world, if the verdict is conditional.
    pub statements: Vec<StatementRef>,
    /// Layers that would have to allow, and do not in any world: why it is denied although nothing forbids it.
    pub blocked_by: Vec<Layer>,
    /// When it is allowed, if that depends.
    pub residual: Option<Residual>,
    /// How hard the residual condition is to meet.
    pub strength: Option<Strength>,
    /// Documents that could not be read, and why. Only those that matter to the verdict `unknown`.
    pub missing: Vec<Unread<R>>,
    /// Statements that hold something IAM would not store. What we cannot read there was taken as never true.
    pub malformed: Vec<StatementRef>,
    /// `conditional` was not narrowed down: too many worlds to try them all.
    pub approximate: bool,
}

/// Decides a request.
#[must_use]
pub fn decide<R: Clone>(request: &Request, layers: &Layers<'_, R>) -> Decision<R> {
    let mut build = Build::new(request, layers);
    let whole = build.whole();
    let tried = match whole.allowed.kleene() {
        Tri::Undecided => assignments::enumerate(&build.atoms, &whole.allowed, request),
        Tri::Yes | Tri::No => Worlds::one(),
    };
    let verdict = verdict(&whole, &tried);
    let depends = verdict == Verdict::Conditional || verdict == Verdict::Unknown;
    let residual = depends
        .then(|| residual::of(&whole.allowed, &tried, &build))
        .flatten();
    let strength = residual.as_ref().and_then(|it| it.strength);
    let outcome = outcome(&whole, &tried);
    let blocked_by = match verdict {
        Verdict::Denied => whole.blocked(&tried),
        Verdict::Allowed | Verdict::Conditional | Verdict::Unknown => Vec::new(),
    };
    Decision {
        verdict,
        outcome,
        statements: build.deciding(verdict, outcome, !blocked_by.is_empty(), &tried),
        blocked_by,
        residual,
        strength,
        missing: match verdict {
            Verdict::Unknown => build.missing,
            Verdict::Allowed | Verdict::Conditional | Verdict::Denied => Vec::new(),
        },
        malformed: build.malformed,
        approximate: verdict == Verdict::Conditional && !tried.exact,
    }
}

/// The verdict alone, without what it rests on: most of the work is to say that.
#[must_use]
pub fn verdict_of<R: Clone>(request: &Request, layers: &Layers<'_, R>) -> Verdict {
    let mut build = Build::new(request, layers);
    let whole = build.whole();
    match whole.allowed.kleene() {
        Tri::Undecided => {
            let tried = assignments::enumerate(&build.atoms, &whole.allowed, request);
            verdict(&whole, &tried)
        }
        Tri::Yes | Tri::No => verdict(&whole, &Worlds::one()),
    }
}

fn verdict(whole: &Formulas, worlds: &Worlds) -> Verdict {
    let (mut some, mut open, mut none) = (false, false, false);
    for value in worlds.values(&whole.allowed) {
        match value {
            Tri::Yes => some = true,
            Tri::No => none = true,
            Tri::Undecided => open = true,
        }
    }
    match (some, none, open) {
        (true, true, _) => Verdict::Conditional,
        // Worlds were not tried: the formula itself is open, because of a document or because of the request.
        (_, _, true) if worlds.untried && whole.allowed.without_missing() == whole.allowed => {
            Verdict::Conditional
        }
        (_, _, true) => Verdict::Unknown,
        (true, false, false) => Verdict::Allowed,
        (false, _, false) => Verdict::Denied,
    }
}

fn outcome(whole: &Formulas, worlds: &Worlds) -> Option<Outcome> {
    let mut outcomes = worlds
        .values(&whole.denied)
        .zip(worlds.values(&whole.allowed))
        .map(|pair| match pair {
            (Tri::Yes, _) => Some(Outcome::ExplicitDeny),
            (Tri::No, Tri::Yes) => Some(Outcome::Allowed),
            (Tri::No, Tri::No) => Some(Outcome::ImplicitDeny),
            (Tri::Undecided, _) | (Tri::No, Tri::Undecided) => None,
        });
    let first = outcomes.next()?;
    if outcomes.all(|other| other == first) {
        first
    } else {
        None
    }
}
