//! Plans, and what is true of them. The plans were made by Terraform 1.15 with provider 3.39 (inline blocks of buckets)
//! and with the schema of provider 6.62 (`split-`, a resource for each setting of a bucket). What is expected follows
//! from the configuration, not from this program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod hostile;
mod mutated;
mod onto;
mod written;

use jiff::Timestamp;
use serde_json::Value;
use trailaudit_checks::audit::{Audit, Baseline, Rules, judge};
use trailaudit_checks::finding::{Finding, Severity, Status, SubjectKind};
use trailaudit_checks::inventory::{Iam, Inventory, Tool};
use trailaudit_checks::selection::{Choice, Selection};
use trailaudit_checks::settings::Settings;
use trailaudit_checks::terraform::{self, Plan, Reading, Where};
use trailaudit_checks::waiver::Waivers;

pub(crate) const NONE: &[Iam] = &[];

pub(crate) fn text(name: &str) -> String {
    let path = format!(
        "{}/tests/terraform/plans/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

pub(crate) fn plan(json: &Value) -> Plan {
    Plan::read("plan.json", json.to_string().as_bytes()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-30T00:00:00Z".parse().unwrap()
}

pub(crate) fn reading(redact: bool) -> Reading {
    Reading {
        given: Where::default(),
        tool: Tool {
            name: "trailaudit".to_owned(),
            version: "0".to_owned(),
        },
        now: now(),
        redact,
    }
}

pub(crate) fn rules() -> Rules {
    let settings = Settings::default();
    let mut selection = Selection::of(&Choice::default(), &settings).unwrap();
    selection.without_chains();
    Rules {
        tool: reading(false).tool,
        selection,
        settings,
        waivers: Waivers::default(),
        baseline: None,
        now: now(),
        fail_on: Severity::Low,
        allow_incomplete: false,
        exit_zero: false,
    }
}

pub(crate) fn alone(json: &Value, full: bool) -> Inventory {
    let mut inventory = terraform::alone(&[plan(json)], &reading(false));
    inventory.plan.as_mut().unwrap().full = full;
    inventory
}

pub(crate) fn audit(inventory: &Inventory) -> Audit {
    judge(inventory, NONE, &rules()).unwrap()
}

pub(crate) fn onto(live: &Inventory, json: &Value) -> (Inventory, Audit) {
    let inventory = terraform::onto(live, &[plan(json)], &reading(false));
    let rules = Rules {
        baseline: Some(Baseline {
            audit: audit(live),
            fail_on_new: true,
        }),
        ..rules()
    };
    let audit = judge(&inventory, NONE, &rules).unwrap();
    (inventory, audit)
}

/// The status of the only finding of a check; none where it was folded into a note.
pub(crate) fn status(audit: &Audit, check: &str) -> Option<Status> {
    let found: Vec<&Finding> = audit
        .findings
        .iter()
        .filter(|it| &*it.check == check)
        .collect();
    match found.as_slice() {
        [] => None,
        [one] => Some(one.status),
        [..] => panic!("{check}: {found:#?}"),
    }
}

#[test]
fn what_is_true_of_each_plan() {
    use Status::{Fail, Pass, Unknown};
    type Expected = [(&'static str, Status)];
    let cases: [(&str, u8, &Expected); 9] = [
        (
            "create",
            1,
            &[
                ("plan-deletes-logging", Pass),
                ("trail-log-file-validation", Pass),
                ("trail-is-logging", Pass),
                ("trail-kms-encrypted", Pass),
                ("bucket-versioning", Pass),
                ("bucket-public-access-block", Pass),
                ("bucket-object-lock", Fail),
                ("key-rotation", Pass),
                ("key-enabled", Pass),
                // Its statements name ARNs that exist only after apply.
                ("bucket-policy-admits-cloudtrail", Unknown),
                // No statement of the document that it refers to denies anything.
                ("bucket-tls-only", Fail),
            ],
        ),
        (
            "no-op",
            0,
            &[
                ("plan-deletes-logging", Pass),
                ("plan-interrupts-logging", Pass),
            ],
        ),
        ("delete-trail", 1, &[("plan-deletes-logging", Fail)]),
        (
            "validation-off",
            1,
            &[
                ("trail-log-file-validation", Fail),
                ("trail-is-logging", Pass),
                ("plan-deletes-logging", Pass),
                // It is not unknown any more: the bucket is there, and so is its policy.
                ("bucket-tls-only", Fail),
            ],
        ),
        (
            "split-create",
            1,
            &[
                ("trail-log-file-validation", Pass),
                ("trail-multi-region", Pass),
                ("bucket-versioning", Pass),
                ("bucket-public-access-block", Pass),
                ("bucket-object-lock", Pass),
                ("bucket-object-lock-compliance-mode", Pass),
                ("bucket-object-lock-retention-days", Pass),
                ("bucket-policy-admits-cloudtrail", Unknown),
                ("key-rotation", Pass),
                ("monitoring-log-group-encrypted", Pass),
            ],
        ),
        ("split-no-op", 0, &[("plan-deletes-logging", Pass)]),
        (
            "split-forget-versioning",
            1,
            &[
                ("plan-releases-protection", Fail),
                ("bucket-versioning", Pass),
            ],
        ),
        (
            "split-public",
            1,
            &[
                ("bucket-public-access-block", Fail),
                ("bucket-versioning", Pass),
            ],
        ),
        ("split-delete-module", 1, &[]),
    ];
    let mut wrong = Vec::new();
    for (name, exit, expected) in cases {
        let audit = audit(&alone(&json(name), false));
        if audit.run.exit_code != exit {
            wrong.push(format!(
                "{name}: exit {}, {exit} expected",
                audit.run.exit_code
            ));
        }
        for (check, expected) in expected {
            let found = status(&audit, check);
            if found != Some(*expected) {
                wrong.push(format!("{name} {check}: {found:?}, {expected} expected"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Deleting a trail and the key that it encrypts with are two things, both of the worst kind.
#[test]
fn each_deletion_is_told_by_address() {
    let audit = audit(&alone(&json("split-delete-module"), false));
    let deleted = audit
        .findings
        .iter()
        .filter(|it| &*it.check == "plan-deletes-logging");
    let mut names: Vec<(&str, Severity)> = deleted
        .map(|it| (it.subject.name.as_str(), it.severity))
        .collect();
    names.sort_unstable();
    let expected = [
        ("module.cloudtrail.aws_cloudtrail.main", Severity::Critical),
        (
            "module.cloudtrail.aws_kms_key.cloudtrail",
            Severity::Critical,
        ),
    ];
    assert_eq!(names, expected);
}

/// The unknown says which attribute of which resource is missing.
#[test]
fn an_unknown_names_its_attribute() {
    let audit = audit(&alone(&json("create"), false));
    let finding = audit
        .findings
        .iter()
        .find(|it| &*it.check == "bucket-policy-admits-cloudtrail")
        .unwrap();
    let evidence = finding.evidence.first().unwrap();
    assert_eq!(
        evidence.address.as_deref(),
        Some("module.logs.aws_s3_bucket_policy.this")
    );
    assert_eq!(evidence.attribute.as_deref(), Some("policy"));
    let unresolved = &audit.plan.as_ref().unwrap().unresolved;
    assert!(unresolved.contains(&"module.logs.aws_s3_bucket_policy.this policy".to_owned()));
}

/// Providers' credentials stand in plans.
#[test]
fn credentials_are_written_nowhere() {
    for name in ["create", "no-op", "delete-trail", "validation-off"] {
        assert!(text(name).contains("NEVER-WRITTEN"));
        let inventory = alone(&json(name), true);
        let audit = serde_json::to_string(&audit(&inventory)).unwrap();
        let lines: Vec<String> = inventory
            .records()
            .map(|it| serde_json::to_string(&it).unwrap())
            .collect();
        assert!(!audit.contains("NEVER-WRITTEN") && !lines.concat().contains("NEVER-WRITTEN"));
    }
}

/// Whatever a plan alone decides is said to be so.
#[test]
fn what_a_plan_decides_is_listed() {
    use trailaudit_checks::terraform::{Decidable, decidable};
    let mut decided = std::collections::BTreeSet::new();
    for name in ["create", "split-create", "validation-off", "split-public"] {
        for finding in audit(&alone(&json(name), true)).findings {
            let of_one = finding.subject.kind != SubjectKind::Principal;
            if of_one && matches!(finding.status, Status::Pass | Status::Fail) {
                decided.insert(finding.check);
            }
        }
    }
    let of = |id: &str| decidable(trailaudit_checks::catalog::find(id).unwrap());
    let hidden: Vec<_> = decided
        .iter()
        .filter(|id| of(id) != Decidable::Plan)
        .collect();
    assert!(
        hidden.is_empty(),
        "decided by a plan alone, and not listed so: {hidden:#?}"
    );
    let all = trailaudit_checks::catalog::all();
    let listed = all.iter().filter(|it| decidable(it) == Decidable::Plan);
    assert!(
        decided.len() > 30 && decided.len() <= listed.count(),
        "{}",
        decided.len()
    );
}
