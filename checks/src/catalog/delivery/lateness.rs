//! Whether the last delivery is too old, at the time the facts were taken.

use jiff::{SignedDuration, Timestamp};

use crate::inventory::{Delivery, TrailStatus};
use crate::prelude::*;

/// A stopped trail fails: what arrived before it was stopped is no comfort.
pub(super) fn judge(
    status: &TrailStatus,
    delivery: &Fact<Delivery>,
    limit: SignedDuration,
    taken_at: Timestamp,
) -> Outcome {
    let delivery = delivery.known()?;
    let age = |at: Timestamp| taken_at.duration_since(at);
    let (started, logging) = (*status.started.known()?, *status.logging.known()?);
    let started_lately = started.is_some_and(|at| age(at) < limit);
    // What arrived before the last start says nothing about the run since.
    let since_start = delivery
        .latest
        .filter(|at| started.is_none_or(|start| *at >= start));
    let verdict = match since_start {
        _ if !logging => Verdict::fail("nothing arrives: the trail is stopped"),
        Some(at) if age(at) <= limit => Verdict::pass(format!("the last arrived at {at}")),
        _ if started_lately => Verdict::not_applicable(format!(
            "the trail was started less than {} h ago",
            limit.as_hours()
        )),
        Some(at) => Verdict::fail(format!("nothing has arrived since {at}")),
        None => Verdict::fail("nothing has arrived since the trail was started"),
    };
    Ok(verdict
        .saw("IsLogging", logging)
        .saw("StartLoggingTime", started)
        .saw("LatestDelivery", delivery.latest)
        .expected(taken_at.saturating_sub(limit).ok()))
}
