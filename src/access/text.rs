//! Who can tamper, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use trailaudit_checks::access::{Harm, Holder, Simulated, proposal, strength_word, word};
use trailaudit_checks::policy::{Strength, Verdict};

use super::{Listing, Question};
use crate::cli::By;
use crate::tell::harmless;

/// Columns of the table.
const HARMS: [(Harm, &str); 8] = [
    (Harm::StopRecording, "stop"),
    (Harm::DestroyEvidence, "destroy"),
    (Harm::ForgeEvidence, "forge"),
    (Harm::Escalate, "escalate"),
    (Harm::BlindMonitoring, "blind"),
    (Harm::LockOutReaders, "lock out"),
    (Harm::ExfiltrateLogs, "leak"),
    (Harm::WeakenGuard, "weaken"),
];

pub(super) fn write(listing: &Listing, question: &Question, out: &mut dyn Write) -> io::Result<()> {
    let rows = &listing.holders;
    let people: BTreeSet<&str> = rows.iter().map(|it| it.principal.id.as_str()).collect();
    writeln!(
        out,
        "{} can tamper with this record",
        count(people.len(), "principal")
    )?;
    if !rows.is_empty() {
        writeln!(out)?;
    }
    match (question.explain, question.is_narrow(), question.by) {
        (true, ..) => explain(rows, out)?,
        (false, _, By::Target) => by_target(rows, out)?,
        (false, true, By::Principal) => lines(rows, out)?,
        (false, false, By::Principal) => by_principal(rows, out)?,
    }
    notes(listing, question, out)
}

fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// How easy the easiest row is: the lower the worse.
fn ease(row: &Holder) -> u8 {
    let base = match (row.verdict, row.strength) {
        (Verdict::Allowed, _) => 0,
        (Verdict::Conditional, Some(Strength::Choosable) | None) => 2,
        (Verdict::Conditional, Some(Strength::Weak)) => 4,
        (Verdict::Conditional, Some(Strength::Strong)) => 6,
        (Verdict::Unknown | Verdict::Denied, _) => 8,
    };
    base + u8::from(!row.direct)
}

fn cell(ease: Option<&u8>) -> &'static str {
    match ease {
        Some(0) => "yes",
        Some(1) => "via",
        Some(2) => "yes*",
        Some(3) => "via*",
        Some(_) => "if",
        None => "-",
    }
}

fn by_principal(rows: &[Holder], out: &mut dyn Write) -> io::Result<()> {
    let mut order: Vec<&Holder> = Vec::new();
    let mut cells: BTreeMap<&str, BTreeMap<Harm, u8>> = BTreeMap::new();
    for row in rows {
        let own = cells.entry(&row.principal.id).or_default();
        if own.is_empty() {
            order.push(row);
        }
        for harm in &row.harms {
            let before = own.entry(*harm).or_insert(u8::MAX);
            *before = (*before).min(ease(row));
        }
    }
    let name = |row: &Holder| harmless(&row.principal.id);
    let widest = order.iter().map(|row| name(row).chars().count()).max();
    let wide = widest.unwrap_or_default().clamp(9, 90);
    write!(out, "{:wide$}  {:10}", "principal", "kind")?;
    for (_, words) in HARMS {
        write!(out, "  {words:>8}")?;
    }
    writeln!(out)?;
    for row in order {
        let kind = row.principal.kind.as_str();
        write!(out, "{:wide$}  {kind:10}", name(row))?;
        let own = cells.get(row.principal.id.as_str());
        for (harm, _) in HARMS {
            let worst = own.and_then(|it| it.get(&harm));
            write!(out, "  {:>8}", cell(worst))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "\nyes: by its own rights; via: by becoming another; *: under a condition that the caller chooses; if: under a harder one"
    )
}

fn by_target(rows: &[Holder], out: &mut dyn Write) -> io::Result<()> {
    let mut order: Vec<&str> = Vec::new();
    let mut who: BTreeMap<&str, BTreeMap<&str, (u8, BTreeSet<&str>)>> = BTreeMap::new();
    for row in rows {
        let own = who.entry(&row.target).or_default();
        if own.is_empty() {
            order.push(&row.target);
        }
        let of = own
            .entry(&row.principal.id)
            .or_insert((u8::MAX, BTreeSet::new()));
        of.0 = of.0.min(ease(row));
        of.1.insert(row.harm.as_str());
    }
    for target in order {
        let own = who.get(target);
        writeln!(out, "{}", harmless(target))?;
        for (principal, (ease, harms)) in own.into_iter().flatten() {
            let harms: Vec<&str> = harms.iter().copied().collect();
            let principal = harmless(principal);
            writeln!(
                out,
                "  {:4}  {principal}: {}",
                cell(Some(ease)),
                harms.join(", ")
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn lines(rows: &[Holder], out: &mut dyn Write) -> io::Result<()> {
    for row in rows {
        line(row, out)?;
    }
    Ok(())
}

fn line(row: &Holder, out: &mut dyn Write) -> io::Result<()> {
    let how = match row.path.len() {
        0 => "directly".to_owned(),
        n => format!("in {}", count(n, "step")),
    };
    let when = match (row.verdict, row.strength) {
        (Verdict::Conditional, Some(strength)) => {
            format!("conditional ({})", strength_word(strength))
        }
        (verdict, _) => word(verdict).to_owned(),
    };
    writeln!(
        out,
        "{:8}  {} on {}: {}, {when}, {how}",
        row.severity.as_str(),
        row.action,
        harmless(&row.target),
        harmless(&row.principal.id),
    )
}

fn explain(rows: &[Holder], out: &mut dyn Write) -> io::Result<()> {
    let mut by_principal: BTreeMap<&str, Vec<&Holder>> = BTreeMap::new();
    let mut order = Vec::new();
    for row in rows {
        let own = by_principal.entry(&row.principal.id).or_default();
        if own.is_empty() {
            order.push(row.principal.id.as_str());
        }
        own.push(row);
    }
    for principal in order {
        let Some(own) = by_principal.get(principal) else {
            continue;
        };
        writeln!(out, "{}", harmless(principal))?;
        for row in own {
            write!(out, "  ")?;
            line(row, out)?;
            for hop in &row.path {
                let (by, to) = (harmless(&hop.by), harmless(&hop.to));
                writeln!(out, "            {by} -> {to}")?;
                for statement in &hop.statements {
                    writeln!(out, "              by {}", harmless(statement))?;
                }
            }
            if let Some(condition) = &row.condition {
                writeln!(out, "            if {}", harmless(condition))?;
            }
            for statement in &row.statements {
                writeln!(out, "            {}", harmless(statement))?;
            }
        }
        close(own, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The smallest change that closes it.
fn close(rows: &[&Holder], out: &mut dyn Write) -> io::Result<()> {
    if let Some(policy) = proposal::deny(rows) {
        writeln!(
            out,
            "  To close what it holds itself, and leave all reading: in a service control policy (as a boundary, without \
             the Condition)"
        )?;
        let text = serde_json::to_string_pretty(&policy).unwrap_or_default();
        for line in text.lines() {
            writeln!(out, "    {}", harmless(line))?;
        }
    }
    let steps: BTreeSet<(String, String)> = rows
        .iter()
        .filter_map(|row| row.path.first())
        .map(|hop| (harmless(&hop.by), harmless(&hop.to)))
        .collect();
    for (by, to) in steps {
        writeln!(out, "  To cut its way: take {by} on {to} away from it")?;
    }
    Ok(())
}

fn notes(listing: &Listing, question: &Question, out: &mut dyn Write) -> io::Result<()> {
    let harmless_people: BTreeSet<(&str, &str, &str)> = listing
        .harmless
        .iter()
        .map(|it| (it.principal.id.as_str(), it.target.as_str(), it.reason))
        .collect();
    if !harmless_people.is_empty() {
        writeln!(out, "\nHarmless:")?;
        let told = if question.is_narrow() { usize::MAX } else { 10 };
        for (principal, target, reason) in harmless_people.iter().take(told) {
            let (principal, target) = (harmless(principal), harmless(target));
            writeln!(out, "  {principal} on {target}: {reason}")?;
        }
        if let Some(more) = harmless_people.len().checked_sub(told).filter(|n| *n > 0) {
            writeln!(out, "  and {more} more")?;
        }
    }
    if !listing.unknown.is_empty() {
        writeln!(out, "\nNot known:")?;
        let mut seen: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for row in &listing.unknown {
            let why = row.missing.first().map_or("", String::as_str);
            let of = seen.entry(&row.principal.id).or_insert((0, why));
            of.0 += 1;
        }
        for (principal, (n, why)) in seen {
            let (principal, why) = (harmless(principal), harmless(why));
            writeln!(out, "  {principal}: {}; {why}", count(n, "right"))?;
        }
    }
    if !listing.unread.is_empty() {
        writeln!(out, "\nNot read:")?;
        for (account, why) in &listing.unread {
            writeln!(out, "  {account}: {}", harmless(why))?;
        }
    }
    Ok(())
}

pub(super) fn simulated(it: &Simulated, out: &mut dyn Write) -> io::Result<()> {
    let answer = &it.answer;
    writeln!(out, "{}", word(answer.verdict))?;
    if let Some(condition) = &answer.condition {
        let strength = answer.strength.map(strength_word).unwrap_or_default();
        writeln!(out, "  if {} ({strength})", harmless(condition))?;
    }
    for statement in &answer.statements {
        writeln!(out, "  {}", harmless(statement))?;
    }
    for missing in &answer.missing {
        writeln!(out, "  missing: {}", harmless(missing))?;
    }
    if let Some(why) = &it.harmless {
        writeln!(out, "  without effect: {why}")?;
    }
    Ok(())
}
