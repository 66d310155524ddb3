//! Two audits, one against the other: what got worse first, in text, JSON and Markdown.

mod markdown;
mod text;

use std::io::{self, Write};

use trailaudit_checks::audit::compare::{
    Change, ChangeKind, Comparison, CoverageChange, Seen, Side,
};

pub(crate) use markdown::FORMAT as MARKDOWN;
pub(crate) use text::FORMAT as TEXT;

use crate::wording::{Headline, counted};
use crate::{Format, Options, sanitize};

pub(crate) const JSON: Format<Comparison> = Format {
    name: "json",
    extension: "json",
    about: "Every change, for programs",
    write: json,
};

fn json(comparison: &Comparison, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    sanitize::json(comparison, out)
}

/// A part of a page: what it is called, and what belongs to it.
type Part = (&'static str, fn(&Change) -> bool);

/// The parts, in their order.
const PARTS: [Part; 7] = [
    ("Worse", |it| it.worse),
    ("Fixed", |it| it.kind == ChangeKind::Fixed),
    ("New, and not worse", |it| {
        it.kind == ChangeKind::New && !it.worse
    }),
    ("Changed", |it| it.kind == ChangeKind::Changed),
    ("Gone with their resources", |it| {
        it.kind == ChangeKind::Gone
    }),
    ("Not assessed again", |it| {
        it.kind == ChangeKind::NotAssessed
    }),
    ("Events before the period that was read", |it| {
        it.kind == ChangeKind::OutOfWindow
    }),
];

/// The verdict, in a word and a sentence.
fn verdict(it: &Comparison) -> (Headline, &'static str, String) {
    let worse = it.changes.iter().filter(|it| it.worse).count();
    let fixed = it.counts.get(&ChangeKind::Fixed).copied().unwrap_or(0);
    let unseen = it.coverage.iter().filter(|it| it.worse).count();
    if it.worse {
        let mut words = vec![format!("{} worse", counted(worse as u64, "finding"))];
        if unseen > 0 {
            let places = counted(unseen as u64, "place");
            words.push(format!("{places} can no longer be seen"));
        }
        if it.after.interrupted && !it.before.interrupted {
            words.push("the later run was interrupted".to_owned());
        }
        words.push(format!("{fixed} fixed"));
        return (Headline::Fail, "WORSE", words.join(", "));
    }
    let left = it
        .counts
        .get(&ChangeKind::NotAssessed)
        .copied()
        .unwrap_or(0);
    let (headline, word) = match fixed {
        _ if left > 0 => (Headline::Undecided, "NOT WORSE"),
        0 => (Headline::Pass, "NOT WORSE"),
        1.. => (Headline::Pass, "BETTER"),
    };
    let mut words = format!("nothing got worse, {fixed} fixed");
    if left > 0 {
        words.push_str(&format!(", {left} not looked at again"));
    }
    (headline, word, words)
}

/// What matters for reading the two audits against each other, one sentence each.
fn warnings(it: &Comparison) -> Vec<String> {
    let mut words = Vec::new();
    if it.before.organization != it.after.organization {
        words.push("they are of different organizations".to_owned());
    }
    if it.before.selection != it.after.selection {
        words.push(
            "different checks were selected: what only one of them judged is new or not assessed"
                .to_owned(),
        );
    }
    if it.before.tool != it.after.tool {
        words.push(
            "different versions judged: a verdict may differ by the check, not by the facts"
                .to_owned(),
        );
    }
    if it.after.started_at < it.before.started_at {
        words.push(
            "the first is the later one: what is told as new was there before, and so on"
                .to_owned(),
        );
    }
    words
}

/// `2026-01-01T00:00:00Z, 40 findings, by trailaudit 0.1.0`.
fn side(side: &Side) -> String {
    let Side { tool, .. } = side;
    let cut_off = if side.interrupted {
        ", interrupted"
    } else {
        ""
    };
    format!(
        "{}, {}{cut_off}, by {} {}",
        side.started_at,
        counted(side.findings, "finding"),
        tool.name,
        tool.version
    )
}

/// `pass -> fail`.
fn step(change: &Change) -> String {
    let word = |seen: &Option<Seen>| match seen {
        None => "absent".to_owned(),
        Some(it) if it.waived => format!("{} (waived)", it.status),
        Some(it) => it.status.as_str().replace('_', " "),
    };
    let mut words = format!("{} -> {}", word(&change.before), word(&change.after));
    if let (Some(before), Some(after)) = (&change.before, &change.after)
        && before.severity != after.severity
    {
        words.push_str(&format!(", {} -> {}", before.severity, after.severity));
    }
    words
}

/// What the later audit says, else the earlier.
fn message(change: &Change) -> &str {
    let seen = change.after.as_ref().or(change.before.as_ref());
    seen.map_or("", |it| &it.message)
}

/// `111111111111/eu-west-1: assessed -> denied`.
fn coverage(change: &CoverageChange) -> String {
    let place = match &change.region {
        Some(region) => format!("{}/{region}", change.account),
        None => format!("account {}", change.account),
    };
    let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "absent".to_owned());
    format!(
        "{place}: {} -> {}",
        word(&change.before).replace('_', " "),
        word(&change.after).replace('_', " ")
    )
}
