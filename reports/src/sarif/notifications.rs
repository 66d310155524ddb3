//! What the run itself has to say: what it could not tell, and what the limits cut.

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Severity, Status};

use super::DESCRIPTION;
use super::model::{Bag, Configuration, DescriptorRef, Message, Notification, Rule, Text};
use crate::gaps;
use crate::sanitize;
use crate::wording::{self, counted, number};

/// At most so many gaps are told one by one.
const GAPS: usize = 200;

/// The kinds of notifications, in the order of their indexes.
const KINDS: [(&str, &str, &str); 4] = [
    (
        "could-not-be-told",
        "CouldNotBeTold",
        "A call that findings rest on gave no answer.",
    ),
    (
        "run-incomplete",
        "RunIncomplete",
        "The scan is incomplete: some in-scope accounts or regions were not assessed.",
    ),
    (
        "results-cut",
        "ResultsCut",
        "The platform's limits leave results out.",
    ),
    (
        "waiver-without-effect",
        "WaiverWithoutEffect",
        "A waiver matches nothing, or its date has passed.",
    ),
];

/// The kinds, as descriptors.
pub(super) fn kinds() -> Vec<Rule> {
    let text = |words: &str| Text {
        text: words.to_owned(),
    };
    let kind = |(id, name, about): (&str, &str, &str)| Rule {
        id: id.to_owned(),
        name: name.to_owned(),
        short_description: text(about),
        full_description: text(about),
        help: Message {
            text: about.to_owned(),
            markdown: None,
        },
        help_uri: None,
        default_configuration: Configuration { level: "warning" },
        relationships: Vec::new(),
        properties: Bag::new(),
    };
    KINDS.into_iter().map(kind).collect()
}

fn notify(index: usize, level: &'static str, words: &str) -> Option<Notification> {
    let (id, _, _) = KINDS.get(index)?;
    Some(Notification {
        descriptor: DescriptorRef { id, index },
        level,
        message: Text {
            text: sanitize::short(words, DESCRIPTION),
        },
    })
}

/// One for each call and how it ended, one for each waiver without effect, one when the run is incomplete.
pub(super) fn gaps(audit: &Audit) -> Vec<Notification> {
    let groups = gaps::of(wording::with(audit, Status::Unknown));
    let told = groups.iter().take(GAPS).filter_map(|group| {
        let allow = group
            .action
            .map(|it| format!("; IAM action {it}"))
            .unwrap_or_default();
        let words = format!(
            "{}: {}, {}, {}{allow}",
            group.title(),
            counted(group.findings, "finding"),
            counted(group.accounts.len() as u64, "account"),
            counted(group.regions.len() as u64, "region"),
        );
        notify(0, "warning", &words)
    });
    let mut all: Vec<Notification> = told.collect();
    if let more @ 1.. = groups.len().saturating_sub(GAPS) {
        let words = format!("and {} more calls without an answer", number(more as u64));
        all.extend(notify(0, "warning", &words));
    }
    for (waivers, why) in [
        (&audit.waivers.expired, "past its date"),
        (&audit.waivers.broad, "reaches far"),
        (&audit.waivers.unused, "matches nothing"),
    ] {
        let told = waivers.iter().take(GAPS);
        all.extend(told.filter_map(|it| notify(3, "note", &format!("waiver {why}: {it}"))));
    }
    let told = audit.scope.endpoints.iter().take(GAPS);
    all.extend(told.filter_map(|it| {
        notify(
            3,
            "note",
            &format!("AWS was called through a custom endpoint: {it}"),
        )
    }));
    if !audit.run.complete {
        all.extend(notify(1, "warning", &wording::verdict(audit).1));
    }
    all
}

/// One when something is left out, with how much of what.
pub(super) fn cut(audit: &Audit, kept: &[bool]) -> Option<Notification> {
    let results = audit.findings.iter().zip(kept);
    let cut: Vec<&Finding> = results
        .filter(|(finding, _)| finding.is_open_failure() || finding.status == Status::Unknown)
        .filter_map(|(finding, kept)| (!kept).then_some(finding))
        .collect();
    if cut.is_empty() {
        return None;
    }
    let fails = Severity::ALL.into_iter().filter_map(|severity| {
        let of_it = |it: &&&Finding| it.status == Status::Fail && it.severity == severity;
        let count = cut.iter().filter(of_it).count() as u64;
        (count > 0).then(|| counted(count, &format!("{severity} failure")))
    });
    let mut kinds: Vec<String> = fails.collect();
    let unknown = cut.iter().filter(|it| it.status == Status::Unknown).count() as u64;
    if unknown > 0 {
        kinds.push(counted(unknown, "unknown finding"));
    }
    let words = format!(
        "{} left out, the platform's limits being 5,000 results and 10 MB: {}. Their alerts may close \
         although nothing is fixed. The totals in run.properties.summary count them, other formats list them.",
        counted(cut.len() as u64, "result"),
        kinds.join(", "),
    );
    notify(2, "error", &words)
}
