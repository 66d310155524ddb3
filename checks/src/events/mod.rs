//! The records of CloudTrail's logs: cut out of the bytes, looked into, asked.
//!
//! - [`scan()`] cuts an inflated log that CloudTrail delivered and gives each [`Record`]; [`read()`] reads every other
//!   shape in which records come.
//! - A [`Record`] is a list of slices of the log. Its methods lift what is asked for; [`Raw`] goes further down, and
//!   [`Raw::open`] makes a tree ([`Value`]). `record.raw()` is the record verbatim: [`Record::read`] reads it again.
//! - [`filter::parse`] reads an expression; [`filter::Expression::may_match`] tells from the bytes of a log whether a
//!   record in it can match, [`filter::Expression::matches`] whether a record does.
//! - [`mask()`] renders a record without its secrets.
//!
//! Everything in a record may be an attacker's text. Nothing here panics on it, and work is linear in its length.

mod actor;
mod bursts;
mod bytes;
mod causes;
mod field;
pub mod filter;
mod follow;
mod guess;
mod identity;
mod input;
pub mod key;
mod layout;
mod mask;
mod noise;
pub mod number;
mod outcome;
pub mod population;
mod problem;
mod proof;
pub mod questions;
mod raw;
mod record;
mod resources;
mod rests_on;
mod scan;
mod selected;
mod table;
mod tally;
mod text;
pub mod time;
pub mod timeline;
mod value;
pub mod who;

pub use actor::{Actor, ActorKind, Session, is_service_address};
pub use bursts::{Bursts, LEAST};
pub use bytes::MAX_DEPTH;
pub use causes::{Hole, Suspect, causes, narrowings};
pub use field::Field;
pub use follow::{ISSUES, Issued, of_session};
pub use identity::{Identity, is_key};
pub use input::{Input, Read, read};
pub use mask::{MASK, mask};
pub use noise::Noise;
pub use outcome::{Category, RecordKind, is_denial};
pub use problem::{FormatKind, FormatProblem};
pub use proof::{Proof, Reason};
pub use raw::{Elements, Kind, Members, Raw};
pub use record::{Marks, Record};
pub use rests_on::{
    AHEAD, Hours, LATE, Logs, Lost, ObjectNote, Open, Records, RestsOn, TextProblem, hours,
};
pub use scan::{Scanned, scan};
pub use selected::{LeftOut, left_out, selectors_of};
pub use tally::{Tally, tally};
pub use text::{Text, write_string};
pub use value::{Unread, Value};
