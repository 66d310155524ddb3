//! What a decision can hang on: a condition, or whether a resource is among those that a statement names.

use std::collections::BTreeSet;
use std::fmt;

use super::condition::Condition;
use super::context::{Context, Tri, View};
use super::document::{Effect, ResourcePattern};
use super::operator::Quantifier;
use super::request::Target;
use super::template::{Filled, Incomplete};
use super::within::Within;
use crate::text::{Glob, Token};

/// Something that holds in some worlds only.
#[derive(Debug, Clone, Copy)]
pub(super) enum Atom<'a> {
    Condition {
        condition: &'a Condition,
        effect: Effect,
    },
    Resource(ResourceAtom<'a>),
}

/// A resource pattern, and how it is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResourceAtom<'a> {
    pub(super) pattern: &'a ResourcePattern,
    pub(super) incomplete: Incomplete,
    /// A wildcard in the word that names the resource's type: AWS's reference forbids it, a plain pattern would
    /// match. Read so that no problem is hidden: an Allow matches, a Deny does not.
    pub(super) wild_type_matches: bool,
}

impl ResourceAtom<'_> {
    /// Whether the pattern matches the resource.
    pub(super) fn matches(&self, arn: &str, view: &View<'_>) -> Tri {
        if arn == "*" {
            // The action has no resource: only `*` means it, no ARN does.
            return Tri::from(self.pattern.is_everything());
        }
        if !self.may_match(arn) {
            return Tri::No;
        }
        self.pattern.matches(arn, view, self.incomplete)
    }

    /// Whether it matches the target: all of it, none of it, or a part.
    pub(super) fn matches_target(
        &self,
        target: &Target,
        set: Option<&TargetSet>,
        view: &View<'_>,
    ) -> Tri {
        match target {
            Target::One(arn) => self.matches(arn, view),
            Target::OneOf(arns) => {
                let mut each = arns.iter().map(|arn| self.matches(arn, view));
                let Some(first) = each.next() else {
                    return Tri::No;
                };
                if each.all(|other| other == first) {
                    first
                } else {
                    Tri::Undecided
                }
            }
            Target::Matching(_) if self.pattern.is_everything() => Tri::Yes,
            Target::Matching(text) => match self.pattern.fixed() {
                Some(glob) => self.matches_set(glob, text, set),
                None => match self.pattern.fill(view, self.incomplete) {
                    Filled::Glob(glob) => self.matches_set(&glob, text, set),
                    Filled::Never => Tri::No,
                    Filled::Undecided => Tri::Undecided,
                },
            },
        }
    }

    fn matches_set(&self, glob: &Glob, text: &str, set: Option<&TargetSet>) -> Tri {
        let Some(set) = set else {
            return Tri::Undecided;
        };
        if set.begins_otherwise(glob) || !self.may_match(text) {
            return Tri::No;
        }
        if let Some(said) = set.within.as_ref().and_then(|all| all.matched_by(glob)) {
            return said;
        }
        if !glob.overlaps(&set.glob) {
            Tri::No
        } else if glob.covers(&set.glob) {
            Tri::Yes
        } else {
            Tri::Undecided
        }
    }

    fn may_match(&self, arn: &str) -> bool {
        self.wild_type_matches || !self.pattern.wild_type_word() || !has_type_word(arn)
    }
}

/// The set of resources that a request is about, compiled once for all patterns.
#[derive(Debug)]
pub(super) struct TargetSet {
    glob: Glob,
    within: Option<Within>,
}

impl TargetSet {
    /// Nothing where the request is about single resources, or about a set that cannot be compiled.
    pub(super) fn of(target: &Target) -> Option<Self> {
        let Target::Matching(text) = target else {
            return None;
        };
        let glob = target_glob(text)?;
        let within = Within::of(&glob);
        Some(Self { glob, within })
    }

    /// The texts that both begin with differ: no resource is in both.
    fn begins_otherwise(&self, glob: &Glob) -> bool {
        if glob.ignores_case() || self.glob.ignores_case() {
            return false;
        }
        for pair in glob.tokens().iter().zip(self.glob.tokens()) {
            match pair {
                (Token::Char(own), Token::Char(other)) if own != other => return true,
                (Token::Char(_), Token::Char(_)) => {}
                _ => return false,
            }
        }
        false
    }
}

/// A set of resources, compiled. It says what is there: no variables.
pub(super) fn target_glob(pattern: &str) -> Option<Glob> {
    let context = Context::new();
    match ResourcePattern::new(pattern, false).fill(&View::of(&context), Incomplete::Fill) {
        Filled::Glob(glob) => Some(glob),
        Filled::Never | Filled::Undecided => None,
    }
}

/// Names of buckets, topics and queues come without a word for their type.
fn has_type_word(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        [_, _, "s3", _, "", _] | [_, _, "sns" | "sqs" | "execute-api" | "apigateway", ..] => false,
        [_, _, _, _, _, resource] => resource.contains(['/', ':']),
        _ => false,
    }
}

impl<'a> Atom<'a> {
    /// Whether two atoms hold in the same worlds, by how they are written.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Condition { condition, effect },
                Self::Condition {
                    condition: other,
                    effect: other_effect,
                },
            ) => {
                let open = condition.operator.quantifier == Quantifier::ForAnyValue
                    && condition.operator.if_exists;
                condition.means_same(other) && (!open || effect == other_effect)
            }
            (Self::Resource(own), Self::Resource(other)) => {
                own.pattern == other.pattern
                    && own.incomplete == other.incomplete
                    && (own.wild_type_matches == other.wild_type_matches
                        || !own.pattern.wild_type_word())
            }
            (Self::Condition { .. }, Self::Resource(_))
            | (Self::Resource(_), Self::Condition { .. }) => false,
        }
    }

    /// The context keys that it hangs on, in lower case.
    pub(super) fn keys(&self) -> BTreeSet<&'a str> {
        match self {
            Self::Condition { condition, .. } => condition.keys().collect(),
            Self::Resource(atom) => atom.pattern.keys().collect(),
        }
    }

    pub(super) fn is_resource(&self) -> bool {
        matches!(self, Self::Resource(_))
    }

    /// Its value in a world; `resource` is the one that the world is about.
    pub(super) fn value(&self, view: &View<'_>, resource: Option<&str>) -> Tri {
        match self {
            Self::Condition { condition, effect } => condition.holds_in(*effect, view),
            Self::Resource(atom) => {
                resource.map_or(Tri::Undecided, |resource| atom.matches(resource, view))
            }
        }
    }

    pub(super) fn test(&self) -> AtomTest {
        match self {
            Self::Condition { condition, .. } => AtomTest::Condition {
                operator: condition.operator_name.clone(),
                key: condition.key_name.clone(),
                values: condition.values.clone(),
            },
            Self::Resource(atom) => AtomTest::Resource(atom.pattern.text.clone()),
        }
    }
}

/// What a residual condition asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AtomTest {
    /// A condition of a statement.
    Condition {
        /// As written.
        operator: String,
        /// As written.
        key: String,
        /// As written.
        values: Vec<String>,
    },
    /// The resource is one that this pattern matches.
    Resource(String),
}

impl fmt::Display for AtomTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition {
                operator,
                key,
                values,
            } => {
                write!(f, "{operator} {key} [{}]", values.join(", "))
            }
            Self::Resource(pattern) => write!(f, "resource {pattern}"),
        }
    }
}
