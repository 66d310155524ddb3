//! The report formats.

use std::io;

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::Severity;

/// How an audit is told.
#[derive(Debug)]
pub struct Format {
    /// By which users ask for it.
    pub name: &'static str,
    /// Of its files, without the dot.
    pub extension: &'static str,
    /// One line.
    pub about: &'static str,
    /// Tells all of it.
    pub write: fn(&Audit, &Options, &mut dyn io::Write) -> io::Result<()>,
}

/// What the user may say about the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Text: findings below it are counted, not shown.
    pub min_severity: Severity,
    /// Text: with colours.
    pub color: bool,
    /// Text: how many cells wide.
    pub width: usize,
    /// Text: every subject, however many.
    pub verbose: bool,
    /// SARIF: for whom.
    pub sarif_profile: Profile,
    /// SARIF: the file that results point to.
    pub sarif_anchor: Option<Anchor>,
}

/// For whom SARIF is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Code scanning platforms.
    Github,
    /// Everything.
    Full,
}

/// Where SARIF results point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor(String);

impl std::str::FromStr for Anchor {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Every format, by name.
pub const FORMATS: &[&Format] = &[&JSON];

const JSON: Format = Format {
    name: "json",
    extension: "json",
    about: "Everything, for programs",
    write: |audit, _, out| {
        serde_json::to_writer_pretty(&mut *out, audit)?;
        out.write_all(b"\n")
    },
};
