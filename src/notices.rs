//! What is said of waivers and of a baseline beside the report.

use trailaudit_checks::audit::Audit;

use crate::config::WaiverFile;
use crate::terminal::Terminal;

/// Waivers that do nothing, or too much.
pub(crate) fn tell_waivers(audit: &Audit, file: &WaiverFile, terminal: Terminal) {
    for words in &audit.waivers.expired {
        let at = file.place(words);
        terminal.warn(&format!("{at}expired, and was ignored: {words}"));
    }
    for words in &audit.waivers.broad {
        terminal.warn(&format!("waiver: {words}"));
    }
    for words in &audit.waivers.unused {
        let (at, meant) = (file.place(words), file.meant(words));
        terminal.warn(&format!("{at}matches no failing finding: {words}{meant}"));
    }
}

/// A baseline that is about something else makes everything new.
pub(crate) fn tell_baseline(audit: &Audit, terminal: Terminal) {
    let Some(report) = &audit.baseline else {
        return;
    };
    if report.of.organization != audit.scope.organization {
        terminal.warn("the baseline is an audit of another organization");
    }
    if report.of.selection != audit.scope.selection {
        terminal.warn("the baseline evaluated other checks: findings of checks that it lacks are labelled as new");
    }
    if report.of.interrupted {
        terminal.warn("the baseline was interrupted: findings that it lacks are labelled as new");
    }
}
