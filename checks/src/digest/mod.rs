//! CloudTrail's digests: what the logs' own signatures prove.
//!
//! Every hour CloudTrail signs a digest for each trail, account and region. It lists the logs delivered in that hour
//! with their hashes, and names the digest before it with its hash and signature. So:
//!
//! 1. [`Plan`] sorts the keys of a listing into chains.
//! 2. [`open`] judges one digest by itself: format, place, public key, signature.
//! 3. [`Walk`] joins the digests of one chain, oldest first, and hands out the logs of those that are proved.
//! 4. [`LogReader`] judges the bytes of one log; [`Walk::log`] takes the outcome.
//! 5. [`reconcile`] tells which of the log objects found no digest lists.
//! 6. [`Walk::finish`] gives the [`Chain`], hour by hour, and its [`Problem`]s.
//! 7. [`settle`] compares the chains with each other: which of them go on in another place or under another trail.
//!
//! Nothing here reads a clock, a file or the network. Imports nothing from the rest of the crate.

mod backfill;
mod caused;
mod chain;
mod document;
mod ends;
mod fill;
mod flaw;
mod gzip;
mod holes;
mod hours;
mod key;
mod log;
mod logs;
mod open;
mod plan;
mod problem;
mod public_key;
mod reconcile;
mod sha256;
mod timeline;
mod walk;

pub use crate::severity::Severity;
pub use caused::{Caused, Certainty, Event};
pub use chain::{
    Anchor, Cause, Chain, DigestCounts, Hour, HourVerdict, INTERVAL, Joined, LogCounts, Logging,
};
pub use document::{LogEntry, Previous};
pub use ends::{Arrival, Ends, Part, settle, side_by_side};
pub use flaw::Flaw;
pub use gzip::{Cap, Members, members};
pub use key::{ChainId, DigestKey, LogKey, ObjectRef};
pub use log::{Kept, LogFlaw, LogOutcome, LogReader};
pub use logs::Settled;
pub use open::{Limits, Link, Signature, claimed_at, open};
pub use plan::Plan;
pub use problem::{Kind, Problem, Verdict, Window};
pub use public_key::{KeyFlaw, KeyRing, PublicKey};
pub use reconcile::{Abroad, reconcile};
pub use sha256::Sha256;
pub use walk::{Step, Walk, join};
