//! Which account owns a bucket: a trail names it, but not its owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};
use trailaudit_checks::calls::LIST_BUCKETS;
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{Account, AccountState};

use super::ask::gap;
use super::run::Run;
use super::s3;

type Listing = Arc<OnceCell<Fact<BTreeSet<String>>>>;

/// The buckets of each account, listed when first needed: one call, however many buckets are looked for.
#[derive(Debug, Default)]
pub(crate) struct Owners(Mutex<BTreeMap<AccountId, Listing>>);

impl Owners {
    /// The account that owns the bucket; `None` when every account was asked and none does.
    pub(crate) async fn of(
        &self,
        run: &Run,
        bucket: &str,
        trail_owner: &AccountId,
    ) -> Fact<Option<AccountId>> {
        let mut missing: Option<Gap> = list_is_whole(run);
        for account in in_order(run, bucket, trail_owner) {
            match self.listing(run, &account).await {
                Known(names) if names.contains(bucket) => return Known(Some(account)),
                Known(_) => {}
                Unknown(gap) => missing = missing.or(Some(gap)),
            }
        }
        missing.map_or(Known(None), Unknown)
    }

    /// The account's own listing was answered, and lacks the bucket.
    pub(crate) async fn denies(&self, run: &Run, bucket: &str, account: &AccountId) -> bool {
        if !run.inventory().accounts.contains_key(account) {
            return false;
        }
        matches!(self.listing(run, account).await, Known(names) if !names.contains(bucket))
    }

    async fn listing(&self, run: &Run, account: &AccountId) -> Fact<BTreeSet<String>> {
        let cell = Arc::clone(self.0.lock().await.entry(account.clone()).or_default());
        let closed = || {
            let inventory = run.inventory();
            inventory.accounts.get(account)?.session.gap().cloned()
        };
        cell.get_or_init(|| async {
            match (run.session(account), closed()) {
                (Some(target), _) => s3::owned(&run.ask, &target)
                    .await
                    .map(|names| names.into_iter().collect()),
                (None, Some(gap)) => Unknown(gap),
                (None, None) => {
                    let detail = "the account was not reached";
                    Unknown(gap(&run.caller, LIST_BUCKETS, Reason::Interrupted, detail))
                }
            }
        })
        .await
        .clone()
    }
}

/// A bucket may belong to an account that could not even be listed.
fn list_is_whole(run: &Run) -> Option<Gap> {
    let inventory = run.inventory();
    match &inventory.organization {
        Known(Some(organization)) => organization.accounts.gap().cloned(),
        Known(None) => None,
        Unknown(gap) => Some(gap.clone()),
    }
}

/// The likeliest owners first: the trail's account, the log archive by the settings, one whose number is in
/// the bucket's name, one that is called so. Closed accounts own nothing any more.
fn in_order(run: &Run, bucket: &str, trail_owner: &AccountId) -> Vec<AccountId> {
    let called_so = |account: &Account| {
        let name = account
            .name
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        ["log", "archive", "audit", "security"]
            .iter()
            .any(|word| name.contains(word))
    };
    let rank = |account: &Account| {
        if account.id == *trail_owner {
            0
        } else if run.options.log_archive_accounts.contains(&account.id) {
            1
        } else if bucket.contains(account.id.as_str()) {
            2
        } else if called_so(account) {
            3
        } else {
            4
        }
    };
    let inventory = run.inventory();
    let accounts = inventory.accounts.values();
    let open = accounts.filter(|it| !matches!(it.state, Known(AccountState::Closed)));
    let mut order: Vec<(u8, AccountId)> = open.map(|it| (rank(it), it.id.clone())).collect();
    order.sort();
    order.into_iter().map(|(_, id)| id).collect()
}
