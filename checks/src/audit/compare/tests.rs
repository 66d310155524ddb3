use super::ChangeKind::{Changed, Fixed, Gone, New, NotAssessed, Unchanged};
use super::*;
use crate::audit::{AuditScope, RunOutcome, SCHEMA, Summary, WaiverReport};
use crate::coverage::{AccountCoverage, RegionCoverage};
use crate::finding::{AppliedWaiver, SubjectKind, fingerprint};
use crate::ids::Arn;
use crate::testing::taken_at;

const CHECK: &str = "trail-is-logging";
const HERE: &str = "111111111111";

/// What an audit may say of one check and subject.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    Nothing,
    Pass,
    NotApplicable,
    Unknown,
    Fail,
    /// Because of something else.
    OtherFail,
    WorseFail,
    Waived,
}

fn finding(said: Said) -> Option<Finding> {
    let (status, severity) = match said {
        Said::Nothing => return None,
        Said::Pass => (Status::Pass, Severity::High),
        Said::NotApplicable => (Status::NotApplicable, Severity::High),
        Said::Unknown => (Status::Unknown, Severity::High),
        Said::Fail | Said::OtherFail | Said::Waived => (Status::Fail, Severity::High),
        Said::WorseFail => (Status::Fail, Severity::Critical),
    };
    let id = format!("arn:aws:cloudtrail:eu-west-1:{HERE}:trail/a");
    let waiver = (said == Said::Waived).then(|| AppliedWaiver {
        reason: "known".to_owned(),
        approver: "ciso".to_owned(),
        expires: "2026-12-31".to_owned(),
        ticket: None,
    });
    Some(Finding {
        fingerprint: fingerprint(CHECK, &id),
        check: CHECK.into(),
        status,
        severity,
        subject: Arc::new(Subject {
            kind: SubjectKind::Trail,
            name: "a".to_owned(),
            account: Some(AccountId::from(HERE)),
            region: Some(Region::from("eu-west-1")),
            id,
            location: None,
        }),
        message: if said == Said::OtherFail {
            "another reason".into()
        } else {
            status.as_str().into()
        },
        evidence: [].into(),
        waiver: waiver.map(Arc::new),
        baseline: None,
    })
}

fn audit(said: Said) -> Audit {
    let findings: Vec<Finding> = finding(said).into_iter().collect();
    let check = crate::catalog::find(CHECK).unwrap();
    Audit {
        schema: SCHEMA,
        tool: Tool {
            name: "trailaudit".to_owned(),
            version: "0.1.0".to_owned(),
        },
        started_at: taken_at(),
        finished_at: Some(taken_at()),
        now: taken_at(),
        scope: AuditScope {
            organization: None,
            management_account: None,
            caller_arn: Arn::from("arn:aws:iam::111111111111:role/auditor"),
            accounts: vec![AccountId::from(HERE)],
            endpoints: Vec::new(),
            regions: vec![Region::from("eu-west-1")],
            selection: Vec::new(),
        },
        run: RunOutcome {
            complete: true,
            interrupted: false,
            exit_code: 0,
            fail_on: Severity::Low,
            allow_incomplete: false,
            exit_zero: false,
        },
        waivers: WaiverReport::default(),
        coverage: Coverage {
            accounts: vec![AccountCoverage {
                id: AccountId::from(HERE),
                name: None,
                status: AccountStatus::Assessed,
                reason: None,
            }],
            regions: vec![RegionCoverage {
                account: AccountId::from(HERE),
                region: Region::from("eu-west-1"),
                status: RegionStatus::Assessed,
                reason: None,
            }],
            ..Coverage::default()
        },
        summary: Summary::of(&findings),
        checks: vec![crate::audit::CheckInfo::of(
            check,
            check.severity,
            Vec::new(),
        )],
        frameworks: Vec::new(),
        answers: Vec::new(),
        do_first: Vec::new(),
        baseline: None,
        plan: None,
        events: None,
        findings,
        chains: Vec::new(),
        problems: Vec::new(),
    }
}

/// Every pair, by hand: what was said before, what is said now, the change, and whether it is worse.
#[test]
fn every_change() {
    use Said::*;
    const WORSE: bool = true;
    const NOT: bool = false;
    let table = [
        (Nothing, Pass, New, NOT),
        (Nothing, NotApplicable, New, NOT),
        (Nothing, Unknown, New, WORSE),
        (Nothing, Fail, New, WORSE),
        (Nothing, Waived, New, NOT),
        (Pass, Nothing, Gone, NOT),
        (Pass, Pass, Unchanged, NOT),
        (Pass, NotApplicable, Changed, NOT),
        (Pass, Unknown, New, WORSE),
        (Pass, Fail, New, WORSE),
        (Pass, Waived, Changed, NOT),
        (NotApplicable, Nothing, Gone, NOT),
        (NotApplicable, Pass, Changed, NOT),
        (NotApplicable, NotApplicable, Unchanged, NOT),
        (NotApplicable, Unknown, New, WORSE),
        (NotApplicable, Fail, New, WORSE),
        (NotApplicable, Waived, Changed, NOT),
        (Unknown, Nothing, Fixed, NOT),
        (Unknown, Pass, Fixed, NOT),
        (Unknown, NotApplicable, Fixed, NOT),
        (Unknown, Unknown, Unchanged, NOT),
        (Unknown, Fail, New, WORSE),
        (Unknown, Waived, Changed, NOT),
        (Fail, Nothing, Fixed, NOT),
        (Fail, Pass, Fixed, NOT),
        (Fail, NotApplicable, Fixed, NOT),
        // What is hidden is not fixed.
        (Fail, Unknown, New, WORSE),
        (Fail, Fail, Unchanged, NOT),
        (Fail, OtherFail, Changed, NOT),
        (Fail, WorseFail, New, WORSE),
        (WorseFail, Fail, Changed, NOT),
        (Fail, Waived, Changed, NOT),
        (Waived, Nothing, Fixed, NOT),
        (Waived, Pass, Fixed, NOT),
        (Waived, NotApplicable, Fixed, NOT),
        (Waived, Unknown, New, WORSE),
        // The waiver's time is over, or it was taken back.
        (Waived, Fail, New, WORSE),
        (Waived, Waived, Unchanged, NOT),
    ];
    for (before, after, kind, worse) in table {
        let it = compare(&audit(before), &audit(after));
        let counted = it.counts.iter().find(|(_, count)| **count > 0);
        assert_eq!(
            counted.map(|it| *it.0),
            Some(kind),
            "{before:?} {after:?}: {it:?}"
        );
        assert_eq!(it.worse, worse, "{before:?} {after:?}: {it:?}");
        assert_eq!(it.changes.is_empty(), kind == Unchanged);
    }
}

/// A finding is not fixed by not being looked at.
#[test]
fn what_is_not_looked_at_is_not_assessed() {
    type Change = fn(&mut Audit);
    let unseen: [(&str, Change); 10] = [
        ("not selected", |it| it.checks.clear()),
        ("interrupted", |it| it.run.interrupted = true),
        ("not in scope", |it| it.coverage.accounts.clear()),
        ("partial", |it| {
            it.coverage.accounts[0].status = AccountStatus::Partial;
        }),
        ("excluded", |it| {
            it.coverage.accounts[0].status = AccountStatus::Excluded;
        }),
        ("former", |it| {
            it.coverage.accounts[0].status = AccountStatus::Former;
        }),
        ("closed account", |it| {
            it.coverage.accounts[0].status = AccountStatus::NotActive;
        }),
        ("region partly", |it| {
            it.coverage.regions[0].status = RegionStatus::Partial;
        }),
        ("region not in scope", |it| it.coverage.regions.clear()),
        ("region closed", |it| {
            it.coverage.regions[0].status = RegionStatus::DeniedByScp;
        }),
    ];
    for (name, unsee) in unseen {
        for said in [Said::Fail, Said::Pass, Said::Unknown] {
            let mut after = audit(Said::Nothing);
            unsee(&mut after);
            let it = compare(&audit(said), &after);
            assert_eq!(it.counts[&NotAssessed], 1, "{name} {said:?}: {it:?}");
            assert_eq!(it.worse, after.run.interrupted, "{name} {said:?}");
        }
    }
    let mut after = audit(Said::Nothing);
    after.coverage.regions[0].status = RegionStatus::NotEnabled;
    let it = compare(&audit(Said::Fail), &after);
    assert_eq!(it.counts[&Fixed], 1, "switched off: nothing is there");
}

/// The organization has no account of its own: all accounts must have been seen.
#[test]
fn a_subject_without_an_account_may_be_anywhere() {
    let without = || {
        let mut before = audit(Said::Fail);
        let subject = Arc::make_mut(&mut before.findings[0].subject);
        (subject.account, subject.region) = (None, None);
        before
    };
    let it = compare(&without(), &audit(Said::Nothing));
    assert_eq!(it.counts[&Fixed], 1);
    let mut after = audit(Said::Nothing);
    after.coverage.accounts.push(AccountCoverage {
        id: AccountId::from("222222222222"),
        name: None,
        status: AccountStatus::Partial,
        reason: None,
    });
    assert_eq!(compare(&without(), &after).counts[&NotAssessed], 1);
}

#[test]
fn who_can_no_longer_be_seen_is_worse() {
    let before = audit(Said::Pass);
    for (status, worse) in [
        (AccountStatus::Unreachable, true),
        (AccountStatus::Partial, false),
        (AccountStatus::NotActive, false),
        (AccountStatus::Excluded, false),
    ] {
        let mut after = audit(Said::Pass);
        after.coverage.accounts[0].status = status;
        let it = compare(&before, &after);
        assert_eq!((it.worse, it.coverage.len()), (worse, 1), "{status:?}");
        assert!(!compare(&after, &before).worse, "seen again");
    }
    let mut after = audit(Said::Pass);
    after.coverage.regions[0].status = RegionStatus::Denied;
    assert!(compare(&before, &after).worse);
    after.coverage.regions[0].status = RegionStatus::DeniedByScp;
    assert!(!compare(&before, &after).worse);
}

#[test]
fn a_scan_is_marked() {
    for (before, after, state) in [
        (Said::Nothing, Said::Fail, BaselineState::New),
        (Said::Pass, Said::Unknown, BaselineState::New),
        (Said::Waived, Said::Fail, BaselineState::New),
        (Said::Fail, Said::Fail, BaselineState::Unchanged),
        (Said::Pass, Said::Pass, BaselineState::Unchanged),
        (Said::Fail, Said::OtherFail, BaselineState::Updated),
        (Said::Fail, Said::Pass, BaselineState::Updated),
    ] {
        let (before, mut after) = (audit(before), audit(after));
        let looked = after.clone();
        let none = std::iter::empty();
        let report = mark(
            &before,
            &mut after.findings,
            none,
            &Looked::of(&looked),
            true,
        );
        assert_eq!(after.findings[0].baseline, Some(state));
        assert!(report.absent.is_empty());
    }
    let mut after = audit(Said::Nothing);
    let looked = after.clone();
    let report = mark(
        &audit(Said::Fail),
        &mut after.findings,
        std::iter::empty(),
        &Looked::of(&looked),
        false,
    );
    assert_eq!(report.absent.len(), 1);
    assert_eq!(report.absent[0].kind, Fixed);
    assert_eq!(report.counts[&Fixed], 1);
}

/// Times and request ids differ from run to run.
#[test]
fn a_request_id_is_no_change() {
    let with = |said, id: &str| {
        let mut audit = audit(said);
        audit.findings[0].evidence = Arc::from([Evidence {
            what: "IsLogging".to_owned(),
            request_id: Some(id.to_owned()),
            ..Evidence::default()
        }]);
        audit
    };
    let it = compare(&with(Said::Fail, "1"), &with(Said::Fail, "2"));
    assert_eq!(it.counts[&Unchanged], 1);
    let mut late = with(Said::Pass, "2");
    late.findings[0].message = "delivered at noon".into();
    assert_eq!(compare(&with(Said::Pass, "1"), &late).counts[&Unchanged], 1);
    let mut other = with(Said::Fail, "2");
    Arc::make_mut(&mut other.findings[0].evidence)[0].what = "StopLoggingTime".to_owned();
    assert_eq!(compare(&with(Said::Fail, "1"), &other).counts[&Changed], 1);
}

#[test]
fn the_worst_stands_first() {
    let mut before = audit(Said::Nothing);
    let mut after = audit(Said::Nothing);
    for (id, then, now) in [
        ("a", Said::Fail, Said::Pass),
        ("b", Said::Pass, Said::Fail),
        ("c", Said::Pass, Said::WorseFail),
        ("d", Said::Nothing, Said::Pass),
    ] {
        for (audit, said) in [(&mut before, then), (&mut after, now)] {
            audit.findings.extend(finding(said).map(|mut it| {
                Arc::make_mut(&mut it.subject).id = id.to_owned();
                it.fingerprint = fingerprint(CHECK, id);
                it
            }));
        }
    }
    let it = compare(&before, &after);
    let order: Vec<&str> = it.changes.iter().map(|it| it.subject.id.as_str()).collect();
    assert_eq!(order, ["c", "b", "d", "a"]);
}
