//! What people read on stderr. Data goes to stdout, and never through here.

use std::io::{IsTerminal as _, Write as _};

/// How much is told, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Tell {
    /// Nothing but errors.
    pub quiet: bool,
    /// Also what is usually of no interest.
    pub verbose: bool,
}

impl Tell {
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

/// A closed stderr stops nothing.
fn line(words: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(words));
}

/// Words from files and answers, without what a terminal would obey: control characters and the marks that
/// reverse the direction of writing are shown as escapes.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let obeyed = c.is_control() && c != '\n'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if obeyed {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// How wide what goes to stdout may be.
#[must_use]
pub fn stdout_width() -> usize {
    if stdout_is_terminal() { width() } else { 80 }
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
    fn a_terminal_obeys_nothing() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\u{202e}c\u{7}"),
            r"a\u{1b}[2Jb\u{202e}c\u{7}"
        );
        assert_eq!(harmless("two\nlines, ä"), "two\nlines, ä");
    }
}
