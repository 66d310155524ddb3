//! Tables and vectors in S3 are no objects: S3 object selectors do not record who reads them.

use std::collections::BTreeMap;

use crate::catalog::recording;
use crate::prelude::*;
use crate::selectors::{Events, Field, Hole, Part, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-s3-tables-vectors",
    title: "Data events of S3 Tables and S3 Vectors should be recorded",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "Reading a table or querying a vector index is a data event with a resource type of its own. A trail that \
          logs all S3 object events does not log them.",
    fix: "Add a selector for each resources.type that the message names to a trail of the account, or to the \
          organization trail: `aws cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors \
          file://selectors.json --region HOME_REGION`. It replaces all selectors of the trail: include the present \
          ones. If these services are not used, disable this check in the settings and give the reason.",
    judged: "Asks in every region in scope of the account whether a running trail records the data events, read and \
             write, of AWS::S3Tables::Table, AWS::S3Tables::TableBucket, AWS::S3Vectors::Index and \
             AWS::S3Vectors::VectorBucket.",
    alike: &[
        "A trail that records AWS::S3::Object fails: tables and vectors are types of their own.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-logging.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-logging.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
        calls::HEAD_BUCKET,
    ],
    run: Run::Account(run),
};

/// Resource types of data events ("Logging data events", AWS CloudTrail User Guide).
const KINDS: [&str; 4] = [
    "AWS::S3Tables::Table",
    "AWS::S3Tables::TableBucket",
    "AWS::S3Vectors::Index",
    "AWS::S3Vectors::VectorBucket",
];

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let asked = Events::default()
        .with(Field::EventCategory, [Pattern::equals("Data")])
        .with(Field::ResourceType, KINDS.map(Pattern::equals));
    account.regions.known()?;
    let (mut missing, mut gaps, mut recorded) = (BTreeMap::new(), Vec::new(), 0_usize);
    for switch in recording::in_scope(account) {
        match recording::unrecorded(&asked, account, &switch.name, ctx) {
            Ok(None) => recorded += 1,
            Ok(Some(hole)) => drop(missing.insert(switch.name.clone(), words(&hole))),
            Err(gap) => gaps.push(gap),
        }
    }
    let verdict = match missing.first_key_value() {
        Some((region, hole)) => {
            let more = match missing.len() {
                1 => String::new(),
                n => format!(" (and {} more regions)", n - 1),
            };
            Verdict::fail(format!("data events of S3 Tables and S3 Vectors are not all logged in {region}: {hole}{more}"))
                .saw("not logged", &missing)
        }
        None if recorded == 0 => Verdict::not_applicable("no region of the account is in scope"),
        None => Verdict::pass(format!(
            "data events of S3 Tables and S3 Vectors are logged in {recorded} regions"
        )),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

fn words(hole: &Hole) -> String {
    let recorded = match hole.parts.as_slice() {
        [] => &[][..],
        [Part::Only(Field::ResourceType, recorded)] => recorded,
        _ => return hole.to_string(),
    };
    let missing = KINDS.iter().copied();
    let missing = missing.filter(|kind| !recorded.iter().any(|it| it == kind));
    format!("no trail logs {}", missing.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, data_events(&KINDS, &[])),
                (Fail, data_events(&KINDS[1..], &[])),
                (Fail, data_events(&["AWS::S3::Object"], &[])),
                (Fail, data_events(&KINDS, &["readOnly = false"])),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                (
                    Unknown,
                    account(|it| it.regions = denied(calls::LIST_REGIONS)),
                ),
                (NotApplicable, account(|it| it.regions = Known(Vec::new()))),
            ],
        );
    }

    /// The message stands alone: it says which types, and where.
    #[test]
    fn messages() {
        let message = |case: Case| case.findings(&[&CHECK])[0].message.to_string();
        assert_eq!(
            message(data_events(&["AWS::S3::Object"], &[])),
            "data events of S3 Tables and S3 Vectors are not all logged in us-east-1: no trail logs \
             AWS::S3Tables::Table, AWS::S3Tables::TableBucket, AWS::S3Vectors::Index, AWS::S3Vectors::VectorBucket"
        );
        assert_eq!(
            message(data_events(&KINDS[1..], &[])),
            "data events of S3 Tables and S3 Vectors are not all logged in us-east-1: no trail logs \
             AWS::S3Tables::Table"
        );
    }

    /// A single-region trail covers its own region, and no other.
    #[test]
    fn every_region_counts() {
        let case = trail(|it| configuration(it).multi_region = Known(false))
            .and(|it| add_region(it, ACCOUNT, "eu-west-1"));
        table(&CHECK, [(Fail, case)]);
    }
}
