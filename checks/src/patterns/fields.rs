//! Expressions with numbered fields, in which tests on one field that stand together are one table.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::expr::{Expr, Is, Path, Value};
use crate::text::{Tri, fold};

/// An expression whose fields are numbered.
#[derive(Debug)]
pub(super) enum Node<'a> {
    All(Vec<Node<'a>>),
    Any(Vec<Node<'a>>),
    Leaf(Leaf<'a>),
    Unknown,
}

/// Conditions on one field.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) field: usize,
    /// Its place among the leaves of the field.
    pub(super) table: usize,
    parts: Vec<&'a Expr>,
    /// One of the parts is enough.
    any: bool,
    /// The texts that meet it, where it names them one by one.
    named: Option<HashSet<&'a str>>,
}

/// A field, and what either side asks of it.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) path: &'a Path,
    pub(super) tests: Vec<&'a Is>,
    exact: BTreeSet<&'a str>,
    /// Tests that do not name a text.
    pub(super) others: Vec<&'a Is>,
    /// How many leaves are about it, and which of them are of the required side.
    pub(super) leaves: Vec<bool>,
    pub(super) required: bool,
    pub(super) in_pattern: bool,
    /// The required events have one value here.
    pub(super) fixed: bool,
    /// How many texts the required events may have here.
    pub(super) choices: usize,
}

#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) all: Vec<Field<'a>>,
    by_path: BTreeMap<&'a Path, usize>,
}

impl<'a> Fields<'a> {
    /// Numbers the fields of an expression.
    pub(super) fn compile(&mut self, expr: &'a Expr, required: bool) -> Node<'a> {
        if let Some(path) = only_field(expr) {
            return self.leaf(path, vec![expr], false, required);
        }
        let (list, any) = match expr {
            Expr::All(list) => (list, false),
            Expr::Any(list) => (list, true),
            Expr::Test(_) | Expr::Unknown(_) => return Node::Unknown,
        };
        // What is about one field goes together, where the first of it stands.
        let mut groups: Vec<(Option<&'a Path>, Vec<&'a Expr>)> = Vec::new();
        let mut places: BTreeMap<&'a Path, usize> = BTreeMap::new();
        for part in list {
            let path = only_field(part);
            let place = path.and_then(|path| places.get(path).copied());
            match place.and_then(|at| groups.get_mut(at)) {
                Some((_, parts)) => parts.push(part),
                None => {
                    if let Some(path) = path {
                        places.insert(path, groups.len());
                    }
                    groups.push((path, vec![part]));
                }
            }
        }
        let nodes = groups.into_iter().map(|(path, parts)| match path {
            Some(path) => self.leaf(path, parts, any, required),
            None => match parts.as_slice() {
                [part] => self.compile(part, required),
                _ => Node::Unknown,
            },
        });
        let nodes: Vec<Node<'a>> = nodes.collect();
        if any {
            Node::Any(nodes)
        } else {
            Node::All(nodes)
        }
    }

    fn leaf(
        &mut self,
        path: &'a Path,
        parts: Vec<&'a Expr>,
        any: bool,
        required: bool,
    ) -> Node<'a> {
        let new = self.all.len();
        let field = *self.by_path.entry(path).or_insert(new);
        if field == new {
            self.all.push(Field {
                path,
                tests: Vec::new(),
                exact: BTreeSet::new(),
                others: Vec::new(),
                leaves: Vec::new(),
                required,
                in_pattern: false,
                fixed: false,
                choices: 0,
            });
        }
        let mut table = 0;
        if let Some(field) = self.all.get_mut(field) {
            field.in_pattern |= !required;
            table = field.leaves.len();
            field.leaves.push(required);
            let mut tests = Vec::new();
            parts.iter().for_each(|it| it.tests(&mut tests));
            for test in tests {
                let exact = test.is.exactly();
                let new = match exact {
                    Some(text) => field.exact.insert(text),
                    None => !field.others.contains(&&test.is),
                };
                if new && exact.is_none() {
                    field.others.push(&test.is);
                }
                if new {
                    field.choices += usize::from(required && exact.is_some());
                    field.tests.push(&test.is);
                }
            }
        }
        let mut named = HashSet::new();
        let each = (any || parts.len() == 1) && parts.iter().all(|it| names(it, &mut named));
        Node::Leaf(Leaf {
            field,
            table,
            parts,
            any,
            named: each.then_some(named),
        })
    }
}

/// The field that all tests of an expression are about, if there is one.
fn only_field(expr: &Expr) -> Option<&Path> {
    match expr {
        Expr::Test(test) => Some(&test.path),
        Expr::Unknown(_) => None,
        Expr::All(list) | Expr::Any(list) => {
            let mut paths = list.iter().map(only_field);
            let first = paths.next()??;
            paths.all(|it| it == Some(first)).then_some(first)
        }
    }
}

/// Adds the texts of an expression that names each of them; `false` if it does more.
fn names<'a>(expr: &'a Expr, named: &mut HashSet<&'a str>) -> bool {
    match expr {
        Expr::Any(list) => list.iter().all(|it| names(it, named)),
        Expr::Test(test) => test.is.exactly().map(|it| named.insert(it)).is_some(),
        Expr::All(_) | Expr::Unknown(_) => false,
    }
}

impl Leaf<'_> {
    /// Whether a value of the field meets it.
    pub(super) fn eval(&self, value: &Value) -> Tri {
        if let (Some(named), Value::Text(text)) = (&self.named, value) {
            return Tri::from(named.contains(text.as_str()));
        }
        let values = self.parts.iter().map(|it| of_value(it, value));
        fold(values, if self.any { Tri::Yes } else { Tri::No })
    }

    /// Whether one of its tests has no answer for a value.
    pub(super) fn unsure(&self, value: &Value) -> bool {
        let mut tests = Vec::new();
        self.parts.iter().for_each(|it| it.tests(&mut tests));
        tests.iter().any(|it| it.is.eval(value) == Tri::Undecided)
    }
}

fn of_value(expr: &Expr, value: &Value) -> Tri {
    match expr {
        Expr::All(list) => fold(list.iter().map(|it| of_value(it, value)), Tri::No),
        Expr::Any(list) => fold(list.iter().map(|it| of_value(it, value)), Tri::Yes),
        Expr::Test(test) => test.is.eval(value),
        Expr::Unknown(_) => Tri::Undecided,
    }
}
