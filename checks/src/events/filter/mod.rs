//! The language of questions: `name = StopLogging and not (ip in (cidr 10.0.0.0/8) or failed)`.
//!
//! - `and`, `or`, `not`, `( )`. `and` binds more than `or`.
//! - `=`, `!=` without case; `*` is any run of characters, `?` one. A number equals the same number however it is
//!   spelled, a time the same instant. `!=` is `not ( = )`: it holds where there is no value.
//! - `==` exactly. `<`, `<=`, `>`, `>=` numbers and times. `~ /re/` searches for a regular expression, `/re/i` in any
//!   case. `contains`, `startswith`, `endswith` without case and without wildcards.
//! - `in (a, b*, cidr 10.0.0.0/8)`, `exists`; `not` may stand before such a word: `ip not in (..)`.
//! - A word alone is looked for in every string of the record.
//! - Left of an operator: a short name ([`Short`]), or a path of CloudTrail's own names, in any case. Odd names stand in
//!   quotes: `additionalEventData."identitystore:UserId"`, and so do top-level names that CloudTrail does not document.
//!   A test of an array holds if it holds of an element, or of the array's compact JSON; `[0]` is one element. A test of
//!   an object looks at its compact JSON.

mod column;
mod event;
mod parse;
mod path;
mod pattern;
mod prefilter;
mod test;

use std::fmt;
use std::sync::OnceLock;

use parse::Node;
use path::Path;
use prefilter::Prefilter;

pub use column::Column;
pub(crate) use event::base_name;
pub use event::{Event, Item, Short, Subject};
pub use prefilter::Literals;

/// An expression, compiled. It can be asked from several threads.
#[derive(Debug)]
pub struct Expression {
    text: String,
    node: Node,
    paths: Vec<Path>,
    /// Made where somebody asks about a whole log: most expressions are asked about records alone.
    prefilter: OnceLock<Prefilter>,
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
    let parse::Parsed { node, paths } = parse::parse(text)?;
    Ok(Expression {
        text: text.to_owned(),
        node,
        paths,
        prefilter: OnceLock::new(),
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
    pub fn may_match(&self, log: &[u8]) -> bool {
        if self.prefilter().may_match(log) {
            return true;
        }
        // Paths that no record had yet: this log may have one.
        let mut open = self.paths.iter().filter(|it| !it.was_seen());
        open.any(|path| {
            path.last_name()
                .is_none_or(|it| prefilter::may_hold(log, it))
        })
    }

    /// Whether [`Self::may_match`] can ever say no.
    #[must_use]
    pub fn can_skip(&self) -> bool {
        self.prefilter().can_skip()
    }

    fn prefilter(&self) -> &Prefilter {
        let new = || Prefilter::new(&self.node, &self.paths);
        self.prefilter.get_or_init(new)
    }

    /// Whether the event matches. Notes which of the paths below free fields it has.
    #[must_use]
    pub fn matches(&self, event: &dyn Event) -> bool {
        for path in &self.paths {
            path.look(event);
        }
        self.holds(&self.node, event)
    }

    fn holds(&self, node: &Node, event: &dyn Event) -> bool {
        match node {
            Node::Always => true,
            Node::And(nodes) => nodes.iter().all(|it| self.holds(it, event)),
            Node::Or(nodes) => nodes.iter().any(|it| self.holds(it, event)),
            Node::Not(node) => !self.holds(node, event),
            Node::Short(short, test) => event.any_item(*short, &mut |item| test.holds(item)),
            Node::Path(place, test) => self
                .paths
                .get(*place)
                .is_some_and(|path| path.any(event, &mut |value| test.holds(Item::Json(value)))),
            Node::Word(pattern) => event.any_string(&mut |text| pattern.matches(text)),
        }
    }

    /// The paths below free fields that no record had of those that were asked: probably misspelled.
    #[must_use]
    pub fn paths_never_seen(&self) -> Vec<String> {
        let unseen = self.paths.iter().filter(|it| !it.was_seen());
        unseen.map(|it| it.text.clone()).collect()
    }
}
