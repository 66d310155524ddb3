//! How far verifying has come, with rate and remaining time; on a terminal only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar, and what it is computed from.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    digests: AtomicU64,
    opened: AtomicU64,
    logs: AtomicU64,
    raw: AtomicU64,
}

impl Progress {
    /// Drawn on stderr, if wanted.
    #[must_use]
    pub fn new(wanted: bool) -> Self {
        let bar = if wanted {
            let bar = ProgressBar::new(0);
            let line =
                "{spinner} {bar:30} {pos}/{len} objects, {per_sec}, {eta} left ({msg} of logs)";
            if let Ok(style) = ProgressStyle::with_template(line) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            digests: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            logs: AtomicU64::new(0),
            raw: AtomicU64::new(0),
        }
    }

    /// So many digests more are to be read.
    pub(super) fn expect(&self, digests: u64) {
        self.digests.fetch_add(digests, Ordering::Relaxed);
        self.estimate();
    }

    /// A digest lists so many logs. What those to come will list is taken from those that were opened.
    pub(super) fn opened(&self, logs: u64) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.logs.fetch_add(logs, Ordering::Relaxed);
        self.estimate();
    }

    pub(super) fn read(&self) {
        self.bar.inc(1);
    }

    pub(super) fn bytes(&self, raw: u64) {
        let raw = self.raw.fetch_add(raw, Ordering::Relaxed) + raw;
        if !self.bar.is_hidden() {
            self.bar.set_message(indicatif::HumanBytes(raw).to_string());
        }
    }

    fn estimate(&self) {
        let [digests, opened, logs] =
            [&self.digests, &self.opened, &self.logs].map(|count| count.load(Ordering::Relaxed));
        let estimate = logs.saturating_mul(digests) / opened.max(1);
        self.bar.set_length(digests + estimate.max(logs));
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
