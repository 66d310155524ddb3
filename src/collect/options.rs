//! What to collect, as the command line and the settings say it, and how collecting can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::Inventory;

use crate::recordings::Kept;
use crate::terminal::Terminal;
use crate::verify::Listener;

/// How one account differs from the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleOverride {
    /// The role to assume there.
    pub role_name: Option<String>,
    /// The external id its trust policy asks for.
    pub external_id: Option<String>,
}

/// What to collect.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The profile of the SDK's own configuration files.
    pub profile: Option<String>,
    /// The role to assume in each account.
    pub role_name: Option<String>,
    /// The external id its trust policy asks for.
    pub external_id: Option<String>,
    /// Only these accounts; empty for all.
    pub accounts: Vec<String>,
    /// All but these accounts.
    pub exclude_accounts: Vec<String>,
    /// Only accounts under these organizational units; empty for all.
    pub ous: Vec<String>,
    /// Only these regions; empty for all.
    pub regions: Vec<String>,
    /// How many requests may be under way at once.
    pub max_in_flight: usize,
    /// Accounts whose role is another one.
    pub roles: BTreeMap<AccountId, RoleOverride>,
    /// The calls that the chosen checks rest on; what is not needed is not asked.
    pub needed: BTreeSet<ApiCall>,
    /// Those of them that are asked only where trails leave events unrecorded.
    pub needed_where_unrecorded: BTreeSet<ApiCall>,
    /// The status of trails is called for in every region that they cover.
    pub in_every_region: bool,
    /// How far back recent calls that touch the record are looked up; none to leave them.
    pub lookup: Option<SignedDuration>,
    /// Accounts that hold logs: where buckets of unknown owner are looked for first.
    pub log_archive_accounts: Vec<AccountId>,
    /// Verify the digests and logs that were delivered from then until then.
    pub verify: Option<(Timestamp, Timestamp)>,
    /// Look for the calls that made the holes of these.
    pub explain_gaps: bool,
    /// Look for the key events of the logs that are verified.
    pub events: bool,
    /// Who listens while they are verified; none where nobody does.
    pub listen: Option<Listen>,
    /// Where AWS's answers are kept word for word; none when they are not.
    pub answers: Option<Arc<Mutex<Kept>>>,
    /// Draw progress on stderr.
    pub progress: bool,
    /// Where it is said at once that accounts are left out.
    pub terminal: Terminal,
}

/// Which part of a run this process does.
#[derive(Debug)]
pub enum Step {
    /// All of it.
    Whole,
    /// Who there is to ask: no account is entered.
    Plan,
    /// Some of the accounts that a plan found.
    Accounts(Box<Inventory>, BTreeSet<AccountId>),
    /// Each resource once, when all accounts have shown what they have; but for these trails, and for all that is there
    /// already.
    Resources(Box<Inventory>, BTreeSet<Arn>),
    /// The resources of some accounts alone, when all accounts have shown what they have.
    Share(Box<Inventory>, BTreeSet<AccountId>),
}

/// Makes who listens to what is verified from then until then, by the trails, buckets and keys that were seen.
pub type Listen = fn(&Options, &Inventory, Timestamp, Timestamp) -> Box<dyn Listener>;

/// Why nothing could be collected.
#[derive(Debug)]
pub enum CollectError {
    /// Nobody to act as: exit 4.
    NoCredentials(anyhow::Error),
    /// The filters leave no account: exit 2.
    EmptyScope(anyhow::Error),
    /// Anything else: exit 4.
    Fatal(anyhow::Error),
}
