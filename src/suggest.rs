//! The known word that an unknown one was probably meant to be.

pub use trailaudit_checks::text::nearest::{hint, nearest};
