//! How far a run has come, on stderr, on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line that says what is being done.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(wanted: bool) -> Self {
        if !(wanted && std::io::stderr().is_terminal()) {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg} ({pos} requests, {elapsed})")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    pub(crate) fn doing(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// Says something beside it.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        self.0.suspend(say);
    }

    pub(crate) fn called(&self, requests: u64) {
        self.0.inc(requests);
    }

    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
    }
}
