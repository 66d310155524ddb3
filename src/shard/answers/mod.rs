//! What a bucket answered about some days of one account: noted by the shard that asked, and answered again to the merge.
//!
//! So an account that was read in windows is judged as a whole, by the same code that judges one that was read at once:
//! the merge opens the digests again and joins them, over the seams as anywhere. Only logs are not read again: what
//! reading them came to is noted.

mod again;
mod line;
mod noting;
mod parts;

pub use again::Again;
pub use noting::Noting;
pub use parts::{Missing, joined};
