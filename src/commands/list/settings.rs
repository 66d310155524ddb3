//! The keys of `trailaudit.toml`, and a file to begin with.

use std::fmt::Write as _;

use clap::ArgAction;
use schemars::schema_for;
use serde::Serialize;
use serde_json::{Value, json};
use trailaudit_checks::settings::Settings;

use super::Row;
use crate::cli::env;

/// A key of the settings.
#[derive(Debug, Serialize)]
pub(super) struct SettingRow {
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
const MEANING: [(&str, &str); 13] = [
    (
        "allowed_principals",
        "Principals that may tamper with logs: [[allowed_principals]] arn, reason, expires",
    ),
    ("approved_buckets", "Buckets that trails may deliver to"),
    ("approved_home_regions", "Allowed home regions of trails"),
    ("checks", "Per check: [checks.ID] severity, enabled, reason"),
    (
        "delivery_max_age",
        "Maximum age of the latest delivery, such as 24h",
    ),
    (
        "gap_window",
        "Period before the scan in which a stop of a trail fails, such as 90d",
    ),
    ("log_archive_accounts", "Accounts dedicated to log storage"),
    (
        "naming_pattern",
        "Pattern for names of trails and log buckets: * any characters, ? one character",
    ),
    (
        "required_data_event_resources",
        "ARNs whose data events must be logged",
    ),
    ("required_tags", "Tags that trails must have"),
    ("retention_days", "Days for which logs must be retained"),
    (
        "waiver_max_days",
        "Maximum duration of a waiver in days; a longer one causes a warning",
    ),
    (
        "roles",
        "Per account: [roles.ACCOUNT] role_name, external_id",
    ),
];

/// Every key.
pub(super) fn settings() -> anyhow::Result<Vec<SettingRow>> {
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
    for arg in env::flag_keys() {
        let values = arg.get_default_values().iter();
        let default: Vec<Value> = values
            .filter_map(|it| it.to_str())
            .map(|it| serde_json::from_str(it).unwrap_or_else(|_| it.into()))
            .collect();
        rows.push(SettingRow {
            key: arg.get_id().to_string(),
            default: match default.into_iter().next() {
                Some(default) => default,
                None if matches!(arg.get_action(), ArgAction::SetTrue) => false.into(),
                None => Value::Null,
            },
            about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            flag: arg.get_long().map(|long| format!("--{long}")),
            variable: arg.get_env().map(|it| it.to_string_lossy().into_owned()),
        });
    }
    Ok(rows)
}

/// A settings file with every key: what is commented out says the default, or shows the form.
pub fn example() -> anyhow::Result<String> {
    let mut out = String::from(
        "# Settings of trailaudit: trailaudit.toml in the working folder, or --config FILE.\n\
         # Every key is here with its default, or with an example where there is none.\n\
         # A flag counts before a variable (TRAILAUDIT_*), a variable before this file.\n",
    );
    let rows = settings()?;
    let (tables, plain): (Vec<&SettingRow>, Vec<&SettingRow>) = rows
        .iter()
        .partition(|it| form(&it.key).is_some_and(is_table));
    for row in plain.into_iter().chain(tables) {
        let written = match form(&row.key) {
            Some(form) => form.to_owned(),
            None if row.default.is_null() => format!("{} = \"\"", row.key),
            None => format!("{} = {}", row.key, row.default),
        };
        let _ = write!(out, "\n# {}\n", row.about);
        for line in written.lines() {
            let _ = writeln!(out, "#{line}");
        }
    }
    Ok(out)
}

/// The JSON Schema of `trailaudit.toml`, by which editors complete it: what checks are judged by, flags, and roles.
pub fn schema() -> Value {
    let mut schema = schema_for!(Settings).to_value();
    let text = json!({ "type": "string" });
    if let Some(keys) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (key, about) in MEANING {
            if let Some(key) = keys.get_mut(key).and_then(Value::as_object_mut) {
                key.insert("description".to_owned(), about.into());
            }
        }
        for arg in env::flag_keys() {
            let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
            let kinds: &[&str] = match is_switch {
                true => &["boolean"],
                false => &["string", "number", "boolean", "array"],
            };
            let about = arg.get_help().map(ToString::to_string);
            let value = json!({ "type": kinds, "description": about });
            keys.insert(arg.get_id().to_string(), value);
        }
        let role = json!({
            "type": "object", "additionalProperties": false,
            "properties": { "role_name": text, "external_id": text },
        });
        let about = MEANING.iter().find(|(key, _)| *key == "roles");
        keys.insert(
            "roles".to_owned(),
            json!({ "type": "object", "description": about.map(|it| it.1), "additionalProperties": role }),
        );
    }
    schema
}

fn is_table(form: &str) -> bool {
    form.starts_with('[')
}

/// How a key is written that has no default, or a default that shows nothing.
fn form(key: &str) -> Option<&'static str> {
    FORMS
        .iter()
        .find(|(it, _)| *it == key)
        .map(|(_, form)| *form)
}

const FORMS: &[(&str, &str)] = &[
    (
        "allowed_principals",
        "[[allowed_principals]]\narn = \"arn:aws:iam::111111111111:role/break-glass\"\n\
         reason = \"opened by two people, with an alarm\"\nexpires = \"2027-06-30\"",
    ),
    (
        "approved_buckets",
        "approved_buckets = [\"acme-org-trail\"]",
    ),
    (
        "approved_home_regions",
        "approved_home_regions = [\"eu-central-1\"]",
    ),
    (
        "checks",
        "[checks.trail-insights-error-rate]\nseverity = \"info\"\nenabled = false\n\
         reason = \"paid for per event, and nobody reads them\"",
    ),
    ("delivery_max_age", "delivery_max_age = \"24h\""),
    ("gap_window", "gap_window = \"30d\""),
    (
        "log_archive_accounts",
        "log_archive_accounts = [\"333333333333\"]",
    ),
    ("naming_pattern", "naming_pattern = \"acme-*-trail\""),
    (
        "required_data_event_resources",
        "required_data_event_resources = [\"arn:aws:s3:::acme-payments\"]",
    ),
    ("required_tags", "required_tags = [\"owner\"]"),
    (
        "roles",
        "[roles.222222222222]\nrole_name = \"audit\"\nexternal_id = \"example\"",
    ),
    ("accounts", "accounts = [\"111111111111\"]"),
    ("exclude_accounts", "exclude_accounts = [\"222222222222\"]"),
    ("ou", "ou = [\"ou-abcd-11111111\"]"),
    ("regions", "regions = [\"eu-central-1\", \"us-east-1\"]"),
    ("check", "check = [\"trail-*\", \"bucket-*\"]"),
    ("severity", "severity = [\"critical\", \"high\"]"),
    ("status", "status = [\"fail\", \"unknown\"]"),
    ("skip_check", "skip_check = [\"lake-*\"]"),
    ("framework", "framework = [\"cis-aws-foundations-5.0\"]"),
    ("format", "format = [\"text\", \"sarif=trailaudit.sarif\"]"),
    ("sarif_anchor", "sarif_anchor = \"main.tf:1\""),
    ("sarif_map", "sarif_map = \"sarif-map.json\""),
    ("waivers", "waivers = \"trailaudit-waivers.toml\""),
    ("lookup_events", "lookup_events = \"7d\""),
    ("output_dir", "output_dir = \"reports\""),
    ("profile", "profile = \"audit\""),
    ("role_name", "role_name = \"trailaudit\""),
    ("external_id", "external_id = \"example\""),
    ("baseline", "baseline = \"last-week.json\""),
];

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
