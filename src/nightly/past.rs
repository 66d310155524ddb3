//! What earlier runs leave to the next one, and whether it can be relied on.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;

use super::{
    APPROVED, AUDIT, Approved, Baseline, EVIDENCE, Earlier, History, Night, Place, fetch, json,
    night,
};
use crate::store::Store;
use crate::terminal::Terminal;

/// What earlier runs leave to this one.
pub(crate) struct Past {
    /// Runs since the last one that finished which did not.
    pub(crate) unfinished: Vec<Earlier>,
    /// Up to when everything was verified.
    pub(crate) verified_until: Option<Timestamp>,
    /// The last run that finished.
    pub(crate) last: Option<Night>,
    /// The audit to compare with.
    pub(crate) baseline: Option<(Baseline, PathBuf)>,
    /// The evidence to name.
    pub(crate) previous: Option<(String, PathBuf)>,
    /// What is wrong with the store itself: then no run ends with 0.
    pub(crate) problems: Vec<String>,
    /// A baseline was approved, and cannot be used: another one would not be what was approved.
    approval_broken: bool,
}

impl Past {
    /// Reads what is wanted of them, the last run first.
    pub(crate) fn read(store: &dyn Store, history: &History, work: &Path) -> Self {
        let mut past = Self {
            unfinished: Vec::new(),
            verified_until: None,
            last: None,
            baseline: None,
            previous: None,
            problems: Vec::new(),
            approval_broken: false,
        };
        past.approved(store, history, work);
        for read in history.nights(store) {
            match read {
                Ok((place, night)) => past.older(store, place, night, work),
                Err(error) => past.problems.push(format!("{error:#}")),
            }
            if past.verified_until.is_some() && past.baseline.is_some() && past.previous.is_some() {
                break;
            }
        }
        match history.unfinished(store, past.last.as_ref()) {
            Ok(all) => past.unfinished = all,
            Err(error) => past.problems.push(format!("{error:#}")),
        }
        past
    }

    /// The audit that was approved. One that is not as it was approved is no baseline.
    fn approved(&mut self, store: &dyn Store, history: &History, work: &Path) {
        let found = json::<Approved>(store, APPROVED).and_then(|approved| {
            let Some(approved) = approved else {
                return Ok(None);
            };
            let place = history
                .finished(&approved.run)
                .filter(|it| it.attempt == approved.attempt);
            let place =
                place.with_context(|| format!("the approved run {} is gone", approved.run))?;
            let night = night(store, place)?;
            if night.files.get(AUDIT).map(|it| &it.sha256) != Some(&approved.sha256) {
                anyhow::bail!(
                    "the audit of run {} is not the one that was approved",
                    approved.run
                );
            }
            let path = fetch(store, place, &night, AUDIT, work)?;
            crate::audit_file::load(&path)?;
            let baseline = Baseline {
                run: approved.run,
                approved: true,
            };
            Ok(Some((baseline, path)))
        });
        match found {
            Ok(found) => self.baseline = found,
            Err(error) => {
                self.approval_broken = true;
                self.problems
                    .push(format!("the approved baseline was not used: {error:#}"));
            }
        }
    }

    /// Takes what is still wanted of a run; the later runs were seen before.
    fn older(&mut self, store: &dyn Store, place: &Place, night: Night, work: &Path) {
        if night.complete && self.verified_until.is_none() {
            self.verified_until = night.verified_until;
        }
        if self.baseline.is_none() && night.exit_code == 0 && !self.approval_broken {
            let found = fetch(store, place, &night, AUDIT, work)
                .and_then(|path| Ok((crate::audit_file::load(&path)?, path)));
            match found {
                // The audit itself must say so.
                Ok((audit, path)) if audit.run.exit_code == 0 => {
                    let baseline = Baseline {
                        run: place.run.clone(),
                        approved: false,
                    };
                    self.baseline = Some((baseline, path));
                }
                Ok(_) => self.problems.push(format!(
                    "run {} is recorded with exit code 0, and its audit says otherwise",
                    place.run
                )),
                Err(error) => self.problems.push(format!("{error:#}")),
            }
        }
        if self.previous.is_none() {
            match fetch(store, place, &night, EVIDENCE, work) {
                Ok(path) => self.previous = Some((place.run.clone(), path)),
                Err(error) => self.problems.push(format!("{error:#}")),
            }
        }
        self.last.get_or_insert(night);
    }

    /// Says what is not as it should be.
    pub(crate) fn tell(&self, terminal: Terminal) {
        for it in &self.unfinished {
            let when = it
                .started_at
                .map_or(String::new(), |at| format!(" of {at}"));
            terminal.warn(&format!("run {}{when} did not finish: {}", it.run, it.how));
        }
        for it in &self.problems {
            terminal.warn(&format!("the store: {it}"));
        }
    }
}
