//! Who is behind an event: from one record back to the one that issued its session, and so on.
//!
//! [`Chase`] is fed by whoever reads logs. It says what it needs next ([`Chase::wants`]): records of some names, in one
//! account, around one instant. It is given what was found and how far those hours can be relied on ([`Chase::give`]),
//! and ends as a [`Who`]. `creationDate` of a session is the second of the call that issued it, so that a hop needs few
//! logs and no index.
//!
//! A record that is altered or in no digest is shown and proves nothing: the chain does not go on behind it.
//! Names of sessions are chosen by their callers and never identify anybody.

mod agree;
mod caller;
mod chase;
mod expiry;
pub(super) mod issue;
mod need;
mod start;
mod told;

pub use chase::Chase;
pub use need::{Cover, Found, Need, Place};
pub use start::Start;
pub use told::{
    Candidate, Contradiction, Disagreement, EventRef, Hop, Offer, Rule, SessionTold, State, Who,
    Whom, Written,
};

#[cfg(test)]
mod tests;

/// So many hops are followed.
pub const MAX_HOPS: usize = 16;
/// Between the instant of a session and the call that issued it, in seconds.
pub(crate) const SLACK: i64 = 2;
