//! `plan.json`: all that a shard needs to know, so that every shard asks the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::hex;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::Tool;
use trailaudit_checks::selection::Needed;

use super::{Head, PLAN, SCHEMA, Unit};
use crate::collect::{Options, RoleOverride};
use crate::hashing::sha256;
use crate::program::tool;
use crate::verify::Depth;

/// The plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this file.
    pub schema: u64,
    /// Random: two plans of the same second are two plans.
    pub id: String,
    /// The program that wrote it; shards are run and merged by the same version.
    pub tool: Tool,
    /// When the planning began: the time at which everything will be judged.
    pub taken_at: Timestamp,
    /// What the shards do.
    pub work: Work,
    /// What each shard does, in order of the shards. Together it is all that is asked.
    pub shards: Vec<Vec<Unit>>,
}

/// What shards do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Collect an inventory.
    Collect {
        /// SHA-256 of `organization.jsonl.zst`.
        organization: String,
        /// What is asked of every account.
        asks: Asks,
    },
    /// Ask for the resources of the accounts that another run has collected.
    Resources {
        /// SHA-256 of `organization.jsonl.zst`: what all accounts have shown.
        organization: String,
        /// What is asked.
        asks: Asks,
    },
    /// Verify digests and logs.
    Verify {
        /// SHA-256 of `organization.jsonl.zst`: which accounts lie in the bucket, and what could not be listed.
        organization: String,
        /// Of what.
        reads: Reads,
    },
}

impl Work {
    /// SHA-256 of `organization.jsonl.zst`.
    #[must_use]
    pub fn organization(&self) -> &str {
        match self {
            Self::Collect { organization, .. }
            | Self::Resources { organization, .. }
            | Self::Verify { organization, .. } => organization,
        }
    }
}

/// What is read, the same by every shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// `s3://BUCKET[/PREFIX]`, or a folder that all processes see.
    pub source: String,
    /// The bucket that it is, or is a copy of.
    pub bucket: String,
    /// From when on; null: from the first object on.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// How deep.
    pub depth: Depth,
    /// Pinned public keys, by the path of a file that all processes see.
    pub public_keys: Option<PathBuf>,
    /// How many requests each shard may have under way.
    pub max_in_flight: usize,
}

/// What is asked, the same by every shard. An external id is no secret by AWS's own words ("The external ID is not
/// treated as a secret", IAM user guide, access to accounts of third parties); credentials are never in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// The role to assume in each account.
    pub role_name: Option<String>,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// Accounts whose role is another one.
    pub roles: BTreeMap<AccountId, RoleOverride>,
    /// Only these regions; empty for all.
    pub regions: Vec<String>,
    /// The calls.
    pub calls: BTreeSet<ApiCall>,
    /// Those of them that are made only where trails leave events unrecorded.
    pub where_unrecorded: BTreeSet<ApiCall>,
    /// The status of trails is called for in every region that they cover.
    pub in_every_region: bool,
    /// How far back recent calls are looked up, in hours; null: not at all.
    pub lookup_hours: Option<i64>,
    /// Accounts that hold logs.
    pub log_archive_accounts: Vec<AccountId>,
}

impl Asks {
    /// What the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Self {
        Self {
            role_name: options.role_name.clone(),
            external_id: options.external_id.clone(),
            roles: options.roles.clone(),
            regions: options.regions.clone(),
            calls: options.needed.clone(),
            where_unrecorded: options.needed_where_unrecorded.clone(),
            in_every_region: options.in_every_region,
            lookup_hours: options.lookup.map(|it| it.as_hours()),
            log_archive_accounts: options.log_archive_accounts.clone(),
        }
    }

    /// The calls to make.
    #[must_use]
    pub fn needed(&self) -> Needed {
        Needed {
            calls: self.calls.clone(),
            in_holes: self.where_unrecorded.clone(),
            in_every_region: self.in_every_region,
        }
    }

    /// The same as options, beside what each process says for itself.
    #[must_use]
    pub fn options(&self, own: Options) -> Options {
        Options {
            role_name: self.role_name.clone(),
            external_id: self.external_id.clone(),
            roles: self.roles.clone(),
            regions: self.regions.clone(),
            needed: self.calls.clone(),
            needed_where_unrecorded: self.where_unrecorded.clone(),
            in_every_region: self.in_every_region,
            lookup: self.lookup_hours.map(SignedDuration::from_hours),
            log_archive_accounts: self.log_archive_accounts.clone(),
            ..own
        }
    }
}

/// Each account is done once: as a whole, or in windows that leave nothing out.
fn disjoint(plan: &Plan) -> anyhow::Result<()> {
    let mut units: Vec<&Unit> = plan.shards.iter().flatten().collect();
    units.sort();
    for account in units.chunk_by(|one, other| one.account == other.account) {
        let (Some(first), Some(last)) = (account.first(), account.last()) else {
            continue;
        };
        let follows = account.windows(2).all(|it| match it {
            [one, other] => one.window.map(|it| it.end) == other.window.map(|it| it.start),
            _ => true,
        });
        let whole = match (first.window, last.window, &plan.work) {
            (None, _, _) => account.len() == 1,
            (Some(first), Some(last), Work::Verify { reads, .. }) => {
                follows && Some(first.start) == reads.since && last.end == reads.until
            }
            (Some(_), _, _) => false,
        };
        if !whole {
            bail!(
                "{PLAN} of the run does not do account {} once and as a whole",
                first.account
            );
        }
    }
    Ok(())
}

/// An id that no other plan has.
pub fn plan_id() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| anyhow!("the system gives no random numbers"))?;
    Ok(hex::encode(&bytes))
}

/// A plan, and the hash by which what belongs to it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl Planned {
    /// A plan from its bytes; only one of this version is of use.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Any {
            schema: u64,
            tool: Tool,
        }
        let what = || format!("{PLAN} of the run cannot be read");
        let any: Any = serde_json::from_slice(bytes).with_context(what)?;
        let ours = tool();
        if any.schema != SCHEMA || any.tool != ours {
            bail!(
                "the run was planned by {} {}, and this is {} {}: a run is done by one version",
                any.tool.name,
                any.tool.version,
                ours.name,
                ours.version
            );
        }
        let plan: Plan = serde_json::from_slice(bytes).with_context(what)?;
        disjoint(&plan)?;
        if plan.shards.is_empty() {
            bail!("{PLAN} of the run has no shard");
        }
        Ok(Self {
            sha256: sha256(bytes),
            plan,
        })
    }

    /// What a shard delivered belongs to this plan, and is that of this shard.
    pub fn owns(&self, head: &Head, shard: usize) -> anyhow::Result<()> {
        if head.plan != self.sha256 || head.of != self.plan.shards.len() {
            bail!("it belongs to another plan");
        }
        if head.shard != shard {
            bail!("it is what shard {} delivered", head.shard);
        }
        Ok(())
    }

    /// The units of a shard.
    pub fn units(&self, shard: usize) -> anyhow::Result<&[Unit]> {
        let of = self.plan.shards.len();
        let units = self.plan.shards.get(shard).map(Vec::as_slice);
        units.with_context(|| {
            format!(
                "the run has {of} shards, 0 to {}: there is no shard {shard}",
                of - 1
            )
        })
    }
}
