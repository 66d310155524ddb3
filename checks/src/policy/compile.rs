//! Documents as formulas: when each statement applies, as far as the request settles it.

use super::assignments::Worlds;
use super::atoms::{Atom, ResourceAtom, TargetSet};
use super::context::{Tri, View};
use super::decide::{Outcome, Verdict};
use super::document::{Effect, Resources, Statement};
use super::formula::Formula;
use super::request::{Layer, Layers, Policy, Request, StatementRef, Unread};
use super::template::Incomplete;

/// One statement that can apply, and when.
pub(super) struct Applied {
    pub(super) at: StatementRef,
    pub(super) when: Formula,
}

/// Turns policies into formulas.
pub(super) struct Build<'a, R> {
    pub(super) request: &'a Request,
    pub(super) layers: &'a Layers<'a, R>,
    /// The action, case folded once for all patterns.
    pub(super) action: Vec<char>,
    /// The set that the request is about, where it is about one.
    set: Option<TargetSet>,
    pub(super) atoms: Vec<Atom<'a>>,
    pub(super) applied: Vec<Applied>,
    pub(super) missing: Vec<Unread<R>>,
    pub(super) malformed: Vec<StatementRef>,
}

/// How the statements of a layer are read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    layer: Layer,
    incomplete: Incomplete,
    /// The layer's statements name principals.
    principals: bool,
}

impl Reading {
    pub(super) fn of(layer: Layer) -> Self {
        match layer {
            Layer::Identity | Layer::Boundary | Layer::Session | Layer::Scp => Self {
                layer,
                incomplete: Incomplete::Fill,
                principals: false,
            },
            Layer::Rcp => Self {
                layer,
                incomplete: Incomplete::Reject,
                principals: true,
            },
            Layer::Resource | Layer::KeyGrant | Layer::Acl => Self {
                layer,
                incomplete: Incomplete::FillIfWildcard,
                principals: true,
            },
        }
    }
}

/// What one layer says.
pub(super) struct Clauses {
    pub(super) denies: Formula,
    pub(super) allows: Formula,
}

impl<'a, R: Clone> Build<'a, R> {
    pub(super) fn new(request: &'a Request, layers: &'a Layers<'a, R>) -> Self {
        Self {
            request,
            layers,
            action: crate::text::lower(&request.action),
            set: TargetSet::of(&request.target),
            atoms: Vec::new(),
            applied: Vec::new(),
            missing: Vec::new(),
            malformed: Vec::new(),
        }
    }

    pub(super) fn union(&mut self, layer: Layer, policies: &'a [Policy<'a, R>]) -> Clauses {
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for policy in policies {
            let said = self.policy(Reading::of(layer), policy, |_, formula| formula);
            denies.push(said.denies);
            allows.push(said.allows);
        }
        Clauses {
            denies: Formula::any(denies),
            allows: Formula::any(allows),
        }
    }

    /// A layer that limits: without it, everything passes.
    pub(super) fn limit(&mut self, layer: Layer, policy: Option<&'a Policy<'a, R>>) -> Clauses {
        match policy {
            None => Clauses {
                denies: Formula::No,
                allows: Formula::Yes,
            },
            Some(policy) => self.policy(Reading::of(layer), policy, |_, formula| formula),
        }
    }

    /// One document. `each` sees every Allow that can apply, and nothing for a document that could not be read.
    pub(super) fn policy(
        &mut self,
        reading: Reading,
        policy: &'a Policy<'a, R>,
        mut each: impl FnMut(Option<&Statement>, Formula) -> Formula,
    ) -> Clauses {
        let document = match &policy.document {
            Ok(document) => *document,
            Err(reason) => {
                self.missing.push(Unread {
                    policy: policy.name.clone(),
                    reason: reason.clone(),
                });
                return Clauses {
                    denies: Formula::Missing,
                    allows: each(None, Formula::Missing),
                };
            }
        };
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for (index, statement) in document.statements.iter().enumerate() {
            if !statement.actions.matches_lower(&self.action) {
                continue;
            }
            let at = || StatementRef {
                layer: reading.layer,
                policy: policy.name.clone(),
                index,
                sid: statement.sid.clone(),
                effect: statement.effect,
            };
            if statement.is_malformed() {
                self.malformed.push(at());
            }
            let when = self.applies(reading, statement);
            if when == Formula::No {
                continue;
            }
            self.applied.push(Applied {
                at: at(),
                when: when.clone(),
            });
            match statement.effect {
                Effect::Deny => denies.push(when),
                Effect::Allow => allows.push(each(Some(statement), when)),
            }
        }
        Clauses {
            denies: Formula::any(denies),
            allows: Formula::any(allows),
        }
    }

    /// When a statement whose action matches applies.
    fn applies(&mut self, reading: Reading, statement: &'a Statement) -> Formula {
        if reading.principals && !self.names_caller(statement) {
            return Formula::No;
        }
        let resources = match &statement.resources {
            Some(resources) => self.resources(reading, statement.effect, resources),
            // A trust policy speaks of the role that it hangs on. Elsewhere IAM demands the element.
            None if reading.layer == Layer::Resource => Formula::Yes,
            None => Formula::No,
        };
        if resources == Formula::No {
            return resources;
        }
        let mut parts = vec![resources];
        for condition in &statement.conditions {
            let effect = statement.effect;
            let part = self.atom(Atom::Condition { condition, effect });
            if part == Formula::No {
                return part;
            }
            parts.push(part);
        }
        Formula::all(parts)
    }

    fn names_caller(&self, statement: &Statement) -> bool {
        let Some(principals) = &statement.principals else {
            return false;
        };
        // With a permissions boundary on the caller, Deny with NotPrincipal fires whomever it lists.
        let always = statement.effect == Effect::Deny
            && principals.negated
            && self.layers.boundary.is_some();
        always || principals.grant(&self.request.caller).is_some()
    }

    fn resources(&mut self, reading: Reading, effect: Effect, resources: &'a Resources) -> Formula {
        let mut parts = Vec::with_capacity(resources.patterns.len());
        for pattern in &resources.patterns {
            let atom = Atom::Resource(ResourceAtom {
                pattern,
                incomplete: reading.incomplete,
                wild_type_matches: (effect == Effect::Allow) != resources.negated,
            });
            let part = self.atom(atom);
            if part == Formula::Yes {
                parts = vec![part];
                break;
            }
            parts.push(part);
        }
        let any = Formula::any(parts);
        if resources.negated { any.not() } else { any }
    }

    /// An atom, or its value where that is known.
    pub(super) fn atom(&mut self, atom: Atom<'a>) -> Formula {
        let view = View::of(&self.request.context);
        let value = match &atom {
            Atom::Condition { .. } => atom.value(&view, None),
            Atom::Resource(resource) => {
                resource.matches_target(&self.request.target, self.set.as_ref(), &view)
            }
        };
        match value {
            Tri::Yes => Formula::Yes,
            Tri::No => Formula::No,
            Tri::Undecided => {
                let known = self.atoms.iter().position(|own| own.same(&atom));
                Formula::Atom(known.unwrap_or_else(|| {
                    self.atoms.push(atom);
                    self.atoms.len() - 1
                }))
            }
        }
    }

    /// The statements that a reader needs in order to follow the verdict.
    pub(super) fn deciding(
        &self,
        verdict: Verdict,
        outcome: Option<Outcome>,
        blocked: bool,
        worlds: &Worlds,
    ) -> Vec<StatementRef> {
        let wanted = |effect| match (verdict, outcome) {
            (Verdict::Allowed, _) => effect == Effect::Allow,
            (Verdict::Denied, Some(Outcome::ImplicitDeny)) => false,
            (Verdict::Denied, _) => effect == Effect::Deny,
            (Verdict::Conditional | Verdict::Unknown, _) => true,
        };
        let applies = |applied: &&Applied| wanted(applied.at.effect);
        let sometimes = |applied: &&Applied| {
            let mut values = worlds.values(&applied.when);
            values.any(|value| value != Tri::No)
        };
        let always = |applied: &&Applied| {
            let mut values = worlds.values(&applied.when);
            values.all(|value| value == Tri::Yes)
        };
        let all = || self.applied.iter().filter(applies);
        // What denies in every world decides; what denies in some is named only where nothing else keeps it denied.
        let some = all().filter(sometimes);
        let decide: Vec<&Applied> = match verdict {
            Verdict::Denied if all().any(|it| always(&it)) => all().filter(always).collect(),
            Verdict::Denied if blocked => Vec::new(),
            Verdict::Denied | Verdict::Allowed | Verdict::Conditional | Verdict::Unknown => {
                some.collect()
            }
        };
        let mut refs: Vec<StatementRef> = decide.iter().map(|it| it.at.clone()).collect();
        refs.sort();
        refs.dedup();
        refs
    }
}
