//! Key events: which records an incident response asks for first, and what they come to.
//!
//! A table ([`Key`]) says what is looked for. A [`Detector`] takes records in any order, on any thread, and gives a
//! row for each that may matter; sorted, the rows go to a [`Gather`], which counts, finds the first of a kind and
//! what comes in bursts. Rows can be written to a file in between, so that memory is bounded.

mod burst;
mod chance;
mod detector;
mod distinct;
mod gather;
mod grade;
mod logged;
mod look;
mod order;
mod packed;
mod row;
mod subject;

pub use chance::{Chance, lone};
pub use detector::{At, Detector, Stores};
pub use gather::{Gather, NoRow};
pub use logged::Kind;
pub use row::Local;

/// The check on logs that are not what their digest lists.
pub const ALTERED: &str = "event-log-altered";
/// The check on logs that no digest lists.
pub const PLANTED: &str = "event-log-planted";

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The check's id.
    pub id: &'static str,
    /// `eventSource`; empty for any.
    pub sources: &'static [&'static str],
    /// `eventName` without the version that some services add; empty for any.
    pub names: &'static [&'static str],
    /// It is about failures: they are not told as attempts.
    pub failures: bool,
    /// Which of these records.
    pub when: When,
    /// What was changed.
    pub subject: Of,
    /// What makes it worse or better than usual.
    pub grade: Grade,
}

impl Key {
    /// Of the logs themselves.
    #[must_use]
    pub const fn of_logs(id: &'static str) -> Self {
        Self {
            id,
            sources: &[],
            names: &[],
            failures: true,
            when: When::Log,
            subject: Of::Actor,
            grade: Grade::Same,
        }
    }
}

/// Which records of these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Each for which an expression holds; the empty one always does.
    Each(&'static str),
    /// The same, if it is about a bucket that keeps logs.
    LogBucket(&'static str),
    /// If it is about a key that encrypts logs; any key where these are not known.
    LogKey,
    /// If the caller is of another account.
    CrossAccount,
    /// The first of its kind.
    First(First),
    /// So many different ones within [`WITHIN`].
    Distinct {
        /// How many.
        least: usize,
        /// Of what.
        of: Distinct,
    },
    /// Calls with the credentials of an instance from an address that is not the first of its session.
    OffInstance,
    /// None: it is about logs, whatever their records.
    Log,
}

/// The time of a burst.
pub const WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// The first of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The first call that an actor was denied.
    DeniedOfActor,
    /// The first write in a region of an account.
    WriteInRegion,
}

/// What is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distinct {
    /// Names of denied calls, by actor.
    DeniedNames,
    /// Calls and buckets of reads of bucket settings, by actor.
    BucketReads,
    /// Objects that were deleted, or copied with another key, by actor and bucket.
    ObjectsLost,
    /// Secrets and parameters, by actor.
    Secrets,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Who did it.
    Actor,
    /// The account.
    Account,
    /// The region.
    Region,
    /// The first of these parameters that is there, and its ARN: `{p}` is the partition, `{r}` the region, `{a}` the
    /// account, `{v}` the value. Else who did it.
    Named(&'static [(&'static str, &'static str)]),
}

/// What makes an event worse or better than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Nothing.
    Same,
    /// Event selectors: better where all management events stay.
    Selectors,
    /// A trust policy: better where it trusts services alone.
    Trust,
    /// A policy: worse where it allows everything, better where it names a few actions of other services than IAM.
    Permissions,
    /// MFA: better where a device was added.
    Mfa,
    /// Better where a user changed the own password.
    Password,
    /// A bucket policy: worse where it is for everyone or for another account, better where for neither. Better where
    /// nobody gets access: CORS, web sites, a private ACL.
    BucketPolicy,
    /// Worse where it is open to the internet, better where something was closed.
    SecurityGroup,
    /// Worse where it is shared with everyone.
    Shared,
    /// Worse where everyone may call it.
    Function,
    /// Findings: better where they are closed one by one, as in daily work, and not suppressed.
    Triage,
    /// Better where logs are kept for two weeks or more.
    Retention,
    /// Better where AWS Backup deletes a snapshot, as it does at the end of its retention.
    Backup,
}
