//! The same parts as the binary, for embedding.

pub mod access;
pub mod answers;
pub mod cli;
pub mod collect;
pub mod config;
pub mod demo;
mod endpoint;
pub mod events;
pub mod evidence;
pub mod exit;
pub mod explain;
pub mod files;
#[cfg(test)]
mod fuzz;
pub mod keys;
mod leftovers;
pub mod list;
pub mod nearest;
pub mod output;
mod parsed;
pub mod permissions;
mod plan;
pub mod run;
pub mod saved;
pub mod snapshot;
pub mod tell;
mod unpack;
pub mod verify;
