//! The runs of a store: which finished, which did not.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use trailaudit_checks::finding::short;

use super::{Earlier, FAILED, Failed, NIGHT, Night, SCHEMA, STARTED, Started, is_run_id};
use crate::store::{RUNS, Store};

/// Where one attempt of a run has its files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The day on which it began.
    pub date: String,
    /// The run's id.
    pub run: String,
    /// Which attempt, from 1 on.
    pub attempt: u32,
}

impl Place {
    /// The name of one of its files.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder())
    }

    /// Its folder, below the store.
    #[must_use]
    pub fn folder(&self) -> String {
        match self.attempt {
            1 => format!("{RUNS}{}/{}", self.date, self.run),
            n => format!("{RUNS}{}/{}.{n}", self.date, self.run),
        }
    }

    /// The place and the file of a name; nothing for a name that no run has.
    fn parse(name: &str) -> Option<(Self, &str)> {
        let mut parts = name.strip_prefix(RUNS)?.splitn(3, '/');
        let (date, folder, file) = (parts.next()?, parts.next()?, parts.next()?);
        let date: jiff::civil::Date = date.parse().ok()?;
        let (run, attempt) = match folder.split_once('.') {
            None => (folder, 1),
            Some((run, attempt)) => (run, attempt.parse().ok().filter(|it| *it > 1)?),
        };
        let place = Self {
            date: date.to_string(),
            run: run.to_owned(),
            attempt,
        };
        (is_run_id(run) && name == place.file(file)).then_some((place, file))
    }
}

/// All runs of a store, by their names alone.
#[derive(Debug, Default)]
pub struct History {
    runs: BTreeMap<Place, BTreeSet<String>>,
}

impl History {
    /// What these names say.
    #[must_use]
    pub fn of(names: &[String]) -> Self {
        let mut runs: BTreeMap<Place, BTreeSet<String>> = BTreeMap::new();
        for (place, file) in names.iter().filter_map(|it| Place::parse(it)) {
            runs.entry(place).or_default().insert(file.to_owned());
        }
        Self { runs }
    }

    fn attempts(&self, run: &str) -> impl Iterator<Item = (&Place, &BTreeSet<String>)> {
        self.runs.iter().filter(move |(place, _)| place.run == run)
    }

    /// The attempt of this run that finished.
    #[must_use]
    pub fn finished(&self, run: &str) -> Option<&Place> {
        let mut attempts = self.attempts(run);
        attempts.find_map(|(place, files)| files.contains(NIGHT).then_some(place))
    }

    /// The number of the next attempt of this run.
    #[must_use]
    pub fn next_attempt(&self, run: &str) -> u32 {
        let last = self.attempts(run).map(|(place, _)| place.attempt).max();
        last.map_or(1, |it| it.saturating_add(1))
    }

    /// The runs that finished, the last to begin first.
    pub fn nights<'a>(
        &'a self,
        store: &'a dyn Store,
    ) -> impl Iterator<Item = anyhow::Result<(&'a Place, Night)>> {
        // Within a day ids have no order: the days are read one after the other.
        let mut days: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
        for (place, files) in &self.runs {
            if files.contains(NIGHT) {
                days.entry(&place.date).or_default().push(place);
            }
        }
        days.into_values().rev().flat_map(move |places| {
            let nights = places.into_iter().map(|it| Ok((it, night(store, it)?)));
            let mut nights: Vec<anyhow::Result<(&Place, Night)>> = nights.collect();
            nights.sort_by_key(|it| {
                let begun = it.as_ref().ok().map(|(_, night)| night.started_at);
                std::cmp::Reverse(begun)
            });
            nights
        })
    }

    /// The attempts that began after this run and did not finish; all of them where no run finished.
    pub fn unfinished(
        &self,
        store: &dyn Store,
        after: Option<&Night>,
    ) -> anyhow::Result<Vec<Earlier>> {
        let from = after.map(|it| it.started_at.strftime("%Y-%m-%d").to_string());
        let open = self.runs.iter().filter(|(place, files)| {
            !files.contains(NIGHT) && from.as_ref().is_none_or(|it| place.date >= *it)
        });
        let mut earlier = Vec::new();
        for (place, files) in open {
            let started: Option<Started> = json(store, &place.file(STARTED))?;
            let started_at = started.map(|it| it.started_at);
            let told = |it: &Night| {
                let same = |told: &Earlier| told.run == place.run && told.attempt == place.attempt;
                started_at.is_some_and(|at| at < it.started_at) || it.earlier.iter().any(same)
            };
            if after.is_some_and(told) {
                continue;
            }
            let failed: Option<Failed> = match files.contains(FAILED) {
                true => json(store, &place.file(FAILED))?,
                false => None,
            };
            let how = match failed {
                Some(it) => format!("exit code {}: {}", it.exit_code, short(&it.error, 300)),
                None => "it did not finish (it was ended, or still runs)".to_owned(),
            };
            earlier.push(Earlier {
                run: place.run.clone(),
                attempt: place.attempt,
                started_at,
                how,
            });
        }
        earlier.sort_by_key(|it| it.started_at);
        Ok(earlier)
    }
}

/// The verdict of a run.
pub fn night(store: &dyn Store, place: &Place) -> anyhow::Result<Night> {
    let name = place.file(NIGHT);
    let night: Option<Night> = json(store, &name)?;
    let night = night.with_context(|| format!("{name} of the store is gone"))?;
    if night.run != place.run || night.attempt != place.attempt {
        bail!(
            "{name} of the store is of another run: {}",
            short(&night.run, 64)
        );
    }
    Ok(night)
}

/// A small file of the store. `None`: there is none.
pub fn json<T: DeserializeOwned>(store: &dyn Store, name: &str) -> anyhow::Result<Option<T>> {
    #[derive(serde::Deserialize)]
    struct Any {
        schema: u64,
    }
    let wrong = || format!("{name} of the store cannot be used");
    let Some(bytes) = store.read(name)? else {
        return Ok(None);
    };
    let any: Any = serde_json::from_slice(&bytes).with_context(wrong)?;
    if any.schema != SCHEMA {
        bail!(
            "{}: its schema is {}, this program reads {SCHEMA}",
            wrong(),
            any.schema
        );
    }
    Ok(Some(serde_json::from_slice(&bytes).with_context(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(date: &str, run: &str, attempt: u32) -> Place {
        Place {
            date: date.to_owned(),
            run: run.to_owned(),
            attempt,
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for it in [place("2026-12-01", "r", 1), place("2026-12-01", "r", 12)] {
            let name = it.file(NIGHT);
            assert_eq!(Place::parse(&name), Some((it, NIGHT)));
        }
        for name in [
            "audits/2026-12-01/r.1/night.json",
            "audits/2026-12-01/r.02/night.json",
            "audits/2026-12-01/../night.json",
            "audits/2026-12-01/r/../../x",
            "audits/26-12-01/r/night.json",
            "audits/2026-12-01/night.json",
            "audits/2026-12-01/r /night.json",
            "latest.json",
        ] {
            let read = Place::parse(name);
            // A file in a folder of a run is no file of it, but harms nothing.
            assert!(
                read.as_ref().is_none_or(|(_, file)| file.contains('/')),
                "{name}: {read:?}"
            );
        }
    }

    #[test]
    fn attempts_are_counted() {
        let names = [
            "audits/2026-12-01/r/started.json",
            "audits/2026-12-02/r.2/started.json",
        ];
        let history = History::of(&names.map(str::to_owned));
        assert_eq!(history.next_attempt("r"), 3);
        assert_eq!(history.next_attempt("other"), 1);
        assert_eq!(history.finished("r"), None);
        let names = [
            "audits/2026-12-01/r/started.json",
            "audits/2026-12-01/r/night.json",
        ];
        let history = History::of(&names.map(str::to_owned));
        assert_eq!(history.finished("r"), Some(&place("2026-12-01", "r", 1)));
    }
}
