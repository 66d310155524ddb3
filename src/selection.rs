//! Which checks were asked for, and the frameworks whose controls are told.

use std::collections::BTreeSet;

use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::catalog;
use trailaudit_checks::check::{Check, Run};
use trailaudit_checks::framework::{self, Framework};
use trailaudit_checks::settings::Settings;
use trailaudit_checks::text::glob;

use crate::cli::Select;
use crate::exit::Stop;
use crate::nearest::hint;

/// Checks on chains that need the trails.
const OF_TRAILS: &[&str] = &[
    "delivery-account-region-prefixes-present",
    "delivery-objects-encrypted-as-configured",
    "delivery-objects-locked-as-configured",
];

/// The checks of a run, and the frameworks it tells of.
#[derive(Debug, Clone)]
pub struct Selection {
    /// By id; never empty.
    pub checks: Vec<&'static Check>,
    /// The frameworks that were asked for.
    pub frameworks: Vec<Framework>,
    /// What narrowed the catalogue: globs, those that leave checks out with a `!` before them, and frameworks.
    pub narrowed: Vec<String>,
    /// All there are, for the controls that each check supports.
    pub all_frameworks: Vec<Framework>,
}

/// Which calls to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// All of them.
    pub calls: BTreeSet<ApiCall>,
    /// Those of them that only matter where trails leave events unrecorded.
    pub in_holes: BTreeSet<ApiCall>,
}

/// What is asked only by choice, since it takes its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByChoice {
    /// Digests and logs are verified.
    pub verify: bool,
    /// Recent events are looked up: two calls a second and region, by AWS's own limit.
    pub lookup: bool,
}

impl Needed {
    /// Whatever any check may read.
    #[must_use]
    pub fn everything(by_choice: ByChoice) -> Self {
        Self::of(calls::ALL.iter().copied(), by_choice)
    }

    fn of(calls: impl IntoIterator<Item = ApiCall>, by_choice: ByChoice) -> Self {
        let mut calls: BTreeSet<ApiCall> = calls.into_iter().collect();
        if by_choice.verify {
            calls.extend([calls::LIST_OBJECT_VERSIONS, calls::GET_TRAIL_STATUS]);
        }
        if !by_choice.lookup {
            calls.remove(&calls::LOOKUP_EVENTS);
        }
        Self {
            calls,
            in_holes: BTreeSet::new(),
        }
    }
}

impl Selection {
    /// What the flags and the settings select. A word that selects nothing is an error.
    pub fn of(select: &Select, settings: &Settings) -> Result<Self, Stop> {
        let all = catalog::all();
        for pattern in select.check.iter().chain(&select.skip_check) {
            if !all.iter().any(|check| glob(pattern, check.id)) {
                let hint = hint(pattern, all.iter().map(|check| check.id));
                return Err(Stop::usage(format!(
                    "no check is named `{pattern}`{hint} `trailaudit list checks` has them all"
                )));
            }
        }
        let all_frameworks = framework::all().map_err(|error| Stop::Fatal(error.into()))?;
        let frameworks = chosen(&select.framework, &all_frameworks)?;
        let linked: BTreeSet<&str> = frameworks
            .iter()
            .flat_map(|framework| &framework.controls)
            .flat_map(|control| &control.checks)
            .map(String::as_str)
            .collect();
        let any = |patterns: &[String], id: &str| patterns.iter().any(|it| glob(it, id));
        let checks: Vec<&'static Check> = all
            .into_iter()
            .filter(|check| select.check.is_empty() || any(&select.check, check.id))
            .filter(|check| !any(&select.skip_check, check.id))
            .filter(|check| frameworks.is_empty() || linked.contains(check.id))
            .filter(|check| settings.checks.get(check.id).is_none_or(|it| it.enabled))
            .collect();
        if checks.is_empty() {
            return Err(Stop::usage(
                "no check is left: --check, --skip-check, --framework and the settings leave none",
            ));
        }
        Ok(Self {
            checks,
            narrowed: narrowed(select, settings),
            frameworks,
            all_frameworks,
        })
    }

    /// What the command `verify` judges: the checks on chains, but those that the settings switch off, and those that
    /// make sense only where the trails say what must be there, and how.
    pub fn of_verify(settings: &Settings) -> Result<Self, Stop> {
        let chains = catalog::all()
            .into_iter()
            .filter(|it| is_of_chains(it) && !OF_TRAILS.contains(&it.id));
        let select = Select {
            check: chains.map(|it| it.id.to_owned()).collect(),
            ..Select::default()
        };
        Self::of(&select, settings)
    }

    /// Leaves out the checks on chains, where none were verified. How many that leaves.
    pub fn without_chains(&mut self) -> usize {
        self.checks.retain(|it| !is_of_chains(it));
        self.checks.len()
    }

    /// The calls whose answers the checks read; those on chains none, where nothing is verified.
    #[must_use]
    pub fn needed(&self, by_choice: ByChoice) -> Needed {
        let checks = self.checks.iter();
        let checks = checks.filter(|it| by_choice.verify || !is_of_chains(it));
        let calls = checks.flat_map(|check| check.reads);
        Needed {
            in_holes: catalog::needed_in_holes(&self.checks),
            ..Needed::of(calls.copied(), by_choice)
        }
    }

    /// Some check is on chains.
    #[must_use]
    pub fn verifies(&self) -> bool {
        self.checks.iter().any(|it| is_of_chains(it))
    }

    /// Nothing but checks on chains.
    #[must_use]
    pub fn only_chains(&self) -> bool {
        self.checks.iter().all(|it| is_of_chains(it))
    }

    /// Some check reads IAM documents.
    #[must_use]
    pub fn reads_iam(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|check| matches!(check.run, Run::Principal(_) | Run::Access(_)))
    }
}

fn is_of_chains(check: &Check) -> bool {
    matches!(check.run, Run::Chain(_))
}

fn narrowed(select: &Select, settings: &Settings) -> Vec<String> {
    let off = settings.checks.iter().filter(|(_, it)| !it.enabled);
    let out = select.skip_check.iter().chain(off.map(|(id, _)| id));
    let out = out.map(|glob| format!("!{glob}"));
    let frameworks = select.framework.iter().map(|id| format!("framework:{id}"));
    let all: BTreeSet<String> = select
        .check
        .iter()
        .cloned()
        .chain(out)
        .chain(frameworks)
        .collect();
    all.into_iter().collect()
}

/// The frameworks with these ids.
pub(crate) fn chosen(ids: &[String], all: &[Framework]) -> Result<Vec<Framework>, Stop> {
    let mut chosen: Vec<Framework> = Vec::new();
    for id in ids {
        let Some(framework) = all.iter().find(|framework| framework.id == *id) else {
            let ids: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
            let hint = hint(id, ids.iter().copied());
            return Err(Stop::usage(format!(
                "there is no framework `{id}`{hint} There are {}",
                ids.join(", ")
            )));
        };
        chosen.push(framework.clone());
    }
    chosen.sort_by(|a, b| a.id.cmp(&b.id));
    chosen.dedup_by(|a, b| a.id == b.id);
    Ok(chosen)
}
