//! `scan`: what was seen, live or in an inventory, is judged and reported.

use crate::cli::Scan;
use crate::exit::{Exit, Stop, exit_of};
use crate::invocation::Invocation;
use crate::judged::{Judged, save};
use crate::output;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn scan(&self, scan: &Scan, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&scan.output.format, scan.output.output_dir.as_deref())?;
        let Judged {
            snapshot, audit, ..
        } = self.judged(scan, terminal)?;
        // A report is worth having even if the inventory could not be kept.
        let saved = save(scan.save_inventory.as_deref(), &snapshot, terminal);
        let options = |it: &output::Report| scan.output.of(self.options(it.to_stdout()));
        output::write(&reports, &audit, options, terminal)?;
        saved?;
        let exit = exit_of(audit.run.exit_code);
        // The process ends here: to free a large organization piece by piece would only take time.
        std::mem::forget((snapshot.inventory, audit));
        Ok(exit)
    }
}
