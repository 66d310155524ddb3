//! The page of a large organization.

use trailaudit_checks::audit::Audit;
use trailaudit_checks::calls;
use trailaudit_checks::coverage::{AccountCoverage, AccountStatus, RegionCoverage, RegionStatus};
use trailaudit_checks::digest::HourVerdict;
use trailaudit_checks::fact::Reason;
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
    assert!(audit.findings.len() > 23_000);
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
    let regional =
        |name: &str| sample::check(name, Severity::High, "Every region is recorded", &[]);
    let mut checks: Vec<_> = ["trail-ra", "trail-rb", "trail-rc", "trail-rd"]
        .map(regional)
        .into();
    let mut findings = Vec::new();
    for (number, check) in checks.iter().enumerate() {
        for (at, id) in ids.iter().enumerate() {
            for region in regions {
                let status = [Status::Fail, Status::Unknown, Status::Pass][(at + number) % 3];
                let arn = format!("{id}/{region}");
                let subject = sample::subject(SubjectKind::Region, &arn, region, id, region);
                let mut finding = sample::finding(check, status, subject, "no trail records it");
                if status == Status::Unknown {
                    finding.message =
                        format!("could not be evaluated: it was denied in {arn}").into();
                    let said = format!(
                        "User: arn:aws:sts::{id}:assumed-role/audit is not authorized in {region}"
                    );
                    let call = calls::DESCRIBE_TRAILS;
                    finding.evidence =
                        [sample::gap(call, id, region, Reason::Denied, &said)].into();
                }
                findings.push(finding);
            }
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
            id: AccountId::from(id.clone()),
            name: Some(format!("workload-{id}")),
            status: AccountStatus::Assessed,
            reason: None,
        })
        .collect();
    audit.coverage.regions = ids
        .iter()
        .flat_map(|id| {
            regions.map(|region| RegionCoverage {
                account: AccountId::from(id.clone()),
                region: Region::from(region.to_owned()),
                status: RegionStatus::Assessed,
                reason: None,
            })
        })
        .collect();
    // One account in ten has something wrong with its chains.
    let chains = ids.iter().enumerate().flat_map(|(at, id)| {
        regions.map(|region| {
            let mut chain = chain(id, region);
            if at % 10 > 0 {
                chain.verdict = HourVerdict::Verified;
                for hour in &mut chain.hours {
                    (hour.verdict, hour.cause) = (HourVerdict::Verified, None);
                }
            }
            chain
        })
    });
    audit.chains = chains.collect();
    audit
}
