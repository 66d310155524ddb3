//! The same parts as the binary, for embedding.

pub mod access;
pub mod answers;
pub mod cli;
pub mod collect;
pub mod config;
pub mod demo;
pub mod evidence;
pub mod exit;
pub mod explain;
pub mod files;
pub mod keys;
pub mod list;
pub mod nearest;
pub mod output;
mod parsed;
pub mod permissions;
pub mod run;
pub mod saved;
pub mod snapshot;
pub mod tell;
pub mod verify;
