//! What to do first: what fails now before what could happen, then the worst, then what concerns most accounts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::remediation::remediation;
use super::{Audit, answers};
use crate::calls;
use crate::coverage::AccountStatus;
use crate::fact::Reason;
use crate::finding::{Finding, Severity, Status, SubjectKind};
use crate::ids::AccountId;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct First {
    /// The check that fails; `accounts-not-scanned` where accounts were left out for want of a role.
    pub check: String,
    /// Its worst open failure.
    pub severity: Severity,
    /// The ids of the subjects for which it fails, the worst first.
    pub subjects: Vec<String>,
    /// How many accounts that concerns: the owners of the subjects; all accounts where it is the organization.
    pub accounts: u64,
    /// What to do, with the names, actions and regions of the findings.
    pub remediation: String,
}

/// In the place of a check: accounts were not scanned, because no role was given. Nothing else is as worth doing.
pub const NOT_SCANNED: &str = "accounts-not-scanned";

/// How many things are listed.
const MOST: usize = 10;

/// A failure of these is no weakness that somebody could use: logs are lost, altered or public, or can be claimed by
/// others, at this moment. All other checks say what could happen.
const NOW: &[&str] = &[
    // Stopped.
    "lake-ingestion-enabled",
    "trail-is-logging",
    // Missing.
    "delivery-bucket-exists",
    "organization-all-accounts-covered",
    "trail-exists",
    "trail-regions-covered",
    // Not delivered.
    "delivery-cloudwatch-fresh",
    "delivery-cloudwatch-no-error",
    "delivery-digest-fresh",
    "delivery-digest-no-error",
    "delivery-s3-fresh",
    "delivery-s3-no-error",
    "key-enabled",
    "key-not-pending-deletion",
    // Altered.
    "delivery-backfill-digests-valid",
    "delivery-digest-chain-unbroken",
    "delivery-digest-signature-valid",
    "delivery-log-file-hash-valid",
    "delivery-no-unlisted-log-files",
    "monitoring-recent-tampering",
    // Public, or in the hands of others.
    "bucket-not-public-acl",
    "bucket-not-public-policy",
    "bucket-owner-in-organization",
    "bucket-website-disabled",
    "key-not-public",
    "monitoring-log-group-not-public",
];

/// What was not looked at by mistake; then unwaived failures, check by check, in the order in which to deal with them.
pub(super) fn of(audit: &Audit) -> Vec<First> {
    let mut first: Vec<First> = not_scanned(audit).into_iter().collect();
    first.extend(failures(audit));
    first.truncate(MOST);
    first
}

/// Accounts that no role was given for.
fn not_scanned(audit: &Audit) -> Option<First> {
    let unknown = audit
        .findings
        .iter()
        .filter(|it| it.status == Status::Unknown);
    let evidence = unknown.flat_map(|it| it.evidence.iter());
    let without_role = evidence
        .filter(|it| it.call == Some(calls::ASSUME_ROLE) && it.reason == Some(Reason::NotAsked));
    let named: BTreeSet<&AccountId> = without_role.filter_map(|it| it.account.as_ref()).collect();
    let accounts = audit.coverage.accounts.iter();
    let unreachable = accounts.filter(|it| it.status == AccountStatus::Unreachable);
    let left_out: Vec<&AccountId> = unreachable
        .map(|it| &it.id)
        .filter(|id| named.contains(id))
        .collect();
    if left_out.is_empty() {
        return None;
    }
    let (some, all) = (left_out.len(), audit.scope.accounts.len());
    Some(First {
        check: NOT_SCANNED.to_owned(),
        severity: Severity::High,
        subjects: left_out.iter().map(|it| it.to_string()).collect(),
        accounts: some as u64,
        remediation: format!(
            "{some} of {all} accounts were not scanned, because no role was given. Create the role that \
             `trailaudit list permissions --format cloudformation` prints in each account (a StackSet does), and scan \
             with `--role-name trailaudit`."
        ),
    })
}

fn failures(audit: &Audit) -> Vec<First> {
    let mut by_check: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in audit.findings.iter().filter(|it| it.is_open_failure()) {
        by_check.entry(&finding.check).or_default().push(finding);
    }
    let everyone = audit.scope.accounts.len() as u64;
    let mut order: Vec<_> = by_check
        .into_iter()
        .filter_map(|(check, findings)| {
            let severity = findings.iter().map(|it| it.severity).max()?;
            // By their own definition, weaknesses of low severity need others to matter.
            let now = NOW.contains(&check) && severity >= answers::DECIDES;
            let accounts = accounts(&findings, everyone);
            Some((!now, Reverse(severity), Reverse(accounts), check, findings))
        })
        .collect();
    order.sort_by_key(|(later, severity, accounts, check, _)| {
        (*later, *severity, *accounts, *check)
    });
    let first = order.into_iter().take(MOST);
    first
        .map(
            |(_, Reverse(severity), Reverse(accounts), check, mut findings)| {
                findings.sort_by_key(|it| Reverse(it.severity));
                First {
                    check: check.to_owned(),
                    severity,
                    subjects: findings.iter().map(|it| it.subject.id.clone()).collect(),
                    accounts,
                    remediation: remediation(audit, check, &findings),
                }
            },
        )
        .collect()
}

fn accounts(findings: &[&Finding], everyone: u64) -> u64 {
    let of_organization = |it: &&&Finding| it.subject.kind == SubjectKind::Organization;
    let owners: BTreeSet<&AccountId> = findings
        .iter()
        .filter_map(|it| it.subject.account.as_ref())
        .collect();
    let owners = owners.len() as u64;
    if findings.iter().any(|it| of_organization(&it)) {
        owners.max(everyone)
    } else {
        owners
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::answers::tests::audit;
    use crate::catalog;

    #[test]
    fn what_fails_now_is_of_the_catalogue() {
        for id in NOW {
            assert!(catalog::find(id).is_some(), "there is no check {id}");
        }
    }

    #[test]
    fn accounts_that_no_role_was_given_for_come_first() {
        let gap = |reason: &str, account: &str| serde_json::json!({"what": "x", "call": "sts:AssumeRole", "reason": reason, "account": account});
        let made = |reason: &str, status: &str| {
            let checks: &[(&str, &str, &[&str])] = &[
                ("key-rotation", "high", &["unknown"]),
                ("trail-is-logging", "critical", &["fail"]),
            ];
            audit(checks, |it| {
                it["findings"][0]["evidence"] = [gap(reason, "222222222222")].into_iter().collect();
                it["scope"]["accounts"] = serde_json::json!(["111111111111", "222222222222"]);
                it["coverage"]["accounts"] = serde_json::json!([{"id": "222222222222", "name": null, "status": status, "reason": null}]);
            })
        };
        let order = |it: &Audit| -> Vec<String> { of(it).into_iter().map(|it| it.check).collect() };
        let left_out = made("not_asked", "unreachable");
        assert_eq!(order(&left_out), [NOT_SCANNED, "trail-is-logging"]);
        let first = of(&left_out).remove(0);
        assert_eq!(
            (first.accounts, first.subjects.as_slice()),
            (1, &["222222222222".to_owned()][..])
        );
        assert!(
            first
                .remediation
                .starts_with("1 of 2 accounts were not scanned")
        );
        // A role that was given, and refused, is another matter.
        assert_eq!(order(&made("denied", "unreachable")), ["trail-is-logging"]);
        assert_eq!(order(&made("not_asked", "assessed")), ["trail-is-logging"]);
    }

    #[test]
    fn what_fails_now_comes_before_what_could_happen() {
        let audit = audit(
            &[
                ("access-trail-stop", "critical", &["fail", "fail", "fail"]),
                ("bucket-not-public-acl", "critical", &["waived"]),
                ("bucket-versioning", "high", &["fail", "fail"]),
                ("delivery-s3-fresh", "high", &["fail"]),
                ("key-rotation", "high", &["unknown"]),
                ("lake-ingestion-enabled", "low", &["fail"]),
                ("trail-is-logging", "critical", &["pass", "fail"]),
                ("trail-multi-region", "high", &["fail"]),
            ],
            |_| {},
        );
        let first = of(&audit);
        let order: Vec<(&str, usize, u64)> = first
            .iter()
            .map(|it| (it.check.as_str(), it.subjects.len(), it.accounts))
            .collect();
        assert_eq!(
            order,
            [
                ("trail-is-logging", 1, 1),
                ("delivery-s3-fresh", 1, 1),
                ("access-trail-stop", 3, 3),
                ("bucket-versioning", 2, 2),
                ("trail-multi-region", 1, 1),
                // Of low severity, whatever fails now.
                ("lake-ingestion-enabled", 1, 1),
            ]
        );
    }
}
