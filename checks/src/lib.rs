//! What is judged, and by which rules. Pure: no clock, no files, no network.
//!
//! Data flows one way: an [`inventory::Inventory`] holds what was seen, each value a [`fact::Fact`];
//! [`evaluate`] runs every check of the [`catalog`] over it; the findings become an [`audit::Audit`].

#[cfg_attr(not(test), warn(clippy::too_many_lines))]
pub mod access;
pub mod aliases;
pub mod audit;
pub mod bound;
pub mod calls;
pub mod catalog;
pub mod check;
pub mod context;
#[cfg_attr(not(test), warn(clippy::too_many_lines))]
pub mod control_policies;
pub mod coverage;
pub mod digest;
#[cfg_attr(not(test), warn(clippy::too_many_lines))]
pub mod evaluate;
pub mod events;
pub mod fact;
pub mod finding;
pub mod framework;
pub mod hex;
pub mod ids;
pub mod inventory;
pub mod patterns;
#[cfg_attr(not(test), warn(clippy::too_many_lines))]
pub mod policy;
pub mod prelude;
pub mod selection;
pub mod selectors;
pub mod settings;
pub mod severity;
mod shared;
pub mod tampering;
pub mod terraform;
pub mod text;
pub mod waiver;

#[cfg(test)]
mod catalogue_tests;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
