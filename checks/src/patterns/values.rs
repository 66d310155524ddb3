//! Values that stand for all values of a field, as far as a set of tests can tell them apart.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::expr::{Is, Value};
use super::language::{self, Texts};
use crate::text::{TooComplex, Tri, Work};

/// What a field is tried with.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) values: Vec<Value>,
    /// Whether no other value would be treated in another way.
    pub(super) complete: Completeness,
}

/// Whether values stand for all others.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completeness {
    #[default]
    All,
    /// Patterns and networks meet on the field.
    Mixed,
    /// Finding them would take too much work.
    TooComplex,
}

/// A value that meets none of these tests, where that is plain to see. It leaves the event open to be missed as no
/// other value does, so that no other need be tried.
pub(super) fn outside(tests: &[&Is]) -> Option<Value> {
    let mut exact = BTreeSet::new();
    let mut patterns = false;
    for test in tests {
        let Is::Like(texts) = test else {
            return None;
        };
        match texts.exactly() {
            Some(text) => drop(exact.insert(text)),
            None => patterns = true,
        }
    }
    let text = if patterns {
        String::new()
    } else {
        language::fresh(&exact)
    };
    let value = Value::Text(text);
    let none = |it: &&Is| it.eval(&value) == Tri::No;
    tests.iter().all(none).then_some(value)
}

pub(super) fn candidates(tests: &[&Is], work: &mut Work) -> Candidates {
    let mut found = Found::default();
    tests.iter().for_each(|is| found.look(is));
    let samples = language::samples(&found.texts, work);
    // An address is a text too: where patterns and networks meet on one field, not every meeting is tried.
    let patterns = found.texts.iter().any(|it| it.exactly().is_none());
    let complete = match &samples {
        Err(TooComplex) => Completeness::TooComplex,
        Ok(_) if patterns && !found.addresses.is_empty() => Completeness::Mixed,
        Ok(_) => Completeness::All,
    };
    let mut values: Vec<Value> = Vec::new();
    let exact = found.texts.iter().filter_map(|it| it.exactly());
    let texts = samples.unwrap_or_else(|_| exact.map(str::to_owned).collect());
    values.extend(texts.into_iter().map(Value::Text));
    let addresses = found.addresses.iter();
    values.extend(addresses.map(|it| Value::Text(it.to_string())));
    values.push(Value::Absent);
    let numbers = found.numbers.iter();
    values.extend(numbers.map(|it| Value::Text(it.to_string())));
    values.extend(around(found.numbers).into_iter().map(Value::Number));
    values.extend([
        Value::Bool(true),
        Value::Bool(false),
        Value::Null,
        Value::Nested,
    ]);
    Candidates { values, complete }
}

#[derive(Default)]
struct Found<'a> {
    texts: Vec<&'a Texts>,
    numbers: Vec<f64>,
    addresses: Vec<IpAddr>,
}

impl<'a> Found<'a> {
    fn look(&mut self, is: &'a Is) {
        match is {
            Is::Like(texts) | Is::Unlike(texts) if texts.is_every() => {}
            Is::Like(texts) | Is::Unlike(texts) => self.texts.push(texts),
            Is::AnythingBut(list) => list.iter().for_each(|it| self.look(it)),
            Is::Number(_, number) => self.numbers.push(*number),
            Is::Address(first, last) => {
                let edges = [
                    Some(*first),
                    Some(*last),
                    next(*first, false),
                    next(*last, true),
                ];
                self.addresses.extend(edges.into_iter().flatten());
            }
            Is::Null | Is::Bool(_) | Is::Present | Is::Absent => {}
        }
    }
}

/// Each number, one between each two, and one beyond each end.
fn around(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let Some((first, last)) = numbers.first().copied().zip(numbers.last().copied()) else {
        return vec![0.0];
    };
    let between = numbers.iter().zip(numbers.iter().skip(1));
    let between = between.map(|(a, b)| f64::midpoint(*a, *b));
    let mut all = vec![first - 1.0, last + 1.0];
    all.extend(between);
    all.extend(&numbers);
    all
}

fn next(address: IpAddr, up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(it) => {
            let bits = u32::from(it);
            let bits = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            bits.map(|it| IpAddr::V4(it.into()))
        }
        IpAddr::V6(it) => {
            let bits = u128::from(it);
            let bits = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            bits.map(|it| IpAddr::V6(it.into()))
        }
    }
}
