//! Two audits, one against the other, in each of the formats.

use std::sync::Arc;

use serde_json::Value;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::audit::compare::{ChangeKind, Comparison, compare};
use trailaudit_checks::coverage::AccountStatus;
use trailaudit_checks::finding::{Status, fingerprint};
use trailaudit_reports::{DIFF_FORMATS, Options};

use crate::sample;

fn told(format: &str, comparison: &Comparison) -> String {
    let format = DIFF_FORMATS.iter().find(|it| it.name == format).unwrap();
    let mut out = Vec::new();
    (format.write)(comparison, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// One of each: fixed, worse, new, gone, accepted; and an account that cannot be seen any more.
fn pair() -> (Audit, Audit) {
    let before = sample::audit();
    let mut after = before.clone();
    after.started_at = "2026-03-02T11:58:00Z".parse().unwrap();
    let at = |status| {
        let mut all = before.findings.iter().enumerate();
        all.find(|(_, it)| it.status == status && it.waiver.is_none())
            .unwrap()
            .0
    };
    let (fail, pass, unknown) = (at(Status::Fail), at(Status::Pass), at(Status::Unknown));
    after.findings[fail].status = Status::Pass;
    after.findings[pass].status = Status::Fail;
    after.findings[pass].message = "it was switched off".into();
    after.findings.remove(unknown);
    let mut new = before.findings[fail].clone();
    Arc::make_mut(&mut new.subject).id = "arn:aws:s3:::another".to_owned();
    new.fingerprint = fingerprint(&new.check, &new.subject.id);
    after.findings.push(new);
    let account = &mut after.coverage.accounts[1];
    assert_eq!(account.status, AccountStatus::Assessed);
    account.status = AccountStatus::Unreachable;
    (before, after)
}

#[test]
fn snapshots() {
    let (before, after) = pair();
    let comparison = compare(&before, &after);
    insta::assert_snapshot!("diff_text", told("text", &comparison));
    insta::assert_snapshot!("diff_markdown", told("markdown", &comparison));
    insta::assert_snapshot!("diff_same", told("text", &compare(&before, &before)));
}

#[test]
fn every_format_tells_the_same() {
    let (before, after) = pair();
    let comparison = compare(&before, &after);
    let json: Value = serde_json::from_str(&told("json", &comparison)).unwrap();
    assert_eq!(json["worse"], true);
    assert_eq!(json["counts"]["new"], 2);
    let worse: Vec<_> = comparison.changes.iter().filter(|it| it.worse).collect();
    assert_eq!(worse.len(), 2);
    for format in ["text", "markdown"] {
        let page = told(format, &comparison);
        for change in &worse {
            assert!(page.contains(&*change.check), "{format}: {}", change.check);
        }
        assert!(page.contains("2 new"), "{page}");
        assert!(page.contains("unreachable"), "{page}");
    }
}

/// However much there is, the comment fits, and says how much it leaves out.
#[test]
fn a_comment_fits() {
    let before = sample::audit();
    let mut after = before.clone();
    let model = before.findings[0].clone();
    for at in 0..5_000 {
        let mut finding = model.clone();
        finding.waiver = None;
        finding.status = [Status::Fail, Status::Pass, Status::Unknown][at % 3];
        Arc::make_mut(&mut finding.subject).id = format!("arn:aws:s3:::{at}-<b>`|@team|`</b>");
        finding.message = "a \u{1b}[2J]( b".repeat(200).into();
        finding.fingerprint = fingerprint(&finding.check, &finding.subject.id);
        after.findings.push(finding);
    }
    for (a, b) in [(&before, &after), (&after, &before)] {
        let comparison = compare(a, b);
        let page = told("markdown", &comparison);
        assert!(page.len() < 65_536, "{}", page.len());
        assert!(page.contains("that do not fit here"));
        assert!(!page.contains('\u{1b}'));
        assert!(!told("text", &comparison).contains('\u{1b}'));
        assert!(!told("json", &comparison).contains('\u{1b}'));
    }
    assert_eq!(compare(&before, &after).counts[&ChangeKind::New], 5_000);
}
