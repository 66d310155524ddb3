//! Sheets for an auditor's file: a framework control by control, and the population cell by cell.

use std::collections::BTreeMap;
use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use serde::Serialize;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Status};
use trailaudit_checks::framework::{ControlResult, FrameworkResult};

use crate::csv::Cell;
use crate::wording::{self, account_word, control_word, region_word};

/// How many subjects one cell names; all of them are in the findings.
const NAMED: usize = 20;
/// How many fingerprints have room in a cell.
const PRINTS: usize = 450;

/// A control and one of its checks; the fields' names are the header.
#[derive(Debug, Default, Serialize)]
struct Control {
    framework: Cell,
    control: Cell,
    control_title: Cell,
    control_status: Cell,
    link: Cell,
    check: Cell,
    passes_when: Cell,
    pass: u64,
    fail: u64,
    waived: u64,
    unknown: u64,
    not_applicable: u64,
    not_passing: Cell,
    fingerprints: Cell,
}

/// One framework: a row per control and check, with how the check's findings ended.
pub fn controls(audit: &Audit, framework: &FrameworkResult, out: &mut dyn Write) -> io::Result<()> {
    let mut by_check: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &audit.findings {
        by_check.entry(&finding.check).or_default().push(finding);
    }
    let mut sheet = sheet(out);
    for control in &framework.controls {
        if control.checks.is_empty() {
            put(&mut sheet, head(framework, control))?;
        }
        for check in &control.checks {
            let findings = by_check.get(check.as_str()).map_or(&[][..], Vec::as_slice);
            put(
                &mut sheet,
                linked(audit, framework, control, check, findings),
            )?;
        }
    }
    sheet.flush()
}

fn head(framework: &FrameworkResult, control: &ControlResult) -> Control {
    Control {
        framework: (&framework.id).into(),
        control: (&control.id).into(),
        control_title: (&control.title).into(),
        control_status: control_word(control.status).into(),
        link: wording::basis(control.basis).into(),
        ..Control::default()
    }
}

fn linked(
    audit: &Audit,
    framework: &FrameworkResult,
    control: &ControlResult,
    check: &str,
    findings: &[&Finding],
) -> Control {
    let count = |status| findings.iter().filter(|it| it.status == status).count() as u64;
    let waived = findings.iter().filter(|it| it.waiver.is_some());
    let title = audit.check(check).map(|it| it.title.as_str());
    let not_passing: Vec<&&Finding> = findings
        .iter()
        .filter(|it| matches!(it.status, Status::Fail | Status::Unknown))
        .collect();
    Control {
        check: check.into(),
        passes_when: title.unwrap_or("(this check was not selected)").into(),
        pass: count(Status::Pass),
        fail: count(Status::Fail),
        waived: waived.count() as u64,
        unknown: count(Status::Unknown),
        not_applicable: count(Status::NotApplicable),
        not_passing: few(&not_passing, NAMED, |finding| {
            format!("{} ({})", finding.subject.id, finding.status)
        }),
        fingerprints: few(&not_passing, PRINTS, |it| it.fingerprint.to_string()),
        ..head(framework, control)
    }
}

fn few(findings: &[&&Finding], most: usize, word: impl Fn(&Finding) -> String) -> Cell {
    let mut words: Vec<String> = findings.iter().take(most).map(|it| word(it)).collect();
    if let Some(more) = findings.len().checked_sub(most).filter(|it| *it > 0) {
        words.push(format!(
            "{more} more (audit.json lists all findings of this check)"
        ));
    }
    words.join("; ").into()
}

/// One cell of the population.
#[derive(Debug, Default, Serialize)]
struct Place {
    account: Cell,
    account_name: Cell,
    region: Cell,
    status: Cell,
    reason: Cell,
}

/// Every account, then its regions, with how each ended.
pub fn coverage(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = sheet(out);
    let mut regions = audit.coverage.regions.iter().peekable();
    for account in &audit.coverage.accounts {
        let name = account.name.as_deref().unwrap_or_default();
        let place = |region: &str, status: &str, reason: Option<&str>| Place {
            account: account.id.as_str().into(),
            account_name: name.into(),
            region: region.into(),
            status: status.into(),
            reason: reason.unwrap_or_default().into(),
        };
        put(
            &mut sheet,
            place("", account_word(account.status), account.reason.as_deref()),
        )?;
        while let Some(region) = regions.next_if(|it| it.account == account.id) {
            let status = region_word(region.status);
            put(
                &mut sheet,
                place(region.region.as_str(), status, region.reason.as_deref()),
            )?;
        }
    }
    // Nothing in the population vanishes, whatever order an audit has it in.
    for region in regions {
        let row = Place {
            account: region.account.as_str().into(),
            region: region.region.as_str().into(),
            status: region_word(region.status).into(),
            reason: region.reason.as_deref().unwrap_or_default().into(),
            ..Place::default()
        };
        put(&mut sheet, row)?;
    }
    sheet.flush()
}

/// The verdict in one line, for the head of a file.
#[must_use]
pub fn verdict(audit: &Audit) -> String {
    let (word, sentence) = wording::verdict(audit);
    format!("{}: {sentence}", word.as_str())
}

fn sheet(out: &mut dyn Write) -> Writer<&mut dyn Write> {
    let mut builder = WriterBuilder::new();
    builder.terminator(Terminator::CRLF).from_writer(out)
}

fn put(sheet: &mut Writer<&mut dyn Write>, row: impl Serialize) -> io::Result<()> {
    sheet.serialize(row).map_err(io::Error::other)
}
