//! Cases for the pattern languages, from files: adding one takes no Rust.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests read files, and fail by panics"
)]

mod fuzz;
mod work;

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use trailaudit_checks::patterns::{Comparison, Expr, PatternError, Tri};
use trailaudit_checks::patterns::{covers, parse_event_pattern, parse_filter};

/// One pattern, against one event or against the events that it is required to match.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// A filter pattern of CloudWatch Logs.
    filter: Option<String>,
    /// An event pattern of EventBridge.
    rule: Option<Value>,
    /// An event: `yes`, `no` or `maybe` is expected, or `error`.
    event: Option<Value>,
    /// Required events, as a filter pattern: `covers`, `misses`, `cannot_tell` or `error` is expected.
    required: Option<String>,
    expected: String,
    /// A part of the event that is missed.
    witness: Option<String>,
}

impl Case {
    fn pattern(&self) -> Result<Expr, PatternError> {
        match (&self.filter, &self.rule) {
            (Some(filter), None) => parse_filter(filter),
            (None, Some(rule)) => parse_event_pattern(&rule.to_string()),
            _ => panic!("{}: a filter or a rule", self.name),
        }
    }

    fn judge(&self) -> (&'static str, String) {
        let pattern = match self.pattern() {
            Ok(pattern) => pattern,
            Err(error) => return ("error", error.to_string()),
        };
        if let Some(event) = &self.event {
            let answer = match pattern.matches(event) {
                Tri::Yes => "yes",
                Tri::No => "no",
                Tri::Undecided => "maybe",
            };
            return (answer, String::new());
        }
        let required = parse_filter(self.required.as_deref().unwrap_or_default()).unwrap();
        match covers(&required, &pattern) {
            Comparison::Covers => ("covers", String::new()),
            Comparison::Misses(witness) => ("misses", witness.to_string()),
            Comparison::CannotTell(why) => ("cannot_tell", why),
            Comparison::TooComplex(why) => ("too_complex", why),
        }
    }
}

#[test]
fn every_case_is_answered_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/patterns");
    let (mut names, mut wrong) = (Vec::new(), Vec::new());
    for file in std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
    {
        if file.extension().is_none_or(|it| it != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in cases {
            let (answer, detail) = case.judge();
            let told = case
                .witness
                .as_ref()
                .is_none_or(|it| detail.contains(it.as_str()));
            if answer != case.expected || !told {
                wrong.push(format!(
                    "{}: {answer} {detail}, not {}",
                    case.name, case.expected
                ));
            }
            names.push(case.name);
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique");
    assert!(count >= 100, "{count} cases");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
