//! Filter patterns of CloudWatch Logs and event patterns of EventBridge: parse them, compare what they match.
//!
//! Both languages become one [`Expr`]: tests on the fields of an event, joined by and and or. [`covers`] tells
//! whether a pattern matches every event of a required set; else it gives an event that is missed.
//!
//! Imports nothing but `text` from its siblings, so that it can become a crate by moving a folder.

mod compare;
mod disjoint;
mod domain;
mod event;
mod expr;
mod fields;
mod filter;
mod language;
mod regex;
mod search;
mod values;

pub use crate::text::Tri;
pub use compare::{Comparison, Witness, covers, covers_within};
pub use event::parse as parse_event_pattern;
pub use expr::{Expr, Is, Order, Path, Test, Value};
pub use filter::parse as parse_filter;
pub use language::Texts;

/// Why a pattern could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// More text than AWS accepts.
    #[error("{0} bytes are more than a pattern may have")]
    TooLarge(usize),
    /// Parentheses or objects within each other.
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// More tests than can be compared.
    #[error("it has more than {MAX_TESTS} tests")]
    TooMany,
    /// An expression that would need too many states.
    #[error("a regular expression in it takes too much work to evaluate")]
    TooComplex,
    /// A filter that is not for JSON: words, or columns.
    #[error(
        "it searches for words or columns; only filters on JSON fields, such as {{ $.eventName = StopLogging }}, are evaluated"
    )]
    NotJson,
    /// A value of several words that stand between no quotes.
    #[error("it has unquoted words at byte {at}: a value of several words is set between quotes")]
    Unquoted {
        /// Where the second word begins.
        at: usize,
    },
    /// Anything else.
    #[error("at byte {at}: {expected} expected")]
    Syntax {
        /// Where.
        at: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// An event pattern that is no JSON.
    #[error("{0}")]
    Json(String),
    /// A part of an event pattern that EventBridge does not know.
    #[error("{0}: no event pattern")]
    Event(String),
}

/// CloudWatch Logs takes 1,024 characters, EventBridge 4,096; each with room for what may come.
const MAX_BYTES: usize = 16_384;
const MAX_DEPTH: usize = 32;
const MAX_TESTS: usize = 1_024;
