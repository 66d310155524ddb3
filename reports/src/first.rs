//! What to do first: open failures by check, the worst severity first.

use std::collections::BTreeMap;

use trailaudit_checks::finding::{Finding, Severity};

/// The findings of one check that have one severity.
pub(crate) type OfCheck<'a> = (Severity, &'a str, Vec<&'a Finding>);

/// The checks with these findings, the worst severity first.
pub(crate) fn worst_first<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<OfCheck<'a>> {
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let key = (std::cmp::Reverse(finding.severity), finding.check.as_str());
        groups.entry(key).or_default().push(finding);
    }
    let group = |((severity, check), findings): ((std::cmp::Reverse<Severity>, _), _)| {
        (severity.0, check, findings)
    };
    groups.into_iter().map(group).collect()
}
