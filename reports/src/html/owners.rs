//! By owner: what each account has to fix.

use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::finding::{Finding, Severity};
use trailaudit_checks::ids::AccountId;

use super::Story;
use super::page::Page;
use crate::ended::Ended;
use crate::wording::{account_word, counted, number};

/// How many checks are named for one owner.
const CHECKS: usize = 3;

#[derive(Serialize)]
struct Owners<'a> {
    count: String,
    severities: Vec<&'static str>,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    status: &'static str,
    /// Open failures by severity: the name of a style, and the count.
    failures: Vec<(&'static str, String)>,
    unknown: String,
    waived: String,
    worst: Vec<(&'a str, &'static str, String)>,
    more: String,
}

/// What one owner has.
#[derive(Default)]
struct Owned<'a> {
    failures: BTreeMap<Severity, u64>,
    checks: BTreeMap<(std::cmp::Reverse<Severity>, &'a str), u64>,
    unknown: u64,
    waived: u64,
}

impl<'a> Owned<'a> {
    fn add(&mut self, finding: &'a Finding) {
        match Ended::of(finding) {
            Ended::Fail => {
                *self.failures.entry(finding.severity).or_default() += 1;
                let check = (std::cmp::Reverse(finding.severity), &*finding.check);
                *self.checks.entry(check).or_default() += 1;
            }
            Ended::Unknown => self.unknown += 1,
            Ended::Waived => self.waived += 1,
            Ended::Pass | Ended::NotApplicable | Ended::NoSubject => {}
        }
    }

    /// The worst have most of the worst.
    fn rank(&self) -> Vec<u64> {
        let worst_first = Severity::ALL.iter().copied();
        let counts = worst_first.map(|it| self.failures.get(&it).copied().unwrap_or(0));
        counts.chain([self.unknown, self.waived]).collect()
    }
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let accounts = &story.audit.coverage.accounts;
    let mut owners: BTreeMap<Option<&AccountId>, Owned<'_>> = accounts
        .iter()
        .map(|it| (Some(&it.id), Owned::default()))
        .collect();
    for finding in &story.audit.findings {
        let owner = finding.subject.account.as_ref();
        owners.entry(owner).or_default().add(finding);
    }
    let statuses: BTreeMap<&AccountId, &'static str> = accounts
        .iter()
        .map(|it| (&it.id, account_word(it.status)))
        .collect();
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort_by_cached_key(|(id, owned)| (std::cmp::Reverse(owned.rank()), *id));
    let rows: Vec<Row<'_>> = owners
        .iter()
        .map(|(id, owned)| Row {
            id: id.map_or("", |it| it.as_str()),
            name: id.and_then(|it| story.names.get(it)).unwrap_or(""),
            status: id.map_or("", |it| statuses.get(it).copied().unwrap_or("not listed")),
            ..row(owned)
        })
        .collect();
    let open = owners.iter().filter(|(_, it)| !it.failures.is_empty());
    page.put(
        "owners.html",
        Owners {
            count: counted(open.count() as u64, "owner"),
            severities: Severity::ALL.iter().map(|it| it.as_str()).collect(),
            rows,
        },
    )
}

fn row<'a>(owned: &Owned<'a>) -> Row<'a> {
    let shown = |count: u64| {
        if count > 0 {
            number(count)
        } else {
            String::new()
        }
    };
    let failures = Severity::ALL.iter().map(|severity| {
        let count = owned.failures.get(severity).copied().unwrap_or(0);
        (if count > 0 { "f" } else { "o" }, shown(count))
    });
    let worst = owned.checks.iter().take(CHECKS);
    let more = owned.checks.len().saturating_sub(CHECKS) as u64;
    Row {
        id: "",
        name: "",
        status: "",
        failures: failures.collect(),
        unknown: shown(owned.unknown),
        waived: shown(owned.waived),
        worst: worst
            .map(|((severity, check), count)| (*check, severity.0.as_str(), number(*count)))
            .collect(),
        more: match more {
            0 => String::new(),
            more => counted(more, "more check"),
        },
    }
}
