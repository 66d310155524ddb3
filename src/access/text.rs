//! Who can tamper, for people: made for 80 columns, wider where the terminal is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use trailaudit_checks::access::{ActorKind, Holder, Simulated, short, strength_word, word};
use trailaudit_checks::policy::Verdict;

use super::{Listing, Question, full, table};
use crate::cli::By;
use crate::tell::harmless;

/// More lines of one kind are counted, unless somebody asked for few rows.
const TOLD: usize = 10;

pub(super) fn write(
    listing: &Listing,
    question: &Question,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = &listing.holders;
    writeln!(out, "{}", headline(rows))?;
    if !rows.is_empty() {
        writeln!(out)?;
    }
    match (question.explain, question.is_narrow(), question.by) {
        (true, ..) => full::explain(rows, width, out)?,
        (false, _, By::Target) => table::by_target(rows, width, out)?,
        (false, true, By::Principal) => full::rows(rows, out)?,
        (false, false, By::Principal) => table::by_principal(rows, width, out)?,
    }
    notes(listing, question, width, out)
}

fn headline(rows: &[Holder]) -> String {
    let people = |root: bool| {
        let of = rows
            .iter()
            .filter(|it| (it.principal.kind == ActorKind::Root) == root);
        of.map(|it| it.principal.id.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    };
    let others = format!(
        "{} can tamper with this record",
        count(people(false), "principal")
    );
    match people(true) {
        0 => others,
        roots => format!(
            "{others}, and the root users of {}",
            count(roots, "account")
        ),
    }
}

pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// Words in lines of at most `width`, the first after `first`, the others as far in.
pub(super) fn lines(first: &str, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = first.chars().count();
    let mut line = first.to_owned();
    let mut used = indent;
    for word in harmless(text).split_whitespace() {
        let length = word.chars().count();
        if used > indent && used + 1 + length > width {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
            used = indent;
        }
        if used > indent {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    writeln!(out, "{}", line.trim_end())
}

fn notes(
    listing: &Listing,
    question: &Question,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut told: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for it in &listing.harmless {
        let people = told.entry((it.target.as_str(), it.reason)).or_default();
        people.insert(it.principal.id.as_str());
    }
    if !told.is_empty() {
        writeln!(out, "\nHarmless: rights that do nothing")?;
    }
    let most = if question.is_narrow() {
        usize::MAX
    } else {
        TOLD
    };
    for ((target, reason), people) in told {
        writeln!(out, "  {}", harmless(target))?;
        lines("    ", reason, width, out)?;
        for principal in people.iter().take(most) {
            writeln!(out, "      {}", harmless(&short(principal)))?;
        }
        if let Some(more) = people.len().checked_sub(most).filter(|n| *n > 0) {
            writeln!(out, "      and {more} more")?;
        }
    }
    if !listing.unknown.is_empty() {
        writeln!(out, "\nNot known: a document is missing")?;
        let mut seen: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for row in &listing.unknown {
            let why = row.missing.first().map_or("", String::as_str);
            let of = seen.entry(&row.principal.id).or_insert((0, why));
            of.0 += 1;
        }
        for (principal, (n, why)) in seen {
            let principal = harmless(&short(principal));
            writeln!(out, "  {principal}: {}", count(n, "right"))?;
            lines("    ", why, width, out)?;
        }
    }
    if !listing.unread.is_empty() {
        writeln!(out, "\nNot read: who can tamper there is not known")?;
        for (account, why) in &listing.unread {
            lines(&format!("  {account}  "), why, width, out)?;
        }
    }
    Ok(())
}

pub(super) fn simulated(it: &Simulated, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let answer = &it.answer;
    let when = match (answer.verdict, answer.strength) {
        (Verdict::Conditional, Some(strength)) => format!(" ({})", strength_word(strength)),
        _ => String::new(),
    };
    let idle = if it.harmless.is_some() {
        ", without effect"
    } else {
        ""
    };
    writeln!(out, "{}{when}{idle}", word(answer.verdict))?;
    if let Some(condition) = &answer.condition {
        lines("  if ", condition, width, out)?;
    }
    for statement in &answer.statements {
        lines("  by ", statement, width, out)?;
    }
    for blocked in &answer.blocked {
        lines("  because ", blocked, width, out)?;
    }
    for missing in &answer.missing {
        lines("  missing: ", missing, width, out)?;
    }
    if let Some(why) = &it.harmless {
        lines("  no effect: ", why, width, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_stand_alone() {
        let mut out = Vec::new();
        lines("  by ", "one two abcdefghijklmnop three", 12, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "  by one two\n     abcdefghijklmnop\n     three\n");
    }
}
