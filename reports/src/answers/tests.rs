//! What is answered to which findings.

use serde_json::{Value, json};
use trailaudit_checks::catalog;

use super::*;

/// An audit of these checks: id, severity, and how each of its findings ended.
fn audit(checks: &[(&str, &str, &[&str])], change: impl Fn(&mut Value)) -> Audit {
    let mut findings = Vec::new();
    let mut told = Vec::new();
    for (id, severity, ends) in checks {
        told.push(
            json!({"id": id, "title": "", "severity": severity, "why": "", "fix": "",
                         "references": [], "controls": []}),
        );
        for (at, end) in ends.iter().enumerate() {
            let mut finding = json!({"fingerprint": "", "check": id, "status": end, "severity": severity,
                "message": format!("{end} {at}"),
                "subject": {"kind": "account", "id": format!("{at:012}"), "name": "", "account": null, "region": null}});
            if *end == "waived" {
                finding["status"] = "fail".into();
                finding["waiver"] =
                    json!({"reason": "r", "approver": "a", "expires": "2030-01-01"});
            }
            findings.push(finding);
        }
    }
    told.sort_by_key(|it| it["id"].to_string());
    let mut audit = json!({"schema": 1, "tool": {"name": "t", "version": "0"},
        "started_at": "2026-01-01T00:00:00Z", "finished_at": null, "now": "2026-01-01T00:00:00Z",
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

/// All that a yes to this question rests on, passing; and these.
fn with<'a>(
    question: Question,
    more: &[(&'a str, &'a str, &'a [&'a str])],
) -> Vec<(&'a str, &'a str, &'a [&'a str])> {
    let base: Vec<(&str, &str, &[&str])> = question
        .rests_on()
        .iter()
        .filter(|id| !more.iter().any(|(other, ..)| other == *id))
        .map(|id| (*id, "high", &["pass"][..]))
        .collect();
    base.into_iter().chain(more.iter().copied()).collect()
}

fn said(checks: &[(&str, &str, &[&str])], question: Question) -> Said {
    let audit = audit(checks, |_| {});
    let answers = all(&audit);
    answers
        .iter()
        .find(|it| it.question == question)
        .unwrap()
        .said
}

#[test]
fn from_the_findings() {
    use Question::{Guarded, Recorded, Unaltered, Watched};
    use Said::{CannotTell, No, NotAsked, Yes};
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
            CannotTell,
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
            CannotTell,
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
        NotAsked
    );
    let signed = |end| said(&[("trail-log-file-validation", "high", &[end])], Unaltered);
    assert_eq!(signed("pass"), NotAsked);
    assert_eq!(signed("unknown"), NotAsked);
    assert_eq!(signed("fail"), CannotTell);
}

#[test]
fn part_of_what_a_yes_rests_on_is_no_yes() {
    for question in Question::ALL {
        let whole = with(question, &[]);
        assert_eq!(said(&whole, question), Said::Yes, "{question:?}");
        for at in 0..whole.len() {
            let mut part = whole.clone();
            let (id, ..) = part.remove(at);
            assert_eq!(
                said(&part, question),
                Said::CannotTell,
                "{question:?} without {id}"
            );
        }
        let nothing: Vec<_> = whole
            .iter()
            .map(|(id, severity, _)| (*id, *severity, &[][..]))
            .collect();
        assert_eq!(
            said(&nothing, question),
            Said::CannotTell,
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
        assert_eq!(all(&audit).first().unwrap().said, Said::CannotTell);
    }
}

#[test]
fn trusted_only_if_all_say_so() {
    let every: Vec<_> = Question::ALL.iter().flat_map(|it| with(*it, &[])).collect();
    assert_eq!(trust(&all(&audit(&every, |_| {}))), Said::Yes);
    let some: Vec<_> = Question::ALL
        .iter()
        .take(4)
        .flat_map(|it| with(*it, &[]))
        .collect();
    assert_eq!(trust(&all(&audit(&some, |_| {}))), Said::CannotTell);
    let waived = [&every[..], &[("trail-tagged", "high", &["waived"][..])]].concat();
    let audit = audit(&waived, |_| {});
    let answers = all(&audit);
    assert_eq!(trust(&answers), Said::No);
    assert!(answers.first().unwrap().is_accepted());
}

#[test]
fn the_worst_reason_comes_first() {
    let checks = with(
        Question::Recorded,
        &[
            ("trail-a", "medium", &["fail"]),
            ("trail-b", "critical", &["unknown"]),
            ("trail-c", "critical", &["waived"]),
            ("trail-d", "high", &["fail", "pass"]),
        ],
    );
    let audit = audit(&checks, |_| {});
    let answers = all(&audit);
    let reasons = &answers.first().unwrap().reasons;
    let checks: Vec<_> = reasons
        .iter()
        .filter_map(|it| it.check)
        .map(|it| it.id.as_str())
        .collect();
    assert_eq!(checks, ["trail-d", "trail-a", "trail-c", "trail-b"]);
    assert_eq!(reasons.first().unwrap().words, "fails on 1 of 2: fail 0");
}

#[test]
fn every_check_belongs_to_a_question() {
    for check in catalog::all() {
        assert!(question(check.id).is_some(), "{}", check.id);
    }
}
