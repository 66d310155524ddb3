//! Reads a target: the chains, the logs that no digest lists, and what the answer rests on.

use jiff::Timestamp;
use trailaudit_checks::digest::{Chain, Problem, Window};
use trailaudit_checks::events::{RestsOn, hours};

use super::demo::{self, Demo};
use super::reading::{Consumer, Facts, Reading, delivery};
use super::target::Target;
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

/// What can be read, as often as needed.
pub(super) enum Room<'a> {
    /// A bucket or a mirror, which is open.
    Bucket(&'a Opened<'a>, &'a Asked),
    /// Files.
    Files(&'a [std::path::PathBuf]),
}

/// The time that is asked about; without an end for files.
fn window_of(
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

/// A time of events, from when on (none: from the first) until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) since: Option<Timestamp>,
    pub(super) until: Timestamp,
}

impl Span {
    pub(super) fn window(self) -> Window {
        Window {
            start: self.since.unwrap_or(Timestamp::MIN),
            end: self.until,
        }
    }
}

impl Parsed {
    /// Opens the target and does `work` there; none if only the plan was asked for.
    pub(super) fn enter<T: Send>(
        &self,
        input: &Input,
        target: &Target,
        tell: Tell,
        work: &(dyn Fn(&Room<'_>, Span) -> Result<T, Stop> + Sync),
    ) -> Result<Option<T>, Stop> {
        let now = match (input.now, target) {
            (Some(now), _) => now,
            (None, Target::Demo) => demo::now()?,
            (None, Target::Place(_) | Target::Files(_)) => clock()?,
        };
        let (since, until) = window_of(input, target, now)?;
        let span = Span { since, until };
        if let Target::Files(paths) = target {
            return work(&Room::Files(paths), span).map(Some);
        }
        let progress = stderr_is_terminal() && !self.cli.global.no_progress && !tell.quiet;
        let mut asked = Asked::of(&input.extent, now, progress)?;
        (asked.since, asked.until) = delivery((since, until), now);
        let read = |opened: Opened<'_>| work(&Room::Bucket(&opened, &asked), span);
        let done = match target {
            Target::Place(place) => open(place, &asked, &read)?,
            Target::Demo | Target::Files(_) => {
                let demo = Demo::open()?;
                let keys = |_| Keys::from(demo.keys.clone());
                let done = mirror(&demo, Some(&demo.bucket), &keys, &asked, &read)?;
                done.map(|it| (it, Asker::default()))
            }
        };
        Ok(done.map(|(done, asker)| {
            warn_endpoints(&asker.endpoints, tell);
            done
        }))
    }

    /// Reads all of it once; none if only the plan was asked for.
    pub(super) fn hear<C: Consumer>(
        &self,
        input: &Input,
        target: &Target,
        consumer: &C,
        tell: Tell,
    ) -> Result<Option<Heard>, Stop> {
        self.enter(input, target, tell, &|room, span| {
            room.read(span, input, consumer)
        })
    }
}

impl Room<'_> {
    /// Gives each record of a time to a consumer.
    pub(super) fn read<C: Consumer>(
        &self,
        span: Span,
        input: &Input,
        consumer: &C,
    ) -> Result<Heard, Stop> {
        let only_verified = input.proof == Which::Verified;
        let reading = Reading::new(span.window(), consumer, !input.no_prefilter, only_verified);
        let (opened, asked) = match self {
            Room::Bucket(opened, asked) => (opened, asked),
            Room::Files(paths) => {
                files::read(paths, &reading)?;
                return Ok(Heard {
                    rests_on: of_files(reading.finish()?.0),
                    verified: Vec::new(),
                    interrupted: false,
                });
            }
        };
        let verified = run(opened, asked.progress, Some(&reading))?;
        beside::read(opened.source, &verified, &reading);
        let interrupted = asked.halt.is_set();
        let mut rests_on = of_chains(reading.finish()?.0, span, opened.request.until, &verified);
        if opened.found.scopes.is_empty() {
            let bucket = &opened.request.bucket;
            rests_on
                .not_covered
                .push(format!("{bucket} holds nothing that CloudTrail delivered"));
            rests_on.complete = false;
        }
        rests_on.complete &= !interrupted;
        Ok(Heard {
            rests_on,
            verified,
            interrupted,
        })
    }
}

fn of_files(facts: Facts) -> RestsOn {
    let mut rests_on = RestsOn::default();
    told(&mut rests_on, facts);
    rests_on
}

pub(super) fn of_chains(
    facts: Facts,
    span: Span,
    delivered_until: Timestamp,
    verified: &[Verified],
) -> RestsOn {
    let chains: Vec<(&Chain, &[Problem])> = verified
        .iter()
        .map(|it| (&it.record.chain, it.record.problems.as_slice()))
        .collect();
    let first = chains.iter().filter_map(|(chain, _)| chain.hours.first());
    let start = span
        .since
        .or_else(|| first.map(|it| it.start).min())
        .unwrap_or(span.until);
    let window = Window {
        start,
        end: span.until,
    };
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
