//! One finding for each check and subject, whatever a file holds twice.

use super::findings::{TWICE, one_of};
use super::*;
use crate::finding::Status;
use crate::testing::{inventory, sample};

fn finding(status: Status, message: &str) -> Finding {
    Finding {
        fingerprint: crate::finding::fingerprint("trail-exists", "1"),
        check: "trail-exists".into(),
        status,
        severity: crate::finding::Severity::High,
        message: message.into(),
        evidence: [].into(),
        waiver: None,
        baseline: None,
        subject: std::sync::Arc::new(Subject {
            kind: SubjectKind::Account,
            id: "1".to_owned(),
            name: "1".to_owned(),
            account: None,
            region: None,
            location: None,
        }),
    }
}

#[test]
fn two_findings_of_one_subject_become_one_and_never_a_pass() {
    use Status::{Fail, NotApplicable, Pass, Unknown};
    for (before, after, status) in [
        (Pass, Fail, Fail),
        (Fail, Unknown, Fail),
        (Unknown, Fail, Fail),
        (Unknown, Pass, Unknown),
        (NotApplicable, Unknown, Unknown),
        (Pass, NotApplicable, Unknown),
        (Pass, Pass, Unknown),
    ] {
        let one = one_of(finding(before, "a"), finding(after, "b"));
        assert_eq!(one.status, status, "{before} {after}");
        assert_eq!(one.evidence.len(), 1);
    }
    let same = one_of(finding(Pass, "a"), finding(Pass, "a"));
    assert_eq!(same, finding(Pass, "a"));
}

/// The sample organizations hold every subject once.
#[test]
fn nothing_is_evaluated_twice() {
    let (flawed, iam) = sample();
    let good = inventory(|_| {});
    for (inventory, iam) in [(&flawed, &iam), (&good.inventory, &good.iam)] {
        let settings = crate::settings::Settings::default();
        let context = Context::new(inventory, &settings, inventory.header.taken_at);
        let all = crate::catalog::all();
        let mut evaluation = Evaluation::new(&all, &context);
        iam.iter().for_each(|it| evaluation.iam(it.clone()));
        for finding in evaluation.finish() {
            let twice = finding.evidence.iter().any(|it| it.what == TWICE);
            assert!(!twice, "{} {}", finding.check, finding.subject.id);
        }
    }
}

#[test]
fn documents_of_an_account_that_is_not_listed_do_not_vanish() {
    let good = inventory(|_| {});
    let settings = crate::settings::Settings::default();
    let context = Context::new(&good.inventory, &settings, good.inventory.header.taken_at);
    let all = crate::catalog::all();
    let mut evaluation = Evaluation::new(&all, &context);
    let mut stray = good.iam.first().unwrap().clone();
    stray.account = AccountId::from("999999999999");
    evaluation.iam(stray);
    let findings = evaluation.finish();
    let of_stray = findings.iter().filter(|it| it.subject.id == "999999999999");
    let unknown: Vec<&Finding> = of_stray.collect();
    assert!(unknown.iter().all(|it| it.status == Status::Unknown));
    let ids: BTreeSet<&str> = unknown.iter().map(|it| &*it.check).collect();
    assert!(ids.contains("access-trail-stop") && ids.contains("access-no-admin-star"));
}
