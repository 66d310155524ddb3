//! An audit of a plan: what no plan can settle is counted, not listed; what is sensitive is not shown; and findings
//! point to the source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Summary;
use crate::fact::Reason;
use crate::finding::{Evidence, Finding, Status, SubjectKind};
use crate::inventory::Planned;
use crate::inventory::plan::{ChangeAction, Origin, PlanFile};

/// The plans that were evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanReport {
    /// The plans, in the order in which they are applied.
    pub files: Vec<PlanFile>,
    /// They were applied to a saved inventory.
    pub onto: bool,
    /// How many resources change in which way.
    pub changes: BTreeMap<ChangeAction, u64>,
    /// Attributes that were needed and are known only after apply: `ADDRESS ATTRIBUTE`.
    pub unresolved: Vec<String>,
    /// The address of the planned resource behind each subject, by the subject's id.
    #[serde(default)]
    pub addresses: BTreeMap<String, String>,
    /// What the inventory is like without the plans; none where there is no inventory.
    #[serde(default)]
    pub before: Option<Summary>,
}

impl PlanReport {
    pub(super) fn of(plan: &Planned, before: Option<&Summary>) -> Self {
        Self {
            before: before.filter(|_| plan.onto).cloned(),
            files: plan.files.clone(),
            onto: plan.onto,
            changes: plan.changes.clone(),
            unresolved: plan.unresolved.clone(),
            addresses: plan
                .origins
                .iter()
                .map(|(subject, it)| (subject.clone(), it.address.clone()))
                .chain(
                    plan.effects
                        .iter()
                        .map(|it| (it.subject(), it.address.clone())),
                )
                .collect(),
        }
    }
}

/// What is reported of a plan, and what has to be said beside it.
pub(super) fn settle(findings: Vec<Finding>, plan: &Planned) -> (Vec<Finding>, Vec<String>) {
    let touched = touched(plan);
    let mut folded: BTreeMap<String, BTreeSet<Arc<str>>> = BTreeMap::new();
    let mut kept = Vec::new();
    for mut finding in findings {
        if finding.status == Status::Unknown
            && finding.evidence.iter().any(|it| is_never_told(it, plan))
        {
            let group = finding.check.split('-').next().unwrap_or_default();
            let checks = folded.entry(group.to_owned()).or_default();
            checks.insert(finding.check);
            continue;
        }
        let wide = is_wide(finding.subject.kind)
            || (finding.subject.kind == SubjectKind::Principal && !touched.is_empty());
        let whole = plan.onto || plan.full || wide;
        if !whole && !touched.contains(finding.subject.id.as_str()) {
            continue;
        }
        if let Some(origin) = plan.origins.get(&finding.subject.id) {
            let location = place(&finding, origin);
            Arc::make_mut(&mut finding.subject).location = location;
            if origin.sensitive {
                hide(&mut finding);
            }
        }
        kept.push(finding);
    }
    let mut notes = plan.notes.clone();
    for (group, checks) in folded {
        let (checks, need) = match checks.len() {
            1 => ("1 check".to_owned(), "needs"),
            n => (format!("{n} checks"), "need"),
        };
        notes.push(format!(
            "{checks} of the group {group} {need} a live scan for some resources: no plan holds what they read"
        ));
    }
    (kept, notes)
}

/// A plan cannot hold it: what is not in it, and what only time shows.
fn is_never_told(evidence: &Evidence, plan: &Planned) -> bool {
    match evidence.reason {
        Some(Reason::NotInPlan) => true,
        // Nobody was asked: the plan by itself holds nothing of it.
        Some(Reason::Interrupted | Reason::NotAsked) => !plan.onto,
        Some(Reason::KnownAfterApply) => evidence.attribute.as_deref() == Some(""),
        Some(_) | None => false,
    }
}

/// It is about more than one resource.
fn is_wide(kind: SubjectKind) -> bool {
    match kind {
        SubjectKind::Organization
        | SubjectKind::Account
        | SubjectKind::Region
        | SubjectKind::Chain
        | SubjectKind::Resource => true,
        SubjectKind::Principal
        | SubjectKind::Trail
        | SubjectKind::Bucket
        | SubjectKind::Key
        | SubjectKind::LogGroup
        | SubjectKind::EventDataStore => false,
    }
}

/// What the plan changes, and what belongs to it.
fn touched(plan: &Planned) -> BTreeSet<&str> {
    let mut touched = BTreeSet::new();
    for (subject, origin) in plan.origins.iter().filter(|(_, it)| it.touched) {
        touched.insert(subject.as_str());
        touched.extend(origin.belongs.iter().map(String::as_str));
    }
    touched
}

/// Words and evidence may repeat what is marked as sensitive.
fn hide(finding: &mut Finding) {
    if finding.status == Status::Unknown {
        return;
    }
    finding.message = format!(
        "evaluated as {} from values of which some are sensitive: they are not shown",
        finding.status
    )
    .into();
    let hidden = finding.evidence.iter().map(|evidence| Evidence {
        seen: evidence
            .seen
            .as_ref()
            .map(|_| Value::from("sensitive value")),
        ..evidence.clone()
    });
    finding.evidence = hidden.collect();
}

/// The line of the attribute, or of the block that sets what is judged; else of the resource.
fn place(finding: &Finding, origin: &Origin) -> Option<crate::finding::Location> {
    let gaps = finding
        .evidence
        .iter()
        .filter_map(|it| it.attribute.clone());
    let told = finding.evidence.iter().map(|it| snake(&it.what));
    let of_check = OF_CHECKS
        .iter()
        .filter(|(start, _)| finding.check.starts_with(start))
        .map(|(_, key)| (*key).to_owned());
    let mut keys = of_check.chain(gaps).chain(told);
    let found = keys.find_map(|key| origin.places.get(&key));
    found.or(origin.location.as_ref()).cloned()
}

/// `IsMultiRegionTrail` is `is_multi_region_trail`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.chars().take(100).enumerate() {
        if letter.is_uppercase() && at > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// Which attribute, or which resource that belongs to it, decides a check; the longest beginnings first.
const OF_CHECKS: &[(&str, &str)] = &[
    ("trail-log-file-validation", "enable_log_file_validation"),
    ("trail-multi-region", "is_multi_region_trail"),
    ("trail-is-logging", "enable_logging"),
    (
        "trail-global-service-events",
        "include_global_service_events",
    ),
    ("trail-kms", "kms_key_id"),
    ("trail-cloudwatch", "cloud_watch_logs_group_arn"),
    ("trail-sns", "sns_topic_name"),
    ("trail-insights", "insight_selector"),
    ("trail-management-events", "event_selector"),
    ("trail-management-events", "advanced_event_selector"),
    ("trail-data-events", "event_selector"),
    ("trail-data-events", "advanced_event_selector"),
    (
        "bucket-public-access-block",
        "aws_s3_bucket_public_access_block",
    ),
    ("bucket-versioning", "aws_s3_bucket_versioning"),
    ("bucket-versioning", "versioning"),
    ("bucket-mfa-delete", "aws_s3_bucket_versioning"),
    (
        "bucket-object-lock",
        "aws_s3_bucket_object_lock_configuration",
    ),
    ("bucket-object-lock", "object_lock_configuration"),
    (
        "bucket-default-encryption",
        "aws_s3_bucket_server_side_encryption_configuration",
    ),
    (
        "bucket-default-encryption",
        "server_side_encryption_configuration",
    ),
    ("bucket-lifecycle", "aws_s3_bucket_lifecycle_configuration"),
    ("bucket-lifecycle", "lifecycle_rule"),
    ("bucket-access-log", "aws_s3_bucket_logging"),
    ("bucket-access-log", "logging"),
    ("bucket-acl", "aws_s3_bucket_ownership_controls"),
    ("bucket-not-public-acl", "aws_s3_bucket_acl"),
    ("bucket-website", "aws_s3_bucket_website_configuration"),
    ("bucket-event-notifications", "aws_s3_bucket_notification"),
    ("bucket-policy", "aws_s3_bucket_policy"),
    ("bucket-not-public-policy", "aws_s3_bucket_policy"),
    ("bucket-cloudtrail-source-arn", "aws_s3_bucket_policy"),
    ("bucket-tls", "aws_s3_bucket_policy"),
    ("bucket-min-tls", "aws_s3_bucket_policy"),
    ("key-rotation", "enable_key_rotation"),
    ("key-policy", "aws_kms_key_policy"),
    ("key-policy", "policy"),
    ("key-enabled", "is_enabled"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::finding::Location;

    #[test]
    fn names_of_facts_are_names_of_attributes() {
        assert_eq!(snake("IsMultiRegionTrail"), "is_multi_region_trail");
        assert_eq!(snake("enabled"), "enabled");
    }

    #[test]
    fn every_place_is_of_a_check() {
        for (start, _) in OF_CHECKS {
            let some = catalog::all().iter().any(|it| it.id.starts_with(start));
            assert!(some, "{start} is the beginning of no check");
        }
    }

    #[test]
    fn a_finding_points_to_what_decides_it() {
        let line = |line| Location {
            file: "main.tf".to_owned(),
            line,
        };
        let origin = Origin {
            location: Some(line(1)),
            places: [("enable_logging".to_owned(), line(3))].into(),
            ..Origin::default()
        };
        let case = crate::testing::trail(|_| {});
        let all: Vec<_> = catalog::all();
        let findings = case.findings(&all);
        let at = |check: &str| {
            let finding = findings.iter().find(|it| &*it.check == check).unwrap();
            place(finding, &origin).unwrap().line
        };
        assert_eq!(at("trail-is-logging"), 3);
        assert_eq!(at("trail-log-file-validation"), 1);
    }
}
