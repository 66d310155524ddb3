//! `trailaudit.toml` and the waiver file. An unknown key is an error that names the nearest known one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};
use trailaudit_checks::catalog;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::settings::Settings;
use trailaudit_checks::waiver::{Waiver, Waivers};

use crate::cli::env;
use crate::collect::RoleOverride;
use crate::files;
use crate::suggest::hint;

/// The settings file's usual place.
pub const FILE: &str = "trailaudit.toml";
/// The waiver file's usual place.
pub const WAIVERS: &str = "trailaudit-waivers.toml";

/// What the settings file says.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where it was; none when there is none.
    pub path: Option<PathBuf>,
    /// What checks are judged by.
    pub settings: Settings,
    /// Accounts whose role is another one.
    pub roles: BTreeMap<AccountId, RoleOverride>,
    /// Defaults of flags, by key.
    pub flags: BTreeMap<String, Vec<String>>,
}

/// Reads the settings file: the one named, or the usual one if it is there.
pub fn load(named: Option<&Path>) -> anyhow::Result<Config> {
    let path = named.map(Path::to_owned).or_else(|| files::if_there(FILE));
    let Some(path) = path else {
        return Ok(Config::default());
    };
    let text = files::read_text(&path, files::SMALL)?;
    let config = parse(&text).map_err(|error| anyhow!("{}{error:#}", path.display()))?;
    Ok(Config {
        path: Some(path),
        ..config
    })
}

/// Reads the waiver file: the one named, or the usual one if it is there.
pub fn load_waivers(named: Option<&Path>) -> anyhow::Result<WaiverFile> {
    let path = named
        .map(Path::to_owned)
        .or_else(|| files::if_there(WAIVERS));
    let Some(path) = path else {
        return Ok(WaiverFile::default());
    };
    let text = files::read_text(&path, files::SMALL)?;
    let content = parse_waivers(&text).map_err(|error| anyhow!("{}{error:#}", path.display()))?;
    Ok(WaiverFile::new(content, Some(path), lines_of(&text)))
}

/// The waivers, and where they stand.
#[derive(Debug, Clone, Default)]
pub struct WaiverFile {
    /// What the file says.
    pub content: Waivers,
    /// Where it was; none when there is none.
    pub path: Option<PathBuf>,
    /// The line of each waiver.
    lines: Vec<usize>,
    /// The place of each, by how reports name it; of equal ones, the first.
    by_words: BTreeMap<String, usize>,
}

impl WaiverFile {
    fn new(content: Waivers, path: Option<PathBuf>, lines: Vec<usize>) -> Self {
        let mut by_words = BTreeMap::new();
        for (at, it) in content.waivers.iter().enumerate() {
            by_words.entry(it.words()).or_insert(at);
        }
        Self {
            content,
            path,
            lines,
            by_words,
        }
    }

    fn find(&self, words: &str) -> Option<(usize, &Waiver)> {
        let at = *self.by_words.get(words)?;
        Some((at, self.content.waivers.get(at)?))
    }

    /// `FILE:LINE: ` of the waiver that these words are about; empty where there is none.
    #[must_use]
    pub fn place(&self, words: &str) -> String {
        let line = self.find(words).and_then(|(at, _)| self.lines.get(at));
        match (&self.path, line) {
            (Some(path), Some(line)) => format!("{}:{line}: ", path.display()),
            _ => String::new(),
        }
    }

    /// The check that was probably meant, where it names one that is not there.
    #[must_use]
    pub fn meant(&self, words: &str) -> String {
        let check = self.find(words).map(|(_, it)| it.check.as_str());
        let unknown = check.filter(|it| !it.contains(['*', '?']) && catalog::find(it).is_none());
        let Some(check) = unknown else {
            return String::new();
        };
        let all = catalog::all();
        format!(
            " (there is no check `{check}`{})",
            hint(check, all.iter().map(|it| it.id))
        )
    }
}

/// The line on which each waiver of a readable file begins: counted on from the one before.
fn lines_of(text: &str) -> Vec<usize> {
    let Ok(document) = DeTable::parse(text) else {
        return Vec::new();
    };
    let document = document.into_inner();
    let waivers = document.get("waiver").map(|it| it.get_ref());
    match waivers {
        Some(DeValue::Array(items)) => {
            let (mut line, mut before) = (1, 0);
            let lines = items.iter().map(|item| {
                let start = item.span().start;
                line += text
                    .get(before..start)
                    .map_or(0, |it| it.matches('\n').count());
                before = start;
                line
            });
            lines.collect()
        }
        _ => Vec::new(),
    }
}

/// Errors begin with `:LINE:COLUMN: `, to follow the file's name.
pub fn parse_waivers(text: &str) -> anyhow::Result<Waivers> {
    let bad = |error: toml::de::Error| anyhow!("{}", words(&error, text));
    let document = DeTable::parse(text).map_err(bad)?;
    let span = document.span();
    let mut table = document.into_inner();
    dates_as_text(&mut table);
    read(Spanned::new(span, DeValue::Table(table)), text)
}

/// TOML has dates of its own, and files of others write them in quotes: both are the same date.
fn dates_as_text(table: &mut DeTable<'_>) {
    for (_, value) in table.iter_mut() {
        date_as_text(value.get_mut());
    }
}

fn date_as_text(value: &mut DeValue<'_>) {
    match value {
        DeValue::Datetime(at) => *value = DeValue::String(at.to_string().into()),
        DeValue::Table(table) => dates_as_text(table),
        DeValue::Array(items) => {
            for item in items.iter_mut() {
                date_as_text(item.get_mut());
            }
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {}
    }
}

/// The names of the settings that checks are judged by.
#[must_use]
pub fn setting_keys() -> Vec<String> {
    match toml::Table::try_from(Settings::default()) {
        Ok(table) => table.keys().cloned().collect(),
        Err(_) => Vec::new(),
    }
}

/// Errors begin with `:LINE:COLUMN: `, to follow the file's name.
fn parse(text: &str) -> anyhow::Result<Config> {
    let bad = |error: toml::de::Error| anyhow!("{}", words(&error, text));
    let document = DeTable::parse(text).map_err(bad)?;
    let span = document.span();
    let setting_keys = setting_keys();
    let flag_keys = env::flag_keys();
    let flag_keys: Vec<&str> = flag_keys.iter().map(|it| it.get_id().as_str()).collect();
    let mut settings = DeTable::new();
    let mut config = Config::default();
    let mut document = document.into_inner();
    dates_as_text(&mut document);
    for (key, value) in document {
        let name = key.get_ref().to_string();
        if setting_keys.contains(&name) {
            settings.insert(key, value);
        } else if name == "roles" {
            config.roles = read(value, text)?;
        } else if flag_keys.contains(&name.as_str()) {
            let place = place_of(text, &value.span());
            let values = strings(value.get_ref()).ok_or_else(|| {
                anyhow!(":{place}: `{name}` must be a string, a number, true or false, or a list")
            })?;
            config.flags.insert(name, values);
        } else {
            let known = setting_keys.iter().map(String::as_str);
            let known = known.chain(flag_keys.iter().copied()).chain(["roles"]);
            let place = place_of(text, &key.span());
            let hint = hint(&name, known);
            anyhow::bail!(
                ":{place}: unknown key `{name}`{hint} `trailaudit list settings` lists all"
            );
        }
    }
    config.settings = read(Spanned::new(span, DeValue::Table(settings)), text)?;
    for id in config.settings.checks.keys() {
        if catalog::find(id).is_none() {
            let all = catalog::all();
            let hint = hint(id, all.iter().map(|check| check.id));
            anyhow::bail!(": checks.{id}: there is no check `{id}`{hint}");
        }
    }
    Ok(config)
}

fn read<T: DeserializeOwned>(value: Spanned<DeValue<'_>>, text: &str) -> anyhow::Result<T> {
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        let place = place_of(text, &span);
        anyhow::bail!(":{place}: a table is expected");
    };
    T::deserialize(Deserializer::from(Spanned::new(span, table)))
        .map_err(|error| anyhow!("{}", words(&error, text)))
}

/// The values of a flag, as one would write them on the command line.
fn strings(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Integer(number) => Some(vec![number.to_string()]),
        DeValue::Boolean(truth) => Some(vec![truth.to_string()]),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| strings(item.get_ref()));
            items.collect::<Option<Vec<_>>>().map(|it| it.concat())
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// `:LINE:COLUMN: what is wrong`, with the nearest known word for an unknown one.
fn words(error: &toml::de::Error, text: &str) -> String {
    let at = error.span().map_or_else(
        || ": ".to_owned(),
        |span| format!(":{}: ", place_of(text, &span)),
    );
    let message = error.message();
    // serde: unknown field `a`, expected one of `b`, `c`
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.strip_prefix("unknown field `"), quoted.next()) {
        (Some(_), Some(unknown)) => {
            format!("{at}unknown key `{unknown}`{}", hint(unknown, quoted))
        }
        _ => {
            let line = error.span().map(|span| line_of(text, &span) - 1);
            let line = line
                .and_then(|line| text.lines().nth(line))
                .unwrap_or_default();
            let line: String = line.trim().chars().take(100).collect();
            format!("{at}{} ({line})", plain(message))
        }
    }
}

/// What is expected, without the names of this program's types.
fn plain(message: &str) -> String {
    let Some((before, expected)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    format!("{before}expected {expected}")
}

/// `LINE:COLUMN`, as editors count them.
fn place_of(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default();
    format!("{}:{}", line_of(text, span), column.chars().count() + 1)
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or(text);
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waivers_are_found_by_their_words_and_lines() {
        let one = |subject: &str| {
            format!(
                "[[waiver]]\ncheck = \"trail-*\"\nsubject = \"{subject}\"\nreason = \"r\"\napprover = \"a\"\n\
                 expires = \"2026-12-31\"\n"
            )
        };
        let text = format!("# three\n{}\n\n{}{}", one("a"), one("b"), one("a"));
        assert_eq!(lines_of(&text), [2, 10, 16]);
        let file = WaiverFile::new(
            parse_waivers(&text).unwrap(),
            Some(PathBuf::from("w.toml")),
            lines_of(&text),
        );
        let place =
            |subject: &str| file.place(&format!("trail-* on {subject}, expires 2026-12-31"));
        assert_eq!(
            [place("a"), place("b"), place("c")],
            ["w.toml:2: ", "w.toml:10: ", ""]
        );
        let inline = "waiver = [\n  {check = \"x\"},\n\n  {check = \"y\"}]\n";
        assert_eq!(lines_of(inline), [2, 4]);
    }

    fn error(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn settings_and_flags() {
        let config = parse(
            "retention_days = 400\ndelivery_max_age = \"36h\"\nfail_on = \"high\"\n\
             check = [\"trail-*\", \"bucket-*\"]\nmax_in_flight = 8\nexit_zero = true\n\
             [roles.111111111111]\nrole_name = \"other\"\n",
        )
        .unwrap();
        assert_eq!(config.settings.retention_days, 400);
        assert_eq!(config.settings.delivery_max_age.as_hours(), 36);
        assert_eq!(config.flags["check"], ["trail-*", "bucket-*"]);
        assert_eq!(config.flags["max_in_flight"], ["8"]);
        assert_eq!(config.flags["exit_zero"], ["true"]);
        let role = &config.roles[&AccountId::from("111111111111")];
        assert_eq!(role.role_name.as_deref(), Some("other"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        for (text, expected) in [
            (
                "\nretention_day = 1",
                ":2:1: unknown key `retention_day`; did you mean `retention_days`?",
            ),
            (
                "fail-on = \"low\"",
                ":1:1: unknown key `fail-on`; did you mean `fail_on`?",
            ),
            ("demo = true", ":1:1: unknown key `demo`"),
            (
                "[checks.trail-log-file-validation]\nreason = \"x\"\nseverty = \"low\"",
                ":3:1: unknown key `severty`; did you mean `severity`?",
            ),
            (
                "[checks.trail-log-file-validatio]\nreason = \"x\"",
                "did you mean `trail-log-file-validation`?",
            ),
            (
                "[roles.1]\nrole_nam = \"x\"",
                ":2:1: unknown key `role_nam`; did you mean `role_name`?",
            ),
            (
                "retention_days = \"x\"",
                ":1:18: invalid type: string \"x\", expected a whole number",
            ),
            ("fail_on = 1.5", ":1:11: `fail_on` must be a string"),
            ("a = ", ":1:5: "),
        ] {
            let error = error(text);
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn waiver_keys_are_known() {
        let text = "[[waiver]]\ncheck = \"a\"\nsubject = \"b\"\nreason = \"c\"\naprover = \"d\"\nexpires = \"2026-01-01\"\n";
        let words = parse_waivers(text).unwrap_err().to_string();
        assert!(
            words.contains(":5:1: unknown key `aprover`; did you mean `approver`?"),
            "{words}"
        );
    }

    /// `expires = 2026-12-31` is TOML's own date.
    #[test]
    fn dates_need_no_quotes() {
        let file = |date: &str| {
            format!(
                "[[waiver]]\ncheck = \"a\"\nsubject = \"b\"\nreason = \"c\"\napprover = \"d\"\nexpires = {date}\n\
                 [[accepted_gap]]\nreason = \"c\"\napprover = \"d\"\nexpires = {date}\n"
            )
        };
        let quoted = parse_waivers(&file("\"2026-12-31\"")).unwrap();
        assert_eq!(quoted.waivers.len() + quoted.accepted_gaps.len(), 2);
        assert_eq!(parse_waivers(&file("2026-12-31")).unwrap(), quoted);
        let settings = |date: &str| {
            let text =
                format!("[[allowed_principals]]\narn = \"a\"\nreason = \"b\"\nexpires = {date}\n");
            parse(&text).unwrap()
        };
        let config = settings("2026-12-31");
        assert_eq!(
            config.settings.allowed_principals[0].expires.to_string(),
            "2026-12-31"
        );
        for bad in ["07:32:00", "2026-12-31T24:00:00Z", "2026-02-30", "12"] {
            let error = parse_waivers(&file(bad)).unwrap_err().to_string();
            let places = [":6:", ":10:"];
            assert!(places.iter().any(|it| error.contains(it)), "{bad}: {error}");
        }
    }
}
