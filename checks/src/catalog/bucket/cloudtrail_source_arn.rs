//! CloudTrail writes here for our own trails only.

use super::gone;
use crate::catalog::{confused_deputy, gap};
use crate::policy::posture;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-cloudtrail-source-arn",
    title: "Log bucket policies should let CloudTrail write for the organization's own trails only",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Any AWS account can create a trail that delivers to your bucket. Without a condition on the source trail, \
          CloudTrail writes log files of external accounts to the bucket.",
    fix: "In the bucket policy, add the condition `StringEquals: {aws:SourceArn: TRAIL_ARN}` to the statement for \
          cloudtrail.amazonaws.com, with the trails that deliver to this bucket: `aws s3api put-bucket-policy \
          --bucket BUCKET --policy file://policy.json`. A condition on `aws:SourceAccount` or `aws:SourceOrgID` is \
          accepted as well.",
    judged: "Every statement of the bucket policy by which a direct call of CloudTrail can write must be limited by \
             aws:SourceArn, aws:SourceAccount or aws:SourceOrgID to the trails that deliver here, and to nothing \
             wider. A statement that requires a key which only requests of IAM principals have, such as \
             aws:PrincipalOrgID, grants CloudTrail nothing and is ignored.",
    alike: &[
        "A SourceArn condition with the trail's ARN passes; the same condition with `*` has no effect, and fails.",
        "Principal `*` under aws:PrincipalOrgID is no grant to CloudTrail; with StringEqualsIfExists it is one, and \
         fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::DESCRIBE_ORGANIZATION,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(policy) = gap::bucket_policy(bucket, ctx)? else {
        return Ok(Verdict::not_applicable(
            "there is no bucket policy that grants CloudTrail access",
        ));
    };
    let objects = format!("{}/*", bucket.arn);
    let writes = posture::service_grants(
        &policy,
        confused_deputy::CLOUDTRAIL,
        "s3:PutObject",
        &objects,
    );
    let trails = ctx
        .deliverers(bucket)
        .iter()
        .map(|trail| trail.arn.as_str());
    let ours = confused_deputy::Ours::new(trails, ctx);
    confused_deputy::verdict(&writes, |statement| ours.admits_only_us(statement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const OTHER: &str = "222222222222";
    const OTHER_TRAIL: &str = "arn:aws:cloudtrail:us-east-1:222222222222:trail/theirs";

    fn policy(condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},
            "Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/AWSLogs/*","Condition":{{{condition}}}}}}}"#
        )
    }

    fn only_if(condition: &str) -> Case {
        bucket(|b| b.policy = Known(Some(policy(condition))))
    }

    fn source(key: &str, value: &str) -> Case {
        only_if(&format!(r#""StringLike":{{"{key}":"{value}"}}"#))
    }

    /// A member whose trail delivers here as well.
    fn shared(case: Case) -> Case {
        case.and(|inventory| {
            member(inventory, OTHER, &[HOME]);
            add_trail(inventory, OTHER, HOME, "theirs", |_| {});
        })
    }

    #[test]
    fn verdicts() {
        let config = policy("").replace("cloudtrail", "config");
        let foreign = r#""StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:999999999999:trail/main"}"#;
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Pass, source("aws:SourceArn", TRAIL_ARN)),
                (Fail, only_if("")),
                (
                    Fail,
                    only_if(r#""StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}"#),
                ),
                (Fail, source("aws:SourceArn", "*")),
                (Fail, only_if(foreign)),
                (Pass, source("aws:SourceAccount", ACCOUNT)),
                (Fail, source("aws:SourceAccount", "999999999999")),
                (Pass, source("aws:SourceOrgID", "o-test")),
                (Fail, source("aws:SourceOrgID", "o-else")),
                (Pass, source("aws:SourceOrgPaths", "o-test/*")),
                (NotApplicable, bucket(|b| b.policy = Known(Some(config)))),
                (NotApplicable, bucket(|b| b.policy = Known(None))),
                (
                    NotApplicable,
                    only_if("").and(|inventory| {
                        inventory
                            .buckets
                            .get_mut(&Arn::bucket("aws", "logs"))
                            .unwrap()
                            .exists = Known(false);
                    }),
                ),
                (Pass, shared(source("aws:SourceArn", OTHER_TRAIL))),
                (
                    Fail,
                    source("aws:SourceArn", OTHER_TRAIL).and(|it| member(it, OTHER, &[HOME])),
                ),
            ],
        );
    }

    #[test]
    fn a_statement_for_principals_is_none_for_cloudtrail() {
        let everyone = |condition: &str| {
            let more = format!(
                r#"{{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{{{condition}}}}},{{"Sid":"Tls""#
            );
            let policy = BUCKET_POLICY.replace(r#"{"Sid":"Tls""#, &more);
            bucket(|b| b.policy = Known(Some(policy)))
        };
        table(
            &CHECK,
            [
                (
                    Pass,
                    everyone(r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#),
                ),
                (
                    Pass,
                    everyone(r#""StringEquals":{"aws:PrincipalAccount":"111111111111"}"#),
                ),
                (
                    Pass,
                    everyone(
                        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-test/r-root/*"}"#,
                    ),
                ),
                (
                    Pass,
                    everyone(
                        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/AWSAccelerator-*"}"#,
                    ),
                ),
                (
                    Fail,
                    everyone(
                        r#""ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-test/r-root/*"}"#,
                    ),
                ),
                (
                    Fail,
                    everyone(r#""StringNotEquals":{"aws:PrincipalOrgID":"o-else"}"#),
                ),
                (
                    Fail,
                    everyone(r#""StringEquals":{"aws:ResourceAccount":"111111111111"}"#),
                ),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let theirs = || source("aws:SourceArn", OTHER_TRAIL);
        let hidden =
            |change: fn(&mut Inventory)| theirs().and(|it| member(it, OTHER, &[HOME])).and(change);
        let account = |account: &mut Inventory, change: fn(&mut Account)| {
            change(account.accounts.get_mut(&AccountId::from(OTHER)).unwrap());
        };
        let list = || denied(calls::LIST_ACCOUNTS);
        let no_organization =
            |case: Case| case.and(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION));
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Unknown, bucket(|b| b.policy = Known(Some("{".to_owned())))),
                (
                    Unknown,
                    hidden(|it| {
                        let view = it.regions.values_mut().last().unwrap();
                        view.trails = denied(calls::DESCRIBE_TRAILS);
                    }),
                ),
                (Unknown, hidden(|it| drop(it.regions.pop_last()))),
                (
                    Unknown,
                    shared(theirs()).and(|inventory| {
                        inventory.trails.values_mut().last().unwrap().configuration =
                            denied(calls::DESCRIBE_TRAILS);
                    }),
                ),
                (
                    Unknown,
                    theirs().and(|inventory| {
                        if let Known(Some(organization)) = &mut inventory.organization {
                            organization.accounts = list();
                        }
                    }),
                ),
                (Unknown, no_organization(theirs())),
                (
                    Unknown,
                    no_organization(source("aws:SourceOrgID", "o-test")),
                ),
                (
                    Unknown,
                    no_organization(source("aws:SourceOrgPaths", "o-test/*")),
                ),
                (
                    Unknown,
                    source("aws:SourceAccount", OTHER).and(|inventory| {
                        member(inventory, OTHER, &[]);
                        account(inventory, |a| a.regions = denied(calls::LIST_REGIONS));
                    }),
                ),
                (
                    Unknown,
                    hidden(|it| {
                        let other = it.accounts.get_mut(&AccountId::from(OTHER)).unwrap();
                        other.session = denied(calls::ASSUME_ROLE);
                    }),
                ),
                (
                    Unknown,
                    hidden(|it| {
                        it.accounts
                            .get_mut(&AccountId::from(OTHER))
                            .unwrap()
                            .excluded = true;
                    }),
                ),
                // A region that is switched off hides nothing, and neither does somebody else's trail.
                (
                    Fail,
                    hidden(|it| {
                        let other = it.accounts.get_mut(&AccountId::from(OTHER)).unwrap();
                        known(&mut other.regions)[0].enabled = false;
                        it.regions.pop_last();
                    }),
                ),
                (
                    Fail,
                    hidden(|it| {
                        add_trail(it, ACCOUNT, HOME, "z", |trail| {
                            trail.configuration = denied(calls::DESCRIBE_TRAILS);
                        });
                    }),
                ),
                // Whoever is hidden, everybody is too many.
                (Fail, no_organization(source("aws:SourceArn", "*"))),
                (Fail, no_organization(only_if(""))),
            ],
        );
    }
}
