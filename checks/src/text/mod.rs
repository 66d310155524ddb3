//! Texts and patterns of texts: one glob, one automaton, one three-valued truth, one budget of work.
//!
//! The ground below `policy`, `patterns` and `waiver`. Imports nothing from its siblings.

pub mod automaton;
mod glob;
mod globs;
pub mod nearest;
mod truth;
mod work;
pub mod written;

pub use glob::{Glob, Token, glob, lower};
pub use globs::{COMPARISON, union_covers, witnesses};
pub use truth::{Tri, fold};
pub use work::{TooComplex, Work};
