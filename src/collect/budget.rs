//! How often one account and region may be asked the same thing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::ids::{AccountId, Region};

/// Requests per second, as AWS documents them; none where the limit is far above what a run asks.
///
/// CloudTrail: "get, list and describe" 10 per account and region, LookupEvents 2. Account: ListRegions 5.
/// Organizations publishes no figure; tools are throttled above a handful per second.
fn rate(call: ApiCall) -> Option<u32> {
    match call.service {
        "cloudtrail" if call.operation == "LookupEvents" => Some(2),
        "cloudtrail" => Some(10),
        "account" | "organizations" | "logs" => Some(5),
        _ => None,
    }
}

/// The budgets of a run: a burst of one second's worth, then evenly spaced.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<HashMap<(AccountId, Region, ApiCall), Instant>>);

impl Budget {
    /// Waits until the call may be made. Only callers of the same account, region and API wait for each other.
    pub(crate) async fn wait(&self, account: &AccountId, region: &Region, call: ApiCall) {
        let Some(rate) = rate(call) else { return };
        let second = Duration::from_secs(1);
        let due = {
            let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            // Unused time saves up, but for no more than one second's worth.
            let full = now.checked_sub(second).unwrap_or(now);
            let slot = next
                .entry((account.clone(), region.clone(), call))
                .or_insert(full);
            let due = (*slot).max(full);
            *slot = due + second / rate;
            due
        };
        tokio::time::sleep_until(due).await;
    }
}
