//! JUnit XML in the dialect of Jenkins (`junit-10.xsd`): a suite per account and region, a case per finding.
//!
//! The crate that writes it neither cleans text nor splits CDATA, prints times in full, and reads the clock
//! when it makes a suite. So every text is cleaned here first, all times are zero (an audit does not time its
//! checks), and suites are made field by field. It writes no totals at the root: they are in the first
//! suite's `system-out`.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use junit_report::{Duration, OffsetDateTime, Report, TestCase, TestResult, TestSuite};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Status};

use crate::wording::{self, Names};
use crate::{Format, Options, sanitize};

pub(crate) const FORMAT: Format = Format {
    name: "junit",
    extension: "xml",
    about: "JUnit XML for CI systems: a suite per account and region, a case per finding",
    write,
};

/// The longest name and message, so that no list of tests drowns. The text of a case is never cut.
const NAME: usize = 250;
const MESSAGE: usize = 1_000;

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let names = Names::of(audit);
    let mut suites: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &audit.findings {
        suites.entry(place(finding)).or_default().push(finding);
    }
    if suites.is_empty() {
        suites.insert(("", ""), Vec::new());
    }
    let mut report = Report::new();
    for (at, ((account, region), findings)) in suites.into_iter().enumerate() {
        let title = match names.get(&account.into()) {
            Some(name) => format!("{account} {name} / {}", or_global(region)),
            None => format!("{} / {}", or_organization(account), or_global(region)),
        };
        let class = format!(
            "aws.{}.{}.cloudtrail",
            or_organization(account),
            or_global(region)
        );
        let class = sanitize::line(&class);
        report.add_testsuite(TestSuite {
            name: sanitize::short(&title, NAME),
            package: class.clone(),
            timestamp: time(audit.started_at),
            hostname: "localhost".to_owned(),
            testcases: cases(audit, &names, &class, &findings),
            system_out: Some(about(audit, &title, &findings, at == 0)),
            system_err: None,
        });
    }
    let mut out = BufWriter::new(out);
    report.write_xml(&mut out).map_err(io::Error::other)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn place(finding: &Finding) -> (&str, &str) {
    let subject = &finding.subject;
    let account = subject.account.as_ref().map_or("", |it| it.as_str());
    (
        account,
        subject.region.as_ref().map_or("", |it| it.as_str()),
    )
}

fn or_organization(account: &str) -> &str {
    if account.is_empty() {
        "organization"
    } else {
        account
    }
}

fn or_global(region: &str) -> &str {
    if region.is_empty() { "global" } else { region }
}

/// The crate panics on years that RFC 3339 cannot write.
fn time(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second().max(0)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Names are unique within a class: GitLab keeps only the first of a name.
fn cases(audit: &Audit, names: &Names<'_>, class: &str, findings: &[&Finding]) -> Vec<TestCase> {
    let named = |finding: &Finding| {
        let level = finding.severity.as_str().to_uppercase();
        let title = audit
            .check(&finding.check)
            .map_or("", |check| check.title.as_str());
        let subject = &finding.subject.name;
        sanitize::short(
            &format!("[{level}] {} {title} ({subject})", finding.check),
            NAME,
        )
    };
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        *uses.entry(named(finding)).or_default() += 1;
    }
    let case = |finding: &&Finding| {
        let mut name = named(finding);
        if uses.get(&name).is_some_and(|uses| *uses > 1) {
            let id: String = finding.fingerprint.chars().take(12).collect();
            name = format!("{name} {}", sanitize::line(&id));
        }
        TestCase {
            name,
            time: Duration::ZERO,
            result: result(audit, names, finding),
            classname: Some(class.to_owned()),
            filepath: None,
            system_out: None,
            system_err: None,
        }
    };
    findings.iter().map(case).collect()
}

fn result(audit: &Audit, names: &Names<'_>, finding: &Finding) -> TestResult {
    let message = sanitize::short(&wording::alone(finding), MESSAGE);
    let cause = || Some(cause(audit, names, finding));
    match (finding.status, &finding.waiver) {
        (Status::Pass, _) => TestResult::Success,
        (Status::Fail, None) => TestResult::Failure {
            type_: finding.severity.to_string(),
            message,
            cause: cause(),
        },
        (Status::Fail, Some(waiver)) => TestResult::SkippedWithCause {
            type_: "waived".to_owned(),
            message: sanitize::short(&wording::waiver(waiver), MESSAGE),
            cause: cause(),
        },
        // The error's code is not kept in a finding; how the call ended is.
        (Status::Unknown, _) => TestResult::Error {
            type_: wording::reason(finding),
            message,
            cause: cause(),
        },
        (Status::NotApplicable, _) => TestResult::SkippedWithCause {
            type_: "not_applicable".to_owned(),
            message: sanitize::short(&format!("not applicable: {}", finding.message), MESSAGE),
            cause: None,
        },
    }
}

/// All there is to say: some platforms show nothing but this.
fn cause(audit: &Audit, names: &Names<'_>, finding: &Finding) -> String {
    let mut lines = vec![
        finding.message.clone(),
        format!("Subject: {}", names.subject(&finding.subject)),
    ];
    lines.extend(
        finding
            .evidence
            .iter()
            .map(|it| format!("Evidence: {}", wording::evidence(it))),
    );
    if finding.status == Status::Unknown {
        let actions = finding
            .evidence
            .iter()
            .filter_map(|it| it.action.as_deref());
        lines.extend(actions.map(|action| format!("IAM action: {action}")));
    }
    if let Some(check) = audit.check(&finding.check) {
        lines.push(format!("Expected: {}", check.title));
        lines.push(format!("Why: {}", check.why));
        lines.push(format!("Remediation: {}", check.fix));
        let controls = check.controls.iter();
        let controls: Vec<String> = controls
            .map(|it| format!("{} {}", it.framework, it.control))
            .collect();
        if !controls.is_empty() {
            lines.push(format!("Controls: {}", controls.join(", ")));
        }
    }
    lines.push(format!("Fingerprint: {}", finding.fingerprint));
    block(&lines)
}

/// Lines that cannot end their CDATA section, nor forge a line.
fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| sanitize::line(line)).collect();
    lines.join("\n")
}

/// What a suite is, and how it ended; the first one tells of the whole run.
fn about(audit: &Audit, title: &str, findings: &[&Finding], first: bool) -> String {
    let mut lines = Vec::new();
    if first {
        let (word, sentence) = wording::verdict(audit);
        lines.push(format!("run: {} {sentence}", word.as_str()));
        lines.push(format!("run: {}", wording::totals(audit)));
        lines.push(format!("run: {}", wording::exit(audit)));
        lines.push(format!(
            "run: facts of {}, judged {}",
            audit.started_at, audit.now
        ));
        lines.push(format!(
            "run: accounts {}",
            wording::by_status(&wording::accounts(audit))
        ));
        lines.push(format!(
            "run: regions {}",
            wording::by_status(&wording::regions(audit))
        ));
        lines.extend(wording::asides(audit));
    }
    let with = |status| findings.iter().filter(|it| it.status == status).count();
    let waived = findings.iter().filter(|it| it.waiver.is_some()).count();
    lines.push(format!("suite: {title}"));
    lines.push(format!(
        "suite: {} pass, {} fail ({waived} waived), {} unknown, {} not applicable",
        with(Status::Pass),
        with(Status::Fail),
        with(Status::Unknown),
        with(Status::NotApplicable),
    ));
    lines.push(format!("tool: {} {}", audit.tool.name, audit.tool.version));
    block(&lines)
}
