//! Runs the cases of `cases/`: a tree, what is done to it, and the answer written by hand.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trailaudit_checks::digest::{HourVerdict, KeyRing, Kind, Limits, Logging, Window};

use crate::driver::{Outcome, Run};
use crate::tree::Tree;
use crate::tree::fault::Target;
use crate::tree::spec::Spec;

const CASES: [(&str, &str); 5] = [
    ("ends", include_str!("cases/ends.json")),
    ("clean", include_str!("cases/clean.json")),
    ("logs", include_str!("cases/logs.json")),
    ("digests", include_str!("cases/digests.json")),
    ("chains", include_str!("cases/chains.json")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    tree: Spec,
    #[serde(default)]
    with: With,
    expect: Expect,
}

/// What the verifier is given.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct With {
    /// The window, in hours after the tree's start; without it, the time that the tree covers.
    window: Option<(f64, f64)>,
    keys: Keys,
    denied: Vec<Target>,
    logging: Option<Trail>,
    /// Whether the trails are known, so that a chain without digests is missed.
    trails_known: bool,
    /// Verified beside the tree's own bucket.
    buckets: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Keys {
    #[default]
    Complete,
    /// There are more, which were not listed.
    Incomplete,
    /// Listed and complete, without the one that signed.
    Others,
    /// The one that signed, but valid at another time.
    Expired,
    /// The one that signed, but in another region.
    OtherRegion,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Trail {
    Running,
    /// In hours after the tree's start.
    StoppedAfter(f64),
    /// Stopped and started again, in hours after the tree's start.
    Restarted(f64, f64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// How many problems of each kind.
    problems: BTreeMap<Kind, usize>,
    /// Chains in order of their ids; one, if there is one.
    chain: Option<ExpectChain>,
    chains: Option<Vec<ExpectChain>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectChain {
    /// One letter per hour: verified, unverified, gap, invalid; `-` for a gap as it should be.
    hours: String,
    verdict: HourVerdict,
    /// valid, invalid, missing, unverified
    digests: [u64; 4],
    /// valid, invalid, missing, unverified, unlisted
    logs: [u64; 5],
}

fn key_ring(tree: &Tree, given: &Keys) -> KeyRing {
    let mut answers = tree.public_keys();
    for answer in answers.as_object_mut().unwrap().values_mut() {
        match given {
            Keys::Complete => {}
            Keys::Incomplete => {
                answer["PublicKeyList"] = serde_json::json!([]);
                answer["NextToken"] = "more".into();
            }
            Keys::Others | Keys::OtherRegion => answer["PublicKeyList"] = serde_json::json!([]),
            Keys::Expired => {
                answer["PublicKeyList"][0]["ValidityEndTime"] =
                    answer["PublicKeyList"][0]["ValidityStartTime"].clone()
            }
        }
    }
    if let Keys::OtherRegion = given {
        answers["ap-south-1"] = tree.public_keys()[&tree.regions[0]].clone();
    }
    KeyRing::from_json(answers.to_string().as_bytes()).unwrap()
}

fn run(case: &Case) -> Outcome {
    let tree = Tree::new(&case.tree);
    let after = |hours: f64| -> Timestamp {
        case.tree.start + SignedDuration::from_secs((hours * 3600.0) as i64)
    };
    let window = match case.with.window {
        Some((start, end)) => Window {
            start: after(start),
            end: after(end),
        },
        None => Window {
            start: case.tree.start,
            end: case.tree.end(),
        },
    };
    let logging = match case.with.logging {
        None => Logging::Unknown,
        Some(Trail::Running) => Logging::Running,
        Some(Trail::StoppedAfter(hours)) => Logging::StoppedAt(after(hours)),
        Some(Trail::Restarted(stopped, started)) => Logging::Started {
            at: after(started),
            stopped: Some(after(stopped)),
        },
    };
    let denied = case
        .with
        .denied
        .iter()
        .flat_map(|target| tree.find(target))
        .collect();
    let keys = key_ring(&tree, &case.with.keys);
    Run {
        tree: &tree,
        keys,
        window,
        logging,
        limits: Limits::default(),
        denied,
        anchor: None,
        expected: case.with.trails_known,
        buckets: std::iter::once(&case.tree.bucket)
            .chain(&case.with.buckets)
            .cloned()
            .collect(),
    }
    .verify()
}

fn summary(joined: &trailaudit_checks::digest::Joined) -> ExpectChain {
    let chain = &joined.chain;
    let letter = |hour: &trailaudit_checks::digest::Hour| match hour.verdict {
        HourVerdict::Verified => 'v',
        HourVerdict::Unverified => 'u',
        HourVerdict::Invalid => 'i',
        HourVerdict::Gap if hour.cause.is_some_and(|cause| cause.is_expected()) => '-',
        HourVerdict::Gap => 'g',
    };
    let (digests, logs) = (chain.digests, chain.logs);
    ExpectChain {
        hours: chain
            .hours
            .iter()
            .flat_map(|hour| std::iter::repeat_n(letter(hour), usize::from(hour.count.get())))
            .collect(),
        verdict: chain.verdict,
        digests: [
            digests.valid,
            digests.invalid,
            digests.missing,
            digests.unverified,
        ],
        logs: [
            logs.valid,
            logs.invalid,
            logs.missing,
            logs.unverified,
            logs.unlisted,
        ],
    }
}

#[test]
fn every_case_gets_its_answer() {
    let mut wrong = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for (file, cases) in CASES {
        let cases: Vec<Case> =
            serde_json::from_str(cases).unwrap_or_else(|error| panic!("{file}: {error}"));
        for case in cases {
            assert!(
                names.insert(case.name.clone()),
                "two cases are called {}",
                case.name
            );
            let outcome = run(&case);
            let mut seen = BTreeMap::new();
            outcome
                .problems()
                .for_each(|problem| *seen.entry(problem.kind).or_insert(0) += 1);
            let chains: Vec<_> = outcome.joined.iter().map(summary).collect();
            let expected: Vec<_> = case
                .expect
                .chain
                .into_iter()
                .chain(case.expect.chains.into_iter().flatten())
                .collect();
            if seen != case.expect.problems || (!expected.is_empty() && chains != expected) {
                let detail: Vec<_> = outcome
                    .problems()
                    .map(|problem| format!("\n    {problem:?}"))
                    .collect();
                wrong.push(format!(
                    "{}:\n  problems {seen:?}\n  chains {chains:?}{}\n",
                    case.name,
                    detail.concat()
                ));
            }
            for joined in &outcome.joined {
                check_invariants(joined);
            }
            // A problem says what was expected, and what was seen instead.
            for problem in outcome.problems() {
                assert!(
                    problem.expected.is_some() && problem.seen.is_some(),
                    "{}: {problem:?}",
                    case.name
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The hours part the window; the counts agree with the problems; what is called verified has no problem.
pub(crate) fn check_invariants(joined: &trailaudit_checks::digest::Joined) {
    let chain = &joined.chain;
    let mut at = chain.window.start;
    for hour in &chain.hours {
        assert_eq!(hour.start, at);
        assert!(hour.start < hour.end);
        at = hour.end;
    }
    assert_eq!(at, chain.window.end);
    assert!(joined.problems.is_sorted());
    let json = serde_json::to_value(joined).unwrap();
    assert_eq!(
        &serde_json::from_value::<trailaudit_checks::digest::Joined>(json).unwrap(),
        joined
    );
    use trailaudit_checks::digest::Verdict;
    if chain.verdict == HourVerdict::Verified {
        let bad = joined.problems.iter().find(|problem| {
            problem
                .verdict
                .is_some_and(|verdict| verdict != Verdict::Valid)
        });
        assert_eq!(bad, None);
        assert_eq!(
            (
                chain.digests.invalid,
                chain.digests.missing,
                chain.digests.unverified
            ),
            (0, 0, 0)
        );
    }
}

#[test]
fn every_kind_of_problem_has_cases() {
    let mut seen: BTreeMap<Kind, (bool, bool)> = BTreeMap::new();
    for (_, cases) in CASES {
        for case in serde_json::from_str::<Vec<Case>>(cases).unwrap() {
            let alone = case.expect.problems.len() == 1;
            for kind in case.expect.problems.keys() {
                let (single, combined) = seen.entry(*kind).or_default();
                if alone {
                    *single = true
                } else {
                    *combined = true
                }
            }
        }
    }
    let schema = serde_json::to_value(schemars::schema_for!(Kind)).unwrap();
    let all = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["const"].clone());
    for kind in all.map(|name| serde_json::from_value::<Kind>(name).unwrap()) {
        let both = seen.get(&kind).copied().unwrap_or_default();
        assert_eq!(
            both,
            (true, true),
            "{kind:?} needs a case alone and a case together with another problem"
        );
    }
}

/// Reports and the audit's schema rest on these names.
#[test]
fn a_chain_is_written_as_the_audit_has_it() {
    let case = |faults: &str| {
        let json = format!(
            r#"{{"name": "x", "tree": {{"hours": 2, "faults": [{faults}]}}, "expect": {{"problems": {{}}}}}}"#
        );
        let outcome = run(&serde_json::from_str(&json).unwrap());
        serde_json::to_value(&outcome.joined[0]).unwrap()
    };
    let names = |value: &serde_json::Value| {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    let joined = case(r#"{"do": "tamper", "log": [1, 0]}"#);
    let (chain, problem) = (&joined["chain"], &joined["problems"][0]);
    assert_eq!(
        names(chain),
        "account bucket digests home_region hours logs prefix region trail verdict window"
    );
    assert_eq!(names(&chain["digests"]), "invalid missing unverified valid");
    assert_eq!(
        names(&chain["logs"]),
        "invalid missing unlisted unverified valid"
    );
    assert_eq!(names(&chain["hours"][0]), "end start verdict");
    assert_eq!(chain["hours"][1]["verdict"], "invalid");
    assert_eq!(
        names(problem),
        "account bucket chain detail expected key kind region seen severity verdict"
    );
    assert_eq!(problem["kind"], "log-hash-mismatch");
    assert_eq!(problem["severity"], "critical");
    assert_eq!(
        problem["chain"],
        "111122223333/eu-west-1/eu-west-1/main@logs/"
    );

    let joined = case(r#"{"do": "delete", "digest": 1}"#);
    let tail = joined["problems"].as_array().unwrap().last().unwrap();
    assert_eq!(tail["kind"], "chain-tail-missing");
    assert_eq!(
        names(tail),
        "account bucket chain detail expected kind region seen severity window"
    );
    assert_eq!(joined["chain"]["hours"][1]["cause"], "tail-missing");
}
