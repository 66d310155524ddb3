//! What people read on stderr. Data goes to stdout, and never through here.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};

use trailaudit_reports::sanitize;

/// How much is told, and in which form.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Nothing but errors.
    pub quiet: bool,
    /// Also what is usually of no interest.
    pub verbose: bool,
}

impl Terminal {
    /// Always told: why the run could not do what it was asked to.
    pub fn error(self, error: &anyhow::Error) {
        line(&format!("error: {error:#}"));
    }

    /// Told unless quiet: something to know that stopped nothing.
    pub fn warn(self, words: &str) {
        if !self.quiet {
            line(&format!("warning: {words}"));
        }
    }

    /// Told unless quiet: what was done.
    pub fn note(self, words: &str) {
        if !self.quiet {
            line(words);
        }
    }

    /// Told when verbose.
    pub fn detail(self, words: &str) {
        if self.verbose && !self.quiet {
            line(words);
        }
    }
}

/// Progress is drawn only where someone looks.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Colours and a width of their own are for people.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// One message, one line: what stands in it from files, answers and arguments acts on nobody who reads the log. A
/// closed stderr stops nothing.
fn line(words: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", sanitize::line(words));
}

/// What clap says, on the stream where it belongs: help on stdout, errors on stderr. It repeats arguments word for
/// word, so those that would act are shown spelled out.
pub fn clap(error: &clap::Error, args: &[OsString]) {
    let text = error.to_string();
    let variables = std::env::vars_os();
    let variables = variables.filter(|(name, _)| name.to_string_lossy().starts_with("TRAILAUDIT_"));
    let foreign: Vec<String> = args
        .iter()
        .cloned()
        .chain(variables.map(|(_, value)| value))
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    if foreign.iter().all(|it| sanitize::line(it) == *it) {
        let _ = error.print();
        return;
    }
    let text = spelled_out(text, &foreign);
    let _ = match error.use_stderr() {
        true => write!(std::io::stderr().lock(), "{text}"),
        false => write!(std::io::stdout().lock(), "{text}"),
    };
}

/// Line feeds of foreign text are spelled out, and so is what acts in any line. Clap may repeat a part of a value only.
fn spelled_out(mut text: String, foreign: &[String]) -> String {
    const LINE_FEED: &str = "\u{fdd0}";
    for it in foreign {
        for line in it.split('\n').skip(1) {
            let begin = line.split([',', '=']).next().unwrap_or_default();
            if !begin.is_empty() {
                text = text.replace(&format!("\n{begin}"), &format!("{LINE_FEED}{begin}"));
            }
        }
    }
    sanitize::lines(&text).replace("\\u{fdd0}", "\\u{a}")
}

/// How wide the terminal is, by its own word; 80 when it has none.
#[must_use]
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(asked).unwrap_or(80).clamp(60, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_act_on_nobody() {
        let args = ["x", "--a=z,b\n::error::c", "\u{1b}[2J"].map(str::to_owned);
        let text = "error: 'b\n::error::c' of '--a'\n\n  tip: '\u{1b}[2J'\n".to_owned();
        assert_eq!(
            spelled_out(text, &args),
            "error: 'b\\u{a}::error::c' of '--a'\n\n  tip: '\\u{1b}[2J'\n"
        );
    }
}
