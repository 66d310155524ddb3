//! Lists of what there is: for people, and with `--json` for programs.

mod settings;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use trailaudit_checks::catalog;
use trailaudit_checks::coverage::{AccountStatus, Coverage, RegionStatus};
use trailaudit_checks::finding::Severity;
use trailaudit_checks::framework::{self, Basis, Framework};
use trailaudit_checks::inventory::Inventory;
use trailaudit_checks::selection::{self, ByChoice, Selection};
use trailaudit_checks::settings::Settings;
use trailaudit_checks::terraform::decidable;
use trailaudit_reports::FORMATS;

use crate::cli::{List, ListFormat, PermissionsFormat, Select};
use crate::exit::Stop;
use crate::explained::subject;
use crate::output::to_stdout;
use crate::permissions;
use crate::store::Kept;

use settings::settings;
pub use settings::{example, schema};

/// Prints the list that was asked for.
pub fn list(what: &List) -> Result<(), Stop> {
    let (text, json) = match what {
        List::Checks {
            left_out,
            plan,
            select,
            severity,
            group,
            format,
            json,
        } => {
            let json = *json || *format == ListFormat::Json;
            let rows = || checks(select, severity, group);
            match (left_out, plan) {
                (true, _) => told(&self::left_out()?, json, 2)?,
                (false, true) => told(&decided(rows()?), json, 2)?,
                (false, false) => told(&rows()?, json, 2)?,
            }
        }
        List::Formats { json } => told(&all_formats(), *json, 2)?,
        List::Frameworks { ids, links, json } => {
            let chosen = chosen(ids)?;
            match links {
                true => told(&links_of(&chosen), *json, 2)?,
                false => told(&frameworks(chosen), *json, 2)?,
            }
        }
        List::Settings { example: true, .. } => (example()?, true),
        List::Settings { json, .. } => told(&settings()?, *json, 2)?,
        List::Permissions {
            select,
            verify_digests,
            lookup_events,
            events,
            versions,
            store,
            run,
            object_lock,
            format,
            role_name,
        } => {
            let selection = match events {
                true => Selection::of_verify(&Settings::default())?,
                false => Selection::of(&select.choice(), &Settings::default())?,
            };
            let by_choice = ByChoice {
                verify: *verify_digests || *events || selection.only_chains(),
                lookup: *lookup_events,
            };
            let more = permissions::More {
                versions: *versions,
                event_history: *events && *lookup_events,
            };
            let kept = match (store, run) {
                (Some(store), _) => Some((store, Kept::Audits)),
                (None, Some(run)) => Some((run, Kept::Shards)),
                (None, None) => None,
            };
            if kept.is_some() && *format != PermissionsFormat::Json {
                return Err(Stop::usage(
                    "--store and --run are for the policy of whoever runs trailaudit, not for the role in each account: leave \
                     out --format",
                ));
            }
            let text = permissions::render(&selection, by_choice, more, *format, role_name)?;
            let text = match kept {
                Some((place, kept)) => permissions::with_store(&text, place, kept, *object_lock)?,
                None => text,
            };
            (text, true)
        }
    };
    let end = if json && !text.ends_with('\n') {
        "\n"
    } else {
        ""
    };
    to_stdout(|out| write!(out, "{text}{end}"))?;
    Ok(())
}

/// A line of a table.
trait Row: Serialize {
    /// Its cells, the last of which may be long.
    fn cells(&self) -> Vec<String>;
}

fn told<R: Row>(rows: &[R], json: bool, gap: usize) -> anyhow::Result<(String, bool)> {
    if json {
        return Ok((serde_json::to_string_pretty(rows)?, true));
    }
    let rows: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        for (at, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let width = width + gap;
            let _ = write!(line, "{cell:width$}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    Ok((out, false))
}

#[derive(Debug, Serialize)]
struct CheckRow {
    id: &'static str,
    severity: String,
    subject: &'static str,
    title: &'static str,
}

impl Row for CheckRow {
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_owned(),
            self.severity.clone(),
            self.title.to_owned(),
        ]
    }
}

fn checks(
    select: &Select,
    severities: &[Severity],
    groups: &[String],
) -> Result<Vec<CheckRow>, Stop> {
    let selection = Selection::of(&select.choice(), &Settings::default())?;
    let chosen = selection.checks.iter().filter(|check| {
        (severities.is_empty() || severities.contains(&check.severity))
            && (groups.is_empty() || groups.iter().any(|it| it == check.group()))
    });
    let rows = chosen.map(|check| CheckRow {
        id: check.id,
        severity: check.severity.to_string(),
        subject: subject(check.run).as_str(),
        title: check.title,
    });
    Ok(rows.collect())
}

/// What is needed to decide a check on a plan.
#[derive(Debug, Serialize)]
struct PlanRow {
    id: &'static str,
    decided: &'static str,
    title: &'static str,
}

impl Row for PlanRow {
    fn cells(&self) -> Vec<String> {
        let cells = [self.id, self.decided, self.title];
        cells.map(str::to_owned).to_vec()
    }
}

fn decided(rows: Vec<CheckRow>) -> Vec<PlanRow> {
    let rows = rows.into_iter().filter_map(|row| {
        Some(PlanRow {
            id: row.id,
            decided: decidable(catalog::find(row.id)?).as_str(),
            title: row.title,
        })
    });
    rows.collect()
}

#[derive(Debug, Serialize)]
struct FormatRow {
    name: &'static str,
    extension: &'static str,
    about: &'static str,
}

impl Row for FormatRow {
    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_owned(),
            format!(".{}", self.extension),
            self.about.to_owned(),
        ]
    }
}

fn all_formats() -> Vec<FormatRow> {
    let rows = FORMATS.iter().map(|format| FormatRow {
        name: format.name,
        extension: format.extension,
        about: format.about,
    });
    rows.collect()
}

#[derive(Debug, Serialize)]
struct FrameworkRow {
    id: String,
    name: String,
    version: String,
    controls: usize,
}

impl Row for FrameworkRow {
    fn cells(&self) -> Vec<String> {
        let controls = format!("{} controls", self.controls);
        vec![
            self.id.clone(),
            controls,
            format!("{} {}", self.name, self.version),
        ]
    }
}

fn frameworks(chosen: Vec<Framework>) -> Vec<FrameworkRow> {
    let rows = chosen.into_iter().map(|framework| FrameworkRow {
        controls: framework.controls.len(),
        id: framework.id,
        name: framework.name,
        version: framework.version,
    });
    rows.collect()
}

fn chosen(ids: &[String]) -> Result<Vec<Framework>, Stop> {
    let all = framework::all().map_err(|error| Stop::Fatal(error.into()))?;
    match ids {
        [] => Ok(all),
        [..] => Ok(selection::chosen(ids, &all)?),
    }
}

/// A link of a check to a control.
#[derive(Debug, Serialize)]
struct LinkRow {
    framework: String,
    control: String,
    title: String,
    basis: Basis,
    check: String,
    source: String,
}

impl Row for LinkRow {
    fn cells(&self) -> Vec<String> {
        let basis = match self.basis {
            Basis::Ours => "ours",
            Basis::Peer => "peer",
            Basis::PeerAndOurs => "peer and ours",
            Basis::PeerAndRecall => "peer, id partly recalled",
        };
        vec![
            self.framework.clone(),
            self.control.clone(),
            self.check.clone(),
            basis.to_owned(),
        ]
    }
}

fn links_of(frameworks: &[Framework]) -> Vec<LinkRow> {
    let mut rows = Vec::new();
    for framework in frameworks {
        for control in &framework.controls {
            rows.extend(control.checks.iter().map(|check| LinkRow {
                framework: framework.id.clone(),
                control: control.id.clone(),
                title: control.title.clone(),
                basis: control.basis,
                check: check.clone(),
                source: framework.source.clone(),
            }));
        }
    }
    rows
}

#[derive(Debug, Serialize)]
struct LeftOutRow {
    id: String,
    reason: String,
}

impl Row for LeftOutRow {
    fn cells(&self) -> Vec<String> {
        vec![self.id.clone(), self.reason.clone()]
    }
}

fn left_out() -> anyhow::Result<Vec<LeftOutRow>> {
    let all = catalog::left_out()?.into_iter();
    Ok(all.map(|(id, reason)| LeftOutRow { id, reason }).collect())
}

/// What `collect` says it has seen.
pub fn collected(inventory: &Inventory, path: &Path) -> String {
    let chains = inventory.chains.len();
    if chains > 0 && inventory.accounts.is_empty() {
        let path = path.display();
        return format!(
            "wrote {chains} chains of digests to {path}; judge it with `trailaudit scan --inventory {path}`"
        );
    }
    let coverage = match &inventory.trailer {
        Some(trailer) => Cow::Borrowed(&trailer.coverage),
        None => Cow::Owned(Coverage::of(inventory)),
    };
    let accounts = |status| {
        coverage
            .accounts
            .iter()
            .filter(|it| it.status == status)
            .count()
    };
    let unreachable = accounts(AccountStatus::Unreachable);
    let denied = coverage
        .regions
        .iter()
        .filter(|it| it.status == RegionStatus::Denied)
        .count();
    format!(
        "wrote {} accounts ({unreachable} unreachable), {} regions ({denied} denied), {} trails to {}; judge it with \
         `trailaudit scan --inventory {}`",
        coverage.accounts.len(),
        coverage.regions.len(),
        inventory.trails.len(),
        path.display(),
        path.display()
    )
}
