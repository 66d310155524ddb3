//! What the records themselves say, and how much of it is verified.

pub mod demo;
