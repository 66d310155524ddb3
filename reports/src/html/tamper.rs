//! Who can tamper: each principal by each way to harm the record, from the findings of the access checks.

use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::finding::SubjectKind;

use super::Story;
use super::page::Page;
use crate::ended::Ended;
use crate::tell::counted;

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
    id: &'a str,
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
    let harms: Vec<Harm<'_>> = checks
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
            id: &subject.id,
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
