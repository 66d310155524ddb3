//! Where reports go. Each is written on its own: one that fails does not stop the others.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::audit::compare::Comparison;
use trailaudit_reports::access::{self, Answered, Listing};
use trailaudit_reports::{DIFF_FORMATS, FORMATS, Format, Options, events};

use crate::exit::Stop;
use crate::files::{Access, write_whole};
use crate::suggest::hint;
use crate::terminal::Terminal;

/// What reports are made of.
pub trait Told: Sized + 'static {
    /// The formats it has; the first is the usual one.
    const FORMATS: &'static [&'static Format<Self>];
}

impl Told for Audit {
    const FORMATS: &'static [&'static Format<Self>] = FORMATS;
}

impl Told for Comparison {
    const FORMATS: &'static [&'static Format<Self>] = DIFF_FORMATS;
}

impl Told for Listing {
    const FORMATS: &'static [&'static Format<Self>] = access::FORMATS;
}

impl Told for events::Found {
    const FORMATS: &'static [&'static Format<Self>] = events::FORMATS;
}

impl Told for events::Counted {
    const FORMATS: &'static [&'static Format<Self>] = events::STATS_FORMATS;
}

impl Told for events::Identified {
    const FORMATS: &'static [&'static Format<Self>] = events::WHO_FORMATS;
}

impl Told for events::Happened {
    const FORMATS: &'static [&'static Format<Self>] = events::TIMELINE_FORMATS;
}

impl Told for events::Covered {
    const FORMATS: &'static [&'static Format<Self>] = events::COVERAGE_FORMATS;
}

impl Told for Answered {
    const FORMATS: &'static [&'static Format<Self>] = access::ANSWER_FORMATS;
}

/// `KIND[=PATH]`, as it was asked for.
#[derive(Debug)]
pub struct Wanted<T: Told = Audit> {
    format: &'static Format<T>,
    path: Option<PathBuf>,
}

impl<T: Told> Clone for Wanted<T> {
    fn clone(&self) -> Self {
        Self {
            format: self.format,
            path: self.path.clone(),
        }
    }
}

impl<T: Told> FromStr for Wanted<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((_, "")) => return Err("a path is expected after `=`".to_owned()),
            Some((name, path)) => (name, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let names = || T::FORMATS.iter().map(|format| format.name);
        let format = T::FORMATS.iter().find(|format| format.name == name);
        let format = format.ok_or_else(|| {
            let all: Vec<&str> = names().collect();
            format!(
                "there is no format `{name}`{} There are {}",
                hint(name, names()),
                all.join(", ")
            )
        })?;
        Ok(Self { format, path })
    }
}

/// One report to be written.
#[derive(Debug)]
pub struct Report<T: Told = Audit> {
    format: &'static Format<T>,
    /// None for standard output.
    path: Option<PathBuf>,
}

/// Settles where each report goes, before anything is asked or judged.
pub fn plan<T: Told>(wanted: &[Wanted<T>], folder: Option<&Path>) -> Result<Vec<Report<T>>, Stop> {
    let default = [Wanted::from_str("text").map_err(Stop::usage)?];
    let wanted = if wanted.is_empty() { &default } else { wanted };
    let mut reports: Vec<Report<T>> = Vec::new();
    for Wanted { format, path } in wanted {
        let path = match (path, folder) {
            (Some(path), _) if path == Path::new("-") => None,
            (Some(path), _) => Some(path.clone()),
            (None, Some(folder)) => Some(folder.join(format!("trailaudit.{}", format.extension))),
            (None, None) => None,
        };
        if let Some(other) = reports.iter().find(|report| report.path == path) {
            let (one, two) = (other.format.name, format.name);
            let place = path.map_or("stdout".to_owned(), |it| it.display().to_string());
            return Err(Stop::usage(format!(
                "{one} and {two} both go to {place}; give one a path of its own: -f {two}=PATH"
            )));
        }
        reports.push(Report { format, path });
    }
    Ok(reports)
}

/// Writes them all. Says no when one could not be written.
pub fn write<T: Told>(
    reports: &[Report<T>],
    told: &T,
    options: impl Fn(&Report<T>) -> Options,
    terminal: Terminal,
) -> Result<(), Stop> {
    let mut failed = 0_usize;
    for report in reports {
        match report.write(told, &options(report)) {
            Ok(()) => {
                if let Some(path) = &report.path {
                    terminal.note(&format!(
                        "wrote {} to {}",
                        report.format.name,
                        path.display()
                    ));
                }
            }
            Err(error) => {
                failed += 1;
                terminal.error(&error);
            }
        }
    }
    match failed {
        0 => Ok(()),
        n => Err(Stop::Fatal(anyhow::anyhow!(
            "{n} of {} reports could not be written",
            reports.len()
        ))),
    }
}

impl<T: Told> Report<T> {
    /// Holds a line for each record, and nothing else.
    #[must_use]
    pub fn is_lines(&self) -> bool {
        self.format.name == "jsonl"
    }

    /// Goes to stdout.
    #[must_use]
    pub fn to_stdout(&self) -> bool {
        self.path.is_none()
    }

    fn write(&self, told: &T, options: &Options) -> anyhow::Result<()> {
        let Some(path) = &self.path else {
            return to_stdout(|out| (self.format.write)(told, options, out));
        };
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        write_whole(path, Access::Usual, |out| {
            packed(path, out, |out| {
                Ok((self.format.write)(told, options, out)?)
            })
        })
    }
}

/// Writes what goes to a path: compressed if its name ends in `.zst`.
fn packed(
    path: &Path,
    out: &mut dyn io::Write,
    write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if path.extension().is_none_or(|it| it != "zst") {
        return write(out);
    }
    let mut packed = zstd::Encoder::new(out, 0)?;
    write(&mut packed)?;
    packed.finish()?;
    Ok(())
}

/// Writes one report with everything in it, for its owner alone.
pub fn file(path: &Path, format: &str, audit: &Audit) -> anyhow::Result<()> {
    let format = FORMATS.iter().find(|it| it.name == format);
    let format = format.with_context(|| format!("{} has no format", path.display()))?;
    let options = Options {
        detail: trailaudit_reports::Detail::Findings,
        ..Options::default()
    };
    write_whole(path, Access::Owner, |out| {
        packed(path, out, |out| Ok((format.write)(audit, &options, out)?))
    })
}

/// Writes to stdout. A closed pipe is no error, in whatever words the writer tells of it.
pub fn to_stdout(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> anyhow::Result<()> {
    piped(|out| Ok(write(out)?))
}

/// The same, for what can fail in other ways.
pub fn piped(write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(Piped {
        out: io::stdout().lock(),
        closed: false,
    });
    let result = write(&mut out).and_then(|()| Ok(out.flush()?));
    // What is left in the buffer must not be tried again.
    let (out, _) = out.into_parts();
    match result {
        Err(_) if out.closed => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Standard output, and whether anybody still reads it.
struct Piped<W> {
    out: W,
    closed: bool,
}

impl<W> Piped<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.closed |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        result
    }
}

impl<W: io::Write> io::Write for Piped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.note(result)
    }
}
