//! When a conditional verdict is "allowed": a short list of alternatives, and how hard they are to meet.

use std::collections::BTreeSet;

use super::assignments::Worlds;
use super::atoms::AtomTest;
use super::compile::Build;
use super::context::Tri;
use super::formula::{Alternatives, Formula, absorbed};
use super::request::StatementRef;
use super::strength::{self, Strength};

/// More alternatives than this help no reader.
const MAX_ALTERNATIVES: usize = 64;
/// Bound on the work of shortening alternatives.
const MAX_WORK: usize = 200_000;

/// The condition that is left: allowed if one of the alternatives holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residual {
    /// Each is a list of tests that must all come out as said.
    pub alternatives: Vec<Vec<Literal>>,
    /// There were too many alternatives to write them down; the list is empty.
    pub truncated: bool,
    /// How hard its easiest alternative is. Nothing if the alternatives are not known.
    pub strength: Option<Strength>,
}

/// One test of a residual condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// What is tested.
    pub test: AtomTest,
    /// Whether it must hold, or must not.
    pub holds: bool,
    /// Requests may lack its key.
    pub may_be_absent: bool,
    /// The statements that ask for it.
    pub statements: Vec<StatementRef>,
}

pub(super) fn of<R>(allowed: &Formula, worlds: &Worlds, build: &Build<'_, R>) -> Option<Residual> {
    let known = allowed.without_missing();
    let Some(terms) = known.alternatives(MAX_ALTERNATIVES) else {
        return Some(Residual {
            alternatives: Vec::new(),
            truncated: true,
            strength: None,
        });
    };
    let terms = if worlds.untried {
        terms
    } else {
        shortened(&known, terms, worlds)
    };
    let alternatives: Vec<Vec<Literal>> = terms
        .iter()
        .map(|term| {
            term.iter()
                .filter_map(|&(id, holds)| literal(id, holds, build))
                .collect()
        })
        .collect();
    (!alternatives.is_empty()).then_some(Residual {
        alternatives,
        truncated: false,
        strength: strength::of(&terms, build),
    })
}

fn literal<R>(id: usize, holds: bool, build: &Build<'_, R>) -> Option<Literal> {
    let test = build.atoms.get(id)?.test();
    let mut statements: Vec<StatementRef> = build
        .applied
        .iter()
        .filter(|applied| {
            let mut ids = BTreeSet::new();
            applied.when.atoms(&mut ids);
            ids.contains(&id)
        })
        .map(|applied| applied.at.clone())
        .collect();
    statements.sort();
    statements.dedup();
    let may_be_absent = match &test {
        AtomTest::Condition { key, .. } => strength::may_lack(&key.to_lowercase(), build),
        AtomTest::Resource(_) => false,
    };
    Some(Literal {
        test,
        holds,
        may_be_absent,
        statements,
    })
}

/// Without alternatives that no world has, tests that make no difference in any, and what is then said twice.
fn shortened(formula: &Formula, terms: Alternatives, worlds: &Worlds) -> Alternatives {
    let possible = terms
        .into_iter()
        .filter(|term| worlds.iter().any(|world| holds(term, world)));
    let terms: Alternatives = possible.collect();
    let literals: usize = terms.iter().map(BTreeSet::len).sum();
    if literals * worlds.len() > MAX_WORK {
        return terms;
    }
    let allowed: Vec<bool> = worlds
        .values(formula)
        .map(|value| value == Tri::Yes)
        .collect();
    let terms = terms.into_iter().map(|mut term| {
        // What must not hold is dropped first: what must hold reads better.
        let mut order: Vec<(usize, bool)> = term.iter().copied().collect();
        order.sort_by_key(|(id, holds)| (*holds, *id));
        for literal in order {
            term.remove(&literal);
            let still = worlds
                .iter()
                .zip(&allowed)
                .all(|(world, allowed)| *allowed || !holds(&term, world));
            if !still {
                term.insert(literal);
            }
        }
        term
    });
    needed(absorbed(terms.collect()), worlds)
}

/// Without alternatives whose worlds the others have too.
fn needed(mut terms: Alternatives, worlds: &Worlds) -> Alternatives {
    for term in terms.clone() {
        let covered = worlds
            .iter()
            .filter(|world| holds(&term, world))
            .all(|world| {
                terms
                    .iter()
                    .any(|other| *other != term && holds(other, world))
            });
        if covered {
            terms.remove(&term);
        }
    }
    terms
}

fn holds(term: &BTreeSet<(usize, bool)>, world: &[Tri]) -> bool {
    term.iter()
        .all(|(id, wanted)| world.get(*id) == Some(&Tri::from(*wanted)))
}
