//! Conditions that need not be tried when patterns are compared.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::expr::{Expr, Is, Path, Test, Value};

/// A condition on one field that nothing else tests, and that can be met.
pub(super) struct Apart<'a> {
    pub(super) path: &'a Path,
    pub(super) example: Value,
    pub(super) choices: usize,
    /// There is one value that meets it.
    pub(super) single: bool,
}

/// Of what is required, conditions that can be met whatever the rest of the event is like: they make no difference
/// to what is matched, and need not be tried.
pub(super) fn set_apart<'a>(
    required: &'a Expr,
    pattern: &Expr,
    kept: &mut Vec<&'a Expr>,
    apart: &mut Vec<Apart<'a>>,
) {
    let mut conditions = Vec::new();
    conjuncts(required, &mut conditions);
    let mut used: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut tests = Vec::new();
    pattern.tests(&mut tests);
    tests
        .iter()
        .for_each(|it| *used.entry(&it.path).or_default() += 1);
    let own: Vec<_> = conditions.iter().map(|it| alone(it)).collect();
    for (condition, own) in conditions.iter().zip(&own) {
        let mut tests = Vec::new();
        condition.tests(&mut tests);
        match own {
            Some(own) => *used.entry(own.path).or_default() += 1,
            None => tests
                .iter()
                .for_each(|it| *used.entry(&it.path).or_default() += 1),
        }
    }
    let related = |path: &Path| {
        // Right behind a path come those that it holds.
        let behind = (Bound::Excluded(path), Bound::Unbounded);
        let mut behind = used.range::<Path, _>(behind);
        let below = behind.next().is_some_and(|(it, _)| path.holds(it));
        used.get(path) != Some(&1) || below || path.holders().any(|it| used.contains_key(&it))
    };
    for (condition, own) in conditions.into_iter().zip(own) {
        match own {
            Some(own) if !related(own.path) => apart.push(own),
            Some(_) | None => kept.push(condition),
        }
    }
}

fn conjuncts<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::All(list) => list.iter().for_each(|it| conjuncts(it, found)),
        Expr::Any(_) | Expr::Test(_) | Expr::Unknown(_) => found.push(expr),
    }
}

/// The one field of a condition that some value surely meets.
pub(super) fn alone(expr: &Expr) -> Option<Apart<'_>> {
    let mut tests = Vec::new();
    match expr {
        Expr::Test(test) => tests.push(test),
        Expr::Any(list) => {
            for expr in list {
                match expr {
                    Expr::Test(test) => tests.push(test),
                    Expr::All(_) | Expr::Any(_) | Expr::Unknown(_) => return None,
                }
            }
        }
        Expr::All(_) | Expr::Unknown(_) => return None,
    }
    let path = &tests.first()?.path;
    let same = tests.iter().all(|it| it.path == *path);
    let example = tests.iter().find_map(|it| example(&it.is))?;
    let choices = tests.len();
    let open = |it: &&Test| matches!(&it.is, Is::Like(texts) if texts.exactly().is_none());
    let single = choices == 1 && !tests.iter().any(open);
    same.then_some(Apart {
        single,
        path,
        example,
        choices,
    })
}

/// A value that is so, where it is plain to see.
fn example(is: &Is) -> Option<Value> {
    match is {
        Is::Like(texts) => texts.example().map(Value::Text),
        Is::Bool(value) => Some(Value::Bool(*value)),
        Is::Null => Some(Value::Null),
        Is::Absent => Some(Value::Absent),
        Is::Unlike(_) | Is::AnythingBut(_) | Is::Number(..) | Is::Present | Is::Address(..) => None,
    }
}
