//! What one process of a run asks, and what several processes ask again.

use std::collections::BTreeSet;

use trailaudit_checks::calls::{
    ASSUME_ROLE, DESCRIBE_ORGANIZATION, GET_CALLER_IDENTITY, LIST_BUCKETS,
};
use trailaudit_checks::fact::{Gap, Reason, Unknown};
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{CallOutcome, CallRecord, Header, Inventory};

/// The inventory of a shard, with nothing in it: it asks nothing about the organization.
#[must_use]
pub fn of_a_shard(header: Header) -> Inventory {
    let gap = Gap::of_call(
        DESCRIBE_ORGANIZATION,
        &header.scope.caller_arn.account(),
        &header.scope.home(),
        Reason::NotAsked,
        "the plan of the run asked for it",
    );
    Inventory::new(header, Unknown(gap))
}

/// The calls of all processes, as one would have made them: who we are is told by the plan's, the role that an account
/// was entered with by whoever entered it first, and an account's buckets by whoever listed them first.
#[must_use]
pub fn together(before: Vec<CallRecord>, calls: Vec<CallRecord>) -> Vec<CallRecord> {
    let once = |it: &CallRecord| {
        let by_process = [ASSUME_ROLE, LIST_BUCKETS].contains(&it.call);
        (by_process && it.outcome == CallOutcome::Answered)
            .then(|| (it.call, it.account.clone(), it.about.clone()))
    };
    let asked: BTreeSet<(_, AccountId, String)> = before.iter().filter_map(once).collect();
    let again = |it: &CallRecord| {
        let identity = it.call == GET_CALLER_IDENTITY && it.outcome == CallOutcome::Answered;
        identity || once(it).is_some_and(|it| asked.contains(&it))
    };
    let mut all = before;
    all.extend(calls.into_iter().filter(|it| !again(it)));
    all.sort();
    all
}
