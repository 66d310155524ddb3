//! The search for an event that is required and not matched.

use std::ops::ControlFlow;

use super::compare::{Comparison, Witness};
use super::disjoint::{Apart, alone, set_apart};
use super::domain::{Domain, domains};
use super::expr::{Expr, Path, Value};
use super::fields::{Field, Fields, Leaf, Node};
use super::values::Completeness;
use crate::text::{TooComplex, Tri, Work, fold};

const TOO_LARGE: &str = "it is too large to be compared";

/// Whether `pattern` matches every event that `required` does.
pub(super) fn run(required: &Expr, pattern: &Expr, work: &mut Work) -> Comparison {
    let (mut kept, mut apart) = (Vec::new(), Vec::new());
    set_apart(required, pattern, &mut kept, &mut apart);
    let mut fields = Fields::default();
    let fixed: Vec<&Path> = kept
        .iter()
        .filter_map(|it| alone(it))
        .filter(|it| it.single)
        .map(|it| it.path)
        .collect();
    let compiled = kept
        .into_iter()
        .map(|it| fields.compile(it, true))
        .collect();
    let whole_required = Node::All(compiled);
    for field in &mut fields.all {
        field.fixed = fixed.contains(&field.path);
    }
    let whole_pattern = fields.compile(pattern, false);
    let domains = match domains(&fields.all, &whole_required, &whole_pattern, work) {
        Ok(domains) => domains,
        Err(TooComplex) => return Comparison::TooComplex(TOO_LARGE.to_owned()),
    };
    let none = |it: &&Domain| it.classes.is_empty() && it.complete == Completeness::All;
    if domains.iter().any(|it| none(&it)) {
        // No value is left that is required.
        return Comparison::Covers;
    }
    let count = fields.all.len();
    let mut search = Search {
        chosen: vec![None; count],
        fields: fields.all,
        required: reduce(&whole_required, &domains, true),
        pattern: reduce(&whole_pattern, &domains, false),
        whole_required,
        whole_pattern,
        domains,
        apart,
        doubt: None,
    };
    match search.descend(work) {
        Err(TooComplex) => Comparison::TooComplex(TOO_LARGE.to_owned()),
        Ok(ControlFlow::Break(witness)) => Comparison::Misses(witness),
        Ok(ControlFlow::Continue(())) => match search.doubt {
            Some(Doubt::Unknown) => {
                let mut unknowns = Vec::new();
                pattern.unknowns(&mut unknowns);
                required.unknowns(&mut unknowns);
                unknowns.dedup();
                Comparison::CannotTell(unknowns.join("; "))
            }
            Some(Doubt::Other(why)) => Comparison::CannotTell(why),
            Some(Doubt::TooComplex(why)) => Comparison::TooComplex(why),
            None => Comparison::Covers,
        },
    }
}

enum Doubt {
    Unknown,
    Other(String),
    TooComplex(String),
}

/// What is left of an expression once the classes that need not be tried are gone.
enum Rest {
    All(Vec<Rest>),
    Any(Vec<Rest>),
    Leaf(usize, usize),
    Is(Tri),
}

/// A required event is one that is required for sure: on that side, undecided counts as no.
fn reduce(node: &Node<'_>, domains: &[Domain], required: bool) -> Rest {
    let list = |list: &[Node<'_>], decisive: Tri| {
        let (mut kept, mut unsure) = (Vec::new(), false);
        for node in list {
            match reduce(node, domains, required) {
                Rest::Is(Tri::Undecided) => unsure = true,
                Rest::Is(value) if value == decisive => return Err(value),
                Rest::Is(_) => {}
                rest @ (Rest::All(_) | Rest::Any(_) | Rest::Leaf(..)) => kept.push(rest),
            }
        }
        if unsure && kept.is_empty() {
            return Err(Tri::Undecided);
        }
        if unsure {
            kept.push(Rest::Is(Tri::Undecided));
        }
        Ok(kept)
    };
    match node {
        Node::All(nodes) => match list(nodes, Tri::No) {
            Err(value) => Rest::Is(value),
            Ok(kept) if kept.is_empty() => Rest::Is(Tri::Yes),
            Ok(kept) => Rest::All(kept),
        },
        Node::Any(nodes) => match list(nodes, Tri::Yes) {
            Err(value) => Rest::Is(value),
            Ok(kept) if kept.is_empty() => Rest::Is(Tri::No),
            Ok(kept) => Rest::Any(kept),
        },
        Node::Leaf(leaf) => {
            let same = domains
                .get(leaf.field)
                .and_then(|it| it.constant(leaf.table));
            match same {
                Some(value) => Rest::Is(sure(value, required)),
                None => Rest::Leaf(leaf.field, leaf.table),
            }
        }
        Node::Unknown => Rest::Is(sure(Tri::Undecided, required)),
    }
}

fn sure(value: Tri, required: bool) -> Tri {
    if required {
        Tri::from(value == Tri::Yes)
    } else {
        value
    }
}

struct Search<'a> {
    fields: Vec<Field<'a>>,
    domains: Vec<Domain>,
    required: Rest,
    pattern: Rest,
    whole_required: Node<'a>,
    whole_pattern: Node<'a>,
    apart: Vec<Apart<'a>>,
    /// The class that each field has, by its place in the domain.
    chosen: Vec<Option<usize>>,
    doubt: Option<Doubt>,
}

/// What a part of an expression comes to with what is chosen, and whether more may be said once more is.
#[derive(Clone, Copy, PartialEq)]
enum Now {
    Is(Tri),
    Open,
}

impl Search<'_> {
    fn descend(&mut self, work: &mut Work) -> Result<ControlFlow<Witness>, TooComplex> {
        let required = self.now(&self.required, true, work)?;
        if matches!(required, Now::Is(Tri::No | Tri::Undecided)) {
            return Ok(ControlFlow::Continue(()));
        }
        let matched = self.now(&self.pattern, false, work)?;
        if matched == Now::Is(Tri::Yes) {
            return Ok(ControlFlow::Continue(()));
        }
        let field = match matched {
            Now::Open => self.open(&self.pattern, false, true, work)?.or(self.open(
                &self.pattern,
                false,
                false,
                work,
            )?),
            Now::Is(_) => None,
        };
        let field = match field {
            Some(field) => Some(field),
            None => self.open(&self.required, true, false, work)?,
        };
        let Some(field) = field else {
            return self.leaf(matched, work);
        };
        let Some(domain) = self.domains.get(field) else {
            return Ok(ControlFlow::Continue(()));
        };
        let (classes, complete) = (domain.classes.len(), domain.complete);
        self.incomplete(field, complete);
        for class in 0..classes {
            work.spend(1)?;
            if !self.possible(field, class) {
                continue;
            }
            self.choose(field, Some(class));
            if let ControlFlow::Break(witness) = self.descend(work)? {
                return Ok(ControlFlow::Break(witness));
            }
        }
        self.choose(field, None);
        Ok(ControlFlow::Continue(()))
    }

    fn incomplete(&mut self, field: usize, complete: Completeness) {
        let path = || self.fields.get(field).map(|it| it.path.to_string());
        let doubt = match complete {
            Completeness::All => return,
            Completeness::Mixed => Doubt::Other(format!(
                "its tests on {} are patterns and networks at once",
                path().unwrap_or_default()
            )),
            Completeness::TooComplex => Doubt::TooComplex(format!(
                "its tests on {} are too many to compare",
                path().unwrap_or_default()
            )),
        };
        self.doubt.get_or_insert(doubt);
    }

    /// Nothing is left to be tried.
    fn leaf(&mut self, matched: Now, work: &mut Work) -> Result<ControlFlow<Witness>, TooComplex> {
        if matched == Now::Is(Tri::No) {
            let order = self.replay(work)?;
            return Ok(ControlFlow::Break(self.witness(&order)));
        }
        if self.doubt.is_none() {
            let chosen = self.chosen.clone();
            self.replay(work)?;
            self.doubt = Some(self.doubt_of(&self.whole_pattern).unwrap_or(Doubt::Unknown));
            self.chosen = chosen;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn witness(&self, order: &[usize]) -> Witness {
        let told = order.iter().filter_map(|at| {
            let field = self.fields.get(*at)?;
            let value = self.value(*at)?.clone();
            let tells = field.choices > 1 || field.in_pattern && !field.fixed;
            Some(((field.path.clone(), value), tells))
        });
        let apart = self.apart.iter();
        let apart = apart.map(|it| ((it.path.clone(), it.example.clone()), it.choices > 1));
        let (fields, telling) = told.chain(apart).unzip();
        Witness { fields, telling }
    }

    fn doubt_of(&self, node: &Node<'_>) -> Option<Doubt> {
        let leaf = self.unsure(node)?;
        let field = self.fields.get(leaf.field)?;
        let value = self.value(leaf.field)?;
        Some(Doubt::Other(format!(
            "AWS does not document what its test on {} makes of {value}",
            field.path
        )))
    }

    /// A test that gave no answer although its field is known.
    fn unsure<'n>(&self, node: &'n Node<'n>) -> Option<&'n Leaf<'n>> {
        match node {
            Node::All(list) | Node::Any(list) => list.iter().find_map(|it| self.unsure(it)),
            Node::Leaf(leaf) => {
                let value = self.value(leaf.field)?;
                leaf.unsure(value).then_some(leaf)
            }
            Node::Unknown => None,
        }
    }

    fn now(&self, rest: &Rest, required: bool, work: &mut Work) -> Result<Now, TooComplex> {
        work.spend(1)?;
        let (list, decisive) = match rest {
            Rest::Is(value) => return Ok(Now::Is(*value)),
            Rest::Leaf(field, table) => {
                let value = self.class_value(*field, *table);
                return Ok(value.map_or(Now::Open, |value| Now::Is(sure(value, required))));
            }
            Rest::All(list) => (list, Tri::No),
            Rest::Any(list) => (list, Tri::Yes),
        };
        let (mut open, mut unsure) = (false, false);
        for part in list {
            match self.now(part, required, work)? {
                Now::Is(value) if value == decisive => return Ok(Now::Is(value)),
                Now::Is(Tri::Undecided) => unsure = true,
                Now::Is(_) => {}
                Now::Open => open = true,
            }
        }
        Ok(match (open, unsure) {
            (true, _) => Now::Open,
            (false, true) => Now::Is(Tri::Undecided),
            (false, false) => Now::Is(decisive.not()),
        })
    }

    /// A field that may still decide: those that the required events fix go first, they end most branches.
    fn open(
        &self,
        rest: &Rest,
        required: bool,
        fixed: bool,
        work: &mut Work,
    ) -> Result<Option<usize>, TooComplex> {
        work.spend(1)?;
        match rest {
            Rest::All(list) | Rest::Any(list) => {
                for part in list {
                    if self.now(part, required, work)? == Now::Open
                        && let Some(field) = self.open(part, required, fixed, work)?
                    {
                        return Ok(Some(field));
                    }
                }
                Ok(None)
            }
            Rest::Leaf(field, _) => {
                let wanted = !fixed || self.fields.get(*field).is_some_and(|it| it.required);
                let chosen = self.chosen.get(*field).is_some_and(Option::is_some);
                Ok((wanted && !chosen).then_some(*field))
            }
            Rest::Is(_) => Ok(None),
        }
    }

    /// The fields that decide about the event that was found, as one who knows nothing of either side would ask for
    /// them: those are told.
    fn replay(&mut self, work: &mut Work) -> Result<Vec<usize>, TooComplex> {
        let mut order = Vec::new();
        let mut asked = vec![false; self.fields.len()];
        loop {
            let required = self.told(&self.whole_required, true, &asked, work)?;
            let matched = self.told(&self.whole_pattern, false, &asked, work)?;
            let mut next = None;
            if matched == Tri::Undecided {
                next = self.ask(&self.whole_pattern, false, true, &asked, work)?;
                if next.is_none() {
                    next = self.ask(&self.whole_pattern, false, false, &asked, work)?;
                }
            }
            if next.is_none() && required == Tri::Undecided {
                next = self.ask(&self.whole_required, true, false, &asked, work)?;
            }
            let Some(field) = next else {
                return Ok(order);
            };
            // A field that no branch had to choose has any value that is left.
            if self.chosen.get(field) == Some(&None) {
                let count = self.domains.get(field).map_or(0, |it| it.classes.len());
                let class = (0..count).find(|it| self.possible(field, *it));
                self.choose(field, class.or(Some(0)));
            }
            if let Some(slot) = asked.get_mut(field) {
                *slot = true;
            }
            order.push(field);
        }
    }

    fn told(
        &self,
        node: &Node<'_>,
        required: bool,
        asked: &[bool],
        work: &mut Work,
    ) -> Result<Tri, TooComplex> {
        work.spend(1)?;
        let (list, decisive) = match node {
            Node::Unknown => return Ok(sure(Tri::Undecided, required)),
            Node::Leaf(leaf) if asked.get(leaf.field) == Some(&true) => {
                let value = self.class_value(leaf.field, leaf.table);
                return Ok(value.map_or(Tri::Undecided, |value| sure(value, required)));
            }
            Node::Leaf(_) => return Ok(Tri::Undecided),
            Node::All(list) => (list, Tri::No),
            Node::Any(list) => (list, Tri::Yes),
        };
        let mut values = Vec::with_capacity(list.len());
        for part in list {
            let value = self.told(part, required, asked, work)?;
            if value == decisive {
                return Ok(value);
            }
            values.push(value);
        }
        Ok(fold(values, decisive))
    }

    fn ask(
        &self,
        node: &Node<'_>,
        required: bool,
        fixed: bool,
        asked: &[bool],
        work: &mut Work,
    ) -> Result<Option<usize>, TooComplex> {
        match node {
            Node::All(list) | Node::Any(list) => {
                for part in list {
                    if self.told(part, required, asked, work)? == Tri::Undecided
                        && let Some(field) = self.ask(part, required, fixed, asked, work)?
                    {
                        return Ok(Some(field));
                    }
                }
                Ok(None)
            }
            Node::Leaf(leaf) => {
                let wanted = !fixed || self.fields.get(leaf.field).is_some_and(|it| it.required);
                Ok((wanted && asked.get(leaf.field) == Some(&false)).then_some(leaf.field))
            }
            Node::Unknown => Ok(None),
        }
    }

    /// A field of an object is there only where the object is.
    fn possible(&self, field: usize, class: usize) -> bool {
        let Some(domain) = self.domains.get(field).filter(|it| it.related) else {
            return true;
        };
        let Some(value) = domain.classes.get(class).map(|it| &it.value) else {
            return false;
        };
        let Some(path) = self.fields.get(field).map(|it| it.path) else {
            return false;
        };
        self.fields.iter().enumerate().all(|(at, other)| {
            let Some(known) = self.value(at).filter(|_| at != field) else {
                return true;
            };
            if other.path.holds(path) {
                *known == Value::Nested || *value == Value::Absent
            } else if path.holds(other.path) {
                *known == Value::Absent || *value == Value::Nested
            } else {
                true
            }
        })
    }

    fn class_value(&self, field: usize, table: usize) -> Option<Tri> {
        let class = self.chosen.get(field).copied().flatten()?;
        let domain = self.domains.get(field)?;
        domain.classes.get(class)?.meets.get(table).copied()
    }

    fn value(&self, field: usize) -> Option<&Value> {
        let class = self.chosen.get(field).copied().flatten()?;
        let domain = self.domains.get(field)?;
        domain.classes.get(class).map(|it| &it.value)
    }

    fn choose(&mut self, field: usize, class: Option<usize>) {
        if let Some(slot) = self.chosen.get_mut(field) {
            *slot = class;
        }
    }
}
