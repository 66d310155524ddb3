//! `report`: an audit that was saved, in other formats.

use trailaudit_checks::audit::Audit;

use crate::cli::Report;
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn report(&self, report: &Report, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&report.output.format, report.output.output_dir.as_deref())?;
        let mut audit = crate::audit_file::load(&report.audit).map_err(Stop::Usage)?;
        only_frameworks(&mut audit, &report.framework)?;
        let options = |it: &output::Report| report.output.of(self.options(it.to_stdout()));
        output::write(&reports, &audit, options, terminal)?;
        // The process ends here: to free a large audit piece by piece would only take time.
        std::mem::forget(audit);
        Ok(Exit::Clean)
    }
}

/// Leaves the results of these frameworks; of all where none is named.
fn only_frameworks(audit: &mut Audit, wanted: &[String]) -> Result<(), Stop> {
    let missing = wanted
        .iter()
        .find(|id| !audit.frameworks.iter().any(|it| it.id == **id));
    if let Some(id) = missing {
        let held: Vec<&str> = audit.frameworks.iter().map(|it| it.id.as_str()).collect();
        let held = match held.is_empty() {
            true => "none".to_owned(),
            false => held.join(", "),
        };
        return Err(Stop::usage(format!(
            "the audit has no results of framework {id} (it has {held}): scan with `--framework {id}`"
        )));
    }
    if !wanted.is_empty() {
        audit.frameworks.retain(|it| wanted.contains(&it.id));
    }
    Ok(())
}
