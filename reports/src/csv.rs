//! CSV by RFC 4180: one header for every kind of row, and no cell that a spreadsheet would calculate.
//!
//! The column `record` says what a row is: the run, a total, a finding, a check, a control, an account, a
//! region or a note. So one file has all of it, and a filter on one column gives the findings alone.

use std::collections::BTreeMap;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};
use serde::{Serialize, Serializer};
use trailaudit_checks::audit::{Audit, CheckInfo};
use trailaudit_checks::finding::Finding;

use crate::wording::{self, Names, account_word, control_word, region_word};
use crate::{Format, Options, sanitize};

pub(crate) const FORMAT: Format = Format {
    name: "csv",
    extension: "csv",
    about: "For spreadsheets: a row per finding, total, check, control, account and region",
    write,
};

/// The version of the header. Columns are only ever added at its end.
const SCHEMA: u32 = 1;
/// What spreadsheets take in a cell is 32,767 characters, less what guards them.
const CELL: usize = 32_000;

/// One row. The fields' names are the header.
#[derive(Debug, Default, Serialize)]
struct Row {
    record: Cell,
    status: Cell,
    count: Option<u64>,
    severity: Cell,
    check: Cell,
    title: Cell,
    kind: Cell,
    subject: Cell,
    name: Cell,
    account: Cell,
    account_name: Cell,
    region: Cell,
    message: Cell,
    evidence: Cell,
    waiver_reason: Cell,
    waiver_approver: Cell,
    waiver_expires: Cell,
    waiver_ticket: Cell,
    baseline: Cell,
    framework: Cell,
    controls: Cell,
    fix: Cell,
    fingerprint: Cell,
    schema: Schema,
}

/// A text that is only that: a spreadsheet calculates what begins with `=` and the like. What people split at
/// semicolons begins anew after each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Cell(String);

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = sanitize::short(text.as_ref(), CELL);
        let calculates = |part: &str| part.trim_start().starts_with(is_formula);
        if !text.split(';').any(calculates) {
            return Self(text);
        }
        let mut safe = String::with_capacity(text.len());
        let mut begins = true;
        for c in text.chars() {
            if begins && is_formula(c) {
                safe.push('\'');
            }
            begins = c == ';' || begins && c.is_whitespace();
            safe.push(c);
        }
        Self(safe)
    }
}

/// A spreadsheet takes what begins so for something to calculate.
fn is_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

/// Stands in every row.
#[derive(Debug, Default)]
struct Schema;

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(SCHEMA)
    }
}

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = WriterBuilder::new();
    let mut csv = builder.terminator(Terminator::CRLF).from_writer(out);
    let mut put = |row: Row| csv.serialize(row).map_err(io::Error::other);
    totals(audit).into_iter().try_for_each(&mut put)?;
    let names = Names::of(audit);
    for it in &audit.findings {
        put(finding(audit, &names, it))?;
    }
    checks(audit).try_for_each(&mut put)?;
    controls(audit).try_for_each(&mut put)?;
    population(audit, &names).try_for_each(&mut put)?;
    csv.flush()
}

/// The run, then how many findings ended in which way, then the open failures by severity.
fn totals(audit: &Audit) -> Vec<Row> {
    let (word, sentence) = wording::verdict(audit);
    let sum = &audit.summary;
    let mut rows = vec![Row {
        record: "run".into(),
        status: word.as_str().to_lowercase().into(),
        count: Some(audit.findings.len() as u64),
        name: format!("{} {}", audit.tool.name, audit.tool.version).into(),
        message: sentence.into(),
        evidence: format!(
            "{}; facts of {}, judged {}",
            wording::exit(audit),
            audit.started_at,
            audit.now
        )
        .into(),
        ..Row::default()
    }];
    let total = |status: &str, count, message: &str| Row {
        record: "total".into(),
        status: status.into(),
        count: Some(count),
        message: message.into(),
        ..Row::default()
    };
    rows.extend([
        total("pass", sum.pass, ""),
        total("fail", sum.fail, "waived ones included"),
        total("waived", sum.waived, "of the fails"),
        total("unknown", sum.unknown, ""),
        total("not_applicable", sum.not_applicable, ""),
    ]);
    let open = sum.by_severity.iter().rev();
    rows.extend(open.map(|(severity, count)| Row {
        severity: severity.as_str().into(),
        ..total("open", *count, "of the fails, unwaived")
    }));
    rows
}

fn finding(audit: &Audit, names: &Names<'_>, finding: &Finding) -> Row {
    let subject = &finding.subject;
    let check = audit.check(&finding.check);
    let evidence = finding.evidence.iter().map(wording::evidence);
    let waiver = finding.waiver.as_ref();
    Row {
        record: "finding".into(),
        status: finding.status.as_str().into(),
        severity: finding.severity.as_str().into(),
        check: (&finding.check).into(),
        title: check
            .map(|it| &it.title)
            .map_or_else(Cell::default, Cell::from),
        kind: subject.kind.as_str().into(),
        subject: (&subject.id).into(),
        name: (&subject.name).into(),
        account: optional(subject.account.as_ref().map(|it| it.as_str())),
        account_name: optional(subject.account.as_ref().and_then(|it| names.get(it))),
        region: optional(subject.region.as_ref().map(|it| it.as_str())),
        message: (&finding.message).into(),
        evidence: evidence.collect::<Vec<_>>().join("; ").into(),
        waiver_reason: optional(waiver.map(|it| it.reason.as_str())),
        waiver_approver: optional(waiver.map(|it| it.approver.as_str())),
        waiver_expires: optional(waiver.map(|it| it.expires.as_str())),
        waiver_ticket: optional(waiver.and_then(|it| it.ticket.as_deref())),
        baseline: optional(finding.baseline.map(wording::baseline)),
        controls: check.map(links).unwrap_or_default(),
        fix: optional(check.map(|it| it.fix.as_str())),
        fingerprint: finding.fingerprint.to_string().into(),
        ..Row::default()
    }
}

fn optional(text: Option<&str>) -> Cell {
    text.map_or_else(Cell::default, Cell::from)
}

fn links(check: &CheckInfo) -> Cell {
    let links = check.controls.iter();
    let links = links.map(|it| format!("{} {}", it.framework, it.control));
    links.collect::<Vec<_>>().join("; ").into()
}

/// Every check, with how many findings it has.
fn checks(audit: &Audit) -> impl Iterator<Item = Row> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &audit.findings {
        *counts.entry(&finding.check).or_default() += 1;
    }
    audit.checks.iter().map(move |check| Row {
        record: "check".into(),
        count: Some(counts.get(check.id.as_str()).copied().unwrap_or(0)),
        severity: check.severity.as_str().into(),
        check: (&check.id).into(),
        title: (&check.title).into(),
        message: (&check.why).into(),
        controls: links(check),
        fix: (&check.fix).into(),
        ..Row::default()
    })
}

/// The controls of the frameworks that were asked for.
fn controls(audit: &Audit) -> impl Iterator<Item = Row> {
    audit.frameworks.iter().flat_map(|framework| {
        framework.controls.iter().map(|control| Row {
            record: "control".into(),
            status: control_word(control.status).replace(' ', "_").into(),
            count: Some(control.checks.len() as u64),
            title: (&control.title).into(),
            name: format!("{} {}", framework.name, framework.version).into(),
            message: wording::control(control).into(),
            evidence: control.checks.join("; ").into(),
            framework: (&framework.id).into(),
            controls: (&control.id).into(),
            ..Row::default()
        })
    })
}

/// Every account and region with how it ended, and what else is to be said.
fn population(audit: &Audit, names: &Names<'_>) -> impl Iterator<Item = Row> {
    let coverage = &audit.coverage;
    let accounts = coverage.accounts.iter().map(|account| Row {
        record: "account".into(),
        status: account_word(account.status).replace(' ', "_").into(),
        account: account.id.as_str().into(),
        account_name: optional(account.name.as_deref()),
        message: optional(account.reason.as_deref()),
        ..Row::default()
    });
    let regions = coverage.regions.iter().map(|region| Row {
        record: "region".into(),
        status: region_word(region.status)
            .replace(' ', "_")
            .to_lowercase()
            .into(),
        account: region.account.as_str().into(),
        account_name: optional(names.get(&region.account)),
        region: region.region.as_str().into(),
        message: optional(region.reason.as_deref()),
        ..Row::default()
    });
    let notes = wording::asides(audit).into_iter().map(|note| Row {
        record: "note".into(),
        message: note.into(),
        ..Row::default()
    });
    accounts.chain(regions).chain(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_calculated() {
        for (text, cell) in [
            ("plain - text", "plain - text"),
            ("=1+1", "'=1+1"),
            ("  @SUM(A1)", "  '@SUM(A1)"),
            ("a;=1;-2", "a;'=1;'-2"),
            ("＝1", "'＝1"),
            ("\t=1", "\\u{9}=1"),
            ("'=1", "'=1"),
        ] {
            assert_eq!(Cell::from(text).0, cell);
        }
    }
}
