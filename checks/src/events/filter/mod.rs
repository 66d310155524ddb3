//! The language of questions: `name = StopLogging and not (ip in (cidr 10.0.0.0/8) or failed)`.

use std::fmt;

use super::proof::Proof;
use super::record::Record;

/// What an expression is asked about: a record, and what is known of it from outside.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'r, 'a> {
    /// The record.
    pub record: &'r Record<'a>,
    /// Its proof.
    pub proof: Proof,
}

/// An expression, compiled. It can be asked from several threads.
#[derive(Debug)]
pub struct Expression {
    text: String,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The character at which it was found, from 0.
    pub at: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (character {})", self.message, self.at + 1)
    }
}

impl std::error::Error for FilterError {}

/// Reads an expression. An empty one matches every record.
///
/// # Errors
///
/// If it is none, with the place.
pub fn parse(text: &str) -> Result<Expression, FilterError> {
    Ok(Expression {
        text: text.to_owned(),
    })
}

impl Expression {
    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a record of this log can match, by the bytes of the log alone. `false` is certain: scanning the log
    /// would find nothing, and nothing that [`Self::paths_never_seen`] tells would change.
    #[must_use]
    pub fn may_match(&self, _log: &[u8]) -> bool {
        true
    }

    /// Whether [`Self::may_match`] can ever say no.
    #[must_use]
    pub fn can_skip(&self) -> bool {
        false
    }

    /// Whether the record matches. Notes which of the paths below free fields it has.
    #[must_use]
    pub fn matches(&self, _subject: &Subject<'_, '_>) -> bool {
        true
    }

    /// The paths below free fields that no record had that was asked: probably misspelled.
    #[must_use]
    pub fn paths_never_seen(&self) -> Vec<String> {
        Vec::new()
    }
}
