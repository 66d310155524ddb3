//! `nightly`: a scan whose facts, verdict and evidence are kept, one run after the other.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use trailaudit_checks::finding::Status;
use trailaudit_reports::sanitize;

use crate::cli::Nightly;
use crate::evidence::{self, Key};
use crate::exit::{Exit, Stop, exit_of};
use crate::files;
use crate::invocation::Invocation;
use crate::judged::{Judged, save};
use crate::nightly::{
    APPROVED, AUDIT, Approved, EVIDENCE, FAILED, Failed, History, INVENTORY, LATEST, Latest, NIGHT,
    Night, Past, Place, PreviousBundle, REPORT, SCHEMA, STARTED, Started, fetch, json, night,
    put_json, sum,
};
use crate::output;
use crate::program::{clock, tool};
use crate::store::{self, Kept, Put, Store};
use crate::terminal::Terminal;
use crate::verify::window::When;

/// What the first run verifies.
const FIRST: When = When::Ago(SignedDuration::from_hours(25));
/// A run begins so long before the end of the last complete one: digests of the hour between them are read twice.
const OVERLAP: SignedDuration = SignedDuration::from_hours(2);
/// A longer window is unusual.
const LONG: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Two at once may want the same attempt.
const TRIES: u32 = 5;

impl Invocation {
    pub(super) fn nightly(&self, flags: &Nightly, terminal: Terminal) -> Result<Exit, Stop> {
        // All that can be wrong with the command is told before anything is asked.
        let key = flags.sign.as_deref().map(Key::read).transpose();
        let key = key.map_err(Stop::Usage)?;
        let reports = output::plan(&flags.output.format, flags.output.output_dir.as_deref())?;
        let options = store::Options {
            profile: flags.live.profile.clone(),
            role: flags.store_role.clone(),
            lock_days: flags.object_lock_days,
            kept: Kept::Audits,
        };
        let store = store::open(&flags.store, &options)?;
        let now = clock()?;
        if let (Some(run), Some(approver)) = (&flags.approve, &flags.approver) {
            return approve(&*store, run, approver, now, terminal);
        }
        let history = History::of(&store.names()?);
        let run = flags.run.clone();
        let run = run.unwrap_or_else(|| now.strftime("%Y%m%dT%H%M%SZ").to_string());
        if let Some(place) = history.finished(&run) {
            let night = night(&*store, place)?;
            terminal.note(&format!(
                "run {run} has finished already, at {} with exit code {}: nothing was done",
                night.finished_at, night.exit_code
            ));
            return Ok(exit_of(night.exit_code));
        }
        let work = files::temporary_folder()?;
        let past = Past::read(&*store, &history, work.path());
        past.tell(terminal);
        let place = begin(&*store, &history, &run, now, work.path())?;
        let night = Tonight {
            invocation: self,
            flags,
            store: &*store,
            place,
            past,
            key,
            now,
            work: work.path(),
            terminal,
        };
        match night.go(&reports) {
            Ok(exit) => Ok(exit),
            Err(stop) => {
                night.failed(stop.exit(), &format!("{:#}", stop.error()));
                Err(stop)
            }
        }
    }
}

/// Takes the next attempt of the run: writes that it began.
fn begin(
    store: &dyn Store,
    history: &History,
    run: &str,
    now: Timestamp,
    work: &Path,
) -> Result<Place, Stop> {
    let first = history.next_attempt(run);
    for attempt in first..first.saturating_add(TRIES) {
        let place = Place {
            date: now.strftime("%Y-%m-%d").to_string(),
            run: run.to_owned(),
            attempt,
        };
        let started = Started {
            schema: SCHEMA,
            run: run.to_owned(),
            attempt,
            tool: tool(),
            started_at: now,
        };
        match put_json(store, &place.file(STARTED), &started, work)? {
            Put::Written => return Ok(place),
            Put::Exists => {}
        }
    }
    Err(Stop::Fatal(anyhow!(
        "run {run} is begun by others at the same time; give this one an id of its own: --run ID"
    )))
}

/// Names the baseline of later runs.
fn approve(
    store: &dyn Store,
    run: &str,
    approver: &str,
    now: Timestamp,
    terminal: Terminal,
) -> Result<Exit, Stop> {
    let history = History::of(&store.names()?);
    let place = history.finished(run).ok_or_else(|| {
        Stop::usage(format!(
            "no run {run} has finished, so it cannot be a baseline"
        ))
    })?;
    let work = files::temporary_folder()?;
    let night = night(store, place)?;
    let audit = fetch(store, place, &night, AUDIT, work.path())?;
    crate::audit_file::load(&audit).map_err(Stop::Fatal)?;
    let sum = night.files.get(AUDIT).context("it has no audit")?;
    let approved = Approved {
        schema: SCHEMA,
        run: run.to_owned(),
        attempt: place.attempt,
        sha256: sum.sha256.clone(),
        approver: approver.to_owned(),
        approved_at: now,
    };
    let mut bytes = Vec::new();
    sanitize::json(&approved, &mut bytes).context("the approval cannot be written")?;
    store.replace(APPROVED, &bytes)?;
    terminal.note(&format!(
        "run {run} (exit code {}, {} open failures) is the baseline of later runs, approved by {approver}",
        night.exit_code, night.open_failures
    ));
    Ok(Exit::Clean)
}

/// A run under way.
struct Tonight<'a> {
    invocation: &'a Invocation,
    flags: &'a Nightly,
    store: &'a dyn Store,
    place: Place,
    past: Past,
    key: Option<Key>,
    now: Timestamp,
    work: &'a Path,
    terminal: Terminal,
}

impl Tonight<'_> {
    fn go(&self, reports: &[output::Report]) -> Result<Exit, Stop> {
        let baseline = self.past.baseline.as_ref().map(|(_, path)| path.clone());
        if self.flags.fail_on_new && baseline.is_none() {
            self.terminal.note(
                "there is no baseline yet, so every failure counts: approve a run with --approve RUN",
            );
        }
        let scan = self.flags.scan(self.since(), baseline);
        let judged = self.invocation.judged(&scan, self.terminal)?;
        let options = |it: &output::Report| {
            self.flags
                .output
                .of(self.invocation.options(it.to_stdout()))
        };
        if judged.audit.run.interrupted {
            // Half a night is none: the next one reports it.
            output::write(reports, &judged.audit, options, self.terminal)?;
            self.failed(Exit::Interrupted, "it was interrupted");
            return Ok(Exit::Interrupted);
        }
        self.not_older(&judged)?;
        let night = self.keep(&judged)?;
        output::write(reports, &judged.audit, options, self.terminal)?;
        self.terminal.note(&format!(
            "run {} was kept in {}: exit code {}",
            night.run, self.flags.store, night.exit_code
        ));
        std::mem::forget(judged);
        Ok(exit_of(night.exit_code))
    }

    /// From when on digests are verified: nothing between two complete runs is left out.
    fn since(&self) -> When {
        let Some(until) = self.past.verified_until else {
            return self.flags.since.unwrap_or(FIRST);
        };
        let since = until.saturating_sub(OVERLAP).unwrap_or(until);
        let since = match self.flags.since {
            Some(given) => given.at(self.now).min(since),
            None => since,
        };
        if self.now.duration_since(since) > LONG {
            self.terminal.warn(&format!(
                "digests are verified from {since} on, where the last complete run ended"
            ));
        }
        When::At(since)
    }

    /// Facts that were kept before are no news: a night that looks at them again would only repeat its verdict.
    fn not_older(&self, judged: &Judged) -> Result<(), Stop> {
        let taken = judged.audit.started_at;
        match &self.past.last {
            Some(last) if last.taken_at >= taken => Err(Stop::usage(format!(
                "the inventory was taken at {taken}, which is not after that of run {} ({}): collect a new one",
                last.run, last.taken_at
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// Writes all files of the run; what says that it finished comes last.
    fn keep(&self, judged: &Judged) -> Result<Night, Stop> {
        let Judged {
            snapshot, audit, ..
        } = judged;
        let at = |name: &str| self.work.join(name);
        save(
            Some(&at(INVENTORY)),
            snapshot,
            Terminal {
                quiet: true,
                ..self.terminal
            },
        )?;
        output::file(&at(AUDIT), "json", audit)?;
        output::file(&at(REPORT), "html", audit)?;
        let mut problems = self.past.problems.clone();
        let previous = self.previous(judged, &mut problems);
        let link = previous.as_ref().map(|(_, link)| link.clone());
        evidence::write(judged, link, self.key.as_ref(), &at(EVIDENCE))?;
        let mut sums = BTreeMap::new();
        for name in [INVENTORY, AUDIT, REPORT, EVIDENCE] {
            sums.insert(name.to_owned(), sum(&at(name))?);
            self.put(name, &at(name))?;
        }
        let night = Night {
            schema: SCHEMA,
            run: self.place.run.clone(),
            attempt: self.place.attempt,
            tool: tool(),
            started_at: self.now,
            finished_at: clock()?,
            of: evidence::whose(audit),
            taken_at: audit.started_at,
            verified_until: self.verified_until(judged),
            complete: audit.run.complete,
            exit_code: match (audit.run.exit_code, problems.is_empty()) {
                // With a store that was tampered with, nothing is fine.
                (0, false) => Exit::Incomplete.code(),
                (code, _) => code,
            },
            open_failures: audit.summary.by_severity.values().sum(),
            unknown: audit
                .findings
                .iter()
                .filter(|it| it.status == Status::Unknown)
                .count() as u64,
            baseline: self.past.baseline.as_ref().map(|(it, _)| it.clone()),
            previous: previous.map(|(run, link)| PreviousBundle {
                run,
                sha256sums: link.sha256sums,
            }),
            earlier: self.past.unfinished.clone(),
            problems,
            files: sums,
        };
        if let Put::Exists = put_json(self.store, &self.place.file(NIGHT), &night, self.work)? {
            return Err(Stop::Fatal(anyhow!(
                "{} of the store was written by another",
                self.place.file(NIGHT)
            )));
        }
        self.latest(&night)?;
        Ok(night)
    }

    fn put(&self, name: &str, path: &Path) -> Result<(), Stop> {
        match self.store.put(&self.place.file(name), path)? {
            Put::Written => Ok(()),
            Put::Exists => Err(Stop::Fatal(anyhow!(
                "{} of the store was written by another",
                self.place.file(name)
            ))),
        }
    }

    /// The bundle that this one names. One that cannot be named is a break in the chain of evidence, and told.
    fn previous(
        &self,
        judged: &Judged,
        problems: &mut Vec<String>,
    ) -> Option<(String, evidence::Previous)> {
        let (run, path) = self.past.previous.as_ref()?;
        match evidence::link(path, self.key.as_ref(), &judged.audit, self.terminal) {
            Ok(link) => Some((run.clone(), link)),
            Err(error) => {
                let words =
                    format!("the evidence of run {run} is not named by this one's: {error:#}");
                self.terminal.warn(&format!("the store: {words}"));
                problems.push(words);
                None
            }
        }
    }

    /// Up to when this run verified digests: the earliest end of a chain. A run without chains, or of some accounts or
    /// regions, does not move the window on for all.
    fn verified_until(&self, judged: &Judged) -> Option<Timestamp> {
        let live = &self.flags.live;
        let parts = [
            &live.accounts,
            &live.exclude_accounts,
            &live.ou,
            &live.regions,
        ];
        let chains = judged.snapshot.inventory.chains.values();
        let ends = chains.map(|it| it.chain.window.end).min();
        ends.filter(|_| parts.iter().all(|it| it.is_empty()))
    }

    /// Says how the last run went, unless a later one has said so.
    fn latest(&self, night: &Night) -> anyhow::Result<()> {
        let before: Option<Latest> = json(self.store, LATEST).unwrap_or_default();
        if before.is_some_and(|it| it.night.started_at > night.started_at) {
            return Ok(());
        }
        let latest = Latest {
            path: self.place.folder(),
            night: night.clone(),
        };
        let mut bytes = Vec::new();
        sanitize::json(&latest, &mut bytes)?;
        self.store.replace(LATEST, &bytes)
    }

    /// Leaves word for the next run, where that can be.
    fn failed(&self, exit: Exit, error: &str) {
        let failed = Failed {
            schema: SCHEMA,
            failed_at: clock().unwrap_or(self.now),
            exit_code: exit.code(),
            error: error.to_owned(),
        };
        if let Err(error) = put_json(self.store, &self.place.file(FAILED), &failed, self.work) {
            self.terminal
                .warn(&format!("that the run failed could not be kept: {error:#}"));
        }
    }
}
