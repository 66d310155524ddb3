//! Reads a target from end to end: the chains, the logs that no digest lists, and what the answer rests on.

use jiff::Timestamp;
use trailaudit_checks::digest::{Chain, Problem, Window};
use trailaudit_checks::events::{RestsOn, hours};

use super::reading::{Consumer, Facts, Reading, delivery};
use super::target::Target;
use super::demo::{self, Demo};
use super::{beside, files};
use crate::cli::{Input, Which};
use crate::exit::Stop;
use crate::parsed::Parsed;
use crate::run::{clock, warn_endpoints};
use crate::tell::{Tell, stderr_is_terminal};
use crate::verify::command::{Asked, Asker, run};
use crate::verify::open::{Opened, mirror, open};
use crate::verify::{Keys, Verified, window};

/// What was heard.
pub(super) struct Heard {
    pub(super) rests_on: RestsOn,
    pub(super) verified: Vec<Verified>,
    pub(super) interrupted: bool,
}

/// The time that is asked about; without an end for files.
pub(super) fn window_of(
    input: &Input,
    target: &Target,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Timestamp), Stop> {
    let extent = &input.extent;
    let (since, until) = window::window(extent.since, extent.until, now).map_err(Stop::usage)?;
    match (target, extent.until) {
        (Target::Files(_), None) => Ok((since, Timestamp::MAX)),
        _ => Ok((since, until)),
    }
}

impl Parsed {
    /// Reads all of it; none if only the plan was asked for.
    pub(super) fn hear<C: Consumer>(
        &self,
        input: &Input,
        target: &Target,
        consumer: &C,
        tell: Tell,
    ) -> Result<Option<Heard>, Stop> {
        let now = match (input.now, target) {
            (Some(now), _) => now,
            (None, Target::Demo) => demo::now()?,
            (None, _) => clock()?,
        };
        let (since, until) = window_of(input, target, now)?;
        let wanted = Window {
            start: since.unwrap_or(Timestamp::MIN),
            end: until,
        };
        let only_verified = input.proof == Which::Verified;
        let reading = Reading::new(wanted, consumer, !input.no_prefilter, only_verified);
        let place = match target {
            Target::Files(paths) => {
                files::read(paths, &reading)?;
                let facts = reading.finish()?;
                return Ok(Some(Heard {
                    rests_on: of_files(facts),
                    verified: Vec::new(),
                    interrupted: false,
                }));
            }
            Target::Demo => "the sample",
            Target::Place(place) => place,
        };
        let progress = stderr_is_terminal() && !self.cli.global.no_progress && !tell.quiet;
        let mut asked = Asked::of(&input.extent, now, progress)?;
        (asked.since, asked.until) = delivery((since, until), now);
        let read = |opened: Opened<'_>| {
            let verified = run(&opened, asked.progress, Some(&reading))?;
            beside::read(opened.source, &verified, &reading);
            Ok((verified, opened.found.scopes.is_empty()))
        };
        let done = match target {
            Target::Demo => {
                let demo = Demo::open()?;
                let keys = |_| Keys::from(demo.keys.clone());
                let done = mirror(&demo, Some(&demo.bucket), &keys, &asked, &read)?;
                done.map(|it| (it, Asker::default()))
            }
            Target::Place(_) | Target::Files(_) => open(place, &asked, &read)?,
        };
        let Some(((verified, nothing), asker)) = done else {
            return Ok(None);
        };
        warn_endpoints(&asker.endpoints, tell);
        let interrupted = asked.halt.is_set();
        let mut rests_on = of_chains(reading.finish()?, since, until, asked.until, &verified);
        if nothing {
            rests_on
                .not_covered
                .push(format!("{place} holds nothing that CloudTrail delivered"));
            rests_on.complete = false;
        }
        rests_on.complete &= !interrupted;
        Ok(Some(Heard {
            rests_on,
            verified,
            interrupted,
        }))
    }
}

fn of_files(facts: Facts) -> RestsOn {
    let mut rests_on = RestsOn::default();
    told(&mut rests_on, facts);
    rests_on
}

fn of_chains(
    facts: Facts,
    since: Option<Timestamp>,
    until: Timestamp,
    delivered_until: Timestamp,
    verified: &[Verified],
) -> RestsOn {
    let chains: Vec<(&Chain, &[Problem])> = verified
        .iter()
        .map(|it| (&it.record.chain, it.record.problems.as_slice()))
        .collect();
    let first = chains.iter().filter_map(|(chain, _)| chain.hours.first());
    let start = since
        .or_else(|| first.map(|it| it.start).min())
        .unwrap_or(until);
    let window = Window { start, end: until };
    let lost = facts.lost();
    let (hours, open) = hours(window, &chains, &lost);
    let mut rests_on = RestsOn {
        window: Some(window),
        chains: chains.len() as u64,
        hours,
        open,
        delivered_until: Some(delivered_until),
        ..RestsOn::default()
    };
    let lossy = facts.lossy;
    told(&mut rests_on, facts);
    let logs = rests_on.logs;
    let all = hours.gap + hours.invalid + hours.unverified == 0 && hours.verified > 0;
    let read = logs.altered + logs.unlisted + logs.unverified + logs.missing + logs.unread == 0;
    rests_on.complete = all && read && !lossy;
    rests_on
}

fn told(rests_on: &mut RestsOn, facts: Facts) {
    rests_on.logs = facts.logs;
    rests_on.records = facts.records;
    rests_on.categories = facts.categories;
    rests_on.largest_lateness = facts.largest_lateness;
    rests_on.problems = facts.problems.into_values().collect();
    rests_on.unknown_fields = facts.unknown_fields;
    for (kind, mut notes) in facts.objects {
        if let (Some(last), Some(more)) = (notes.last_mut(), facts.and_more.get(&kind)) {
            last.and_more = *more;
        }
        rests_on.objects.append(&mut notes);
    }
}
