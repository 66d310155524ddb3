//! The page of a large organization.

use trailaudit_checks::audit::Audit;
use trailaudit_checks::coverage::{AccountCoverage, AccountStatus, RegionCoverage, RegionStatus};
use trailaudit_checks::finding::{Severity, Status, SubjectKind};
use trailaudit_checks::ids::{AccountId, Region};

use crate::html::{chain, html, read};
use crate::sample;

/// 1,000 accounts with 17 regions each: 50 checks of accounts, one of regions, and all their chains.
#[test]
fn a_large_organization_stays_under_ten_megabytes() {
    // A fifth of it, and of the size: the test is to be quick.
    let audit = organization(200);
    let report = html(&audit);
    assert!(audit.findings.len() > 13_000);
    assert!(report.len() < 2_000_000, "{}", report.len());
    let (totals, open) = read(&report, &audit);
    assert_eq!(totals[0], audit.summary.pass);
    assert_eq!(open.len() as u64, audit.summary.fail);
}

fn organization(accounts: usize) -> Audit {
    let regions = [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    let ids: Vec<String> = (0..accounts)
        .map(|at| format!("{:012}", 100_000_000_000 + at))
        .collect();
    let mut checks = vec![sample::check(
        "trail-regions-covered",
        Severity::High,
        "Every region is recorded",
        &[],
    )];
    let mut findings = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        for region in regions {
            let status = if at % 5 == 0 {
                Status::Fail
            } else {
                Status::Pass
            };
            let subject = sample::subject(
                SubjectKind::Region,
                &format!("{id}/{region}"),
                region,
                id,
                region,
            );
            findings.push(sample::finding(
                &checks[0],
                status,
                subject,
                "a trail records this region",
            ));
        }
    }
    for number in 0..50 {
        let check = sample::check(
            &format!("trail-z{number:02}"),
            Severity::Medium,
            "It is so",
            &[],
        );
        for (at, id) in ids.iter().enumerate() {
            let status =
                [Status::Pass, Status::Fail, Status::Pass, Status::Unknown][(at + number) % 4];
            let subject = if number % 2 == 0 {
                sample::subject(SubjectKind::Account, id, "", id, "")
            } else {
                let arn = format!("arn:aws:cloudtrail:eu-central-1:{id}:trail/organization-trail");
                sample::subject(
                    SubjectKind::Trail,
                    &arn,
                    "organization-trail",
                    id,
                    "eu-central-1",
                )
            };
            findings.push(sample::finding(
                &check,
                status,
                subject,
                &format!("seen {} times", at % 7),
            ));
        }
        checks.push(check);
    }
    let mut audit = sample::of(checks, findings);
    audit.coverage.accounts = ids
        .iter()
        .map(|id| AccountCoverage {
            id: AccountId(id.clone()),
            name: Some(format!("workload-{id}")),
            status: AccountStatus::Assessed,
            reason: None,
        })
        .collect();
    audit.coverage.regions = ids
        .iter()
        .flat_map(|id| {
            regions.map(|region| RegionCoverage {
                account: AccountId(id.clone()),
                region: Region(region.to_owned()),
                status: RegionStatus::Assessed,
                reason: None,
            })
        })
        .collect();
    audit.chains = ids
        .iter()
        .flat_map(|id| regions.map(|region| chain(id, region)))
        .collect();
    audit
}
