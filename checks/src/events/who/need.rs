//! What is to be looked for next, and what was found.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::SLACK;
use super::issue::Issue;
use crate::events::{Field, Proof, Record, is_key};

/// Where a record was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Place {
    /// The bucket; empty for a file.
    pub bucket: String,
    /// The object's key, or the file's path.
    pub key: String,
    /// The record's place in it, from 0.
    pub index: u64,
}

/// A record that was found, verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its bytes, as [`Record::raw`] gives them.
    pub record: Vec<u8>,
    /// Where it stands.
    pub at: Place,
    /// What is known of its authenticity.
    pub proof: Proof,
}

impl Found {
    /// A record that was read here.
    #[must_use]
    pub fn of(record: &Record<'_>, at: Place, proof: Proof) -> Self {
        Self {
            record: record.raw().to_vec(),
            at,
            proof,
        }
    }
}

/// How far the account and the time of a need can be relied on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// The record holds nothing of the account at all.
    pub outside: bool,
    /// Every hour of the window, in all regions that were asked for, is verified, and every log whose signed range
    /// meets it was read. Nothing read is never complete.
    pub complete: bool,
    /// What is missing or not verified, in words: hours, logs, regions.
    pub open: Vec<String>,
    /// How many logs were read for it.
    pub logs: u64,
}

/// Records that are needed to go on. Read the logs whose signed range meets the window: first those of `regions`, in
/// this order, then those of the account's other regions, until [`Need::enough`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The account whose record it is; none for all of them.
    pub account: Option<String>,
    /// The regions to begin with.
    pub regions: Vec<String>,
    /// No other regions are needed.
    pub only_these: bool,
    /// The window, ends included.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The `eventName`s, without the dates that some have at their end.
    pub names: &'static [&'static str],
    /// The bytes of a log that matters hold one of these. Empty: nothing is known.
    pub literals: Vec<String>,
    /// A long window, where the instant is not known: it may cost many logs.
    pub wide: bool,
    /// The chain goes on without it as well; it adds to what is told.
    pub optional: bool,
    pub(super) what: What,
}

/// What a record must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// It issued a session.
    Issued(Wanted),
    /// It has this `sharedEventID`.
    Shared(String),
    /// It handed out a token of IAM Identity Center with this id.
    Token(String),
    /// It handed out credentials of a permission set: its name and the account.
    Access { role: String, account: String },
}

/// A session whose issue is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub key: Option<String>,
    /// `principalId` of the session; for a user the user's own.
    pub principal: Option<String>,
    /// The second in which it began.
    pub since: Option<Timestamp>,
    /// The account that a root session is of.
    pub root_of: Option<String>,
    /// Sign-ins count as well.
    pub sign_in: bool,
}

impl Need {
    /// What is looked for, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let names = self.names.join(", ");
        let account = self.account.as_deref().unwrap_or("every account");
        format!("{names} in {account} from {} to {}", self.from, self.to)
    }

    /// Whether a record is one of those that are looked for.
    #[must_use]
    pub fn fits(&self, record: &Record<'_>) -> bool {
        let in_time = record
            .time()
            .is_some_and(|time| (self.from..=self.to).contains(&time));
        in_time && self.is_named(record) && self.what.fits(record)
    }

    fn is_named(&self, record: &Record<'_>) -> bool {
        let name = record.name().unwrap_or_default();
        self.names.is_empty() || self.names.iter().any(|it| it.eq_ignore_ascii_case(&name))
    }

    /// Whether no further region need be read: one of the records that were found decides, whatever the others hold.
    #[must_use]
    pub fn enough(&self, found: &[Found]) -> bool {
        let mut proven = found.iter().filter(|it| !is_void(it.proof));
        proven.any(|hours| {
            Record::read(&hours.record).is_some_and(|record| match &self.what {
                What::Issued(wanted) => {
                    let issue = Issue::of(&record);
                    let key = issue.and_then(|it| it.key);
                    wanted.key.is_some() && key == wanted.key
                }
                What::Shared(_) | What::Token(_) | What::Access { .. } => true,
            })
        })
    }
}

/// Altered or planted: it is shown and proves nothing.
pub(super) fn is_void(proof: Proof) -> bool {
    match proof {
        Proof::Altered | Proof::Unlisted => true,
        Proof::Verified | Proof::Version | Proof::Unverified(_) => false,
    }
}

impl What {
    fn fits(&self, record: &Record<'_>) -> bool {
        let detail = |field, name: &str| record.text_at(field, &[name]).map(|it| it.to_string());
        match self {
            Self::Issued(wanted) => wanted.fits(record),
            Self::Shared(id) => record.shared_event_id().is_some_and(|it| *it == **id),
            Self::Token(id) => {
                let token = detail(Field::AdditionalEventData, "identitycenter:CredentialId");
                token.as_ref() == Some(id)
            }
            Self::Access { role, account } => {
                detail(Field::ServiceEventDetails, "role_name").as_ref() == Some(role)
                    && detail(Field::ServiceEventDetails, "account_id").as_ref() == Some(account)
            }
        }
    }
}

impl Wanted {
    /// Whether a record may be the one that issued the session, or the switch of roles that goes with it.
    fn fits(&self, record: &Record<'_>) -> bool {
        let Some(issue) = Issue::of(record) else {
            return false;
        };
        if self.key.is_some() && issue.key == self.key {
            return true;
        }
        self.is_session(&issue)
    }

    /// The same principal, in the same second.
    pub fn is_session(&self, issue: &Issue) -> bool {
        let near = self.since.zip(issue.time).is_some_and(|(since, time)| {
            time.duration_since(since).as_secs().abs() <= SLACK
                // A fraction of a second beyond two.
                && time.duration_since(since).abs() <= jiff::SignedDuration::from_secs(SLACK)
        });
        let of_root = match (&self.root_of, &issue.root_of) {
            (Some(wanted), Some(own)) => wanted == own,
            (None, _) | (_, None) => false,
        };
        let same = match (&self.principal, &issue.principal) {
            (Some(wanted), Some(own)) => wanted == own,
            (None, _) | (_, None) => false,
        };
        let sign_in = !issue.sign_in || self.sign_in;
        near && (same || of_root) && sign_in
    }

    pub fn literals(&self) -> Vec<String> {
        let key = self.key.iter().filter(|it| is_key(it));
        let principal = self.principal.iter().filter(|_| self.since.is_some());
        // What a log may write otherwise than we do is not searched for by its bytes.
        let plain = |text: &&String| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@:+=,".contains(&byte);
            text.bytes().all(plain)
        };
        let all: Vec<&String> = key.chain(principal).chain(&self.root_of).collect();
        match all.iter().all(plain) {
            true => all.into_iter().cloned().collect(),
            false => Vec::new(),
        }
    }
}
