//! JUnit XML in the dialect of Jenkins (`junit-10.xsd`): a suite per account and region, a case per finding.
//!
//! Suites are written one after the other: the report of a large organization takes more memory than its audit. Every
//! text is cleaned first, since nothing splits CDATA. All times are zero: an audit does not time its checks. The totals
//! are in the first suite's `system-out`, where platforms show them.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesCData, BytesDecl, Event};
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
    let mut xml = Writer::new(BufWriter::new(out));
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    xml.create_element("testsuites")
        .write_inner_content(|xml| {
            for (at, (place, findings)) in suites.into_iter().enumerate() {
                suite(audit, &names, at, place, &findings, xml)?;
            }
            Ok(())
        })?;
    let mut out = xml.into_inner();
    out.write_all(b"\n")?;
    out.flush()
}

fn suite<W: Write>(
    audit: &Audit,
    names: &Names<'_>,
    at: usize,
    (account, region): (&str, &str),
    findings: &[&Finding],
    xml: &mut Writer<W>,
) -> io::Result<()> {
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
    let errors = findings.iter().filter(|it| it.status == Status::Unknown);
    let failures = findings.iter().filter(|it| it.is_open_failure());
    xml.create_element("testsuite")
        .with_attributes([
            ("id", &*at.to_string()),
            ("name", &sanitize::short(&title, NAME)),
            ("package", &class),
            ("tests", &findings.len().to_string()),
            ("errors", &errors.count().to_string()),
            ("failures", &failures.count().to_string()),
            ("hostname", "localhost"),
            ("timestamp", &time(audit.started_at)),
            ("time", "0"),
        ])
        .write_inner_content(|xml| {
            cases(audit, names, &class, findings, xml)?;
            let about = about(audit, &title, findings, at == 0);
            xml.create_element("system-out")
                .write_cdata_content(BytesCData::new(about))?;
            Ok(())
        })?;
    Ok(())
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

/// In full seconds; nothing before 1970.
fn time(at: Timestamp) -> String {
    let second = at.as_second().max(0);
    Timestamp::from_second(second)
        .unwrap_or_default()
        .to_string()
}

/// Names are unique within a class: GitLab keeps only the first of a name.
fn cases<W: Write>(
    audit: &Audit,
    names: &Names<'_>,
    class: &str,
    findings: &[&Finding],
    xml: &mut Writer<W>,
) -> io::Result<()> {
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
    for finding in findings {
        let mut name = named(finding);
        if uses.get(&name).is_some_and(|uses| *uses > 1) {
            let id: String = finding.fingerprint.to_string().chars().take(12).collect();
            name = format!("{name} {id}");
        }
        let case = xml.create_element("testcase").with_attributes([
            ("name", &*name),
            ("time", "0"),
            ("classname", class),
        ]);
        match Child::of(audit, names, finding) {
            None => case.write_empty()?,
            Some(child) => case.write_inner_content(|xml| child.write(xml))?,
        };
    }
    Ok(())
}

/// The element within a case that did not pass.
struct Child {
    element: &'static str,
    kind: String,
    message: String,
    cause: Option<String>,
}

impl Child {
    fn of(audit: &Audit, names: &Names<'_>, finding: &Finding) -> Option<Self> {
        let cause = || Some(cause(audit, names, finding));
        let (element, kind, message, cause) = match (finding.status, &finding.waiver) {
            (Status::Pass, _) => return None,
            (Status::Fail, None) => {
                let kind = finding.severity.to_string();
                ("failure", kind, wording::alone(finding), cause())
            }
            (Status::Fail, Some(waiver)) => {
                let kind = "waived".to_owned();
                ("skipped", kind, wording::waiver(waiver), cause())
            }
            // The error's code is not kept in a finding; how the call ended is.
            (Status::Unknown, _) => {
                let kind = wording::reason(finding);
                ("error", kind, wording::alone(finding), cause())
            }
            (Status::NotApplicable, _) => {
                let message = format!("not applicable: {}", finding.message);
                ("skipped", "not_applicable".to_owned(), message, None)
            }
        };
        Some(Self {
            element,
            kind,
            message: sanitize::short(&message, MESSAGE),
            cause,
        })
    }

    fn write<W: Write>(&self, xml: &mut Writer<W>) -> io::Result<()> {
        let element = xml
            .create_element(self.element)
            .with_attributes([("type", &*self.kind), ("message", &self.message)]);
        match &self.cause {
            Some(cause) => element.write_cdata_content(BytesCData::new(cause))?,
            None => element.write_empty()?,
        };
        Ok(())
    }
}

/// All there is to say: some platforms show nothing but this.
fn cause(audit: &Audit, names: &Names<'_>, finding: &Finding) -> String {
    let mut lines = vec![
        finding.message.to_string(),
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
