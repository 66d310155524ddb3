//! Dates, matches, and what is told of both.

use super::*;
use crate::finding::Status;

fn finding(check: &str, subject: &str, status: Status) -> Finding {
    use crate::finding::{Severity, Subject, SubjectKind, fingerprint};
    Finding {
        fingerprint: fingerprint(check, subject),
        check: check.into(),
        status,
        severity: Severity::High,
        subject: std::sync::Arc::new(Subject {
            kind: SubjectKind::Trail,
            id: subject.to_owned(),
            name: "name".to_owned(),
            account: Some("111111111111".into()),
            region: Some("eu-west-1".into()),
            location: None,
        }),
        message: "".into(),
        evidence: [].into(),
        waiver: None,
        baseline: None,
    }
}

fn waivers(text: &str) -> Waivers {
    toml::from_str(text).unwrap()
}

fn waiver(check: &str, subject: &str, expires: &str) -> String {
    format!(
        "[[waiver]]\ncheck = {check:?}\nsubject = {subject:?}\nreason = \"r\"\napprover = \"a\"\n\
         expires = {expires:?}\n"
    )
}

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

/// The last day, the clock, and whether the waiver still counts.
#[test]
fn through_the_day_that_it_names_in_utc() {
    for (expires, now, counts) in [
        // The day before, the day, the day after.
        ("2026-03-31", "2026-03-30T12:00:00Z", true),
        ("2026-03-31", "2026-03-31T00:00:00Z", true),
        ("2026-03-31", "2026-03-31T23:59:59Z", true),
        ("2026-03-31", "2026-04-01T00:00:00Z", false),
        // A leap day, and the year's end.
        ("2028-02-29", "2028-02-29T23:59:59Z", true),
        ("2028-02-29", "2028-03-01T00:00:00Z", false),
        ("2026-12-31", "2026-12-31T23:59:59Z", true),
        ("2026-12-31", "2027-01-01T00:00:00Z", false),
        // Clocks elsewhere: what counts is the day in UTC.
        ("2026-03-31", "2026-04-01T00:30:00+01:00", true),
        ("2026-03-31", "2026-03-31T23:30:00-05:00", false),
    ] {
        let now: Timestamp = now.parse().unwrap();
        let mut findings = [finding("trail-exists", TRAIL, Status::Fail)];
        let file = waivers(&waiver("trail-exists", TRAIL, expires));
        let applied = apply(&file, &[], now, &mut findings);
        assert_eq!(findings[0].waiver.is_some(), counts, "{expires} {now}");
        assert_eq!(findings[0].status, Status::Fail, "the status stays");
        assert_eq!(applied.expired.is_empty(), counts, "{expires} {now}");
        assert_eq!(applied.unused, [""; 0], "expired is not unused");
        let allowed = AllowedPrincipal {
            arn: TRAIL.to_owned(),
            reason: "r".to_owned(),
            expires: expires.parse().unwrap(),
        };
        let mut findings = [finding("access-trail-stop", TRAIL, Status::Fail)];
        let applied = apply(&Waivers::default(), &[allowed], now, &mut findings);
        assert_eq!(findings[0].waiver.is_some(), counts, "{expires} {now}");
        assert_eq!(applied.expired.is_empty(), counts);
        let gaps = format!(
            "[[accepted_gap]]\ncall = \"*\"\nreason = \"r\"\napprover = \"a\"\nexpires = {expires:?}\n"
        );
        assert_eq!(
            current_gaps(&waivers(&gaps), now).len(),
            usize::from(counts)
        );
    }
}

/// Check, subject, more keys, and whether it matches the trail's finding.
#[test]
fn by_id_or_by_glob() {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    for (check, subject, more, matches) in [
        ("trail-exists", TRAIL, "", true),
        ("trail-*", "*", "", true),
        ("*", "arn:aws:cloudtrail:*:trail/ma?n", "", true),
        ("trail-exist", TRAIL, "", false),
        ("trail-exists", "main", "", false),
        ("trail-exists", "ARN:*", "", false),
        ("*", "*", "account = \"111111111111\"", true),
        ("*", "*", "account = \"2*\"", false),
        ("*", "*", "region = \"eu-*\"", true),
        (
            "*",
            "*",
            "region = \"eu-*\"\naccount = \"222222222222\"",
            false,
        ),
    ] {
        let file = waivers(&(waiver(check, subject, "2026-12-31") + more));
        let mut findings = [
            finding("trail-exists", TRAIL, Status::Fail),
            // Nothing but a fail is waived.
            finding("trail-exists", TRAIL, Status::Pass),
            finding("trail-exists", TRAIL, Status::Unknown),
            finding("trail-exists", TRAIL, Status::NotApplicable),
        ];
        let applied = apply(&file, &[], now, &mut findings);
        let waived: Vec<bool> = findings.iter().map(|it| it.waiver.is_some()).collect();
        assert_eq!(waived, [matches, false, false, false], "{check} {subject}");
        assert_eq!(
            applied.unused.is_empty(),
            matches,
            "{check} {subject} {more}"
        );
    }
}

#[test]
fn the_first_that_counts_is_the_one_that_is_told() {
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    let text = waiver("trail-*", "*", "2026-05-31")
        + &waiver("trail-exists", "*", "2026-12-31")
        + &waiver("*", TRAIL, "2027-12-31");
    let mut findings = [finding("trail-exists", TRAIL, Status::Fail)];
    let applied = apply(&waivers(&text), &[], now, &mut findings);
    assert_eq!(findings[0].waiver.as_ref().unwrap().expires, "2026-12-31");
    assert_eq!(
        applied.expired,
        ["trail-* on *, expires 2026-05-31"],
        "told, although another one counts"
    );
    assert_eq!(applied.unused, [""; 0], "both of the others match");
}

#[test]
fn what_is_no_waiver() {
    let good = waiver("a", "b", "2026-12-31");
    for (from, to) in [
        ("2026-12-31", "2027-02-29"),
        ("2026-12-31", "31.12.2026"),
        ("reason = \"r\"", "reason = \" \""),
        ("approver = \"a\"", "approver = \"\""),
        ("reason = \"r\"\n", ""),
        ("approver = \"a\"\n", ""),
        ("expires = \"2026-12-31\"\n", ""),
        ("subject = \"b\"\n", ""),
        ("[[waiver]]", "[[waivers]]"),
        ("[[waiver]]", "[[waiver]"),
    ] {
        let text = good.replace(from, to);
        assert!(toml::from_str::<Waivers>(&text).is_err(), "{text}");
    }
    assert!(toml::from_str::<Waivers>(&good).is_ok());
}

/// Waivers of all shapes on findings of all shapes: the index finds what a look at every pair finds.
#[test]
fn the_index_finds_what_all_pairs_find() {
    let checks = ["trail-a", "trail-b", "bucket-a", "access-a"];
    let subjects = [
        "", "a", "ab", "abc", "b", "ba", "a*", "a?c", "x:abcd", "x:abce", "x:y:abc", "é:abc",
    ];
    let patterns = [
        "", "*", "a", "a*", "*a", "a?", "?b*", "ab", "abc", "trail-*", "trail-a", "*-a", "b*a",
        "*abc", "x:*", "x:*abc", "*:abc?", "*abc*e", "*zzz*", "é*abc",
    ];
    let mut all = Vec::new();
    for check in checks {
        for subject in subjects {
            all.push(finding(check, subject, Status::Fail));
            all.push(finding(check, subject, Status::Pass));
        }
    }
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    for check in patterns {
        for subject in patterns {
            let other = waiver("trail-a", "ab*", "2030-01-01");
            let file = waivers(&format!("{other}{}", waiver(check, subject, "2030-01-02")));
            let mut findings = all.clone();
            let applied = apply(&file, &[], now, &mut findings);
            let meets = |finding: &Finding, check: &str, subject: &str| {
                finding.status == Status::Fail
                    && crate::text::glob(check, &finding.check)
                    && crate::text::glob(subject, &finding.subject.id)
            };
            for it in &findings {
                let expected = if meets(it, "trail-a", "ab*") {
                    Some("2030-01-01")
                } else {
                    meets(it, check, subject).then_some("2030-01-02")
                };
                let got = it.waiver.as_ref().map(|it| it.expires.as_str());
                assert_eq!(
                    got, expected,
                    "{check} {subject} on {} {}",
                    it.check, it.subject.id
                );
            }
            let used = all.iter().any(|it| meets(it, check, subject));
            assert_eq!(applied.unused.is_empty(), used, "{check} {subject}");
        }
    }
}
