//! Lists of what there is: for people, and with `--json` for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use trailaudit_checks::coverage::{AccountStatus, Coverage, RegionStatus};
use trailaudit_checks::framework;
use trailaudit_checks::settings::Settings;
use trailaudit_reports::FORMATS;

use crate::cli::{List, Select};
use crate::exit::Stop;
use crate::explain::subject;
use crate::output::to_stdout;
use crate::selection::Selection;
use crate::snapshot::Snapshot;
use crate::{keys, permissions};

/// Prints the list that was asked for.
pub fn list(what: &List) -> Result<(), Stop> {
    let (text, json) = match what {
        List::Checks { select, json } => told(&checks(select)?, *json, 2)?,
        List::Formats { json } => told(&all_formats(), *json, 2)?,
        List::Frameworks { json } => told(&frameworks()?, *json, 2)?,
        List::Settings { json } => told(&settings()?, *json, 2)?,
        List::Permissions {
            select,
            format,
            role_name,
        } => {
            let selection = Selection::of(select, &Settings::default())?;
            (permissions::render(&selection, *format, role_name)?, true)
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

fn checks(select: &Select) -> Result<Vec<CheckRow>, Stop> {
    let selection = Selection::of(select, &Settings::default())?;
    let rows = selection.checks.iter().map(|check| CheckRow {
        id: check.id,
        severity: check.severity.to_string(),
        subject: subject(check.run).as_str(),
        title: check.title,
    });
    Ok(rows.collect())
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

fn frameworks() -> anyhow::Result<Vec<FrameworkRow>> {
    let rows = framework::all()?.into_iter().map(|it| FrameworkRow {
        controls: it.controls.len(),
        id: it.id,
        name: it.name,
        version: it.version,
    });
    Ok(rows.collect())
}

#[derive(Debug, Serialize)]
struct SettingRow {
    key: String,
    default: Value,
    about: String,
    /// The flag of the same meaning, and its variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
}

impl Row for SettingRow {
    fn cells(&self) -> Vec<String> {
        let default = if self.default.is_null() {
            String::new()
        } else {
            self.default.to_string()
        };
        vec![self.key.clone(), default, self.about.clone()]
    }
}

/// What the settings that checks are judged by mean. A test holds this list to the type.
const MEANING: [(&str, &str); 11] = [
    (
        "allowed_principals",
        "Who may hold tamper rights: [[allowed_principals]] arn, reason, expires",
    ),
    ("approved_buckets", "The buckets that trails may deliver to"),
    (
        "approved_home_regions",
        "The regions that trails may be made in",
    ),
    ("checks", "Per check: [checks.ID] severity, enabled, reason"),
    (
        "delivery_max_age",
        "How old the last delivery may be, such as 24h",
    ),
    (
        "log_archive_accounts",
        "The accounts that hold logs and nothing else",
    ),
    (
        "naming_pattern",
        "What names of trails and log buckets look like: * any run, ? one character",
    ),
    (
        "required_data_event_resources",
        "ARNs whose data events must be recorded",
    ),
    ("required_tags", "The tags that trails must carry"),
    ("retention_days", "How many days logs must be kept"),
    (
        "roles",
        "Per account: [roles.ACCOUNT] role_name, external_id",
    ),
];

fn settings() -> anyhow::Result<Vec<SettingRow>> {
    let defaults = toml::Table::try_from(Settings::default())?;
    let mut rows = Vec::new();
    for (key, about) in MEANING {
        let default = defaults
            .get(key)
            .map_or(Ok(Value::Null), serde_json::to_value)?;
        rows.push(SettingRow {
            key: key.to_owned(),
            default,
            about: about.to_owned(),
            flag: None,
            variable: None,
        });
    }
    for arg in keys::flag_keys() {
        let values = arg.get_default_values().iter();
        let default: Vec<Value> = values
            .filter_map(|it| it.to_str())
            .map(|it| serde_json::from_str(it).unwrap_or_else(|_| it.into()))
            .collect();
        rows.push(SettingRow {
            key: arg.get_id().to_string(),
            default: default.into_iter().next().unwrap_or_default(),
            about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            flag: arg.get_long().map(|long| format!("--{long}")),
            variable: arg.get_env().map(|it| it.to_string_lossy().into_owned()),
        });
    }
    Ok(rows)
}

/// What `collect` says it has seen.
pub fn collected(snapshot: &Snapshot, path: &Path) -> String {
    let coverage = Coverage::of(&snapshot.inventory);
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
        snapshot.inventory.trails.len(),
        path.display(),
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn every_setting_is_explained() {
        let mut explained: Vec<&str> = MEANING.iter().map(|(key, _)| *key).collect();
        explained.retain(|key| *key != "roles");
        assert_eq!(explained, config::setting_keys());
    }
}
