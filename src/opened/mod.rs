//! The logs that were named on the command line, a bucket or a mirror of one: opened and verified, for every command that
//! reads them.

mod asked;
mod open;

pub use asked::{Asked, Asker, each, inventory, run, save};
pub use open::{Opened, again, mirror, open};
