//! One check: what it wants and why, and its findings, those with the same words and facts together.

use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::audit::CheckInfo;
use trailaudit_checks::finding::{Finding, SubjectKind};

use super::Story;
use super::said::{self, Said};
use crate::ended::Ended;
use crate::wording::{self, number};

/// How many facts of one finding are told.
const FACTS: usize = 20;

#[derive(Serialize)]
pub(super) struct Told<'a> {
    id: &'a str,
    title: &'a str,
    severity: &'static str,
    ended: &'static str,
    symbol: &'static str,
    word: &'static str,
    why: &'a str,
    fix: &'a str,
    references: Vec<(&'a str, bool)>,
    /// By framework.
    controls: Vec<(&'a str, String)>,
    frameworks: String,
    counts: Vec<(&'static str, &'static str, &'static str, String)>,
    groups: Vec<Group>,
    pub(super) open: bool,
}

/// Findings with the same words.
#[derive(Serialize)]
struct Group {
    key: &'static str,
    symbol: &'static str,
    word: &'static str,
    message: String,
    facts: Vec<String>,
    /// What AWS said, to the first of several if `answers`.
    answer: String,
    answers: bool,
    waiver: String,
    baseline: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    what: String,
    account: String,
    region: String,
    /// How many findings it tells.
    count: u64,
}

impl<'a> Told<'a> {
    pub(super) fn of(story: &Story<'a>, check: &'a CheckInfo, findings: &[&'a Finding]) -> Self {
        let mut counts: BTreeMap<Ended, u64> = BTreeMap::new();
        for finding in findings {
            *counts.entry(Ended::of(finding)).or_default() += 1;
        }
        let ended = counts.keys().next().copied().unwrap_or(Ended::NoSubject);
        let count = |(ended, count): (&Ended, &u64)| {
            (ended.key(), ended.symbol(), ended.as_str(), number(*count))
        };
        let mut controls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for it in &check.controls {
            controls.entry(&it.framework).or_default().push(&it.control);
        }
        let frameworks: Vec<&str> = controls.keys().copied().collect();
        // Only what a browser opens as a page of its own becomes a link.
        let reference = |it: &'a String| (it.as_str(), it.starts_with("https://"));
        Self {
            id: &check.id,
            title: &check.title,
            severity: check.severity.as_str(),
            ended: ended.key(),
            symbol: ended.symbol(),
            word: ended.as_str(),
            why: &check.why,
            fix: &check.fix,
            references: check.references.iter().map(reference).collect(),
            controls: controls
                .iter()
                .map(|(framework, ids)| (*framework, ids.join(", ")))
                .collect(),
            frameworks: frameworks.join(" "),
            counts: counts.iter().map(count).collect(),
            groups: groups(story, findings),
            open: false,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.groups.iter().map(|it| it.rows.len() + 1).sum()
    }

    pub(super) fn fails(&self) -> bool {
        self.ended == Ended::Fail.key()
    }
}

fn groups(story: &Story<'_>, findings: &[&Finding]) -> Vec<Group> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<(Ended, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let ended = Ended::of(finding);
        let said = Said::of(finding);
        let words = (ended, said, waiver(finding), baseline(finding));
        let place = *places.entry(words).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, group)) => group.push(finding),
            None => groups.push((ended, vec![finding])),
        }
    }
    groups.sort_by_key(|(ended, _)| *ended);
    let group = |(ended, findings): (Ended, Vec<&Finding>)| {
        let finding = *findings.first()?;
        let Said { message, mut facts } = Said::of(finding);
        let more = facts.len().saturating_sub(FACTS);
        facts.truncate(FACTS);
        if more > 0 {
            facts.push(format!(
                "and {} more: the JSON report has them",
                number(more as u64)
            ));
        }
        Some(Group {
            key: ended.key(),
            symbol: ended.symbol(),
            word: ended.as_str(),
            message,
            facts,
            answer: said::answer(finding),
            answers: findings.len() > 1,
            waiver: waiver(finding),
            baseline: baseline(finding),
            rows: rows(story, &findings),
        })
    };
    groups.into_iter().filter_map(group).collect()
}

fn waiver(finding: &Finding) -> String {
    finding
        .waiver
        .as_deref()
        .map(wording::waiver)
        .unwrap_or_default()
}

fn baseline(finding: &Finding) -> &'static str {
    finding.baseline.map_or("", wording::baseline)
}

/// One row for each subject; the regions of one account share theirs.
fn rows(story: &Story<'_>, findings: &[&Finding]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut last = None;
    for finding in findings {
        let subject = &finding.subject;
        let region = subject.region.as_ref().map_or("", |it| it.as_str());
        let is_region = subject.kind == SubjectKind::Region;
        if is_region
            && last == Some(&subject.account)
            && let Some(row) = rows.last_mut()
        {
            row.region.push_str(", ");
            row.region.push_str(region);
            row.count += 1;
            row.what = format!("{} regions", number(row.count));
            continue;
        }
        last = is_region.then_some(&subject.account);
        let account = subject.account.as_ref();
        rows.push(Row {
            what: match subject.kind {
                SubjectKind::Account | SubjectKind::Region if account.is_some() => {
                    subject.kind.as_str().to_owned()
                }
                SubjectKind::Account
                | SubjectKind::Region
                | SubjectKind::Organization
                | SubjectKind::Trail
                | SubjectKind::Bucket
                | SubjectKind::Key
                | SubjectKind::LogGroup
                | SubjectKind::EventDataStore
                | SubjectKind::Principal
                | SubjectKind::Chain
                | SubjectKind::Resource => named(&subject.id, &subject.name),
            },
            account: account.map_or(String::new(), |it| story.names.account(it)),
            region: region.to_owned(),
            count: 1,
        });
    }
    rows
}

/// The id, and the name where the id does not say it.
fn named(id: &str, name: &str) -> String {
    if id.contains(name) {
        id.to_owned()
    } else {
        format!("{id} ({name})")
    }
}
