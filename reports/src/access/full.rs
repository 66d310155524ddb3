//! Rows one by one: what exactly, by which statements, along which path, and what would close it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use trailaudit_checks::access::{Holder, mitigation, short, strength_word, word};
use trailaudit_checks::policy::Verdict;

use super::text::{count, lines};
use crate::sanitize;

/// Principals in the order of their worst row.
fn by_principal(rows: &[Holder]) -> Vec<(&str, Vec<&Holder>)> {
    let mut all: BTreeMap<&str, Vec<&Holder>> = BTreeMap::new();
    let mut order = Vec::new();
    for row in rows {
        let own = all.entry(&row.principal.id).or_default();
        if own.is_empty() {
            order.push(row.principal.id.as_str());
        }
        own.push(row);
    }
    let mut own = |principal| (principal, all.remove(principal).unwrap_or_default());
    order.into_iter().map(&mut own).collect()
}

fn when(row: &Holder) -> String {
    let verdict = match (row.verdict, row.strength) {
        (Verdict::Conditional, Some(strength)) => {
            format!("conditional ({})", strength_word(strength))
        }
        (verdict, _) => word(verdict).to_owned(),
    };
    match row.path.len() {
        0 => verdict,
        n => format!("{verdict}, in {}", count(n, "step")),
    }
}

/// One line per right.
pub(super) fn rows(rows: &[Holder], out: &mut dyn Write) -> io::Result<()> {
    for (principal, own) in by_principal(rows) {
        writeln!(out, "{}", sanitize::line(&short(principal)))?;
        let mut target = "";
        for row in own {
            if row.target != target {
                target = &row.target;
                writeln!(out, "  on {}", sanitize::line(target))?;
            }
            let (severity, action) = (row.severity.as_str(), row.action);
            writeln!(out, "    {severity:8}  {action:38}  {}", when(row))?;
        }
    }
    Ok(())
}

/// What rows that are told together have in common.
type Alike<'r> = (
    &'r str,
    String,
    Option<&'r str>,
    Vec<(&'r str, &'r str)>,
    &'r [String],
    &'static str,
);

fn alike(row: &Holder) -> Alike<'_> {
    let path = row
        .path
        .iter()
        .map(|hop| (hop.by.as_str(), hop.to.as_str()));
    (
        &row.target,
        when(row),
        row.condition.as_deref(),
        path.collect(),
        &row.statements,
        row.severity.as_str(),
    )
}

pub(super) fn explain(rows: &[Holder], width: usize, out: &mut dyn Write) -> io::Result<()> {
    for (principal, own) in by_principal(rows) {
        writeln!(out, "{}", sanitize::line(principal))?;
        let mut groups: Vec<(Alike<'_>, Vec<&Holder>)> = Vec::new();
        let mut places: BTreeMap<Alike<'_>, usize> = BTreeMap::new();
        for row in &own {
            let key = alike(row);
            let place = *places.entry(key.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, list)) => list.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        for (_, list) in &groups {
            group(list, width, out)?;
        }
        close(&own, width, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn group(rows: &[&Holder], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let actions: Vec<&str> = rows.iter().map(|it| it.action).collect();
    let first = format!("  {:8}  ", row.severity.as_str());
    lines(&first, &actions.join(", "), width, out)?;
    writeln!(out, "    on {}", sanitize::line(&row.target))?;
    writeln!(out, "    {}", when(row))?;
    for (at, hop) in row.path.iter().enumerate() {
        lines(&format!("    {}. ", at + 1), &hop.by, width, out)?;
        writeln!(out, "       -> {}", sanitize::line(&hop.to))?;
        for statement in &hop.statements {
            lines("       by ", statement, width, out)?;
        }
    }
    if let Some(condition) = &row.condition {
        lines("    if ", condition, width, out)?;
    }
    for statement in &row.statements {
        lines("    by ", statement, width, out)?;
    }
    Ok(())
}

/// The smallest change that closes it.
fn close(rows: &[&Holder], width: usize, out: &mut dyn Write) -> io::Result<()> {
    if let Some(policy) = mitigation::deny(rows) {
        lines(
            "  To close ",
            "what it holds itself, and leave all reading: put this into a service control policy, or into its \
             permissions boundary without the Condition. What this project writes, nobody applies but you.",
            width,
            out,
        )?;
        let text = serde_json::to_string_pretty(&policy)?;
        for line in text.lines() {
            writeln!(out, "    {}", sanitize::line(line))?;
        }
    }
    let steps: BTreeSet<(&str, &str)> = rows
        .iter()
        .filter_map(|row| row.path.first())
        .map(|hop| (hop.by.as_str(), hop.to.as_str()))
        .collect();
    for (by, to) in steps {
        let words = format!("take {by} on {to} away from it");
        lines("  To cut its way ", &words, width, out)?;
    }
    Ok(())
}
