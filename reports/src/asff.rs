//! AWS Security Finding Format: each line is one request of Security Hub's `BatchImportFindings`.
//!
//! A request must come from the account of its findings, to the region that its product ARN names: a batch is
//! of one account and region, and keeps the limits of the API. A request holds nothing but findings, so the
//! run's totals are a finding as well, in the last batch, by the same id in every run of this scope.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{BaselineState, Finding, Severity, Status, Subject, SubjectKind};
use trailaudit_checks::ids;

use crate::object::{add, filled};
use crate::wording::{self, Names};
use crate::{Format, Options, aws, identity, sanitize};

pub(crate) const FORMAT: Format = Format {
    name: "asff",
    extension: "asff.jsonl",
    about: "AWS Security Finding Format: one BatchImportFindings request a line",
    write,
};

/// The most findings and bytes of one request, with some room to spare.
const BATCH: usize = 100;
const BYTES: usize = 5_500_000;
/// The longest texts, in characters. No finding of such texts comes near the 240 KB it may have.
const TITLE: usize = 256;
const DESCRIPTION: usize = 1_024;
const IDENTIFIER: usize = 512;
const RECOMMENDATION: usize = 512;
const FIELD: usize = 1_024;
/// The most list entries.
const REQUIREMENTS: usize = 32;
const REASONS: usize = 20;

/// The partitions that Security Hub's format knows.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(sanitize::BUFFER, out);
    let findings = Findings {
        audit,
        names: Names::of(audit),
        created: audit.started_at.to_string(),
        updated: audit.now.max(audit.started_at).to_string(),
    };
    let mut places: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &audit.findings {
        let place = findings.place(Some(&finding.subject));
        places.entry(place).or_default().push(finding);
    }
    for of_one in places.into_values() {
        let mut batch = Batch::default();
        for finding in of_one {
            batch.add(&findings.of(finding), &mut out)?;
        }
        batch.end(&mut out)?;
    }
    let mut last = Batch::default();
    last.add(&findings.totals(), &mut out)?;
    last.end(&mut out)?;
    out.flush()
}

/// A request that is filled until one of its limits is reached.
#[derive(Debug, Default)]
struct Batch {
    findings: Vec<u8>,
    count: usize,
}

impl Batch {
    fn add(&mut self, finding: &Value, out: &mut dyn Write) -> io::Result<()> {
        let mut text = Vec::new();
        sanitize::compact(finding, &mut text)?;
        let finding = text;
        if self.count == BATCH || self.findings.len() + finding.len() > BYTES {
            self.end(out)?;
        }
        if self.count > 0 {
            self.findings.push(b',');
        }
        self.findings.extend(finding);
        self.count += 1;
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.count > 0 {
            out.write_all(b"{\"Findings\":[")?;
            out.write_all(&self.findings)?;
            out.write_all(b"]}\n")?;
        }
        *self = Self::default();
        Ok(())
    }
}

struct Findings<'a> {
    audit: &'a Audit,
    names: Names<'a>,
    created: String,
    updated: String,
}

impl<'a> Findings<'a> {
    /// The account and the region whose Security Hub takes it. Records of logs may name some that cannot be.
    fn place(&self, subject: Option<&'a Subject>) -> (&'a str, &'a str) {
        let accounts = [subject, None].map(|it| aws::account(self.audit, it));
        let digits = |it: &&str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
        let account = accounts.into_iter().flatten().find(digits);
        let home = ids::home(self.partition(subject)).unwrap_or("us-east-1");
        let region = subject.and_then(|it| it.region.as_ref());
        let code = |it: &&str| {
            let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
            !it.is_empty() && it.bytes().all(plain)
        };
        let region = region.map(|it| it.as_str()).filter(code);
        (account.unwrap_or("000000000000"), region.unwrap_or(home))
    }

    /// One of those that there are.
    fn partition(&self, subject: Option<&'a Subject>) -> &'a str {
        let caller = aws::caller_partition(self.audit);
        let own = subject.map_or(caller, |it| aws::partition(self.audit, it));
        let known = |it: &&str| ids::home(it).is_some();
        [own, caller].into_iter().find(known).unwrap_or("aws")
    }

    /// What every finding has.
    fn base(&self, id: &str, generator: &str, subject: Option<&'a Subject>) -> Value {
        let (account, region) = self.place(subject);
        let (account, region) = (
            sanitize::short(account, FIELD),
            sanitize::short(region, FIELD),
        );
        let partition = sanitize::short(self.partition(subject), FIELD);
        let name = self.names.get(&account.as_str().into());
        filled(json!({
            "SchemaVersion": "2018-10-08",
            "Id": sanitize::short(&format!("trailaudit/{id}"), IDENTIFIER),
            "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
            "ProductName": "trailaudit",
            "CompanyName": "trailaudit",
            "GeneratorId": sanitize::short(&format!("trailaudit/{generator}"), IDENTIFIER),
            "AwsAccountId": account,
            "AwsAccountName": name.map(|it| sanitize::short(it, 50)).filter(|it| !it.trim().is_empty()),
            "Region": region,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
        }))
    }

    fn of(&self, finding: &'a Finding) -> Value {
        let subject = &finding.subject;
        let check = self.audit.check(&finding.check);
        let title = check.map_or(&*finding.check, |it| &it.title);
        let (status, record) = verdict(finding);
        let mut value = self.base(
            &finding.fingerprint.to_string(),
            &finding.check,
            Some(subject),
        );
        let described = format!(
            "{}: {}",
            wording::message(finding),
            self.names.subject(subject)
        );
        let more = json!({
            "Title": text(&format!("{}: {title}", finding.check), TITLE),
            "Description": text(&described, DESCRIPTION),
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
            "FindingProviderFields": {
                "Severity": {"Label": label(finding.severity), "Original": finding.severity.as_str()},
                "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
            },
            "Remediation": check.map(|check| json!({"Recommendation": filled(json!({
                "Text": text(&check.fix, RECOMMENDATION),
                "Url": check.references.first().map(|it| text(it, FIELD)),
            }))})),
            "Resources": [self.resource(subject)],
            "Compliance": self.compliance(finding, status),
            "RecordState": record,
            // Once a finding is there, its workflow belongs to its reader.
            "Workflow": (finding.waiver.is_some() && is_first(finding)).then(|| json!({"Status": "SUPPRESSED"})),
            "ProductFields": self.fields(finding),
        });
        add(&mut value, more);
        value
    }

    fn compliance(&self, finding: &Finding, status: &str) -> Value {
        let check = self.audit.check(&finding.check);
        let controls = check.map(|it| it.controls.as_slice()).unwrap_or_default();
        let requirements = controls.iter().take(REQUIREMENTS);
        let requirements: Vec<String> = requirements
            .map(|it| text(&format!("{} {}", it.framework, it.control), FIELD))
            .collect();
        let gaps = finding
            .evidence
            .iter()
            .filter_map(|it| Some((it, it.reason?)));
        let gaps = gaps.map(|(it, reason)| {
            let code = serde_json::to_value(reason).ok();
            let code = code
                .as_ref()
                .and_then(|it| it.as_str())
                .unwrap_or("unknown");
            let described = text(&wording::evidence(it), DESCRIPTION);
            json!({"ReasonCode": code.to_uppercase(), "Description": described})
        });
        let mut reasons: Vec<Value> = gaps.take(REASONS).collect();
        if reasons.is_empty() && finding.status == Status::Unknown {
            let described = text(&wording::message(finding), DESCRIPTION);
            reasons.push(json!({"ReasonCode": "UNKNOWN", "Description": described}));
        }
        filled(json!({
            "Status": status,
            "RelatedRequirements": (!requirements.is_empty()).then_some(requirements),
            "StatusReasons": (!reasons.is_empty()).then_some(reasons),
        }))
    }

    fn resource(&self, subject: &'a Subject) -> Value {
        let kind = aws::security_hub(subject);
        let id = text(&subject.id, IDENTIFIER);
        let name = text(&subject.name, 250);
        let partition = aws::partition(self.audit, subject);
        let details = match subject.kind {
            SubjectKind::Trail => json!({"AwsCloudTrailTrail": {"Name": name, "TrailArn": id}}),
            SubjectKind::Bucket => json!({"AwsS3Bucket": {"Name": name}}),
            SubjectKind::Organization
            | SubjectKind::Account
            | SubjectKind::Region
            | SubjectKind::Key
            | SubjectKind::LogGroup
            | SubjectKind::EventDataStore
            | SubjectKind::Principal
            | SubjectKind::Chain
            | SubjectKind::Resource => {
                json!({"Other": {"kind": subject.kind.as_str(), "name": name}})
            }
        };
        filled(json!({
            "Type": kind,
            "Id": if kind == "AwsAccount" { account_id(subject) } else { id },
            "Partition": PARTITIONS.contains(&partition).then_some(partition),
            "Region": sanitize::short(self.place(Some(subject)).1, FIELD),
            "Details": details,
        }))
    }

    /// What ASFF has no field for.
    fn fields(&self, finding: &Finding) -> Value {
        let evidence: Vec<String> = finding.evidence.iter().map(wording::evidence).collect();
        filled(json!({
            "trailaudit/Status": finding.status.as_str(),
            "trailaudit/Fingerprint": text(&finding.fingerprint.to_string(), FIELD),
            "trailaudit/Evidence": (!evidence.is_empty()).then(|| text(&evidence.join("; "), FIELD)),
            "trailaudit/Waiver": finding.waiver.as_ref().map(|it| text(&wording::waiver(it), FIELD)),
            "trailaudit/Baseline": finding.baseline.map(wording::baseline),
        }))
    }

    /// The run as a finding, archived: to be found, and no alert.
    fn totals(&self) -> Value {
        let audit = self.audit;
        let (word, sentence) = wording::verdict(audit);
        let whose = identity::whose(audit);
        let mut value = self.base(&identity::uuid(&format!("totals\n{whose}")), "run", None);
        let sum = &audit.summary;
        let more = json!({
            "Title": "trailaudit: the totals of the run",
            "Description": text(&format!("{} {sentence}; {}", word.as_str(), wording::totals(audit)), DESCRIPTION),
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
            "FindingProviderFields": {"Severity": {"Label": "INFORMATIONAL", "Original": word.as_str()}},
            "Resources": [{"Type": "Other", "Id": text(whose, IDENTIFIER)}],
            "Compliance": {"Status": "NOT_AVAILABLE"},
            "RecordState": "ARCHIVED",
            "ProductFields": {
                "trailaudit/Pass": sum.pass.to_string(),
                "trailaudit/Fail": sum.fail.to_string(),
                "trailaudit/Waived": sum.waived.to_string(),
                "trailaudit/Unknown": sum.unknown.to_string(),
                "trailaudit/NotApplicable": sum.not_applicable.to_string(),
                "trailaudit/Checks": audit.checks.len().to_string(),
                "trailaudit/Accounts": wording::by_status(&wording::accounts(audit)),
                "trailaudit/Regions": wording::by_status(&wording::regions(audit)),
                "trailaudit/Exit": text(&wording::exit(audit), FIELD),
                "trailaudit/Notes": text(&wording::asides(audit).join("; "), FIELD),
                "trailaudit/Version": text(&audit.tool.version, FIELD),
            },
        });
        add(&mut value, more);
        value
    }
}

/// Security Hub refuses an empty text.
fn text(words: &str, max: usize) -> String {
    let words = sanitize::short(words, max);
    if words.trim().is_empty() {
        return "-".to_owned();
    }
    words
}

/// By Security Hub's own form.
fn account_id(subject: &Subject) -> String {
    let account = subject
        .account
        .as_ref()
        .map_or(subject.id.as_str(), |it| it.as_str());
    text(&format!("AWS::::Account:{account}"), IDENTIFIER)
}

/// Whether Security Hub sees it for the first time, as far as the baseline tells.
fn is_first(finding: &Finding) -> bool {
    match finding.baseline {
        Some(BaselineState::New) | None => true,
        Some(BaselineState::Unchanged | BaselineState::Updated) => false,
    }
}

fn verdict(finding: &Finding) -> (&'static str, &'static str) {
    match finding.status {
        Status::Pass => ("PASSED", "ARCHIVED"),
        Status::Fail => ("FAILED", "ACTIVE"),
        Status::Unknown => ("WARNING", "ACTIVE"),
        Status::NotApplicable => ("NOT_AVAILABLE", "ARCHIVED"),
    }
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}
