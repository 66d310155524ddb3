//! `diff`: two audits, and whether the later one is worse.

use std::path::Path;

use trailaudit_checks::audit::compare;

use super::detail;
use crate::cli::Diff;
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn diff(&self, diff: &Diff, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&diff.format, diff.output_dir.as_deref())?;
        let load = |path: &Path| crate::audit_file::load(path).map_err(Stop::Usage);
        let comparison = compare::compare(&load(&diff.before)?, &load(&diff.after)?);
        let options = |report: &output::Report<_>| trailaudit_reports::Options {
            detail: detail(diff.details),
            ..self.options(report.to_stdout())
        };
        output::write(&reports, &comparison, options, terminal)?;
        Ok(if comparison.worse && !diff.exit_zero {
            Exit::Findings
        } else {
            Exit::Clean
        })
    }
}
