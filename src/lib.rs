//! The same parts as the binary, for embedding.

pub mod cli;
pub mod collect;
pub mod config;
pub mod demo;
pub mod exit;
mod explain;
pub mod files;
pub mod formats;
pub mod judge;
mod list;
mod nearest;
pub mod output;
mod permissions;
pub mod run;
mod saved;
pub mod selection;
pub mod snapshot;
pub mod tell;
