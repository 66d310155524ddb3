//! The population as a map: each account by each region, how it was seen and what fails there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::ids::{AccountId, Region};

use super::Story;
use super::page::Page;
use crate::ended::Ended;
use crate::wording::{account_word, counted, number};

#[derive(Serialize)]
struct Map<'a> {
    regions: Vec<&'a str>,
    rows: Vec<Row<'a>>,
    nowhere: String,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    status: &'static str,
    /// The account itself, then its regions.
    cells: Vec<Cell>,
}

/// The name of its style, and what it shows.
#[derive(Serialize)]
struct Cell(&'static str, String);

/// What was found in one place.
#[derive(Default, Clone, Copy)]
struct Found {
    fail: u64,
    unknown: u64,
    waived: u64,
    pass: u64,
}

type Places<'a> = BTreeMap<(&'a AccountId, Option<&'a Region>), Found>;

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let coverage = &story.audit.coverage;
    let mut places = Places::new();
    let mut nowhere = 0;
    for finding in &story.audit.findings {
        let Some(account) = &finding.subject.account else {
            nowhere += u64::from(finding.is_open_failure());
            continue;
        };
        let place = (account, finding.subject.region.as_ref());
        let found = places.entry(place).or_default();
        match Ended::of(finding) {
            Ended::Fail => found.fail += 1,
            Ended::Unknown => found.unknown += 1,
            Ended::Waived => found.waived += 1,
            Ended::Pass => found.pass += 1,
            Ended::NotApplicable | Ended::NoSubject => {}
        }
    }
    let seen: BTreeMap<(&AccountId, &Region), RegionStatus> = coverage
        .regions
        .iter()
        .map(|it| ((&it.account, &it.region), it.status))
        .collect();
    let regions: BTreeSet<&Region> = coverage.regions.iter().map(|it| &it.region).collect();
    let rows = coverage.accounts.iter().map(|account| {
        let found = |region| {
            places
                .get(&(&account.id, region))
                .copied()
                .unwrap_or_default()
        };
        let mut cells = vec![whole(account.status, found(None))];
        cells.extend(regions.iter().map(|region| {
            let status = seen.get(&(&account.id, *region)).copied();
            of_region(account.status, status, found(Some(region)))
        }));
        Row {
            id: account.id.as_str(),
            name: account.name.as_deref().unwrap_or(""),
            status: account_word(account.status),
            cells,
        }
    });
    let on_map: BTreeSet<&AccountId> = coverage.accounts.iter().map(|it| &it.id).collect();
    let aside = places.iter().filter(|((account, region), _)| {
        !on_map.contains(account) || region.is_some_and(|it| !regions.contains(it))
    });
    nowhere += aside.map(|(_, found)| found.fail).sum::<u64>();
    let words = || {
        format!(
            "{} of no account or region shown here: see the findings.",
            counted(nowhere, "open failure")
        )
    };
    page.put(
        "map.html",
        Map {
            regions: regions.iter().map(|it| it.as_str()).collect(),
            rows: rows.collect(),
            nowhere: if nowhere > 0 { words() } else { String::new() },
        },
    )
}

fn whole(status: AccountStatus, found: Found) -> Cell {
    match status {
        AccountStatus::Assessed => told(found, false),
        AccountStatus::Partial | AccountStatus::Unreachable => told(found, true),
        AccountStatus::NotActive | AccountStatus::Former | AccountStatus::Excluded => out(found),
    }
}

fn of_region(account: AccountStatus, status: Option<RegionStatus>, found: Found) -> Cell {
    match status {
        Some(RegionStatus::Assessed) => told(found, false),
        Some(RegionStatus::Partial) => told(found, true),
        Some(RegionStatus::Denied) => with_failures("d", "D", found),
        Some(RegionStatus::DeniedByScp) => with_failures("s", "S", found),
        Some(RegionStatus::NotEnabled) => with_failures("z", "\u{2013}", found),
        Some(RegionStatus::Excluded) => out(found),
        None => match account {
            AccountStatus::Assessed | AccountStatus::Partial | AccountStatus::Unreachable => {
                told(found, true)
            }
            AccountStatus::NotActive | AccountStatus::Former | AccountStatus::Excluded => {
                out(found)
            }
        },
    }
}

fn out(found: Found) -> Cell {
    with_failures("z", "/", found)
}

/// A place that was not asked may still be known to fail, from elsewhere.
fn with_failures(style: &'static str, sign: &str, found: Found) -> Cell {
    if found.fail > 0 {
        return Cell("f", format!("\u{2715}{} {sign}", number(found.fail)));
    }
    Cell(style, sign.to_owned())
}

/// What was found in a place that was asked; `open` when some of it gave no answer.
fn told(found: Found, open: bool) -> Cell {
    let Found {
        fail,
        unknown,
        waived,
        pass,
    } = found;
    let open = open || unknown > 0;
    if fail > 0 {
        let more = if open { "?" } else { "" };
        Cell("f", format!("\u{2715}{}{more}", number(fail)))
    } else if unknown > 0 {
        Cell("u", format!("?{}", number(unknown)))
    } else if open {
        Cell("u", "?".to_owned())
    } else if waived > 0 {
        Cell("w", format!("\u{25c7}{}", number(waived)))
    } else if pass > 0 {
        Cell("p", "\u{2713}".to_owned())
    } else {
        // Seen, and nothing there to judge: no pass.
        Cell("o", "\u{b7}".to_owned())
    }
}
