//! Whether the last delivery is too old, at the time the facts were taken.

use jiff::{SignedDuration, Timestamp};

use crate::catalog::trail::judging;
use crate::inventory::Delivery;
use crate::prelude::*;

/// What tells whether a trail that was left over is replaced by one of the organization.
pub(super) const READS: [calls::ApiCall; 5] = [
    calls::LIST_REGIONS,
    calls::DESCRIBE_TRAILS,
    calls::GET_TRAIL_STATUS,
    calls::GET_EVENT_SELECTORS,
    calls::HEAD_BUCKET,
];

/// A stopped trail fails: what arrived before it was stopped is no comfort.
///
/// One that was left over when the organization got a trail of its own does not: that one records its events, and
/// `delivers` says of it whether it delivers them to the same kind of place.
pub(super) fn judge(
    trail: &Trail,
    delivery: &Fact<Delivery>,
    what: &str,
    limit: SignedDuration,
    delivers: impl Fn(&Trail) -> Result<bool, Gaps>,
    ctx: &Context<'_>,
) -> Outcome {
    let (status, taken_at) = (&trail.status, ctx.taken_at());
    let logging = *status.logging.known()?;
    if !logging
        && let Some(other) = judging::replaced_by(trail, ctx)?
        && delivers(other)?
    {
        return Ok(judging::replaced(other));
    }
    let delivery = delivery.known()?;
    let age = |at: Timestamp| taken_at.duration_since(at);
    let started = *status.started.known()?;
    let started_lately = started.is_some_and(|at| age(at) < limit);
    // What arrived before the last start says nothing about the run since.
    let since_start = delivery
        .latest
        .filter(|at| started.is_none_or(|start| *at >= start));
    let verdict = match since_start {
        _ if !logging => Verdict::fail(format!("no {what} are delivered: the trail is stopped")),
        Some(at) if age(at) <= limit => {
            Verdict::pass(format!("the last delivery of {what} was at {at}"))
        }
        _ if started_lately => Verdict::not_applicable(format!(
            "the trail was started less than {} h ago",
            limit.as_hours()
        )),
        Some(at) => Verdict::fail(format!(
            "no {what} were delivered since {at} (at most {} h ago required)",
            limit.as_hours()
        )),
        None => Verdict::fail(format!(
            "no {what} were delivered since the trail was started"
        )),
    };
    Ok(verdict
        .saw("IsLogging", logging)
        .saw("StartLoggingTime", started)
        .saw("LatestDelivery", delivery.latest)
        .expected(taken_at.saturating_sub(limit).ok()))
}

#[cfg(test)]
pub(super) mod tests {
    use crate::prelude::*;
    use crate::testing::*;

    /// A stopped trail that was left over beside the organization's, and what becomes of the latter.
    pub(in crate::catalog::delivery) fn left_over(of_organization: fn(&mut Trail)) -> Case {
        inventory(|inventory| {
            of_organization(inventory.trails.values_mut().next().unwrap());
            add_trail(inventory, ACCOUNT, HOME, "old", |trail| {
                configuration(trail).organization = Known(false);
                let status = status(trail);
                status.logging = Known(false);
                status.stopped = Known(Some(hours_ago(500)));
                for delivery in [
                    &mut status.delivery,
                    &mut status.digest,
                    &mut status.log_group,
                ] {
                    known(delivery).latest = Some(hours_ago(500));
                }
            });
        })
    }

    pub(in crate::catalog::delivery) const LEFT_OVER: &str =
        "arn:aws:cloudtrail:us-east-1:111111111111:trail/old";
}
