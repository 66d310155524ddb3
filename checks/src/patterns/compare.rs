//! Whether a pattern matches every event of a required set.
//!
//! Tests on one field that stand together become one table: which values meet them. Values that no table tells apart
//! are one class, and one value stands for it. Where an event can be missed with one value whenever it can be with
//! another, the other is not tried: a pattern is never made to match by a test that fails. What is left of both
//! sides is searched, field by field; a branch ends as soon as the event is not required or is matched.

use std::fmt;

use super::expr::{Expr, Path, Value};
use super::search;
use crate::text::{Tri, Work};

/// What one comparison may cost. The published filter sets need less than a hundredth.
const COMPARISON: u64 = 1_000_000;

/// The name of the event, by itself and as EventBridge hands it on.
const NAME: &str = "eventName";
const NESTED_NAME: &str = "detail.eventName";

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Every required event is matched.
    Covers,
    /// This one is not.
    Misses(Witness),
    /// It depends on what is not known or not documented.
    CannotTell(String),
    /// It would take too much work.
    TooComplex(String),
}

/// An event that is required and not matched.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// Its fields, as far as either pattern tests them.
    pub fields: Vec<(Path, Value)>,
    /// Which of them set it apart: those that the pattern tests, and those that the required events have a choice of.
    pub(super) telling: Vec<bool>,
}

impl Witness {
    /// Whether a condition may hold for the event.
    #[must_use]
    pub fn may_match(&self, expr: &Expr) -> bool {
        let value = |path: &Path| {
            let found = self.fields.iter().find(|(own, _)| own == path);
            found.map(|(_, value)| value)
        };
        expr.eval(&value) != Tri::No
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.fields.iter().zip(&self.telling);
        let told = told.filter_map(|(field, tells)| tells.then_some(field));
        let mut told: Vec<&(Path, Value)> = told.collect();
        if told.is_empty() {
            return f.write_str("any of them");
        }
        // What happened comes first.
        told.sort_by_key(|(path, _)| !matches!(path.to_string().as_str(), NAME | NESTED_NAME));
        for (at, (path, value)) in told.into_iter().enumerate() {
            let path = path.to_string();
            // What CloudTrail recorded lies in EventBridge's `detail`.
            let path = path.strip_prefix("detail.").unwrap_or(&path);
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{path} = {value}")?;
        }
        Ok(())
    }
}

/// Whether `pattern` matches every event that `required` does.
#[must_use]
pub fn covers(required: &Expr, pattern: &Expr) -> Comparison {
    covers_within(required, pattern, &mut Work::new(COMPARISON))
}

/// The same, within a budget.
#[must_use]
pub fn covers_within(required: &Expr, pattern: &Expr, work: &mut Work) -> Comparison {
    search::run(required, pattern, work)
}
