//! The alarms on metrics that count events of an account's trails, one by one.

use std::collections::BTreeSet;

use super::links::{Link, watches};
use super::scene::Scene;
use crate::context::not_seen;
use crate::inventory::monitoring::{Alarm, MetricFilter, MetricTransformation};
use crate::prelude::*;

/// An alarm, the metric it watches, and what is beside it.
pub(super) struct Watch<'a> {
    pub(super) alarm: &'a Alarm,
    pub(super) filter: &'a MetricFilter,
    pub(super) metric: &'a MetricTransformation,
    pub(super) view: &'a RegionView,
    pub(super) all: &'a [Alarm],
}

/// Judges each alarm; `none`: the question does not arise for it. `unwatched` tells what is wrong with a metric
/// that no alarm watches, if anything is.
pub(super) fn each(
    account: &Account,
    ctx: &Context<'_>,
    good: &str,
    judge: impl Fn(&Watch<'_>) -> Option<Link>,
    unwatched: impl Fn(&MetricTransformation, &[Alarm]) -> Option<String>,
) -> Outcome {
    let scene = match Scene::of(account, ctx) {
        Ok(scene) => scene,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let mut gaps = scene.gaps.clone();
    let (mut names, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    for group in &scene.groups {
        let filters = match group.metric_filters.known() {
            Ok(filters) => filters,
            Err(missing) => {
                gaps.push(missing);
                continue;
            }
        };
        let metrics = filters
            .iter()
            .flat_map(|filter| filter.transformations.iter().map(move |it| (filter, it)));
        let metrics: Vec<(&MetricFilter, &MetricTransformation)> = metrics.collect();
        let Some(view) = ctx.region(&group.account, &group.region) else {
            let call = calls::DESCRIBE_ALARMS;
            gaps.push(not_seen(call, &group.account, &group.region, ctx).into());
            continue;
        };
        let all = match view.alarms.known() {
            Ok(all) => all,
            Err(missing) if metrics.is_empty() => {
                drop(missing);
                continue;
            }
            Err(missing) => {
                gaps.push(missing);
                continue;
            }
        };
        for (filter, metric) in metrics {
            let watching: Vec<&Alarm> = all.iter().filter(|it| watches(it, metric)).collect();
            if watching.is_empty() {
                wrong.extend(unwatched(metric, all));
            }
            for alarm in watching {
                let Some(link) = judge(&Watch {
                    alarm,
                    filter,
                    metric,
                    view,
                    all,
                }) else {
                    continue;
                };
                names.insert(alarm.name.as_str());
                match link {
                    Link::Holds => {}
                    Link::Broken(why) => drop(wrong.insert(why)),
                    Link::Unknown(missing) => gaps.push(missing),
                }
            }
        }
    }
    if !wrong.is_empty() {
        let told: Vec<&str> = wrong.iter().take(3).map(String::as_str).collect();
        return Ok(Verdict::fail(told.join("; ")).saw("Alarms", &wrong));
    }
    if let Some(gaps) = Gaps::collect(gaps) {
        return Err(gaps);
    }
    if names.is_empty() {
        return Ok(Verdict::not_applicable(
            "no alarm uses a metric of the account's log groups: see the other monitoring-alarm checks",
        ));
    }
    Ok(Verdict::pass(good).saw("Alarms", names))
}
