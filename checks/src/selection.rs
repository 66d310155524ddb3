//! Which checks were asked for, and the frameworks whose controls are told.

use std::collections::BTreeSet;

use crate::aliases::Aliases;
use crate::calls::{self, ApiCall};
use crate::catalog;
use crate::check::{Check, Run};
use crate::framework::{self, BadFramework, Framework};
use crate::settings::Settings;
use crate::text::glob;

/// Checks on chains that need the trails.
const OF_TRAILS: &[&str] = &[
    "delivery-account-region-prefixes-present",
    "delivery-objects-encrypted-as-configured",
    "delivery-objects-locked-as-configured",
];

/// What somebody chose. Nothing chosen is the whole catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Only checks with these ids: globs.
    pub check: Vec<String>,
    /// No checks with these ids: globs.
    pub skip_check: Vec<String>,
    /// Only checks that support controls of these frameworks.
    pub framework: Vec<String>,
}

/// A choice that selects nothing.
#[derive(Debug, thiserror::Error)]
pub enum BadChoice {
    /// A glob that fits no check.
    #[error("no check is named `{0}`")]
    NoCheck(String),
    /// An id that no framework has.
    #[error("there is no framework `{0}`")]
    NoFramework(String),
    /// Each word fits something, and together they leave nothing.
    #[error("no check is left: --check, --skip-check, --framework and the settings leave none")]
    Nothing,
    /// A defect of this program.
    #[error(transparent)]
    Broken(#[from] BadFramework),
    /// A defect of this program.
    #[error("the other names of checks cannot be read: {0}")]
    BrokenNames(#[from] toml::de::Error),
}

/// The checks of a run, and the frameworks it reports.
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
    /// GetTrailStatus in every region that a trail covers, and not only in its home region.
    pub in_every_region: bool,
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
            in_every_region: false,
        }
    }
}

impl Selection {
    /// What the choice and the settings select. A word that selects nothing is an error.
    pub fn of(choice: &Choice, settings: &Settings) -> Result<Self, BadChoice> {
        let all = catalog::all();
        let all_frameworks = framework::all()?;
        let aliases = Aliases::of(&all_frameworks)?;
        let wanted = aliases.expand(&choice.check);
        let unwanted = aliases.expand(&choice.skip_check);
        for pattern in wanted.iter().chain(&unwanted) {
            if !all.iter().any(|check| glob(pattern, check.id)) {
                return Err(BadChoice::NoCheck(pattern.clone()));
            }
        }
        let frameworks = chosen(&choice.framework, &all_frameworks)?;
        let linked: BTreeSet<&str> = frameworks
            .iter()
            .flat_map(|framework| &framework.controls)
            .flat_map(|control| &control.checks)
            .map(String::as_str)
            .collect();
        let any = |patterns: &[String], id: &str| patterns.iter().any(|it| glob(it, id));
        let checks: Vec<&'static Check> = all
            .into_iter()
            .filter(|check| wanted.is_empty() || any(&wanted, check.id))
            .filter(|check| !any(&unwanted, check.id))
            .filter(|check| frameworks.is_empty() || linked.contains(check.id))
            .filter(|check| settings.checks.get(check.id).is_none_or(|it| it.enabled))
            .collect();
        if checks.is_empty() {
            return Err(BadChoice::Nothing);
        }
        Ok(Self {
            checks,
            narrowed: narrowed(choice, settings),
            frameworks,
            all_frameworks,
        })
    }

    /// What the command `verify` evaluates: the checks on chains, without those that the settings switch off, and those
    /// that make sense only where the trails say what must be there, and how.
    pub fn of_verify(settings: &Settings) -> Result<Self, BadChoice> {
        let chains = catalog::all()
            .into_iter()
            .filter(|it| is_of_chains(it) && !OF_TRAILS.contains(&it.id));
        let choice = Choice {
            check: chains.map(|it| it.id.to_owned()).collect(),
            ..Choice::default()
        };
        Self::of(&choice, settings)
    }

    /// Leaves out the checks on chains, where none were verified. How many that leaves.
    pub fn without_chains(&mut self) -> usize {
        self.checks.retain(|it| !is_of_chains(it));
        self.checks.len()
    }

    /// Leaves out the checks on records, where none were read. How many that leaves.
    pub fn without_events(&mut self) -> usize {
        self.checks.retain(|it| !is_of_events(it));
        self.checks.len()
    }

    /// What the command `events detect` evaluates: the checks on records.
    pub fn of_events(choice: &Choice, settings: &Settings) -> Result<Self, BadChoice> {
        let mut selection = Self::of(choice, settings)?;
        selection.checks.retain(|it| is_of_events(it));
        match selection.checks.is_empty() {
            true => Err(BadChoice::Nothing),
            false => Ok(selection),
        }
    }

    /// The calls whose answers the checks read; those on chains none, where nothing is verified.
    #[must_use]
    pub fn needed(&self, by_choice: ByChoice) -> Needed {
        let checks = self.checks.iter();
        let checks =
            checks.filter(|it| by_choice.verify || !(is_of_chains(it) || is_of_events(it)));
        let calls = checks.flat_map(|check| check.reads);
        Needed {
            in_holes: catalog::needed_where_unrecorded(&self.checks),
            in_every_region: catalog::needed_in_every_region(&self.checks),
            ..Needed::of(calls.copied(), by_choice)
        }
    }

    /// Some check is on chains.
    #[must_use]
    pub fn verifies(&self) -> bool {
        self.checks
            .iter()
            .any(|it| is_of_chains(it) || is_of_events(it))
    }

    /// Nothing but checks on chains.
    #[must_use]
    pub fn only_chains(&self) -> bool {
        self.checks
            .iter()
            .all(|it| is_of_chains(it) || is_of_events(it))
    }

    /// Some check reads IAM documents.
    #[must_use]
    pub fn reads_iam(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|check| {
            check
                .reads
                .contains(&calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)
        })
    }
}

fn is_of_events(check: &Check) -> bool {
    matches!(check.run, Run::Event(_))
}

fn is_of_chains(check: &Check) -> bool {
    matches!(check.run, Run::Chain(_))
}

fn narrowed(choice: &Choice, settings: &Settings) -> Vec<String> {
    let off = settings.checks.iter().filter(|(_, it)| !it.enabled);
    let out = choice.skip_check.iter().chain(off.map(|(id, _)| id));
    let out = out.map(|glob| format!("!{glob}"));
    let frameworks = choice.framework.iter().map(|id| format!("framework:{id}"));
    let all: BTreeSet<String> = choice
        .check
        .iter()
        .cloned()
        .chain(out)
        .chain(frameworks)
        .collect();
    all.into_iter().collect()
}

impl Choice {
    /// The choice that a report's `scope.selection` names.
    #[must_use]
    pub fn of_words(words: &[String]) -> Self {
        let mut choice = Self::default();
        for word in words {
            if let Some(glob) = word.strip_prefix('!') {
                choice.skip_check.push(glob.to_owned());
            } else if let Some(framework) = word.strip_prefix("framework:") {
                choice.framework.push(framework.to_owned());
            } else {
                choice.check.push(word.clone());
            }
        }
        choice
    }
}

/// The frameworks with these ids.
pub fn chosen(ids: &[String], all: &[Framework]) -> Result<Vec<Framework>, BadChoice> {
    let mut chosen: Vec<Framework> = Vec::new();
    for id in ids {
        let Some(framework) = all.iter().find(|framework| framework.id == *id) else {
            return Err(BadChoice::NoFramework(id.clone()));
        };
        chosen.push(framework.clone());
    }
    chosen.sort_by(|a, b| a.id.cmp(&b.id));
    chosen.dedup_by(|a, b| a.id == b.id);
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_report_select_the_same_again() {
        let words = |choice: &Choice| {
            Selection::of(choice, &Settings::default())
                .unwrap()
                .narrowed
        };
        let choice = Choice {
            check: vec!["trail-*".to_owned(), "bucket-*".to_owned()],
            skip_check: vec!["trail-tagged".to_owned()],
            framework: vec!["pci-dss-4.0".to_owned()],
        };
        let told = words(&choice);
        assert_eq!(words(&Choice::of_words(&told)), told);
    }

    #[test]
    fn words_that_select_nothing_are_refused() {
        let refused = |check: &str, skip: &str, framework: &str| {
            let list = |word: &str| match word {
                "" => Vec::new(),
                word => vec![word.to_owned()],
            };
            let choice = Choice {
                check: list(check),
                skip_check: list(skip),
                framework: list(framework),
            };
            Selection::of(&choice, &Settings::default()).unwrap_err()
        };
        assert!(matches!(refused("trial-*", "", ""), BadChoice::NoCheck(it) if it == "trial-*"));
        assert!(matches!(refused("", "x", ""), BadChoice::NoCheck(it) if it == "x"));
        assert!(matches!(refused("", "", "pci"), BadChoice::NoFramework(it) if it == "pci"));
        assert!(matches!(refused("", "*", ""), BadChoice::Nothing));
    }
}
