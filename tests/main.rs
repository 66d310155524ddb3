//! The program, through its binary, offline.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod access;
mod ask;
mod baseline;
mod begin;
mod binary;
mod contradictions;
mod demo;
mod errors;
mod events;
mod evidence;
mod exit_codes;
mod filters;
mod hostile;
mod inventories;
mod lists;
mod merging;
mod nightly;
mod old_audits;
mod outputs;
mod readme;
mod rooms;
mod settings;
mod shards;
mod small;
mod streams;
#[path = "../checks/tests/digest/tree/mod.rs"]
mod tree;
mod verify;
mod windows;
mod words;
