//! The IAM policy language: parse a document, match it against a request, decide.
//!
//! Imports nothing but `text` from its siblings, so that it can become a crate by moving a folder.
//!
//! [`Document::parse`] reads a document or refuses it: what cannot be read is unknown, never nothing. [`posture`]
//! answers questions about one document by itself. [`decide()`] puts all layers together for one caller, action and
//! resource (or a whole set of them); [`effect_of`] then tells the calls that are allowed and still do nothing.
//!
//! Where AWS's documentation is open, the reading is taken that hides no problem. The cases in `tests/policy` carry the
//! tag `open` there:
//!
//! - A wildcard in the word of an ARN that names the resource's type (`tr?il/x`) matches for an Allow, not for a Deny.
//! - `ForAnyValue:…IfExists` without the key holds for an Allow, not for a Deny.
//! - `NotPrincipal` with Deny spares a listed user or role as such also if its account is not listed; a session of a
//!   listed role only where the session or the account is listed as well.
//! - `*` in an Allow of a resource policy does not reach past a session policy (this one as measured).
//! - An operator that IAM does not have, or a value that is not of its type, never holds; [`Decision::malformed`] tells.

mod acl;
mod assignments;
mod atoms;
mod cidr;
mod classes;
mod compile;
mod condition;
mod context;
mod decide;
mod document;
mod effect;
mod formula;
mod index;
mod instant;
mod json;
mod known;
mod layers;
mod matcher;
mod operator;
mod parse;
mod parts;
pub mod posture;
mod principal;
mod rcp;
mod request;
mod residual;
mod strength;
mod template;
mod within;
mod words;

pub use crate::text::{Glob, Tri};
pub use atoms::AtomTest;
pub use cidr::Cidr;
pub use condition::Condition;
pub use context::{Context, Key, Value};
pub use decide::{Decision, Outcome, Verdict, decide, verdict_of};
pub use document::{
    ActionPattern, Actions, Document, Effect, ResourcePattern, Resources, Statement, Version,
};
pub use effect::{Circumstances, Effectiveness, Retention, effect_of};
pub use index::{ActionSet, ActionTable};
pub use operator::{Operator, Order, Quantifier, Test};
pub use parse::ParseError;
pub use parts::{Members, parts};
pub use principal::{Caller, CallerKind, Grant, Principal, PrincipalSet};
pub use rcp::limits as limited_by_rcps;
pub use request::{
    AclGrant, AclGrantee, AclPermission, KeyGrant, Layer, Layers, Level, Policy, Request,
    StatementRef, Target, Unread,
};
pub use residual::{Literal, Residual};
pub use strength::Strength;
