//! What a trail records, as a condition on the event.

use crate::catalog::recording::recorded_now;
use crate::context::not_seen;
use crate::patterns::{Expr, Is, Texts};
use crate::prelude::*;
use crate::selectors::{Condition, Events, Field, Pattern};

/// The events that a trail records now. What stands in the way of knowing goes to `gaps`.
pub(super) fn by_trail(trail: &Trail, gaps: &mut Vec<Gaps>) -> Expr {
    let mut all = Vec::new();
    let limits = [
        (
            &trail.configuration.multi_region,
            "awsRegion",
            trail.home_region.as_str(),
        ),
        (
            &trail.configuration.organization,
            "recipientAccountId",
            trail.account.as_str(),
        ),
    ];
    for (unlimited, path, own) in limits {
        match unlimited.known() {
            Ok(true) => {}
            Ok(false) => all.push(Expr::one_of(path, [own])),
            Err(missing) => all.push(unknown(missing, gaps)),
        }
    }
    let sets = recorded_now(trail);
    all.push(Expr::Any(
        sets.into_iter().map(|it| of_set(it, gaps)).collect(),
    ));
    Expr::All(all)
}

/// The events that any trail seen in a region records there now: EventBridge hands on what a trail records.
pub(super) fn in_region(view: &RegionView, ctx: &Context<'_>, gaps: &mut Vec<Gaps>) -> Expr {
    let arns = match view.trails.known() {
        Ok(arns) => arns,
        Err(missing) => return unknown(missing, gaps),
    };
    let trails = arns.iter().map(|arn| match ctx.inventory.trails.get(arn) {
        Some(trail) => by_trail(trail, gaps),
        None => {
            let gap = not_seen(calls::GET_TRAIL_STATUS, &view.account, &view.region, ctx);
            unknown(gap.into(), gaps)
        }
    });
    Expr::Any(trails.collect())
}

/// Keeps the gap, and says in the condition that it is there.
pub(super) fn unknown(missing: Gaps, gaps: &mut Vec<Gaps>) -> Expr {
    let why = missing.to_string();
    gaps.push(missing);
    Expr::Unknown(why)
}

fn of_set(events: Events, gaps: &mut Vec<Gaps>) -> Expr {
    let mut all: Vec<Expr> = events.conditions.iter().map(of_condition).collect();
    if let Some(missing) = events.doubt {
        all.push(unknown(missing, gaps));
    }
    Expr::All(all)
}

fn of_condition(condition: &Condition) -> Expr {
    let path = match condition.field {
        Field::ReadOnly => return read_only(condition),
        // Management events are not told apart by resource.
        Field::ResourceType | Field::ResourceArn => {
            return Expr::Unknown("a selector on resources".to_owned());
        }
        Field::EventCategory
        | Field::EventSource
        | Field::EventName
        | Field::EventType
        | Field::UserArn
        | Field::ConsoleSession
        | Field::ErrorCode
        | Field::VpcEndpoint => condition.field.as_str(),
    };
    let wanted = condition
        .any_of
        .iter()
        .map(|it| Expr::test(path, Is::Like(texts(it))));
    // A field that is missing is none of the excluded values.
    let kept = condition.none_of.iter().map(|it| {
        Expr::Any(vec![
            Expr::test(path, Is::Absent),
            Expr::test(path, Is::Unlike(texts(it))),
        ])
    });
    let mut all: Vec<Expr> = kept.collect();
    if !condition.any_of.is_empty() {
        all.push(Expr::Any(wanted.collect()));
    }
    Expr::All(all)
}

fn read_only(condition: &Condition) -> Expr {
    let bit = |pattern: &Pattern| *pattern == Pattern::equals("true");
    let test = |value| Expr::test("readOnly", Is::Bool(value));
    let mut all: Vec<Expr> = condition.none_of.iter().map(|it| test(!bit(it))).collect();
    if !condition.any_of.is_empty() {
        all.push(Expr::Any(
            condition.any_of.iter().map(|it| test(bit(it))).collect(),
        ));
    }
    Expr::All(all)
}

fn texts(pattern: &Pattern) -> Texts {
    match pattern {
        Pattern::Equals(text) => Texts::exact(text),
        Pattern::StartsWith(text) => Texts::starting_with(text),
        Pattern::EndsWith(text) => Texts::ending_with(text),
    }
}
