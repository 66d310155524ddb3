//! `events who`: from an event back to the person behind it, with few logs a hop.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use trailaudit_checks::digest::{Caused, Event};
use trailaudit_checks::events::filter::Literals;
use trailaudit_checks::events::who::{Chase, Cover, Found, Need, Place, Start, State, Who as Told};
use trailaudit_checks::events::{Record, RestsOn};
use trailaudit_reports::events::{Identified, SCHEMA};

use super::hear::{Room, Span};
use super::reading::{Consumer, Origin, delivery};
use super::target;
use crate::cli::{Input, Who};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::opened::{Asked, Opened};
use crate::output;
use crate::program::tool;
use crate::terminal::Terminal;
use crate::verify::{Found as Scopes, Request, Scope};

/// Chains that are followed for one question: an access key may have many sessions.
const CHAINS: usize = 20;

impl Invocation {
    pub(super) fn who(&self, flags: &Who, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(
            &flags.input,
            &flags.words,
            " and an event ID, access key, ARN or instance ID",
        )?;
        let [what] = words.as_slice() else {
            return Err(Stop::usage(
                "name one event ID, access key ID, ARN or instance ID after the source",
            ));
        };
        let start = Start::parse(what).map_err(Stop::usage)?;
        let reports = flags.reports.plan()?;
        let identified = self.enter(&flags.input, &target, terminal, &|room, span| {
            let fits = |record: &Record<'_>| start.fits(record);
            let first = Kept::new(Literals::any([start.literal()]), &fits);
            let heard = room.read(span, &flags.input, &first)?;
            let picked = start.pick(first.finish());
            let more = picked.len().saturating_sub(CHAINS);
            let mut who = Vec::new();
            for found in picked.iter().take(CHAINS) {
                if let Some(chase) = Chase::new(found) {
                    who.push(follow(chase, room, &flags.input)?);
                }
            }
            let identified = Identified {
                schema: SCHEMA,
                tool: tool(),
                asked: what.clone(),
                who,
                more: more as u64,
                rests_on: heard.rests_on,
            };
            Ok((identified, heard.interrupted))
        })?;
        let Some((identified, interrupted)) = identified else {
            return Ok(Exit::Clean);
        };
        let options = |it: &output::Report<Identified>| self.options(it.to_stdout());
        output::write(&reports, &identified, options, terminal)?;
        let ends = &flags.ends;
        Ok(if interrupted {
            Exit::Interrupted
        } else if ends.fail_if_found && !identified.who.is_empty() {
            Exit::Findings
        } else if is_complete(&identified.who, &identified.rests_on) || ends.allow_incomplete {
            Exit::Clean
        } else {
            Exit::Incomplete
        })
    }
}

/// Whether the answer rests on proved records alone. That nothing was found needs the whole window.
fn is_complete(who: &[Told], rests_on: &RestsOn) -> bool {
    let ends = |told: &Told| match told.state {
        State::Resolved | State::Ambiguous | State::EndsOutside => told.proof.is_proven(),
        State::NotRecorded | State::Open | State::Unverified => false,
    };
    match who.is_empty() {
        true => rests_on.complete,
        false => who.iter().all(ends),
    }
}

/// Who is behind the calls that made holes: the actor of each is followed back as far as the record leads.
pub(super) fn name_actors(
    causes: &mut [&mut Caused],
    room: &Room<'_>,
    input: &Input,
) -> Result<(), Stop> {
    let mut known: BTreeMap<String, Option<Told>> = BTreeMap::new();
    for caused in causes {
        let event = &caused.event;
        // Only behind a role is somebody else.
        let session = caused.actor.contains(":role/");
        if event.id.is_empty()
            || !session
            || (known.len() == NAMED && !known.contains_key(&event.id))
        {
            continue;
        }
        if !known.contains_key(&event.id) {
            known.insert(event.id.clone(), behind(event, room, input)?);
        }
        let Some(Some(who)) = known.get(&event.id) else {
            continue;
        };
        caused.actor = match &who.actor.name {
            Some(name) => format!("{name} ({})", who.actor.id),
            None => who.actor.id.clone(),
        };
        caused.proof = who.proof.to_string();
    }
    Ok(())
}

/// Calls whose actors are followed back; those of the others stay as their records name them.
const NAMED: usize = 20;

/// The chain behind one event that was read before.
fn behind(event: &Event, room: &Room<'_>, input: &Input) -> Result<Option<Told>, Stop> {
    let Ok(start) = Start::parse(&event.id) else {
        return Ok(None);
    };
    let fits = |record: &Record<'_>| start.fits(record);
    let first = Kept::new(Literals::any([start.literal()]), &fits);
    let until = event.time.saturating_add(SignedDuration::from_secs(1));
    let span = Span {
        since: Some(event.time),
        until: until.unwrap_or(event.time),
    };
    match room {
        Room::Files(_) => drop(room.read(span, input, &first)?),
        Room::Bucket(opened, asked) => {
            let here = |it: &&Scope| it.account == event.account && it.region == event.region;
            let scopes = opened.found.scopes.iter().filter(here).cloned().collect();
            let narrow = narrow(opened, asked, scopes, span);
            drop(Room::Bucket(&narrow, asked).read(span, input, &first)?);
        }
    }
    let picked = start.pick(first.finish()).into_iter().next();
    let chase = picked.and_then(|it| Chase::new(&it));
    chase.map(|chase| follow(chase, room, input)).transpose()
}

/// A part of what is open, for a time of events.
fn narrow<'a>(opened: &Opened<'a>, asked: &Asked, scopes: Vec<Scope>, span: Span) -> Opened<'a> {
    let (since, until) = delivery((span.since, span.until), asked.now);
    Opened {
        source: opened.source,
        found: Scopes {
            scopes,
            unread: Vec::new(),
        },
        request: Request {
            since,
            until,
            tell_empty: false,
            named: Vec::new(),
            ..opened.request.clone()
        },
        keys: opened.keys,
    }
}

/// Follows one chain to its end.
fn follow(mut chase: Chase, room: &Room<'_>, input: &Input) -> Result<Told, Stop> {
    while let Some(need) = chase.wants().cloned() {
        let (found, cover) = match room {
            Room::Files(_) => of_files(&need, room, input)?,
            Room::Bucket(opened, asked) => of_bucket(&need, opened, asked, input)?,
        };
        chase.give(&found, cover);
    }
    Ok(chase.finish())
}

fn of_files(need: &Need, room: &Room<'_>, input: &Input) -> Result<(Vec<Found>, Cover), Stop> {
    let fits = |record: &Record<'_>| need.fits(record);
    let needed = Kept::new(literals(need), &fits);
    let heard = room.read(span(need), input, &needed)?;
    let cover = Cover {
        open: vec!["files, which nothing verifies".to_owned()],
        logs: heard.rests_on.logs.unverified,
        ..Cover::default()
    };
    Ok((needed.finish(), cover))
}

fn literals(need: &Need) -> Literals {
    Literals::any(need.literals.iter().map(String::as_str))
}

/// Both ends of a need are in it.
fn span(need: &Need) -> Span {
    let until = need.to.saturating_add(SignedDuration::from_secs(1));
    Span {
        since: Some(need.from),
        until: until.unwrap_or(need.to),
    }
}

fn of_bucket(
    need: &Need,
    opened: &Opened<'_>,
    asked: &Asked,
    input: &Input,
) -> Result<(Vec<Found>, Cover), Stop> {
    let of_account = |scope: &&Scope| need.account.as_ref().is_none_or(|id| *id == scope.account);
    let scopes: Vec<&Scope> = opened.found.scopes.iter().filter(of_account).collect();
    let mut cover = Cover {
        outside: scopes.is_empty(),
        complete: true,
        ..Cover::default()
    };
    // One region after the other where one may be enough; the others together.
    let mut parts: Vec<Vec<Scope>> = Vec::new();
    for region in &need.regions {
        let here = scopes.iter().filter(|it| it.region == *region);
        parts.push(here.map(|it| (*it).clone()).collect());
    }
    if !need.only_these {
        let rest = scopes
            .iter()
            .filter(|it| !need.regions.contains(&it.region));
        parts.push(rest.map(|it| (*it).clone()).collect());
    }
    let mut found = Vec::new();
    let mut read_any = false;
    for part in parts.into_iter().filter(|it| !it.is_empty()) {
        if need.enough(&found) {
            break;
        }
        read_any = true;
        let span = span(need);
        let narrow = narrow(opened, asked, part, span);
        let fits = |record: &Record<'_>| need.fits(record);
        let needed = Kept::new(literals(need), &fits);
        let heard = Room::Bucket(&narrow, asked).read(span, input, &needed)?;
        found.extend(needed.finish());
        let rests_on = heard.rests_on;
        let logs = rests_on.logs;
        cover.logs += logs.verified + logs.altered + logs.unlisted + logs.unverified;
        cover.complete &= rests_on.complete;
        for open in rests_on.open {
            let why = open.why.join(", ");
            cover.open.push(format!(
                "{} {} from {} to {}: {why}",
                open.account, open.region, open.start, open.end
            ));
        }
        cover.open.extend(rests_on.not_covered);
    }
    let unlisted = opened
        .found
        .unread
        .iter()
        .map(|(folder, _)| format!("{folder} could not be listed"));
    cover.open.extend(unlisted);
    cover.complete &= read_any && opened.found.unread.is_empty();
    Ok((found, cover))
}

/// Keeps the records that a chain begins with, or that a hop needs.
struct Kept<'a> {
    literals: Literals,
    fits: &'a (dyn Fn(&Record<'_>) -> bool + Sync),
    found: Mutex<Vec<Found>>,
}

impl<'a> Kept<'a> {
    /// Those that fit, in logs whose bytes hold one of the literals; in all logs where there are none.
    fn new(literals: Literals, fits: &'a (dyn Fn(&Record<'_>) -> bool + Sync)) -> Self {
        Self {
            literals,
            fits,
            found: Mutex::default(),
        }
    }

    /// Those that were found, in an order that does not rest on when each was read.
    fn finish(self) -> Vec<Found> {
        let found = self.found.into_inner();
        let mut found = found.unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }
}

impl Consumer for Kept<'_> {
    type Local = Vec<Found>;

    fn may_match(&self, log: &[u8]) -> bool {
        self.literals.may_be_in(log)
    }

    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        let fits = (self.fits)(record);
        if fits {
            local.push(found(from, record));
        }
        Ok(fits)
    }

    fn end(&self, local: Self::Local) -> anyhow::Result<()> {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(local);
        Ok(())
    }
}

fn found(from: &Origin<'_>, record: &Record<'_>) -> Found {
    let at = Place {
        bucket: from.at.bucket.clone(),
        key: from.at.key.clone(),
        index: record.index(),
    };
    Found::of(record, at, from.proof)
}
