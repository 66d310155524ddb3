//! Two running trails that record the same events of an account in a region.

use crate::catalog::recording;
use crate::prelude::*;
use crate::selectors::{self, Events};

/// The first two that do; what is not known counts only where one more trail could make a pair.
pub(super) fn pair(
    account: &Account,
    region: &Region,
    asked: &Events,
    counts: impl Fn(&Trail) -> bool,
    ctx: &Context<'_>,
) -> Result<Option<[String; 2]>, Gaps> {
    let sight = recording::trails_in(account, region, ctx)?;
    let (mut found, mut gaps) = (Vec::new(), Vec::from_iter(sight.hidden));
    let unread = sight.trails.iter().filter(|it| it.is_err()).count();
    for trail in sight.trails {
        match trail {
            Err(gap) => gaps.push(gap),
            Ok(trail) if counts(trail) => {
                let mut events = recording::reaching(trail, region, ctx);
                events.retain(|it| selectors::overlap(it, asked));
                if !events.is_empty() {
                    found.push((trail, events));
                }
            }
            Ok(_) => {}
        }
    }
    // What records as one before it was compared with all of these already.
    let mut before: Vec<&[Events]> = Vec::new();
    for (at, (one, events)) in found.iter().enumerate() {
        if before.contains(&events.as_slice()) {
            continue;
        }
        before.push(events);
        let mut seen: Vec<&[Events]> = Vec::new();
        for (other, others) in found.iter().skip(at + 1) {
            if seen.contains(&others.as_slice()) {
                continue;
            }
            seen.push(others);
            match doubt_of_overlap(events, others, asked) {
                Some(Ok(())) => return Ok(Some([one.arn.to_string(), other.arn.to_string()])),
                Some(Err(gap)) => gaps.push(gap),
                None => {}
            }
        }
    }
    // One trail alone repeats nothing.
    let alone = found.len() + unread < 2 && unread == gaps.len();
    match Gaps::collect(gaps).filter(|_| !alone) {
        Some(gaps) => Err(gaps),
        None => Ok(None),
    }
}

/// None: they share no event. Otherwise whether that is sure.
fn doubt_of_overlap(one: &[Events], other: &[Events], asked: &Events) -> Option<Result<(), Gaps>> {
    let mut doubt = None;
    for first in one.iter().map(|it| it.clone().and(asked)) {
        for second in other {
            if !selectors::overlap(&first, second) {
                continue;
            }
            match first.clone().and(second).doubt {
                None => return Some(Ok(())),
                Some(gaps) => doubt = Some(Err(gaps)),
            }
        }
    }
    doubt
}
