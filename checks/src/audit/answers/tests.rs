//! What is answered to which findings.

use serde_json::{Value, json};

use super::*;
use crate::catalog;

/// An audit of these checks: id, severity, and how each of its findings ended.
pub(in crate::audit) fn audit(
    checks: &[(&str, &str, &[&str])],
    change: impl Fn(&mut Value),
) -> Audit {
    let mut findings = Vec::new();
    let mut told = Vec::new();
    for (id, severity, ends) in checks {
        told.push(
            json!({"id": id, "title": "", "severity": severity, "question": question(id), "why": "", "fix": "",
                         "references": [], "controls": []}),
        );
        for (at, end) in ends.iter().enumerate() {
            let print = crate::finding::fingerprint(id, &format!("{at:012}"));
            let mut finding = json!({"fingerprint": print, "check": id, "status": end, "severity": severity,
                "message": format!("{end} {at}"),
                "subject": {"kind": "account", "id": format!("{at:012}"), "name": format!("a{at}"),
                            "account": format!("{at:012}"), "region": null}});
            if *end == "waived" {
                finding["status"] = "fail".into();
                finding["waiver"] =
                    json!({"reason": "r", "approver": "a", "expires": "2030-01-01"});
            }
            findings.push(finding);
        }
    }
    told.sort_by_key(|it| it["id"].to_string());
    let mut audit = json!({"schema": 2, "tool": {"name": "t", "version": "0"},
        "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:01Z", "now": "2026-01-01T00:00:00Z",
        "scope": {"organization": null, "management_account": null, "caller_arn": "", "accounts": [], "regions": []},
        "run": {"complete": true, "interrupted": false, "exit_code": 0, "fail_on": "low", "allow_incomplete": false,
                "exit_zero": false},
        "waivers": {"unused": [], "expired": [], "accepted_gaps": 0},
        "coverage": {"accounts": [], "regions": [], "notes": [],
                     "calls": {"total": 0, "by_operation": {}, "failed": []}},
        "summary": {"pass": 0, "fail": 0, "unknown": 0, "not_applicable": 0, "waived": 0, "by_severity": {}},
        "checks": told, "frameworks": [], "findings": findings, "chains": [], "problems": []});
    change(&mut audit);
    serde_json::from_value(audit).unwrap()
}

/// The check's own; by its group where it is made up here.
fn question(id: &str) -> Option<Question> {
    match catalog::find(id) {
        Some(check) => check.question,
        None => Some(Question::Recorded).filter(|_| id.starts_with("trail-")),
    }
}

/// All that a yes to this question rests on, passing; and these.
fn with<'a>(
    question: Question,
    more: &[(&'a str, &'a str, &'a [&'a str])],
) -> Vec<(&'a str, &'a str, &'a [&'a str])> {
    let base: Vec<(&str, &str, &[&str])> = rests_on(question)
        .iter()
        .filter(|id| !more.iter().any(|(other, ..)| other == *id))
        .map(|id| (*id, "high", &["pass"][..]))
        .collect();
    base.into_iter().chain(more.iter().copied()).collect()
}

fn said(checks: &[(&str, &str, &[&str])], question: Question) -> Answered {
    let audit = audit(checks, |_| {});
    let answers = of(&audit);
    answers
        .iter()
        .find(|it| it.question == question)
        .unwrap()
        .answer
}

#[test]
fn from_the_findings() {
    use Answered::{No, NotEvaluated, Unknown, Yes};
    use Question::{Guarded, Recorded, Unaltered, Watched};
    for (expected, question, more) in [
        (Yes, Recorded, &[][..]),
        (Yes, Recorded, &[("trail-tagged", "info", &["fail"][..])]),
        (Yes, Recorded, &[("trail-tagged", "low", &["unknown"][..])]),
        (
            No,
            Recorded,
            &[("trail-tagged", "medium", &["pass", "fail"][..])],
        ),
        (No, Recorded, &[("trail-tagged", "medium", &["waived"][..])]),
        (
            No,
            Recorded,
            &[("trail-exists", "high", &["fail", "unknown"][..])],
        ),
        (
            Unknown,
            Recorded,
            &[("trail-exists", "high", &["pass", "unknown"][..])],
        ),
        (
            Yes,
            Recorded,
            &[("trail-exists", "high", &["pass", "not_applicable"][..])],
        ),
        // Of another question.
        (
            Yes,
            Recorded,
            &[("bucket-versioning", "high", &["fail"][..])],
        ),
        (No, Guarded, &[("bucket-versioning", "high", &["fail"][..])]),
        (
            No,
            Watched,
            &[("trail-cloudwatch-logs", "medium", &["fail"][..])],
        ),
        // What nothing signs is not thereby altered.
        (
            Yes,
            Unaltered,
            &[("trail-log-file-validation", "high", &["pass"][..])],
        ),
        (
            Unknown,
            Unaltered,
            &[("trail-log-file-validation", "high", &["fail"][..])],
        ),
        (
            No,
            Unaltered,
            &[("delivery-log-file-hash-valid", "critical", &["fail"][..])],
        ),
    ] {
        assert_eq!(
            said(&with(question, more), question),
            expected,
            "{question:?} {more:?}"
        );
    }
    assert_eq!(
        said(&[("bucket-versioning", "high", &["pass"])], Recorded),
        NotEvaluated
    );
    let signed = |end| said(&[("trail-log-file-validation", "high", &[end])], Unaltered);
    assert_eq!(signed("pass"), NotEvaluated);
    assert_eq!(signed("unknown"), NotEvaluated);
    assert_eq!(signed("fail"), Unknown);
}

#[test]
fn part_of_what_a_yes_rests_on_is_no_yes() {
    for question in Question::ALL {
        let whole = with(question, &[]);
        assert_eq!(said(&whole, question), Answered::Yes, "{question:?}");
        for at in 0..whole.len() {
            let mut part = whole.clone();
            let (id, ..) = part.remove(at);
            assert_eq!(
                said(&part, question),
                Answered::Unknown,
                "{question:?} without {id}"
            );
        }
        let nothing: Vec<_> = whole
            .iter()
            .map(|(id, severity, _)| (*id, *severity, &[][..]))
            .collect();
        assert_eq!(
            said(&nothing, question),
            Answered::Unknown,
            "{question:?} of nothing"
        );
    }
}

#[test]
fn what_was_not_seen_is_no_yes() {
    let checks = with(Question::Recorded, &[]);
    let unseen: [fn(&mut Value); 3] = [
        |it| it["run"]["interrupted"] = true.into(),
        |it| {
            it["coverage"]["accounts"] =
                json!([{"id": "1", "name": null, "status": "unreachable", "reason": null}]);
        },
        |it| {
            it["coverage"]["regions"] =
                json!([{"account": "1", "region": "r", "status": "denied", "reason": null}]);
        },
    ];
    for change in unseen {
        let audit = audit(&checks, change);
        assert_eq!(of(&audit).first().unwrap().answer, Answered::Unknown);
    }
}

#[test]
fn trusted_only_if_all_say_so() {
    let trust_of = |checks: &[(&str, &str, &[&str])]| trust(&of(&audit(checks, |_| {})));
    let every: Vec<_> = Question::ALL.iter().flat_map(|it| with(*it, &[])).collect();
    assert_eq!(trust_of(&every), Some(Answered::Yes));
    let some: Vec<_> = Question::ALL
        .iter()
        .take(4)
        .flat_map(|it| with(*it, &[]))
        .collect();
    assert_eq!(trust_of(&some), Some(Answered::Unknown));
    let waived = [&every[..], &[("trail-tagged", "high", &["waived"][..])]].concat();
    assert_eq!(trust_of(&waived), Some(Answered::No));
    // As in audits of schema 1: nothing was answered.
    assert_eq!(trust(&[]), None);
}

#[test]
fn the_worst_reason_comes_first() {
    let checks = with(
        Question::Recorded,
        &[
            ("trail-a", "medium", &["fail"]),
            ("trail-b", "critical", &["unknown"]),
            ("trail-c", "critical", &["waived"]),
            (
                "trail-d",
                "high",
                &["fail", "pass", "unknown", "not_applicable"],
            ),
        ],
    );
    let answers = of(&audit(&checks, |_| {}));
    let reasons = &answers.first().unwrap().reasons;
    let checks: Vec<_> = reasons
        .iter()
        .filter_map(|it| it.check.as_deref())
        .collect();
    // What fails, what fails by leave, and what could not be evaluated.
    assert_eq!(
        checks,
        ["trail-d", "trail-a", "trail-c", "trail-b", "trail-d"]
    );
    assert_eq!(
        reasons.first().unwrap(),
        &Reason {
            check: Some("trail-d".to_owned()),
            severity: Some(Severity::High),
            failed: 1,
            evaluated: 2,
            message: "failed for 1 of 3; a0: fail 0".to_owned(),
        }
    );
}

/// Settings may call the absence of a trail a mere note; it is no yes for that.
#[test]
fn what_a_yes_rests_on_decides_at_any_severity() {
    for question in Question::ALL {
        for id in rests_on(question) {
            for (ended, expected) in [("fail", Answered::No), ("unknown", Answered::Unknown)] {
                let ends = [ended];
                let checks = with(question, &[(*id, "info", &ends)]);
                assert_eq!(said(&checks, question), expected, "{id} {ended}");
            }
        }
    }
}

#[test]
fn the_named_checks_are_of_the_catalogue_and_of_their_question() {
    for question in Question::ALL {
        for id in rests_on(question) {
            let check = catalog::find(id).unwrap_or_else(|| panic!("there is no check {id}"));
            assert_eq!(check.question, Some(question), "{id}");
        }
    }
    let signs = catalog::find(SIGNS).unwrap();
    assert_eq!(signs.question, Some(Question::Unaltered));
}

/// Only the groups that describe single events or plans answer none of the five questions.
#[test]
fn every_check_belongs_to_a_question() {
    for check in catalog::all() {
        let none = ["event", "plan"].contains(&check.group());
        assert_eq!(check.question.is_none(), none, "{}", check.id);
    }
}
