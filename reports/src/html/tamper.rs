//! Who can tamper: each principal by each way to harm the record, from the findings of the access checks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::audit::CheckInfo;
use trailaudit_checks::finding::SubjectKind;

use super::Story;
use super::page::Page;
use crate::ended::Ended;
use crate::wording::{self, counted};

/// In a longer table, more principals than this with the same cells are counted.
const ALIKE: usize = 10;
/// A table of up to this many rows is shown whole.
const MOST: usize = 200;

#[derive(Serialize)]
struct Matrix<'a> {
    asked: bool,
    harms: Vec<Harm<'a>>,
    rows: Vec<Row<'a>>,
    count: String,
}

#[derive(Serialize)]
struct Harm<'a> {
    check: &'a str,
    /// Without the group, which all of them share.
    name: &'a str,
    title: &'a str,
    severity: &'static str,
}

#[derive(Serialize)]
struct Row<'a> {
    kind: &'static str,
    id: Cow<'a, str>,
    account: String,
    cells: Vec<(&'static str, &'static str)>,
    fails: usize,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let checks = story
        .audit
        .checks
        .iter()
        .filter(|it| it.id.starts_with("access-"));
    let mut checks: Vec<&CheckInfo> = checks.collect();
    // The worst stand left; the sort keeps the order of the others.
    checks.sort_by_key(|it| std::cmp::Reverse(it.severity));
    let harms: Vec<Harm<'_>> = checks
        .into_iter()
        .map(|check| Harm {
            check: &check.id,
            name: check.id.trim_start_matches("access-"),
            title: &check.title,
            severity: check.severity.as_str(),
        })
        .collect();
    let mut subjects: BTreeMap<_, BTreeMap<&str, Ended>> = BTreeMap::new();
    for finding in story.shown().filter(|it| it.check.starts_with("access-")) {
        let ended = Ended::of(finding);
        let of_subject = subjects.entry(&finding.subject).or_default();
        of_subject.insert(&finding.check, ended);
    }
    let mut rows: Vec<Row<'_>> = subjects
        .iter()
        .filter(|(subject, ends)| {
            let told = |it: &Ended| matches!(it, Ended::Fail | Ended::Waived | Ended::Unknown);
            subject.kind == SubjectKind::Principal || ends.values().any(told)
        })
        .map(|(subject, ends)| Row {
            kind: subject.kind.as_str(),
            id: Cow::Borrowed(subject.id.as_str()),
            account: subject
                .account
                .as_ref()
                .map(|it| story.names.account(it))
                .unwrap_or_default(),
            cells: harms
                .iter()
                .map(|harm| cell(ends.get(harm.check).copied()))
                .collect(),
            fails: ends.values().filter(|it| **it == Ended::Fail).count(),
        })
        .collect();
    // Whoever can do most comes first; the sort keeps the order of the others.
    rows.sort_by_key(|row| std::cmp::Reverse(row.fails));
    let principals = rows.iter().filter(|it| it.fails > 0).count();
    let rows = summarized(rows);
    page.put(
        "tamper.html",
        Matrix {
            asked: !harms.is_empty(),
            count: counted(principals as u64, "principal"),
            harms,
            rows,
        },
    )
}

/// Long tables: of many principals with the same cells the first stand there, and how many more there are. Every one has
/// its findings in the JSON.
fn summarized(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    if rows.len() <= MOST {
        return rows;
    }
    let mut seen: BTreeMap<Vec<(&str, &str)>, usize> = BTreeMap::new();
    let mut kept: Vec<Row<'_>> = Vec::new();
    for row in rows {
        let so_far = seen.entry(row.cells.clone()).or_default();
        *so_far += 1;
        match *so_far > ALIKE {
            true if *so_far == ALIKE + 1 => kept.push(Row {
                kind: "principal",
                id: Cow::Borrowed(""),
                account: String::new(),
                ..row
            }),
            true => {}
            false => kept.push(row),
        }
    }
    for row in &mut kept {
        let all = seen.get(&row.cells).copied().unwrap_or_default();
        if row.id.is_empty() {
            let more = wording::number((all - ALIKE) as u64);
            row.id = Cow::Owned(format!("and {more} more of the same (JSON: all)"));
        }
    }
    kept
}

/// The name of a style, and what stands there.
fn cell(ended: Option<Ended>) -> (&'static str, &'static str) {
    match ended {
        Some(Ended::Fail) => ("f", "can"),
        Some(Ended::Waived) => ("w", "accepted"),
        Some(Ended::Unknown) => ("u", "?"),
        Some(Ended::Pass) => ("p", "no"),
        Some(Ended::NotApplicable | Ended::NoSubject) => ("z", "n/a"),
        None => ("o", "\u{b7}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at: usize, cell: &'static str) -> Row<'static> {
        Row {
            kind: "principal",
            id: Cow::Owned(format!("r{at}")),
            account: "111111111111".to_owned(),
            cells: vec![(cell, cell)],
            fails: usize::from(cell == "f"),
        }
    }

    /// Many of the same are counted, those that differ stand there, and nobody is lost.
    #[test]
    fn many_of_the_same_are_counted() {
        let all = (0..5000).map(|at| row(at, "f")).chain([row(5000, "u")]);
        let kept = summarized(all.collect());
        let ids: Vec<&str> = kept.iter().map(|it| it.id.as_ref()).collect();
        assert_eq!(ids.len(), ALIKE + 2);
        assert!(ids.contains(&"r9") && ids.contains(&"r5000"), "{ids:?}");
        assert!(
            ids.contains(&"and 4,990 more of the same (JSON: all)"),
            "{ids:?}"
        );
        let few = summarized((0..MOST).map(|at| row(at, "f")).collect());
        assert_eq!(few.len(), MOST);
    }
}
