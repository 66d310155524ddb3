//! The IAM policy language: parse a document, match it against a request, decide.
//!
//! Imports nothing from its siblings, so that it can become a crate by moving a folder.

mod acl;
mod atoms;
mod automaton;
mod build;
mod cidr;
mod classes;
mod combine;
mod condition;
mod context;
mod decide;
mod document;
mod effect;
mod formula;
mod glob;
mod index;
mod instant;
mod json;
mod matcher;
mod operator;
mod parse;
pub mod posture;
mod principal;
mod rcp;
mod request;
mod residual;
mod template;
mod worlds;

pub use atoms::AtomTest;
pub use cidr::Cidr;
pub use condition::Condition;
pub use context::{Context, Key, Tri, Value};
pub use decide::{Decision, Outcome, Verdict, decide};
pub use document::{
    ActionPattern, Actions, Document, Effect, ResourcePattern, Resources, Statement, Version,
};
pub use effect::{Circumstances, Effectiveness, Retention, effect_of};
pub use glob::Glob;
pub use index::{ActionSet, ActionTable};
pub use operator::{Operator, Order, Quantifier, Test};
pub use parse::ParseError;
pub use principal::{Caller, CallerKind, Grant, Principal, PrincipalSet};
pub use request::{
    AclGrant, AclGrantee, AclPermission, KeyGrant, Layer, Layers, Level, Policy, Request,
    StatementRef, Target,
};
pub use residual::{Literal, Residual, Strength};
