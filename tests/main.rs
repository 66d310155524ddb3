//! The program, through its binary, offline.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ask;
mod baseline;
mod binary;
mod demo;
mod exit_codes;
mod hostile;
mod inventories;
mod lists;
mod outputs;
mod settings;
mod small;
