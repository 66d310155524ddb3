//! Who can tamper, for people: made for 80 columns, wider where the terminal is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use trailaudit_checks::access::{ActorKind, Holder, short};

use super::{Listing, full, table};
use crate::sanitize;

/// More lines of one kind are counted, unless somebody asked for few rows.
const TOLD: usize = 10;

pub(super) fn write(listing: &Listing, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let rows = &listing.holders;
    let view = listing.view;
    writeln!(out, "{}", headline(rows))?;
    if !rows.is_empty() {
        writeln!(out)?;
    }
    if view.explain {
        full::explain(rows, width, out)?;
    } else if view.by_target {
        table::by_target(rows, width, out)?;
    } else if view.narrow {
        full::rows(rows, out)?;
    } else {
        table::by_principal(rows, width, out)?;
    }
    notes(listing, width, out)
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
    for word in sanitize::line(text).split_whitespace() {
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

fn notes(listing: &Listing, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut told: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for it in &listing.harmless {
        let people = told.entry((it.target.as_str(), it.reason)).or_default();
        people.insert(it.principal.id.as_str());
    }
    if !told.is_empty() {
        writeln!(out, "\nHarmless: rights that do nothing")?;
    }
    let most = if listing.view.narrow {
        usize::MAX
    } else {
        TOLD
    };
    for ((target, reason), people) in told {
        writeln!(out, "  {}", sanitize::line(target))?;
        lines("    ", reason, width, out)?;
        for principal in people.iter().take(most) {
            writeln!(out, "      {}", sanitize::line(&short(principal)))?;
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
            let principal = sanitize::line(&short(principal));
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
