//! The sections of the page: each a list within its share of the room.

use std::collections::BTreeMap;

use serde_json::Value;
use trailaudit_checks::audit::{Audit, Summary};
use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::finding::{BaselineState, Evidence, Finding, Severity};

use super::words::{code, text};
use crate::shown::Shown;
use crate::wording::{self, Names, account_word, counted, number, region_word};
use crate::{chains, ended, gaps};

/// The longest name, the longest sentence, and how many facts of a finding are told.
const NAME: usize = 300;
const SENTENCE: usize = 500;
const FACTS: usize = 3;
/// How many places and answers of a gap are named.
const FEW: usize = 5;
/// The room of what plans change.
const CHANGE: usize = 15_000;

/// A heading and a list: what does not fit into the room is counted.
#[derive(Debug)]
pub(crate) struct Section {
    page: String,
    room: usize,
    noun: &'static str,
    folded: bool,
    cut: u64,
}

impl Section {
    pub(crate) fn new(title: &str, noun: &'static str, room: usize) -> Self {
        Self {
            page: format!("\n### {title}\n"),
            room,
            noun,
            folded: false,
            cut: 0,
        }
    }

    /// One that opens by a click. The title is ours: no foreign text.
    pub(crate) fn folded(title: &str, noun: &'static str, room: usize) -> Self {
        Self {
            page: format!("\n<details><summary>{title}</summary>\n\n"),
            folded: true,
            ..Self::new("", noun, room)
        }
    }

    /// Adds the lines if they fit; once something did not, nothing does: the worst stands first.
    pub(crate) fn add(&mut self, lines: &str, count: u64) {
        if self.cut > 0 || self.page.len() + lines.len() > self.room {
            self.cut += count;
        } else {
            self.page.push_str(lines);
        }
    }

    pub(crate) fn end(mut self, is_empty: bool) -> Self {
        if is_empty {
            self.page.clear();
            return self;
        }
        if !self.page.ends_with('\n') {
            self.page.push('\n');
        }
        if let Some(cut) = self.cut() {
            self.page
                .push_str(&format!("- and {cut} that do not fit here\n"));
        }
        if self.folded {
            self.page.push_str("\n</details>\n");
        }
        self
    }

    /// How much is left out.
    pub(crate) fn cut(&self) -> Option<String> {
        (self.cut > 0).then(|| counted(self.cut, self.noun))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.page
    }
}

/// What plans do to the findings of an inventory: the totals before and after, and what gets worse.
pub(super) fn change(audit: &Audit, names: &Names<'_>, shown: &Shown<'_>) -> Section {
    let mut section = Section::new("Before and after the plan", "finding", CHANGE);
    let Some((plan, before)) = audit
        .plan
        .as_ref()
        .and_then(|it| Some((it, it.before.as_ref()?)))
    else {
        return section.end(true);
    };
    let after = &audit.summary;
    let of = |severity, summary: &Summary| summary.by_severity.get(&severity).copied();
    let mut rows = vec![("pass".to_owned(), before.pass, after.pass)];
    for severity in Severity::ALL.into_iter().rev() {
        let (old, new) = (of(severity, before), of(severity, after));
        rows.push((
            format!("open failures, {severity}"),
            old.unwrap_or(0),
            new.unwrap_or(0),
        ));
    }
    rows.push((
        "could not be evaluated".to_owned(),
        before.unknown,
        after.unknown,
    ));
    let mut table = "\n| | before | after |\n| --- | ---: | ---: |\n".to_owned();
    for (what, old, new) in rows {
        table.push_str(&format!("| {what} | {} | {} |\n", number(old), number(new)));
    }
    section.add(&table, 0);
    let is_new = |it: &&&Finding| it.baseline == Some(BaselineState::New);
    let mut lead = "\nWhat gets worse:\n\n".to_owned();
    for (severity, id, findings) in shown.worst_first() {
        for finding in findings.iter().filter(is_new) {
            let subject = &finding.subject;
            let address = plan.addresses.get(&subject.id);
            let address = address.map_or_else(|| names.subject(subject), Clone::clone);
            let place = subject.location.as_ref();
            let place = place.map_or_else(String::new, |place| {
                format!(
                    " ({})",
                    code(&format!("{}:{}", place.file, place.line), NAME)
                )
            });
            section.add(
                &format!(
                    "{lead}- **{}** {} {}{place}: {}\n",
                    severity.as_str().to_uppercase(),
                    code(id, NAME),
                    code(&address, NAME),
                    text(&finding.message, SENTENCE)
                ),
                1,
            );
            lead.clear();
        }
    }
    if !lead.is_empty() {
        section.add("\nNo failure is new.\n", 0);
    }
    section.end(false)
}

/// The open failures, by check, the worst first.
pub(super) fn open(audit: &Audit, names: &Names<'_>, shown: &Shown<'_>, room: usize) -> Section {
    let mut section = Section::new("Open failures", "open failure", room);
    for (severity, id, findings) in shown.worst_first() {
        let mut lead = format!(
            "\n**{}** {}",
            severity.as_str().to_uppercase(),
            code(id, NAME)
        );
        if let Some(check) = audit.check(id) {
            let (title, fix) = (text(&check.title, SENTENCE), text(&check.fix, SENTENCE));
            lead.push_str(&format!(" {title}\n\nFix: {fix}"));
        }
        lead.push_str("\n\n");
        for finding in findings {
            section.add(&format!("{lead}{}", line(names, finding)), 1);
            lead.clear();
        }
    }
    section.end(shown.open.is_empty())
}

/// One finding: the subject, what is wrong, and some facts.
fn line(names: &Names<'_>, finding: &Finding) -> String {
    let subject = code(&names.subject(&finding.subject), NAME);
    let new = wording::new(finding).map_or(String::new(), |it| format!("**{it}** "));
    let mut line = format!("- {new}{subject}: {}", text(&finding.message, SENTENCE));
    // The message says what is structured in the evidence.
    let facts = finding.evidence.iter().filter(|it| !is_structured(it));
    let facts: Vec<&Evidence> = facts.take(FACTS).collect();
    for fact in &facts {
        line.push_str(&format!(
            "; actual {}",
            code(&wording::evidence(fact), NAME)
        ));
    }
    if let more @ 1.. = finding.evidence.len().saturating_sub(facts.len()) {
        line.push_str(&format!("; {} more in JSON", counted(more as u64, "fact")));
    }
    line + "\n"
}

/// It has fields, or is a list of what has: nothing for a sentence.
fn is_structured(evidence: &Evidence) -> bool {
    match &evidence.seen {
        Some(Value::Object(_)) => true,
        Some(Value::Array(items)) => items.iter().any(Value::is_object),
        Some(_) | None => false,
    }
}

/// What could not be told, by what stood in the way.
pub(super) fn unknown(names: &Names<'_>, shown: &Shown<'_>) -> Section {
    let title = format!(
        "Could not be evaluated: {}",
        counted(shown.unknown.len() as u64, "finding")
    );
    let mut section = Section::folded(&title, "failed call", 6_000);
    let groups = gaps::of(shown.unknown.iter().copied());
    for group in &groups {
        let mut line = format!(
            "- {} ({})",
            code(&group.title(), NAME),
            counted(group.findings, "finding")
        );
        if let Some(action) = group.action {
            line.push_str(&format!("; IAM action {}", code(action, NAME)));
        }
        let accounts = group.accounts.iter().map(|it| names.account(it));
        let regions = group.regions.iter().map(ToString::to_string);
        for (what, places) in [("in", few(accounts)), ("regions", few(regions))] {
            if let Some(places) = places {
                line.push_str(&format!("; {what} {places}"));
            }
        }
        if let Some(said) = group.said.first() {
            line.push_str(&format!("; response {}", code(said, NAME)));
        }
        section.add(&(line + "\n"), 1);
    }
    section.end(groups.is_empty())
}

/// The first of them by name, and how many more.
fn few(all: impl ExactSizeIterator<Item = String>) -> Option<String> {
    let more = all.len().saturating_sub(FEW);
    let mut words: Vec<String> = all.take(FEW).map(|it| code(&it, NAME)).collect();
    if more > 0 {
        words.push(format!("and {} more", number(more as u64)));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// The accepted failures, each with its end.
pub(super) fn waived(names: &Names<'_>, shown: &Shown<'_>) -> Section {
    let title = format!("Waived: {}", counted(shown.waived.len() as u64, "failure"));
    let mut section = Section::folded(&title, "waived failure", 5_000);
    for finding in &shown.waived {
        let waiver = finding.waiver.as_deref().map(wording::waiver);
        let line = format!(
            "- **{}** {} {}: {}; {}\n",
            finding.severity.as_str().to_uppercase(),
            code(&finding.check, NAME),
            code(&names.subject(&finding.subject), NAME),
            text(&finding.message, SENTENCE),
            text(&waiver.unwrap_or_default(), SENTENCE),
        );
        section.add(&line, 1);
    }
    section.end(shown.waived.is_empty())
}

/// What passes or does not apply, where it was asked for.
pub(super) fn quiet(names: &Names<'_>, shown: &Shown<'_>) -> Section {
    let count: usize = shown.quiet.values().map(Vec::len).sum();
    let title = format!("Other findings: {}", number(count as u64));
    let mut section = Section::folded(&title, "finding", 10_000);
    for (ended, findings) in &shown.quiet {
        for finding in findings {
            let line = format!(
                "- **{}** {} {}: {}\n",
                ended.as_str(),
                code(&finding.check, NAME),
                code(&names.subject(&finding.subject), NAME),
                text(&finding.message, SENTENCE),
            );
            section.add(&line, 1);
        }
    }
    section.end(count == 0)
}

/// The accounts and regions that were not fully seen.
pub(super) fn coverage(audit: &Audit, names: &Names<'_>) -> Section {
    let coverage = &audit.coverage;
    let accounts = coverage.accounts.iter();
    let accounts = accounts.filter(|it| it.status != AccountStatus::Assessed);
    let accounts = accounts.map(|account| {
        (
            names.account(&account.id),
            account_word(account.status).to_owned(),
            &account.reason,
        )
    });
    let mut regions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let unseen = coverage.regions.iter();
    for it in unseen.filter(|it| it.status != RegionStatus::Assessed) {
        regions
            .entry((&it.account, it.status))
            .or_default()
            .push(it);
    }
    let regions = regions
        .into_iter()
        .filter_map(|((account, status), regions)| {
            let named = few(regions.iter().map(|it| it.region.to_string()))?;
            let status = format!("{named} {}", region_word(status));
            Some((names.account(account), status, &regions.first()?.reason))
        });
    let all: Vec<(String, String, &Option<String>)> = accounts.chain(regions).collect();
    let mut section = Section::folded("Not fully assessed", "coverage line", 5_000);
    for (place, status, reason) in &all {
        let why = reason
            .as_ref()
            .map(|it| format!(": {}", text(it, SENTENCE)));
        let line = format!(
            "- {} {status}{}\n",
            code(place, NAME),
            why.unwrap_or_default()
        );
        section.add(&line, 1);
    }
    section.end(all.is_empty())
}

/// What the digests prove, chain by chain.
pub(super) fn chains(audit: &Audit) -> Section {
    let title = format!(
        "Digest chains: {}, {}",
        counted(audit.chains.len() as u64, "chain"),
        counted(audit.problems.len() as u64, "problem")
    );
    let mut section = Section::folded(&title, "chain", 3_000);
    for chain in chains::worst_first(audit) {
        let line = format!(
            "- **{}** {}: {}\n",
            chains::verdict(chain.verdict),
            code(&chain.id.to_string(), NAME),
            chains::found(chain)
        );
        section.add(&line, 1);
    }
    section.end(audit.chains.is_empty())
}

/// Waivers without effect, and what stays open.
pub(super) fn asides(audit: &Audit) -> Section {
    let asides = wording::asides(audit);
    let mut section = Section::folded("Notes", "note", 3_000);
    for aside in &asides {
        section.add(&format!("- {}\n", text(aside, SENTENCE)), 1);
    }
    section.end(asides.is_empty())
}

/// The frameworks that were asked for, control by control.
pub(super) fn frameworks(audit: &Audit) -> Section {
    let mut section = Section::folded("Frameworks", "control", 5_000);
    section.add(&format!("{}\n", wording::NOT_A_VERDICT), 0);
    for framework in &audit.frameworks {
        let mut lead = format!(
            "\n**{} {}**: {}\n\n",
            text(&framework.name, NAME),
            text(&framework.version, NAME),
            wording::controls(framework)
        );
        for control in &framework.controls {
            let line = format!(
                "{lead}- **{}** {} {} ({})\n",
                wording::control_word(control.status),
                code(&control.id, NAME),
                text(&control.title, NAME),
                wording::control(control)
            );
            section.add(&line, 1);
            lead.clear();
        }
    }
    section.end(audit.frameworks.is_empty())
}

/// Every check, fired or not, by how it ended.
pub(super) fn checks(audit: &Audit) -> Section {
    let title = format!("Every check: {}", number(audit.checks.len() as u64));
    let mut section = Section::folded(&title, "check", 7_000);
    for (ended, checks) in ended::checks(audit) {
        let count = number(checks.len() as u64);
        let mut lead = format!("\n\n**{count} {}**: ", ended.as_str());
        for check in checks {
            section.add(&format!("{lead}{}", code(check, NAME)), 1);
            lead = ", ".to_owned();
        }
    }
    section.end(audit.checks.is_empty())
}
