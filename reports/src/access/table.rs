//! The tables: principals and harms, targets and principals.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use trailaudit_checks::access::{ActorKind, Harm, Holder, short};
use trailaudit_checks::policy::{Strength, Verdict};

use super::text::lines;
use crate::sanitize;

/// Columns: the harm, in a word, and how wide with the space before it.
const HARMS: [(Harm, &str, usize); 8] = [
    (Harm::StopRecording, "stop", 5),
    (Harm::DestroyEvidence, "destroy", 8),
    (Harm::ForgeEvidence, "forge", 6),
    (Harm::Escalate, "escalate", 9),
    (Harm::BlindMonitoring, "blind", 6),
    (Harm::LockOutReaders, "lock", 5),
    (Harm::ExfiltrateLogs, "leak", 5),
    (Harm::WeakenGuard, "weaken", 7),
];

/// The least that is kept for names.
const NAME: usize = 24;

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

pub(super) fn by_principal(rows: &[Holder], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let is_root = |row: &&Holder| row.principal.kind == ActorKind::Root;
    let people: Vec<&Holder> = rows.iter().filter(|it| !is_root(it)).collect();
    let roots: Vec<&Holder> = rows.iter().filter(is_root).collect();
    let taken: usize = HARMS.iter().map(|(.., width)| width).sum();
    let names = rows
        .iter()
        .map(|row| short(&row.principal.id).chars().count());
    let most = width.saturating_sub(taken).max(NAME);
    let wide = names.max().unwrap_or_default().clamp(NAME, most);
    write!(out, "{:wide$}", "")?;
    for (_, words, cells) in HARMS {
        write!(out, "{words:>cells$}")?;
    }
    writeln!(out)?;
    grid(&people, wide, out)?;
    if !roots.is_empty() {
        writeln!(
            out,
            "\nRoot users (only policies from above bind them, and none in management):"
        )?;
        grid(&roots, wide, out)?;
    }
    writeln!(out)?;
    for (what, is) in [
        ("yes", "by its own rights"),
        ("via", "by becoming or changing another"),
        (
            "*",
            "under a condition that the caller chooses; if: a harder one",
        ),
    ] {
        writeln!(out, "{what:>4}: {is}")?;
    }
    lines(
        "",
        "stop recording, destroy or forge evidence, escalate (lift a guard or gain rights), blind monitoring, lock out \
         readers, leak logs, weaken a guard. --explain tells each right in full.",
        width,
        out,
    )
}

fn grid(rows: &[&Holder], wide: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut order: Vec<&str> = Vec::new();
    let mut cells: BTreeMap<&str, BTreeMap<Harm, u8>> = BTreeMap::new();
    for row in rows {
        let own = cells.entry(&row.principal.id).or_default();
        if own.is_empty() {
            order.push(&row.principal.id);
        }
        for harm in &row.harms {
            let before = own.entry(*harm).or_insert(u8::MAX);
            *before = (*before).min(ease(row));
        }
    }
    for principal in order {
        let name = sanitize::line(&short(principal));
        // A long name has a line of its own: nothing is cut.
        if name.chars().count() > wide {
            write!(out, "{name}\n{:wide$}", "")?;
        } else {
            write!(out, "{name:wide$}")?;
        }
        let own = cells.get(principal);
        for (harm, _, width) in HARMS {
            let worst = own.and_then(|it| it.get(&harm));
            write!(out, "{:>width$}", cell(worst))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

pub(super) fn by_target(rows: &[Holder], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut order: Vec<&str> = Vec::new();
    let mut who: BTreeMap<&str, BTreeMap<&str, (u8, BTreeSet<Harm>)>> = BTreeMap::new();
    for row in rows {
        let own = who.entry(&row.target).or_default();
        if own.is_empty() {
            order.push(&row.target);
        }
        let of = own
            .entry(&row.principal.id)
            .or_insert((u8::MAX, BTreeSet::new()));
        of.0 = of.0.min(ease(row));
        of.1.extend(&row.harms);
    }
    for target in order {
        writeln!(out, "{}", sanitize::line(target))?;
        let own = who.get(target).into_iter().flatten();
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|(principal, (ease, _))| (*ease, **principal));
        for (principal, (ease, harms)) in own {
            let words = HARMS.iter().filter(|(harm, ..)| harms.contains(harm));
            let words: Vec<&str> = words.map(|(_, word, _)| *word).collect();
            let (cell, words) = (cell(Some(ease)), words.join(", "));
            let name = sanitize::line(&short(principal));
            if 10 + name.chars().count() + words.len() <= width {
                writeln!(out, "  {cell:4}  {name}: {words}")?;
            } else {
                writeln!(out, "  {cell:4}  {name}\n          {words}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
