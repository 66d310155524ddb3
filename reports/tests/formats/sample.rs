//! A small audit with everything in it: each severity, each status, hostile names.

use std::sync::Arc;

use serde_json::json;
use trailaudit_checks::audit::{
    Audit, AuditScope, CheckInfo, ControlRef, RunOutcome, SCHEMA, Summary, WaiverReport,
};
use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::catalog;
use trailaudit_checks::coverage::{
    AccountCoverage, AccountStatus, CallTotals, Coverage, FailedCall, RegionCoverage, RegionStatus,
};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::finding::{
    AppliedWaiver, BaselineState, Evidence, Finding, Severity, Status, Subject, SubjectKind,
    fingerprint,
};
use trailaudit_checks::framework::{Basis, ControlResult, ControlStatus, FrameworkResult};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::Tool;

/// What a hostile hand puts into a name: a terminal command, the end of a CDATA section, NUL, text that runs
/// backwards, markup, a command for a CI runner, and a link.
pub(crate) const HOSTILE: &str = "x\u{1b}[2J]]>\0\u{202e}txt.exe <script>alert(1)</script> ::error::y ##[warning]z [a](https://evil.example)\r\n";

const ROOT: &str = "111111111111";
const PAYMENTS: &str = "222222222222";
const ARCHIVE: &str = "333333333333";
const LEGACY: &str = "444444444444";
const HOSTED: &str = "555555555555";

pub(crate) fn check(
    id: &str,
    severity: Severity,
    title: &str,
    controls: &[(&str, &str)],
) -> CheckInfo {
    let control = |(framework, control): &(&str, &str)| ControlRef {
        framework: (*framework).to_owned(),
        control: (*control).to_owned(),
    };
    CheckInfo {
        id: id.to_owned(),
        title: title.to_owned(),
        severity,
        question: catalog::find(id).and_then(|it| it.question),
        why: format!(
            "Without it, whoever acts in the account can act unseen, and {id} is what an auditor asks for."
        ),
        fix: format!(
            "Call the API that sets `{id}`: `aws cloudtrail update-trail --name TRAIL --flag-of-{id}`."
        ),
        references: vec![format!(
            "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/{id}.html"
        )],
        controls: controls.iter().map(control).collect(),
    }
}

pub(crate) fn finding(
    check: &CheckInfo,
    status: Status,
    subject: Subject,
    message: &str,
) -> Finding {
    Finding {
        fingerprint: fingerprint(&check.id, &subject.id),
        check: check.id.as_str().into(),
        status,
        severity: check.severity,
        subject: Arc::new(subject),
        message: message.into(),
        evidence: [].into(),
        waiver: None,
        baseline: None,
    }
}

pub(crate) fn subject(
    kind: SubjectKind,
    id: &str,
    name: &str,
    account: &str,
    region: &str,
) -> Subject {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Subject {
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        account: some(account).map(AccountId::from),
        region: some(region).map(Region::from),
        location: None,
    }
}

fn account(id: &str, name: &str) -> Subject {
    subject(SubjectKind::Account, id, name, id, "")
}

fn region(account: &str, name: &str) -> Subject {
    subject(
        SubjectKind::Region,
        &format!("{account}/{name}"),
        name,
        account,
        name,
    )
}

fn trail(account: &str, name: &str) -> Subject {
    let arn = format!("arn:aws:cloudtrail:eu-central-1:{account}:trail/{name}");
    subject(SubjectKind::Trail, &arn, name, account, "eu-central-1")
}

fn bucket(name: &str) -> Subject {
    subject(
        SubjectKind::Bucket,
        &format!("arn:aws:s3:::{name}"),
        name,
        ARCHIVE,
        "eu-central-1",
    )
}

fn saw(what: &str, seen: serde_json::Value, expected: serde_json::Value) -> Evidence {
    Evidence {
        what: what.to_owned(),
        seen: Some(seen),
        expected: Some(expected).filter(|it| !it.is_null()),
        ..Evidence::default()
    }
}

pub(crate) fn gap(
    call: ApiCall,
    account: &str,
    region: &str,
    reason: Reason,
    said: &str,
) -> Evidence {
    Evidence {
        what: format!("{call} {reason} in {account}/{region}"),
        seen: Some(json!(said)),
        call: Some(call),
        action: Some(call.action.to_owned()),
        reason: Some(reason),
        account: Some(account.into()),
        region: Some(region.into()),
        request_id: Some("4b1e0f0c-2d5c-4f5e-9f39-1f2a3b4c5d6e".to_owned()),
        ..Evidence::default()
    }
}

fn waiver(reason: &str) -> AppliedWaiver {
    AppliedWaiver {
        reason: reason.to_owned(),
        approver: "Jane Doe".to_owned(),
        expires: "2026-12-31".to_owned(),
        ticket: Some("SEC-42".to_owned()),
    }
}

fn checks() -> Vec<CheckInfo> {
    use Severity::{Critical, High, Info, Low, Medium};
    let cis = "cis-aws-foundations-3.0";
    vec![
        check(
            "bucket-access-logging",
            Medium,
            "Server access logging should be enabled on the log bucket",
            &[(cis, "3.4")],
        ),
        check(
            "bucket-object-lock",
            High,
            "Log buckets should have Object Lock enabled",
            &[],
        ),
        check(
            "bucket-tls-only",
            Medium,
            "Log bucket policies should deny requests without TLS",
            &[(cis, "2.1.1")],
        ),
        check(
            "delivery-s3-fresh",
            High,
            "Log files should be delivered without delay",
            &[],
        ),
        check(
            "organization-trail",
            High,
            "A multi-region organization trail should be logging",
            &[],
        ),
        check(
            "trail-cloudwatch-logs",
            Low,
            "Trails should deliver to CloudWatch Logs",
            &[],
        ),
        check(
            "trail-exists",
            Critical,
            "Each account should have a trail that is logging",
            &[(cis, "3.1"), ("nist-800-53-r5", "AU-12")],
        ),
        check(
            "trail-insights",
            Info,
            "Trails should log Insights events",
            &[],
        ),
        check(
            "trail-log-file-validation",
            High,
            "Trails should have log file validation enabled",
            &[(cis, "3.2")],
        ),
    ]
}

fn findings(checks: &[CheckInfo]) -> Vec<Finding> {
    let of = |id: &str, status, subject, message: &str, evidence: Vec<Evidence>| {
        let check = checks.iter().find(|it| it.id == id).unwrap();
        let mut finding = finding(check, status, subject, message);
        finding.evidence = evidence.into();
        finding
    };
    let denied = "User: arn:aws:sts::333333333333:assumed-role/audit/s is not authorized to perform: s3:GetBucketPolicy";
    use Status::{Fail, NotApplicable, Pass, Unknown};
    let policy = gap(
        calls::GET_BUCKET_POLICY,
        ARCHIVE,
        "eu-central-1",
        Reason::Denied,
        denied,
    );
    let assume = gap(
        calls::ASSUME_ROLE,
        LEGACY,
        "us-east-1",
        Reason::Denied,
        "AccessDenied",
    );
    let throttled = gap(
        calls::GET_TRAIL_STATUS,
        PAYMENTS,
        "eu-central-1",
        Reason::Throttled,
        HOSTILE,
    );
    let mut all = vec![
        of(
            "bucket-access-logging",
            Fail,
            bucket("acme-logs"),
            "access is not logged",
            vec![saw("LoggingEnabled", json!(null), json!(true))],
        ),
        of(
            "bucket-object-lock",
            Fail,
            bucket("acme-logs"),
            "objects are kept 90 days, 365 are required",
            vec![saw(
                "DefaultRetention",
                json!({"Mode": "GOVERNANCE", "Days": 90}),
                json!(365),
            )],
        ),
        of(
            "bucket-tls-only",
            Unknown,
            bucket("acme-logs"),
            "could not be evaluated: s3:GetBucketPolicy was denied in 333333333333/eu-central-1; grant s3:GetBucketPolicy",
            vec![policy.clone()],
        ),
        of(
            "bucket-tls-only",
            Fail,
            bucket("acme-old"),
            "plain HTTP is allowed",
            vec![],
        ),
        of(
            "delivery-s3-fresh",
            Unknown,
            trail(PAYMENTS, "main"),
            HOSTILE,
            vec![throttled],
        ),
        of(
            "organization-trail",
            Pass,
            subject(
                SubjectKind::Organization,
                "o-acme123456",
                "o-acme123456",
                ROOT,
                "",
            ),
            "the organization has a trail",
            vec![],
        ),
        of(
            "trail-cloudwatch-logs",
            Fail,
            trail(PAYMENTS, "main"),
            "no log group is set",
            vec![],
        ),
        of(
            "trail-exists",
            Fail,
            account(PAYMENTS, "payments"),
            "no trail records this account",
            vec![saw("Trails", json!([]), json!("at least one"))],
        ),
        of(
            "trail-exists",
            Unknown,
            account(LEGACY, "legacy"),
            "could not be evaluated: sts:AssumeRole was denied",
            vec![assume],
        ),
        of(
            "trail-exists",
            Pass,
            account(ROOT, "root"),
            "a trail records this account",
            vec![],
        ),
        of(
            "trail-insights",
            Fail,
            trail(HOSTED, HOSTILE),
            HOSTILE,
            vec![saw(HOSTILE, json!(HOSTILE), json!({HOSTILE: HOSTILE}))],
        ),
        of(
            "trail-insights",
            NotApplicable,
            trail(ROOT, "org"),
            "insights are not offered here",
            vec![],
        ),
    ];
    for name in ["eu-central-1", "eu-west-1", "us-east-1", "us-east-2"] {
        all.push(of(
            "trail-log-file-validation",
            Fail,
            region(PAYMENTS, name),
            "no digest files are written",
            vec![saw("LogFileValidationEnabled", json!(false), json!(true))],
        ));
    }
    all[0].waiver = Some(Arc::new(waiver(
        "The bucket is read by nobody but the archive's own job",
    )));
    all[1].baseline = Some(BaselineState::New);
    all
}

/// The audit.
pub(crate) fn audit() -> Audit {
    let checks = checks();
    let findings = findings(&checks);
    of(checks, findings)
}

/// An audit with these findings.
pub(crate) fn of(checks: Vec<CheckInfo>, findings: Vec<Finding>) -> Audit {
    let summary = Summary::of(&findings);
    let complete = summary.unknown == 0;
    let exit_code = if summary.by_severity.values().any(|count| *count > 0) {
        1
    } else if complete {
        0
    } else {
        3
    };
    let mut audit = Audit {
        schema: SCHEMA,
        tool: Tool {
            name: "trailaudit".to_owned(),
            version: "0.1.0".to_owned(),
        },
        started_at: "2026-03-01T11:58:00Z".parse().unwrap(),
        finished_at: Some("2026-03-01T12:00:00Z".parse().unwrap()),
        now: "2026-03-01T12:00:05Z".parse().unwrap(),
        scope: AuditScope {
            organization: Some("o-acme123456".to_owned()),
            management_account: Some(ROOT.into()),
            caller_arn: "arn:aws:sts::111111111111:assumed-role/auditor/ci".into(),
            accounts: [ROOT, PAYMENTS, ARCHIVE, LEGACY, HOSTED]
                .map(AccountId::from)
                .to_vec(),
            regions: ["eu-central-1", "eu-west-1", "us-east-1"]
                .map(Region::from)
                .to_vec(),
            endpoints: Vec::new(),
            selection: Vec::new(),
        },
        run: RunOutcome {
            complete,
            interrupted: false,
            exit_code,
            fail_on: Severity::Low,
            allow_incomplete: false,
            exit_zero: false,
        },
        waivers: WaiverReport {
            unused: vec!["key-* on *, expires 2027-01-01".to_owned()],
            expired: vec![
                "bucket-tls-only on arn:aws:s3:::acme-old, expires 2026-01-31".to_owned(),
            ],
            broad: Vec::new(),
            accepted_gaps: 1,
        },
        coverage: coverage(),
        summary,
        checks,
        frameworks: vec![framework()],
        answers: Vec::new(),
        do_first: Vec::new(),
        baseline: None,
        plan: None,
        events: None,
        findings,
        chains: Vec::new(),
        problems: Vec::new(),
    };
    audit.settle();
    audit
}

/// The same run with nothing but what ends so; nothing missing in the population.
pub(crate) fn only(status: Status) -> Audit {
    let checks = checks();
    let findings = findings(&checks)
        .into_iter()
        .filter(|it| it.status == status)
        .collect();
    let mut audit = of(checks, findings);
    audit.waivers = WaiverReport::default();
    audit.frameworks.clear();
    if status != Status::Unknown {
        audit.coverage = Coverage {
            accounts: coverage().accounts.into_iter().take(2).collect(),
            regions: coverage().regions.into_iter().take(1).collect(),
            ..Coverage::default()
        };
    }
    audit
}

fn coverage() -> Coverage {
    let account = |id: &str, name: &str, status, reason: Option<&str>| AccountCoverage {
        id: id.into(),
        name: Some(name.to_owned()),
        status,
        reason: reason.map(str::to_owned),
    };
    let region = |account: &str, region: &str, status, reason: Option<&str>| RegionCoverage {
        account: account.into(),
        region: region.into(),
        status,
        reason: reason.map(str::to_owned),
    };
    let scp = Some(
        "cloudtrail:DescribeTrails was denied by a service control policy in 222222222222/ap-south-1",
    );
    Coverage {
        accounts: vec![
            account(ROOT, "root", AccountStatus::Assessed, None),
            account(PAYMENTS, "payments", AccountStatus::Assessed, None),
            account(ARCHIVE, "log archive", AccountStatus::Partial, Some("s3:GetBucketPolicy was denied")),
            account(LEGACY, "legacy", AccountStatus::Unreachable, Some("sts:AssumeRole was denied in 444444444444/us-east-1")),
            account(HOSTED, HOSTILE, AccountStatus::Excluded, Some("left out by the scope of this run")),
        ],
        regions: vec![
            region(ROOT, "eu-central-1", RegionStatus::Assessed, None),
            region(PAYMENTS, "ap-south-1", RegionStatus::DeniedByScp, scp),
            region(PAYMENTS, "ap-south-2", RegionStatus::DeniedByScp, scp),
            region(PAYMENTS, "me-south-1", RegionStatus::NotEnabled, None),
            region(ARCHIVE, "eu-central-1", RegionStatus::Partial, Some("s3:GetBucketPolicy was denied")),
            region(ARCHIVE, "me-south-1", RegionStatus::NotEnabled, None),
        ],
        calls: CallTotals {
            total: 1_234,
            by_operation: [("cloudtrail:DescribeTrails".to_owned(), 1_234)].into(),
            failed: vec![FailedCall {
                operation: calls::GET_BUCKET_POLICY,
                account: ARCHIVE.into(),
                region: "eu-central-1".into(),
                reason: "was denied".to_owned(),
                request_id: None,
            }],
        },
        notes: vec![
            "an SCP denies ap-south-1, ap-south-2 in 1 account: coverage there is evaluated from the organization \
             trail; other trails there cannot be listed."
                .to_owned(),
        ],
    }
}

fn framework() -> FrameworkResult {
    let control =
        |id: &str, title: &str, status, basis, passed, checks: &[&str], not_selected: &[&str]| {
            ControlResult {
                id: id.to_owned(),
                title: title.to_owned(),
                status,
                basis,
                passed,
                checks: checks.iter().map(|it| (*it).to_owned()).collect(),
                failed: match status {
                    ControlStatus::Failing => {
                        checks[..1].iter().map(|it| (*it).to_owned()).collect()
                    }
                    _ => Vec::new(),
                },
                unknown: Vec::new(),
                not_selected: not_selected.iter().map(|it| (*it).to_owned()).collect(),
                retention: None,
            }
        };
    FrameworkResult {
        id: "cis-aws-foundations-3.0".to_owned(),
        name: "CIS AWS Foundations Benchmark".to_owned(),
        version: "3.0.0".to_owned(),
        controls: vec![
            control(
                "2.1.1",
                "Bucket policies refuse plain HTTP",
                ControlStatus::Failing,
                Basis::Peer,
                0,
                &["bucket-tls-only"],
                &[],
            ),
            control(
                "3.1",
                "CloudTrail is on in every region",
                ControlStatus::Failing,
                Basis::PeerAndOurs,
                1,
                &["organization-trail", "trail-exists"],
                &[],
            ),
            control(
                "3.2",
                "Log file validation",
                ControlStatus::NotEvaluated,
                Basis::PeerAndRecall,
                0,
                &["trail-log-file-validation"],
                &["trail-log-file-validation"],
            ),
            control(
                "3.3",
                "An organization trail",
                ControlStatus::Passing,
                Basis::Ours,
                1,
                &["organization-trail"],
                &[],
            ),
            control(
                "3.9",
                "VPC flow logging",
                ControlStatus::NotCovered,
                Basis::Peer,
                0,
                &[],
                &[],
            ),
        ],
    }
}
