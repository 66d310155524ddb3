//! Where a trail stores its files: `[prefix/]AWSLogs/[ORGANIZATION/]ACCOUNT/FOLDER/REGION/YYYY/MM/DD/`.

use crate::context::Context;
use crate::fact::{Gap, Gaps};
use crate::ids::AccountId;
use crate::inventory::{AccountState, Trail};

/// All that a trail stores.
#[derive(Debug)]
pub(super) struct Area {
    /// The folder over all of it.
    root: String,
    /// The folder of each account whose files it stores, or why those are not known.
    accounts: Result<Vec<String>, Gaps>,
}

impl Area {
    pub(super) fn of(trail: &Trail, ctx: &Context<'_>) -> Result<Self, Gaps> {
        let set = &trail.configuration;
        let (prefix, organization) = match (set.prefix.known(), set.organization.known()) {
            (Ok(prefix), Ok(organization)) => (prefix, *organization),
            (Err(gaps), Err(more)) => return Err(gaps.and(more)),
            (Err(gaps), Ok(_)) | (Ok(_), Err(gaps)) => return Err(gaps),
        };
        let root = match prefix.as_deref().map(|it| it.trim_matches('/')) {
            Some(prefix) if !prefix.is_empty() => format!("{prefix}/AWSLogs/"),
            Some(_) | None => "AWSLogs/".to_owned(),
        };
        if !organization {
            let root = format!("{root}{}/", trail.account);
            return Ok(Self {
                accounts: Ok(vec![root.clone()]),
                root,
            });
        }
        let Some(organization) = ctx.organization()? else {
            let what = "an organization trail in an account without an organization";
            let gap = Gap::not_modelled(what, &trail.account, &trail.home_region);
            return Err(Gaps::from(gap));
        };
        let root = format!("{root}{}/", organization.id);
        let active = |id: &&AccountId| {
            let account = ctx.inventory.accounts.get(*id);
            let state = account.and_then(|it| it.state.ok());
            matches!(state, None | Some(AccountState::Active))
        };
        let folder = |id: &AccountId| format!("{root}{id}/");
        let accounts = organization.accounts.known();
        let accounts = accounts.map(|all| all.iter().filter(active).map(folder).collect());
        Ok(Self { accounts, root })
    }

    /// The folder over all of it.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Each folder that the trail writes for each account, and what may hide one.
    pub(super) fn folders(self, trail: &Trail) -> (Vec<String>, Option<Gaps>) {
        let mut folders = vec!["CloudTrail"];
        let validation = trail.configuration.log_file_validation.known();
        if validation.as_ref().is_ok_and(|it| **it) {
            folders.push("CloudTrail-Digest");
        }
        let insights = trail.insights.known();
        if insights.as_ref().is_ok_and(|it| !it.is_empty()) {
            folders.push("CloudTrail-Insight");
        }
        let (accounts, unlisted) = match self.accounts {
            Ok(accounts) => (accounts, None),
            Err(gaps) => (Vec::new(), Some(gaps)),
        };
        let missing = validation.err().into_iter().chain(insights.err());
        let all = accounts.iter().flat_map(|account| {
            let folders = folders.iter();
            folders.map(move |folder| format!("{account}{folder}/"))
        });
        (all.collect(), Gaps::collect(missing.chain(unlisted)))
    }
}
