//! Framework files: which checks support which control, and how the controls ended.
//!
//! A report never says "compliant": it says which checks support a control, and how they ended.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Status};

/// A control of a framework.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ControlRef {
    /// The framework's id.
    pub framework: String,
    /// The control's id.
    pub control: String,
}

/// The files, by id.
const FILES: &[(&str, &str)] = &[
    (
        "aws-config-managed-rules",
        include_str!("../frameworks/aws-config-managed-rules.toml"),
    ),
    (
        "aws-security-hub",
        include_str!("../frameworks/aws-security-hub.toml"),
    ),
    (
        "aws-well-architected-security",
        include_str!("../frameworks/aws-well-architected-security.toml"),
    ),
    (
        "cis-aws-foundations-1.4",
        include_str!("../frameworks/cis-aws-foundations-1.4.toml"),
    ),
    (
        "cis-aws-foundations-1.5",
        include_str!("../frameworks/cis-aws-foundations-1.5.toml"),
    ),
    (
        "cis-aws-foundations-2.0",
        include_str!("../frameworks/cis-aws-foundations-2.0.toml"),
    ),
    (
        "cis-aws-foundations-3.0",
        include_str!("../frameworks/cis-aws-foundations-3.0.toml"),
    ),
    (
        "cis-aws-foundations-4.0",
        include_str!("../frameworks/cis-aws-foundations-4.0.toml"),
    ),
    (
        "cis-aws-foundations-5.0",
        include_str!("../frameworks/cis-aws-foundations-5.0.toml"),
    ),
    (
        "cis-aws-foundations-6.0",
        include_str!("../frameworks/cis-aws-foundations-6.0.toml"),
    ),
    (
        "cis-aws-foundations-7.0",
        include_str!("../frameworks/cis-aws-foundations-7.0.toml"),
    ),
    (
        "cis-controls-8.1",
        include_str!("../frameworks/cis-controls-8.1.toml"),
    ),
    ("cmmc-2.0", include_str!("../frameworks/cmmc-2.0.toml")),
    (
        "fedramp-20x-ksi-low",
        include_str!("../frameworks/fedramp-20x-ksi-low.toml"),
    ),
    (
        "fedramp-low-r4",
        include_str!("../frameworks/fedramp-low-r4.toml"),
    ),
    (
        "fedramp-moderate-r4",
        include_str!("../frameworks/fedramp-moderate-r4.toml"),
    ),
    (
        "hipaa-security-rule",
        include_str!("../frameworks/hipaa-security-rule.toml"),
    ),
    (
        "iso-27001-2022",
        include_str!("../frameworks/iso-27001-2022.toml"),
    ),
    (
        "mitre-attack-cloud",
        include_str!("../frameworks/mitre-attack-cloud.toml"),
    ),
    (
        "nist-800-171-r2",
        include_str!("../frameworks/nist-800-171-r2.toml"),
    ),
    (
        "nist-800-53-r5",
        include_str!("../frameworks/nist-800-53-r5.toml"),
    ),
    (
        "nist-csf-1.1",
        include_str!("../frameworks/nist-csf-1.1.toml"),
    ),
    (
        "nist-csf-2.0",
        include_str!("../frameworks/nist-csf-2.0.toml"),
    ),
    (
        "omb-m-21-31",
        include_str!("../frameworks/omb-m-21-31.toml"),
    ),
    (
        "pci-dss-4.0",
        include_str!("../frameworks/pci-dss-4.0.toml"),
    ),
    ("soc2-tsc", include_str!("../frameworks/soc2-tsc.toml")),
];

/// One version of one framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Kebab-case, the version at its end.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where the links come from.
    pub source: String,
    /// Its controls, as far as CloudTrail bears on them.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// A control, and the checks that support it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The framework's own id.
    pub id: String,
    /// In our words.
    pub title: String,
    /// Whose reading the links are.
    pub basis: Basis,
    /// For how many days it wants logs kept, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Check ids.
    pub checks: Vec<String>,
}

/// For how long a control wants logs kept, and with which length the checks were evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionLength {
    /// What the control asks for.
    pub required_days: u32,
    /// The setting `retention_days` of the run.
    pub evaluated_days: u32,
}

impl RetentionLength {
    /// The checks looked for less than the control asks for: that they passed proves nothing.
    #[must_use]
    pub fn is_too_short(&self) -> bool {
        self.evaluated_days < self.required_days
    }
}

/// Whose reading a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Basis {
    /// Added here.
    #[serde(rename = "ours")]
    Ours,
    /// A peer tool links its equivalent check.
    #[serde(rename = "peer")]
    Peer,
    /// Both.
    #[serde(rename = "peer+ours")]
    PeerAndOurs,
    /// A peer's, with an identifier partly recalled.
    #[serde(rename = "peer+recall")]
    PeerAndRecall,
}

/// How a framework's controls ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameworkResult {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its controls.
    pub controls: Vec<ControlResult>,
}

/// How a control ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlResult {
    /// The framework's own id.
    pub id: String,
    /// In our words.
    pub title: String,
    /// How it ended.
    pub status: ControlStatus,
    /// Whose reading the links are.
    pub basis: Basis,
    /// How many of its checks passed.
    pub passed: u64,
    /// The linked checks.
    pub checks: Vec<String>,
    /// Linked checks that failed somewhere: why it is failing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Linked checks that could not be evaluated somewhere: why it is not evaluated, where none failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Linked checks that were not selected in this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_selected: Vec<String>,
    /// Of a control that asks for a length of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionLength>,
}

/// How a control ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ControlStatus {
    /// A linked check failed.
    #[serde(alias = "not_supported")]
    Failing,
    /// None failed, and one could not be evaluated or was not selected.
    #[serde(alias = "undecided")]
    NotEvaluated,
    /// At least one passed, and the others do not apply.
    #[serde(alias = "supported")]
    Passing,
    /// No linked check, or none applies.
    NotCovered,
}

/// The frameworks' ids.
pub fn ids() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(id, _)| *id)
}

/// A framework file that cannot be read: a defect of this program.
#[derive(Debug, thiserror::Error)]
#[error("framework {id} cannot be read: {source}")]
pub struct BadFramework {
    id: &'static str,
    source: Box<toml::de::Error>,
}

/// Every framework, by id.
pub fn all() -> Result<Vec<Framework>, BadFramework> {
    let read = |(id, text): &(&'static str, &str)| {
        toml::from_str(text).map_err(|source| BadFramework {
            id,
            source: Box::new(source),
        })
    };
    FILES.iter().map(read).collect()
}

/// For each check the controls it supports.
#[must_use]
pub fn controls_by_check(frameworks: &[Framework]) -> BTreeMap<&str, Vec<ControlRef>> {
    let mut controls: BTreeMap<&str, Vec<ControlRef>> = BTreeMap::new();
    for framework in frameworks {
        for control in &framework.controls {
            for check in &control.checks {
                controls.entry(check).or_default().push(ControlRef {
                    framework: framework.id.clone(),
                    control: control.id.clone(),
                });
            }
        }
    }
    controls
}

/// How the controls of a framework ended. A waived fail is a fail: the risk is accepted, not gone.
#[must_use]
pub fn result(
    framework: &Framework,
    selected: &BTreeSet<&str>,
    findings: &[Finding],
    retention_days: u32,
) -> FrameworkResult {
    let mut statuses: BTreeMap<&str, BTreeSet<Status>> = BTreeMap::new();
    for finding in findings {
        statuses
            .entry(&finding.check)
            .or_default()
            .insert(finding.status);
    }
    let statuses = &statuses;
    let controls = framework.controls.iter().map(|control| {
        let ended = |status| {
            control.checks.iter().filter(move |id| {
                statuses
                    .get(id.as_str())
                    .is_some_and(|of| of.contains(&status))
            })
        };
        let not_selected: Vec<String> = control
            .checks
            .iter()
            .filter(|id| !selected.contains(id.as_str()))
            .cloned()
            .collect();
        let passed = ended(Status::Pass).count();
        let failed: Vec<String> = ended(Status::Fail).cloned().collect();
        let unknown: Vec<String> = ended(Status::Unknown).cloned().collect();
        let retention = control.retention_days.map(|required_days| RetentionLength {
            required_days,
            evaluated_days: retention_days,
        });
        let too_short = retention
            .as_ref()
            .is_some_and(RetentionLength::is_too_short);
        let status = if !failed.is_empty() {
            ControlStatus::Failing
        } else if !unknown.is_empty() || !not_selected.is_empty() || (passed > 0 && too_short) {
            ControlStatus::NotEvaluated
        } else if passed > 0 {
            ControlStatus::Passing
        } else {
            ControlStatus::NotCovered
        };
        ControlResult {
            id: control.id.clone(),
            title: control.title.clone(),
            status,
            basis: control.basis,
            passed: passed as u64,
            checks: control.checks.clone(),
            failed,
            unknown,
            not_selected,
            retention,
        }
    });
    FrameworkResult {
        id: framework.id.clone(),
        name: framework.name.clone(),
        version: framework.version.clone(),
        controls: controls.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Severity, Subject, SubjectKind, fingerprint};
    use Status::{Fail, NotApplicable, Pass, Unknown};

    fn finding(check: &str, subject: &str, status: Status) -> Finding {
        Finding {
            fingerprint: fingerprint(check, subject),
            check: check.into(),
            status,
            severity: Severity::High,
            subject: std::sync::Arc::new(Subject {
                kind: SubjectKind::Trail,
                id: subject.to_owned(),
                name: subject.to_owned(),
                account: None,
                region: None,
                location: None,
            }),
            message: "".into(),
            evidence: [].into(),
            waiver: None,
            baseline: None,
        }
    }

    /// Checks that passed for a year prove nothing about six.
    #[test]
    fn a_length_of_time_is_part_of_the_control() {
        use ControlStatus::{Failing, NotEvaluated, Passing};
        let framework: Framework = toml::from_str(
            "id = \"f\"\nname = \"F\"\nversion = \"1\"\nsource = \"s\"\n\
             [[control]]\nid = \"1\"\ntitle = \"t\"\nbasis = \"ours\"\nretention_days = 2192\nchecks = [\"a\"]\n",
        )
        .unwrap();
        let ids: BTreeSet<&str> = ["a"].into();
        for (status, days, expected) in [
            (Pass, 2192, Passing),
            (Pass, 2191, NotEvaluated),
            (Pass, 365, NotEvaluated),
            (Fail, 365, Failing),
        ] {
            let ended = result(&framework, &ids, &[finding("a", "1", status)], days);
            let [control] = ended.controls.as_slice() else {
                panic!("one control")
            };
            assert_eq!(control.status, expected, "{status} {days}");
            let length = control.retention.unwrap();
            assert_eq!((length.required_days, length.evaluated_days), (2192, days));
        }
    }

    /// The lengths are those of the frameworks, in days: 30 months, six years, one year, 90 days.
    #[test]
    fn frameworks_with_a_length() {
        let of = |id: &str, control: &str| {
            let all = all().unwrap();
            let framework = all.iter().find(|it| it.id == id).unwrap();
            let control = framework
                .controls
                .iter()
                .find(|it| it.id == control)
                .unwrap();
            control.retention_days
        };
        assert_eq!(of("omb-m-21-31", "retention"), Some(913));
        assert_eq!(of("hipaa-security-rule", "164.316(b)(2)(i)"), Some(2192));
        assert_eq!(of("pci-dss-4.0", "10.5.1"), Some(365));
        assert_eq!(of("cis-controls-8.1", "8.10"), Some(90));
    }

    /// Two linked checks, a and b; what each said of its subjects, whether b was selected, and how the control ends.
    #[test]
    fn every_ending() {
        use ControlStatus::{Failing, NotCovered, NotEvaluated, Passing};
        type Row = (
            &'static [Status],
            &'static [Status],
            bool,
            ControlStatus,
            u64,
        );
        let table: [Row; 12] = [
            (&[Pass], &[Pass], true, Passing, 2),
            (&[Pass, NotApplicable], &[NotApplicable], true, Passing, 1),
            (&[Pass], &[], true, Passing, 1),
            (&[NotApplicable], &[NotApplicable], true, NotCovered, 0),
            (&[], &[], true, NotCovered, 0),
            (&[Pass, Fail], &[Pass], true, Failing, 2),
            // A fail that is proved stays, whatever else is unknown or was not asked.
            (&[Fail], &[Unknown], true, Failing, 0),
            (&[Fail], &[], false, Failing, 0),
            (&[Pass, Unknown], &[Pass], true, NotEvaluated, 2),
            (&[Pass], &[], false, NotEvaluated, 1),
            (&[NotApplicable], &[], false, NotEvaluated, 0),
            (&[Unknown], &[NotApplicable], true, NotEvaluated, 0),
        ];
        let framework: Framework = toml::from_str(
            "id = \"f\"\nname = \"F\"\nversion = \"1\"\nsource = \"s\"\n\
             [[control]]\nid = \"1\"\ntitle = \"t\"\nbasis = \"ours\"\nchecks = [\"a\", \"b\"]\n\
             [[control]]\nid = \"2\"\ntitle = \"u\"\nbasis = \"ours\"\nchecks = []\n",
        )
        .unwrap();
        for (a, b, selected, status, passed) in table {
            let of = |check: &'static str, all: &[Status]| -> Vec<Finding> {
                let each = all.iter().enumerate();
                each.map(|(at, status)| finding(check, &at.to_string(), *status))
                    .collect()
            };
            let findings = [of("a", a), of("b", b)].concat();
            let ids: BTreeSet<&str> = if selected {
                ["a", "b"].into()
            } else {
                ["a"].into()
            };
            let ended = result(&framework, &ids, &findings, 365);
            let [control, bare] = ended.controls.as_slice() else {
                panic!("two controls")
            };
            assert_eq!(
                (control.status, control.passed),
                (status, passed),
                "{a:?} {b:?} {selected}"
            );
            assert_eq!(control.failed.contains(&"a".to_owned()), a.contains(&Fail));
            assert_eq!(
                control.unknown.contains(&"a".to_owned()),
                a.contains(&Unknown)
            );
            assert_eq!(bare.status, NotCovered, "no linked check");
        }
    }
}
