//! The policy evaluator against its cases: JSON files in this folder, and in the one that `TRAILAUDIT_POLICY_CASES`
//! names. See `case.rs` for the format.
//!
//! ```text
//! TRAILAUDIT_POLICY_CASES=DIR cargo test --release -p trailaudit-checks --test policy every_case -- --nocapture
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests read their cases from files and fail by panicking"
)]

mod case;
mod enumerate;
mod generated;
mod mutated;
mod properties;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use case::{Case, File, Kind};
use trailaudit_checks::policy::{Outcome, Verdict, decide};

/// How the answers compare with what was expected.
#[derive(Default)]
struct Score {
    right: usize,
    wrong: usize,
    symbolic_right: usize,
    /// Possible, and called denied.
    unsound: usize,
    /// Not always possible, and called allowed.
    over_claimed: usize,
    /// Called conditional or unknown, and is neither.
    imprecise: usize,
    report: String,
}

impl Score {
    fn judge(&mut self, case: &Case) {
        let given = decide(&case.request(), &case.layers(&case.documents()).view());
        match case.kind {
            Kind::Concrete => {
                let outcome = given.outcome.map_or("unknown", outcome_name);
                let as_said = |said: &Option<String>, given: &str| {
                    said.as_ref().is_none_or(|said| said == given)
                };
                let same = as_said(&case.expect.decision, outcome)
                    && as_said(&case.expect.verdict, verdict_name(given.verdict));
                if same {
                    self.right += 1;
                } else {
                    self.wrong += 1;
                    self.tell(case, outcome);
                }
            }
            Kind::Symbolic => {
                let expected = case.expect.verdict.as_deref().unwrap_or_default();
                let verdict = verdict_name(given.verdict);
                if expected == verdict {
                    self.symbolic_right += 1;
                    return;
                }
                match given.verdict {
                    Verdict::Denied => self.unsound += 1,
                    Verdict::Allowed => self.over_claimed += 1,
                    Verdict::Conditional | Verdict::Unknown => self.imprecise += 1,
                }
                self.tell(case, verdict);
            }
        }
    }

    fn tell(&mut self, case: &Case, given: &str) {
        let expected = case
            .expect
            .decision
            .as_ref()
            .or(case.expect.verdict.as_ref());
        let expected = expected.map_or("", String::as_str);
        writeln!(
            self.report,
            "{}: expected {expected}, given {given}",
            case.id
        )
        .unwrap();
    }

    /// Straight to stdout: the test harness swallows only what the print macros write.
    fn print(&self) {
        let mut out = std::io::stdout().lock();
        write!(
            out,
            "{}concrete: {} right, {} wrong\nsymbolic: {} right, {} unsound, {} over-claimed, {} imprecise\n",
            self.report,
            self.right,
            self.wrong,
            self.symbolic_right,
            self.unsound,
            self.over_claimed,
            self.imprecise
        )
        .unwrap();
    }
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::ImplicitDeny => "implicit_deny",
        Outcome::ExplicitDeny => "explicit_deny",
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Conditional => "conditional",
        Verdict::Unknown => "unknown",
        Verdict::Denied => "denied",
    }
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy")
}

fn cases_in(folder: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| File::read(path).cases)
        .collect()
}

#[test]
fn every_case_is_answered_as_expected() {
    let mut cases = cases_in(&own_folder());
    if let Some(folder) = std::env::var_os("TRAILAUDIT_POLICY_CASES") {
        let more = cases_in(Path::new(&folder));
        assert!(!more.is_empty(), "no cases in {}", folder.display());
        cases.extend(more);
    }
    let mut score = Score::default();
    for case in &cases {
        score.judge(case);
    }
    score.print();
    let bad = score.wrong + score.unsound + score.over_claimed;
    assert_eq!(bad, 0, "{}", score.report);
}

#[test]
fn our_own_cases_are_exact_and_each_is_its_own() {
    let cases = cases_in(&own_folder());
    assert!(cases.len() >= 300, "{} cases", cases.len());
    let mut ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), cases.len(), "ids are unique");
    assert!(
        cases.iter().all(|case| !case.tags.is_empty()),
        "each case cites its rule"
    );
    let mut score = Score::default();
    for case in &cases {
        score.judge(case);
    }
    assert_eq!(score.imprecise, 0, "{}", score.report);
}

/// The verdict of a symbolic case is defined by its worlds: run them all, one by one, and compare.
#[test]
fn symbolic_verdicts_agree_with_all_their_worlds() {
    for case in cases_in(&own_folder()) {
        if case.kind == Kind::Concrete {
            continue;
        }
        let expected = case.expect.verdict.as_deref();
        if expected == Some("unknown") {
            continue;
        }
        let documents = case.documents();
        let by_hand = enumerate::verdict(&case.request(), &case.layers(&documents).view());
        assert_eq!(Some(verdict_name(by_hand)), expected, "{}", case.id);
    }
}

/// A whole set of resources can only be less certain than the samples taken from it.
#[test]
fn sets_of_resources_claim_no_more_than_their_samples() {
    for case in cases_in(&own_folder()) {
        let Some(request) = case.request_for_the_whole_set() else {
            continue;
        };
        let documents = case.documents();
        let verdict = decide(&request, &case.layers(&documents).view()).verdict;
        if verdict != Verdict::Conditional {
            assert_eq!(
                Some(verdict_name(verdict)),
                case.expect.verdict.as_deref(),
                "{}",
                case.id
            );
        }
    }
}
