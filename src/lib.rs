//! The same parts as the binary, for embedding.

pub mod access;
pub mod audit_file;
pub mod cli;
pub mod collect;
pub mod commands;
pub mod config;
pub mod demo;
mod endpoint;
pub mod events;
pub mod evidence;
pub mod exit;
mod explained;
pub mod files;
#[cfg(test)]
mod fuzz;
mod hashing;
mod invocation;
mod judged;
mod leftovers;
mod live;
pub mod nightly;
mod notices;
pub mod objects;
mod opened;
pub mod output;
pub mod permissions;
mod plan;
pub mod program;
pub mod recordings;
pub mod shard;
pub mod snapshot;
pub mod store;
pub mod suggest;
pub mod terminal;
mod unpack;
pub mod verify;
