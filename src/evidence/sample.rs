//! Draws a sample that anyone can draw again: rows in order of SHA-256 of the seed, a line feed, and the row's id.

use std::io::Write;

use anyhow::Context as _;
use serde_json::{Value, json};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::inventory::CallRecord;
use trailaudit_reports::sanitize;

use super::names;
use super::open::Opened;
use super::sums::sha256;
use super::verify::ledger;
use crate::cli::Drawn;
use crate::recordings::{self, Answer};

/// A row that may be drawn.
struct Row {
    id: String,
    value: Value,
    /// The calls that it rests on.
    calls: Vec<CallRecord>,
}

/// Writes the sample, a JSON line for each row, with the calls behind it and their raw answers where they were kept.
pub fn sample(
    bundle: &Opened,
    of: Drawn,
    seed: u64,
    size: usize,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let audit: Audit = bundle.json(names::AUDIT)?;
    let ledger = ledger(bundle)?;
    let mut rows = match of {
        Drawn::Regions => regions(&audit),
        Drawn::Findings => findings(&audit),
        Drawn::Calls => calls(&ledger),
    };
    let population = rows.len();
    rows.sort_by_cached_key(|row| {
        (
            sha256(format!("{seed}\n{}", row.id).as_bytes()),
            row.id.clone(),
        )
    });
    rows.truncate(size);
    for row in &mut rows {
        row.calls = behind(row, &ledger);
    }
    let answers = kept(bundle, &rows)?;
    for (at, row) in rows.iter().enumerate() {
        let calls = row.calls.iter().map(|call| {
            let mut answers = answers.iter().filter(|it| it.is_of(call));
            json!({"call": call, "answer": answers.next()})
        });
        let line = json!({
            "drawn": at + 1,
            "of": population,
            "seed": seed,
            "id": row.id,
            "row": row.value,
            "calls": calls.collect::<Vec<_>>(),
        });
        sanitize::compact(&line, &mut *out)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn regions(audit: &Audit) -> Vec<Row> {
    let regions = audit.coverage.regions.iter().map(|region| Row {
        id: format!("{}/{}", region.account, region.region),
        value: json!(region),
        calls: Vec::new(),
    });
    regions.collect()
}

fn findings(audit: &Audit) -> Vec<Row> {
    let findings = audit.findings.iter().map(|finding| Row {
        id: finding.fingerprint.to_string(),
        value: json!(finding),
        calls: Vec::new(),
    });
    findings.collect()
}

fn calls(ledger: &[CallRecord]) -> Vec<Row> {
    let calls = ledger.iter().enumerate().map(|(at, it)| Row {
        // Two calls may be alike in all but their place.
        id: format!("{}", at + 1),
        value: json!(it),
        calls: vec![it.clone()],
    });
    calls.collect()
}

/// The calls in a row's account and region, and for a finding those that its check reads.
fn behind(row: &Row, ledger: &[CallRecord]) -> Vec<CallRecord> {
    if !row.calls.is_empty() {
        return row.calls.clone();
    }
    let text = |pointer: &str| row.value.pointer(pointer).and_then(Value::as_str);
    let check = text("/check").and_then(trailaudit_checks::catalog::find);
    let subject = text("/subject/id");
    let account = text("/account").or(text("/subject/account"));
    let region = text("/region").or(text("/subject/region"));
    let calls = ledger.iter().filter(|call| match check {
        None => Some(call.account.as_str()) == account && Some(call.region.as_str()) == region,
        Some(check) => {
            check.reads.contains(&call.call)
                && (call.about.is_empty()
                    || subject.is_some_and(|subject| {
                        subject == call.about || subject.ends_with(&format!(":{}", call.about))
                    }))
                && account.is_none_or(|it| it == call.account.as_str())
                && (region.is_none_or(|it| it == call.region.as_str()) || !call.about.is_empty())
        }
    });
    calls.cloned().collect()
}

/// The answers to the drawn rows' calls.
fn kept(bundle: &Opened, rows: &[Row]) -> anyhow::Result<Vec<Answer>> {
    let mut kept = Vec::new();
    if !bundle.has(names::ANSWERS) {
        return Ok(kept);
    }
    recordings::each(bundle.stream(names::ANSWERS)?, |answer| {
        if rows
            .iter()
            .any(|row| row.calls.iter().any(|call| answer.is_of(call)))
        {
            kept.push(answer);
        }
        Ok(())
    })
    .context(names::ANSWERS)?;
    Ok(kept)
}
