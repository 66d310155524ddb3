//! The rows of key events, from every log, until they are gathered.

use trailaudit_checks::catalog;
use trailaudit_checks::events::key::{Chance, Gather, Local, lone};
use trailaudit_checks::inventory::KeyEvents;

use super::sorter::{Many, Sorter};

/// Takes rows in any order.
#[derive(Debug, Default)]
pub(super) struct KeyRows {
    sorter: Sorter,
    /// Of the rows that are in memory.
    chances: Vec<Chance>,
}

impl KeyRows {
    /// Holds so many bytes before they are written.
    pub(super) fn holding(most: usize) -> Self {
        Self {
            sorter: Sorter::holding(most),
            chances: Vec::new(),
        }
    }

    /// Takes those of one log.
    pub(super) fn take(&mut self, log: Local) -> anyhow::Result<()> {
        if log.count() == 0 {
            return Ok(());
        }
        match self.sorter.in_memory() {
            Some(rows) => self.chances.extend(log.chances().map(|it| it.behind(rows))),
            // What is written is sorted with the rest.
            None => self.chances = Vec::new(),
        }
        let (bytes, common, places) = log.into_rows();
        self.sorter.push_many(Many {
            bytes,
            common,
            places,
        })
    }

    /// What all of them come to.
    pub(super) fn gather(mut self) -> anyhow::Result<Vec<KeyEvents>> {
        if self.sorter.in_memory().is_some() {
            self.sorter.leave_out(&lone(self.chances));
        }
        let mut gather = Gather::new(&catalog::keys());
        self.sorter
            .finish()?
            .each(&mut |sort, row| Ok(gather.row(sort, row)?))?;
        Ok(gather.finish())
    }
}
