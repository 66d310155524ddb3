//! Questions about one document by itself, without a caller: is it public, whom does it let write, what does it grant.
//!
//! They go by what a document means, not by how it is written: `cloud*:*`, `NotAction` and a grant split over several
//! statements are seen through. Where something cannot be told, the answer is the one that hides no problem: a Deny
//! does not protect, a condition does not restrict.

mod grants;
mod pitfalls;
mod public;
mod sources;
mod tls;

use super::classes::representatives_within;
use super::condition::Condition;
use super::context::{Context, Tri, View};
use super::document::{Actions, Document, Effect, ResourcePattern, Resources, Statement};
use super::operator::{Quantifier, Test};
use super::principal::{Principal, PrincipalSet};
use super::template::{Filled, Incomplete};
use crate::text::{COMPARISON, Glob, Work};

pub use grants::{granted, grants_every, held, is_administrator};
pub use pitfalls::{Pitfall, pitfalls};
pub use public::{account_of, pins, public_by_wording, public_grants};
pub use sources::{SourceScope, Sources, direct_call, service_grants, source_scope};
pub use tls::{TlsDeny, denies_plain_http, denies_tls_version};

/// A statement, and where it stands in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Position in the document, from 0.
    pub index: usize,
    /// The statement.
    pub statement: &'a Statement,
}

impl Found<'_> {
    /// Its position, counted from 1, and its `Sid`: `statement 2 (Sid AllowPartner)`.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.statement.sid {
            Some(sid) if !sid.is_empty() => format!("statement {} (Sid {sid})", self.index + 1),
            Some(_) | None => format!("statement {}", self.index + 1),
        }
    }

    /// What it grants, to those that `whom` names: `statement 2 grants s3:GetObject to account 999999999999`.
    #[must_use]
    pub fn grants(&self, whom: &str) -> String {
        let actions = &self.statement.actions;
        let named: Vec<&str> = actions.patterns.iter().map(|it| it.text.as_str()).collect();
        let except = if actions.negated {
            "all actions except "
        } else {
            ""
        };
        format!("{} grants {except}{} to {whom}", self.label(), few(&named))
    }

    /// What it grants, and to which of its principals.
    #[must_use]
    pub fn grant(&self) -> String {
        let Some(principals) = &self.statement.principals else {
            return self.label();
        };
        let named: Vec<String> = principals.members.iter().map(Principal::words).collect();
        let except = if principals.negated {
            "everyone except "
        } else {
            ""
        };
        self.grants(&format!("{except}{}", few(&named)))
    }
}

/// The first two of some words, and how many there are beside them.
fn few(words: &[impl AsRef<str>]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [one, other] => format!("{} and {}", one.as_ref(), other.as_ref()),
        [one, other, more @ ..] => {
            let (one, other) = (one.as_ref(), other.as_ref());
            format!("{one}, {other} and {} more", more.len())
        }
    }
}

fn found(document: &Document, effect: Effect) -> impl Iterator<Item = Found<'_>> {
    document
        .statements
        .iter()
        .enumerate()
        .map(|(index, statement)| Found { index, statement })
        .filter(move |found| found.statement.effect == effect)
}

/// Statements of a resource policy that deny `actions` on all of `resource` to everyone, in every request that has
/// these context keys.
///
/// `actions` and `resource` are patterns: `s3:*`, `arn:aws:s3:::logs/*`. What the context leaves open must not matter.
pub fn sure_denies<'a>(
    policy: &'a Document,
    actions: &str,
    resource: &str,
    context: &Context,
) -> Vec<Found<'a>> {
    let Some(resource) = arn_glob(resource) else {
        return Vec::new();
    };
    found(policy, Effect::Deny)
        .filter(|Found { statement, .. }| {
            let everyone = statement
                .principals
                .as_ref()
                .is_some_and(PrincipalSet::is_everyone);
            everyone
                && actions_cover(&statement.actions, actions)
                && resources_cover(
                    statement.resources.as_ref(),
                    &resource,
                    Incomplete::FillIfWildcard,
                )
                && statement.conditions_hold(context) == Tri::Yes
        })
        .collect()
}

/// Statements that allow one of these actions on a part of a resource pattern, to whomever.
#[must_use]
pub fn allows_on<'a>(policy: &'a Document, actions: &[&str], resource: &str) -> Vec<Found<'a>> {
    let Some(resource) = arn_glob(resource) else {
        return Vec::new();
    };
    found(policy, Effect::Allow)
        .filter(|Found { statement, .. }| {
            actions
                .iter()
                .any(|action| statement.actions.matches(action))
                && resources_overlap(
                    statement.resources.as_ref(),
                    &resource,
                    Incomplete::FillIfWildcard,
                )
        })
        .collect()
}

/// One text that the pattern `within` matches for each combination of conditions, all on one key, that can hold
/// together; nothing where that is too much.
#[must_use]
pub fn values_within(
    conditions: &[&Condition],
    context: &Context,
    within: &str,
) -> Option<Vec<String>> {
    representatives_within(conditions, &View::of(context), &Glob::wild(within, false))
}

fn organization_of(path: &str) -> Option<&str> {
    path.split_once('/')
        .map(|(organization, _)| organization)
        .filter(|id| is_fixed(id))
}

/// The condition lets a request pass only with one of its values: no negation, no `IfExists`, and no `ForAllValues`,
/// which all hold for requests without the key.
#[must_use]
pub fn restricts(condition: &Condition) -> bool {
    let positive = match condition.operator.test {
        Test::StringEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringLike
        | Test::Arn
        | Test::IpAddress => !condition.operator.negated,
        Test::Numeric(_)
        | Test::Date(_)
        | Test::Bool
        | Test::Null
        | Test::BinaryEquals
        | Test::Unknown(_) => false,
    };
    positive
        && !condition.operator.if_exists
        && condition.operator.quantifier != Quantifier::ForAllValues
        && !condition.values.is_empty()
}

fn globs(actions: &Actions) -> impl Iterator<Item = &Glob> {
    actions.patterns.iter().map(|pattern| &pattern.glob)
}

/// Whether the element means every action of a pattern.
#[must_use]
pub fn actions_cover(actions: &Actions, pattern: &str) -> bool {
    let target = Glob::wild(pattern, true);
    if actions.negated {
        !globs(actions).any(|glob| glob.overlaps(&target))
    } else {
        union_covers(globs(actions), &target)
    }
}

/// The first statement that takes too much work to be compared with a resource, and with all that lies in it.
///
/// What is asked here is as hard as the questions above are. They answer so that no problem is hidden; whoever finds
/// such a statement can say that the answer is not known.
#[must_use]
pub fn too_complex<'a>(policy: &'a Document, resource: &str) -> Option<Found<'a>> {
    let targets = [resource.to_owned(), format!("{resource}/*")];
    let targets: Vec<Glob> = targets.iter().filter_map(|it| arn_glob(it)).collect();
    let effects = [Effect::Allow, Effect::Deny];
    let all = effects.into_iter().flat_map(|effect| found(policy, effect));
    all.into_iter().find(|Found { statement, .. }| {
        let resources = statement.resources.as_ref();
        let globs = resources.and_then(|it| compiled(it, Incomplete::FillIfWildcard));
        let globs: Vec<&Glob> = globs.iter().flatten().collect();
        targets.iter().any(|target| {
            let mut work = Work::new(COMPARISON);
            let overlaps = globs
                .iter()
                .try_for_each(|glob| glob.overlap_within(target, &mut work).map(|_| ()));
            overlaps.is_err() || crate::text::union_covers(&globs, target, &mut work).is_err()
        })
    })
}

fn arn_glob(pattern: &str) -> Option<Glob> {
    ResourcePattern::new(pattern, false).glob()
}

fn compiled(resources: &Resources, incomplete: Incomplete) -> Option<Vec<Glob>> {
    let context = Context::unknown();
    let view = View::of(&context);
    let mut globs = Vec::new();
    for pattern in &resources.patterns {
        match pattern.fill(&view, incomplete) {
            Filled::Glob(glob) => globs.push(glob),
            Filled::Never => {}
            // A variable: it may match more or less than it seems.
            Filled::Undecided if resources.negated => return None,
            Filled::Undecided => {}
        }
    }
    Some(globs)
}

/// A missing element (trust policies) means the resource that the policy hangs on.
fn resources_cover(resources: Option<&Resources>, target: &Glob, incomplete: Incomplete) -> bool {
    let Some(resources) = resources else {
        return true;
    };
    let Some(globs) = compiled(resources, incomplete) else {
        return false;
    };
    if resources.negated {
        !globs.iter().any(|glob| glob.overlaps(target))
    } else {
        union_covers(&globs, target)
    }
}

fn resources_overlap(resources: Option<&Resources>, target: &Glob, incomplete: Incomplete) -> bool {
    let Some(resources) = resources else {
        return true;
    };
    let variable = resources
        .patterns
        .iter()
        .any(|pattern| pattern.keys().next().is_some());
    let Some(globs) = compiled(resources, incomplete) else {
        return true;
    };
    if resources.negated {
        !union_covers(&globs, target)
    } else {
        variable || globs.iter().any(|glob| glob.overlaps(target))
    }
}

/// `false` as well if that is too hard to tell: what may not be covered is not.
fn union_covers<'a>(globs: impl IntoIterator<Item = &'a Glob>, target: &Glob) -> bool {
    let globs: Vec<&Glob> = globs.into_iter().collect();
    crate::text::union_covers(&globs, target, &mut Work::new(COMPARISON)).unwrap_or(false)
}

fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

/// For tests: a document of these statements.
#[cfg(test)]
fn policy_of(statements: &str) -> Document {
    Document::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
    ))
    .unwrap()
}
