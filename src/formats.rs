//! The report formats.

use std::io;

use trailaudit_checks::audit::Audit;

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
#[derive(Debug, Clone, Default)]
pub struct Options {}

/// Every format, by name.
pub const ALL: &[&Format] = &[&JSON];

const JSON: Format = Format {
    name: "json",
    extension: "json",
    about: "Everything, for programs",
    write: |audit, _, out| {
        serde_json::to_writer_pretty(&mut *out, audit)?;
        out.write_all(b"\n")
    },
};
