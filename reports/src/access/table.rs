//! The tables: principals and harms, targets and principals.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use trailaudit_checks::access::{ActorKind, Harm, Holder, short};
use trailaudit_checks::policy::{Strength, Verdict};

use super::text::lines;
use crate::sanitize;
use crate::wording;

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

/// In a longer table, more principals than this with the same cells are counted.
const ALIKE: usize = 10;
/// A table of up to this many principals is shown whole.
const MOST: usize = 40;

/// The least that is kept for names.
const NAME: usize = 24;

/// How easy the easiest row is: the lower the worse.
fn ease(row: &Holder) -> u8 {
    let base = match (row.verdict, row.strength) {
        (Verdict::Allowed, _) => 0,
        (Verdict::Conditional, Some(Strength::Unbound | Strength::Choosable) | None) => 2,
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
            "\nRoot users (only SCPs and RCPs apply to them, and none in the management account):"
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
    // Principals with the same cells beyond the first are counted: all of them are in the other formats.
    let most = match order.len() > MOST {
        true => ALIKE,
        false => usize::MAX,
    };
    let mut alike: BTreeMap<&BTreeMap<Harm, u8>, usize> = BTreeMap::new();
    for own in cells.values() {
        *alike.entry(own).or_default() += 1;
    }
    let mut shown: BTreeMap<&BTreeMap<Harm, u8>, usize> = BTreeMap::new();
    for principal in order {
        let Some(own) = cells.get(principal) else {
            continue;
        };
        let so_far = shown.entry(own).or_default();
        *so_far += 1;
        let so_far = *so_far;
        if so_far > most {
            continue;
        }
        let name = sanitize::line(&short(principal));
        // A long name has a line of its own: nothing is cut.
        if name.chars().count() > wide {
            write!(out, "{name}\n{:wide$}", "")?;
        } else {
            write!(out, "{name:wide$}")?;
        }
        for (harm, _, width) in HARMS {
            write!(out, "{:>width$}", cell(own.get(&harm)))?;
        }
        writeln!(out)?;
        let all = alike.get(own).copied().unwrap_or_default();
        if let Some(more) = all.checked_sub(most).filter(|more| *more > 0)
            && so_far == most
        {
            writeln!(
                out,
                "  and {} more of the same (-f json: all)",
                wording::number(more as u64)
            )?;
        }
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
        let most = match own.len() > MOST {
            true => ALIKE,
            false => usize::MAX,
        };
        let mut alike: BTreeMap<(u8, &BTreeSet<Harm>), usize> = BTreeMap::new();
        for (principal, (ease, harms)) in own {
            let seen = alike.entry((*ease, harms)).or_default();
            *seen += 1;
            if *seen > most {
                continue;
            }
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
        for ((ease, harms), all) in alike {
            let words = HARMS.iter().filter(|(harm, ..)| harms.contains(harm));
            let words: Vec<&str> = words.map(|(_, word, _)| *word).collect();
            if let Some(more) = all.checked_sub(most).filter(|more| *more > 0) {
                let (cell, more, words) = (
                    cell(Some(&ease)),
                    wording::number(more as u64),
                    words.join(", "),
                );
                writeln!(out, "  {cell:4}  and {more} more of the same: {words}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailaudit_checks::access::{Actor, Kind, Rank};
    use trailaudit_checks::finding::Severity;

    fn rows(count: usize) -> Vec<Holder> {
        let row = |n: usize| Holder {
            principal: Actor {
                id: format!("arn:aws:iam::111111111111:role/r{n:04}"),
                account: "111111111111".into(),
                kind: ActorKind::Role,
            },
            action: "cloudtrail:StopLogging",
            harm: Harm::StopRecording,
            harms: vec![Harm::StopRecording],
            severity: Severity::Critical,
            target: "arn:aws:cloudtrail:us-east-1:111111111111:trail/t".to_owned(),
            target_kind: Kind::Trail,
            verdict: Verdict::Allowed,
            direct: true,
            condition: None,
            strength: None,
            path: Vec::new(),
            statements: Vec::new(),
            missing: Vec::new(),
            rank: Rank::Allowed,
        };
        (0..count).map(row).collect()
    }

    /// Long tables of the same say how many; short ones are whole.
    #[test]
    fn many_of_the_same_are_counted() {
        let text = |count: usize| {
            let mut out = Vec::new();
            by_principal(&rows(count), 80, &mut out).unwrap();
            by_target(&rows(count), 80, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let many = text(5_000);
        assert_eq!(
            many.matches("and 4,990 more of the same").count(),
            2,
            "{many}"
        );
        assert!(many.lines().count() < 60, "{many}");
        let few = text(40);
        assert!(!few.contains("more of the same") && few.contains("role/r0039"));
    }
}
