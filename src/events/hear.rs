//! Reads a target: the chains, the logs that no digest lists, and what the answer rests on.

use jiff::Timestamp;
use trailaudit_checks::digest::{Chain, Problem, Window};
use trailaudit_checks::events::{Hours, Lost, Open, RestsOn, hours, population};
use trailaudit_checks::inventory::Inventory;

use super::demo::{self, Demo};
use super::reading::{Consumer, Facts, Reading, delivery};
use super::target::Target;
use super::{beside, files, lookup, versions};
use crate::cli::{Input, Which};
use crate::endpoint;
use crate::exit::Stop;
use crate::invocation::Invocation;
use crate::opened::{Asked, Asker, Opened, mirror, open, run};
use crate::program::clock;
use crate::snapshot::{self, Source};
use crate::terminal::{Terminal, stderr_is_terminal};
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

/// Refuses what only a bucket has where there is none.
fn only_of_buckets(input: &Input, target: &Target) -> Result<(), Stop> {
    let bucket = matches!(target, Target::Place(place) if place.starts_with("s3://"));
    let flags = [
        (input.versions, "--versions"),
        (input.lookup_events, "--lookup-events"),
    ];
    match flags.into_iter().find(|(given, _)| *given && !bucket) {
        Some((_, flag)) => Err(Stop::usage(format!(
            "{flag} asks AWS, and the source is no bucket: use s3://BUCKET"
        ))),
        None => Ok(()),
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

impl Invocation {
    /// Opens the target and does `work` there; none if only the plan was asked for.
    pub(super) fn enter<T: Send>(
        &self,
        input: &Input,
        target: &Target,
        terminal: Terminal,
        work: &(dyn Fn(&Room<'_>, Span) -> Result<T, Stop> + Sync),
    ) -> Result<Option<T>, Stop> {
        only_of_buckets(input, target)?;
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
        let progress = stderr_is_terminal() && !self.cli.global.no_progress && !terminal.quiet;
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
            endpoint::warn(&asker.endpoints, terminal);
            done
        }))
    }

    /// Reads all of it once; none if only the plan was asked for.
    pub(super) fn hear<C: Consumer>(
        &self,
        input: &Input,
        target: &Target,
        consumer: &C,
        terminal: Terminal,
    ) -> Result<Option<Heard>, Stop> {
        let inventory = inventory_of(input)?;
        self.enter(input, target, terminal, &|room, span| {
            let mut heard = room.read(span, input, consumer)?;
            compare(
                input,
                inventory.as_ref(),
                &heard.verified,
                &mut heard.rests_on,
            );
            Ok(heard)
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
        let mut reading = Reading::new(span.window(), consumer, !input.no_prefilter, only_verified);
        if input.versions {
            reading = reading.keeping_lost_logs();
        }
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
        let mut notes = Vec::new();
        if input.versions {
            notes.extend(versions::read(opened.source, &reading));
        }
        let chains = Chains {
            verified: &verified,
            span,
            delivered_until: opened.request.until,
        };
        if input.lookup_events {
            let (_, (_, open)) = chains.hours(&reading.lost_so_far());
            notes.extend(lookup::read(opened.source, &open, asked.now, &reading));
        }
        let interrupted = asked.halt.is_set();
        let mut rests_on = chains.rests_on(reading.finish()?.0);
        rests_on.not_covered.extend(notes);
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

/// The chains that were read, for a time of events.
pub(super) struct Chains<'a> {
    pub(super) verified: &'a [Verified],
    pub(super) span: Span,
    pub(super) delivered_until: Timestamp,
}

impl Chains<'_> {
    /// The window, and its hours.
    fn hours(&self, lost: &[Lost]) -> (Window, (Hours, Vec<Open>)) {
        let chains: Vec<(&Chain, &[Problem])> = self
            .verified
            .iter()
            .map(|it| (&it.record.chain, it.record.problems.as_slice()))
            .collect();
        let first = chains.iter().filter_map(|(chain, _)| chain.hours.first());
        let Span { since, until } = self.span;
        let start = since
            .or_else(|| first.map(|it| it.start).min())
            .unwrap_or(until);
        let window = Window { start, end: until };
        (window, hours(window, &chains, lost))
    }

    pub(super) fn rests_on(&self, facts: Facts) -> RestsOn {
        let (window, (hours, open)) = self.hours(&facts.lost());
        let mut rests_on = RestsOn {
            window: Some(window),
            chains: self.verified.len() as u64,
            hours,
            open,
            delivered_until: Some(self.delivered_until),
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
}

/// The inventory that was named, if one was.
pub(super) fn inventory_of(input: &Input) -> Result<Option<Inventory>, Stop> {
    let Some(path) = &input.inventory else {
        return Ok(None);
    };
    let snapshot = snapshot::load(&Source::File(path.clone())).map_err(Stop::Usage)?;
    Ok(Some(snapshot.inventory))
}

/// Says what an inventory shows to be missing in what was read.
pub(super) fn compare(
    input: &Input,
    inventory: Option<&Inventory>,
    verified: &[Verified],
    rests_on: &mut RestsOn,
) {
    let Some(inventory) = inventory else { return };
    let ids = verified.iter().map(|it| &it.record.chain.id);
    let chains = ids
        .map(|it| (it.account.clone(), it.region.clone()))
        .collect();
    let asks = |list: &[String], name: &str| list.is_empty() || list.iter().any(|it| it == name);
    let extent = &input.extent;
    let asked = |account: &str, region: Option<&str>| {
        asks(&extent.accounts, account) && region.is_none_or(|it| asks(&extent.regions, it))
    };
    let without = population::without_chain(inventory, &chains, &asked);
    rests_on.complete &= without.is_empty();
    rests_on.not_covered.extend(without);
    rests_on.not_logged = population::not_logged(inventory);
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
