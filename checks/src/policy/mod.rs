//! The IAM policy language: parse a document, match it against a request, decide.
//!
//! Imports nothing from its siblings, so that it can become a crate by moving a folder.

mod automaton;
mod condition;
mod context;
mod document;
mod glob;
mod instant;
mod json;
pub mod posture;
mod principal;
mod template;

pub use condition::{Cidr, Condition, Operator, Order, Quantifier, Test};
pub use context::{Context, Key, Tri, Value};
pub use document::{
    ActionPattern, Actions, Document, Effect, ParseError, ResourcePattern, Resources, Statement,
    Version,
};
pub use glob::Glob;
pub use principal::{Caller, CallerKind, Grant, Principal, PrincipalSet};
