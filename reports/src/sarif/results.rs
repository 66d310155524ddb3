//! One finding as one result.

use serde_json::json;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Severity, Status};

use super::model::{
    ArtifactLocation, Bag, Fingerprints, Location, LogicalLocation, Message, PhysicalLocation,
    Region, SarifResult, Suppression,
};
use super::{Anchor, AnchorMap, DESCRIPTION, IDENTIFIER, NAME, Profile, rules};
use crate::identity::uuid;
use crate::sanitize;
use crate::wording::{self, Names};

/// How many facts a result's Markdown lists, and how much of each.
const FACTS: usize = 5;
const FACT: usize = 200;
/// How much of a subject's name stands in its path.
const PATH_NAME: usize = 60;

/// Makes results.
#[derive(Debug)]
pub(super) struct Results<'a> {
    pub(super) audit: &'a Audit,
    pub(super) names: Names<'a>,
    pub(super) profile: Profile,
    pub(super) anchor: Option<&'a Anchor>,
    pub(super) map: &'a AnchorMap,
}

impl Results<'_> {
    /// The result; none where the profile only counts such findings.
    pub(super) fn of(&self, finding: &Finding) -> Option<SarifResult> {
        let (kind, level) = match (finding.status, self.profile) {
            (Status::Fail, Profile::Github) if finding.waiver.is_some() => return None,
            (Status::Pass | Status::NotApplicable, Profile::Github) => return None,
            (Status::Fail, _) => ("fail", rules::level(finding.severity)),
            // Where the failure's alert would stand: a call that is denied must not close it.
            (Status::Unknown, Profile::Github) => ("fail", "note"),
            (Status::Unknown, Profile::Full) => ("open", "none"),
            (Status::Pass, Profile::Full) => ("pass", "none"),
            (Status::NotApplicable, Profile::Full) => ("notApplicable", "none"),
        };
        let full = self.profile == Profile::Full;
        let rule_index = self
            .audit
            .checks
            .binary_search_by(|it| it.id.as_str().cmp(&finding.check))
            .ok();
        Some(SarifResult {
            rule_id: sanitize::short(&finding.check, NAME),
            rule_index,
            kind,
            level,
            message: self.message(finding),
            locations: [self.location(finding)],
            partial_fingerprints: Fingerprints {
                primary_location_line_hash: finding.fingerprint.to_string(),
            },
            baseline_state: finding.baseline.filter(|_| full).map(wording::baseline),
            rank: full.then(|| rank(finding.severity)),
            suppressions: suppression(finding).into_iter().filter(|_| full).collect(),
            properties: self.properties(finding),
        })
    }

    /// The alert list shows only this: it names the account and the region.
    fn message(&self, finding: &Finding) -> Message {
        let subject = self.names.subject(&finding.subject);
        let message = wording::message(finding);
        let (half, rest) = (DESCRIPTION / 2, DESCRIPTION / 2 - 40);
        let said = sanitize::short(&message, half);
        let text = format!("{said}: {}", sanitize::short(&subject, rest));
        let facts = finding
            .evidence
            .iter()
            .map(|it| sanitize::markdown(&wording::evidence(it), FACT));
        let markdown = (!finding.evidence.is_empty()).then(|| {
            let said = sanitize::markdown(&message, half);
            let mut words = format!("{said}: {}\n", sanitize::markdown(&subject, rest));
            for fact in facts.take(FACTS) {
                words.push_str(&format!("\n- {fact}"));
            }
            match finding.evidence.len().saturating_sub(FACTS) {
                0 => words,
                more => format!("{words}\n- and {more} more"),
            }
        });
        Message { text, markdown }
    }

    fn location(&self, finding: &Finding) -> Location {
        let subject = &finding.subject;
        let told = subject.location.as_ref();
        let told = told.and_then(|it| format!("{}:{}", it.file, it.line).parse::<Anchor>().ok());
        let anchor = self.map.of(&subject.id).or(told.as_ref()).or(self.anchor);
        // Of a plan: the resource as the configuration names it.
        let plan = self.audit.plan.as_ref();
        let address = plan.and_then(|it| it.addresses.get(&subject.id));
        let (uri, line) = match anchor {
            Some(anchor) => (anchor.uri(), anchor.line()),
            None => (path(finding), 1),
        };
        Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri },
                region: Region {
                    start_line: line,
                    start_column: 1,
                    end_line: line,
                    end_column: 1,
                },
            },
            logical_locations: [LogicalLocation {
                fully_qualified_name: sanitize::short(address.unwrap_or(&subject.id), IDENTIFIER),
                name: sanitize::short(&subject.name, NAME),
                kind: "resource",
            }],
        }
    }

    fn properties(&self, finding: &Finding) -> Bag {
        let subject = &finding.subject;
        let mut bag = Bag::from([
            ("severity", json!(finding.severity)),
            ("status", json!(finding.status)),
            ("subjectKind", json!(subject.kind)),
        ]);
        if let Some(account) = &subject.account {
            bag.insert("account", json!(sanitize::short(account.as_str(), NAME)));
            if let Some(name) = self.names.get(account) {
                bag.insert("accountName", json!(sanitize::short(name, NAME)));
            }
        }
        if let Some(region) = &subject.region {
            bag.insert("region", json!(sanitize::short(region.as_str(), NAME)));
        }
        let ids = finding
            .evidence
            .iter()
            .filter_map(|it| it.request_id.as_deref());
        let ids: Vec<String> = ids
            .take(FACTS)
            .map(|id| sanitize::short(id, NAME))
            .collect();
        if !ids.is_empty() {
            bag.insert("evidenceIds", json!(ids));
        }
        bag
    }
}

/// Like a file, for platforms take nothing else: `aws/ACCOUNT/REGION/cloudtrail/NAME`.
fn path(finding: &Finding) -> String {
    let subject = &finding.subject;
    let account = subject
        .account
        .as_ref()
        .map_or("organization", |it| it.as_str());
    let region = subject.region.as_ref().map_or("global", |it| it.as_str());
    let name = |text: &str| sanitize::segment(&text.chars().take(PATH_NAME).collect::<String>());
    format!(
        "aws/{}/{}/cloudtrail/{}",
        name(account),
        name(region),
        name(&subject.name)
    )
}

fn suppression(finding: &Finding) -> Option<Suppression> {
    let waiver = finding.waiver.as_ref()?;
    Some(Suppression {
        kind: "external",
        status: "accepted",
        justification: sanitize::short(&wording::waiver(waiver), DESCRIPTION),
        guid: uuid(&format!(
            "{}\n{}",
            finding.fingerprint,
            wording::waiver(waiver)
        )),
    })
}

fn rank(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 95.0,
        Severity::High => 80.0,
        Severity::Medium => 55.0,
        Severity::Low => 20.0,
        Severity::Info => 0.0,
    }
}
