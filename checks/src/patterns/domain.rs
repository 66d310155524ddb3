//! The values that are worth a try: one of each class, less those that no event need have to be missed.

use std::collections::BTreeSet;

use super::expr::Value;
use super::fields::{Field, Leaf, Node};
use super::values::{Candidates, Completeness, candidates, outside};
use crate::text::{TooComplex, Tri, Work};

/// Values that no leaf tells apart.
#[derive(Debug)]
pub(super) struct Class {
    /// The first of them.
    pub(super) value: Value,
    /// Which leaves of the field it meets.
    pub(super) meets: Vec<Tri>,
}

/// The classes of one field that are worth a try.
#[derive(Debug)]
pub(super) struct Domain {
    pub(super) classes: Vec<Class>,
    pub(super) complete: Completeness,
    /// Another field holds it, or is held by it: what one may be depends on the other.
    pub(super) related: bool,
}

impl Domain {
    /// What all its classes make of a leaf, where they are of one mind.
    pub(super) fn constant(&self, table: usize) -> Option<Tri> {
        if self.complete != Completeness::All || self.related {
            return None;
        }
        let mut values = self.classes.iter().filter_map(|it| it.meets.get(table));
        let first = *values.next()?;
        values.all(|it| *it == first).then_some(first)
    }
}

/// The domains of all fields.
pub(super) fn domains(
    fields: &[Field<'_>],
    required: &Node<'_>,
    pattern: &Node<'_>,
    work: &mut Work,
) -> Result<Vec<Domain>, TooComplex> {
    let mut leaves: Vec<Vec<&Leaf<'_>>> = fields.iter().map(|_| Vec::new()).collect();
    for node in [required, pattern] {
        collect(node, &mut leaves);
    }
    let related = related(fields);
    let musts = musts(required, fields.len());
    let mut all = Vec::with_capacity(fields.len());
    for (at, (field, leaves)) in fields.iter().zip(&leaves).enumerate() {
        let related = related.get(at).copied().unwrap_or_default();
        let must = musts.get(at).map_or(&[][..], Vec::as_slice);
        all.push(domain(field, leaves, related, must, work)?);
    }
    Ok(all)
}

fn collect<'n>(node: &'n Node<'n>, leaves: &mut [Vec<&'n Leaf<'n>>]) {
    match node {
        Node::All(list) | Node::Any(list) => list.iter().for_each(|it| collect(it, leaves)),
        Node::Leaf(leaf) => {
            if let Some(own) = leaves.get_mut(leaf.field) {
                own.push(leaf);
            }
        }
        Node::Unknown => {}
    }
}

/// The leaves that every required event meets, by field.
fn musts(required: &Node<'_>, count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new(); count];
    let mut open = vec![required];
    while let Some(node) = open.pop() {
        match node {
            Node::All(list) => open.extend(list),
            Node::Leaf(leaf) => {
                if let Some(own) = all.get_mut(leaf.field) {
                    own.push(leaf.table);
                }
            }
            Node::Any(_) | Node::Unknown => {}
        }
    }
    all
}

/// The fields that hold another one, or are held.
fn related(fields: &[Field<'_>]) -> Vec<bool> {
    let paths: BTreeSet<_> = fields.iter().map(|it| it.path).collect();
    let mut holders = BTreeSet::new();
    let mut held = Vec::with_capacity(fields.len());
    for field in fields {
        let above: Vec<_> = field
            .path
            .holders()
            .filter(|it| paths.contains(it))
            .collect();
        held.push(!above.is_empty());
        holders.extend(above);
    }
    let each = fields.iter().zip(held);
    each.map(|(field, held)| held || holders.contains(field.path))
        .collect()
}

fn domain(
    field: &Field<'_>,
    leaves: &[&Leaf<'_>],
    related: bool,
    must: &[usize],
    work: &mut Work,
) -> Result<Domain, TooComplex> {
    let cost = |value: &Value| {
        let length = match value {
            Value::Text(text) => text.len(),
            Value::Absent | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Nested => 0,
        };
        leaves.len() + field.others.iter().map(|it| it.cost(length)).sum::<usize>()
    };
    work.spend(field.tests.len() + cost(&Value::Absent))?;
    let candidates = match outside(&field.tests).filter(|_| !field.required && !related) {
        Some(value) => Candidates {
            values: vec![value],
            complete: Completeness::All,
        },
        None => candidates(&field.tests, work),
    };
    let mut classes: Vec<Class> = Vec::new();
    let mut known = BTreeSet::new();
    for value in candidates.values {
        work.spend(cost(&value))?;
        let met = |table: &usize| {
            let leaf = leaves.iter().find(|it| it.table == *table);
            leaf.is_none_or(|it| it.eval(&value) == Tri::Yes)
        };
        if !must.iter().all(met) {
            continue;
        }
        let mut meets = vec![Tri::Undecided; leaves.len()];
        for leaf in leaves {
            if let Some(slot) = meets.get_mut(leaf.table) {
                *slot = leaf.eval(&value);
            }
        }
        // Where fields hold each other, it matters as well whether one is there, and is an object.
        let shape = related.then_some((value == Value::Absent, value == Value::Nested));
        if known.insert((shape, meets.clone())) {
            classes.push(Class { value, meets });
        }
    }
    if !related {
        classes = undominated(field, classes, work)?;
    }
    Ok(Domain {
        classes,
        complete: candidates.complete,
        related,
    })
}

/// Without the classes that another one stands for: it is required whenever they are, and matched only when they are.
fn undominated(
    field: &Field<'_>,
    classes: Vec<Class>,
    work: &mut Work,
) -> Result<Vec<Class>, TooComplex> {
    let rank = |value: Tri| match value {
        Tri::No => 0,
        Tri::Undecided => 1,
        Tri::Yes => 2,
    };
    // No two classes are equal, so that none stands for one that stands for it.
    let stands_for = |one: &Class, other: &Class| {
        let each = field.leaves.iter().zip(one.meets.iter().zip(&other.meets));
        each.into_iter().all(|(required, (one, other))| {
            if *required {
                *one == Tri::Yes || *other != Tri::Yes
            } else {
                rank(*one) <= rank(*other)
            }
        })
    };
    let mut kept: Vec<Class> = Vec::new();
    for class in classes {
        work.spend(kept.len() * field.leaves.len() / 4 + 1)?;
        if kept.iter().any(|it| stands_for(it, &class)) {
            continue;
        }
        kept.retain(|it| !stands_for(&class, it));
        kept.push(class);
    }
    Ok(kept)
}
