//! CloudTrail can write every account's files to the log bucket.

use super::gone;
use crate::catalog::admits::{Above, Answer, ask, context, delivering, of_bucket, undocumented};
use crate::catalog::log_paths::Area;
use crate::catalog::{gap, recording};
use crate::control_policies::Control;
use crate::policy::{Context as RequestContext, Document, Target};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-admits-cloudtrail",
    title: "The log bucket policy should allow CloudTrail to write the log files of every account",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "If the bucket policy denies CloudTrail the prefix of one account, or digest files, CloudTrail retries for \
          30 days and then discards these files. The trail is still reported as logging.",
    fix: "In the bucket policy, allow cloudtrail.amazonaws.com s3:GetBucketAcl on the bucket and s3:PutObject on \
          `[prefix/]AWSLogs/ORGANIZATION_ID/*` (organization trails) and `[prefix/]AWSLogs/ACCOUNT_ID/*`: `aws s3api \
          put-bucket-policy --bucket BUCKET --policy file://policy.json`. Use `StringLike` or `ArnLike` if \
          aws:SourceArn contains a wildcard. Exempt AWS services from every Deny with `\"BoolIfExists\": \
          {\"aws:PrincipalIsAWSService\": \"false\"}`.",
    judged: "Evaluates the policy for the requests of cloudtrail.amazonaws.com: s3:GetBucketAcl on the bucket, and \
             s3:PutObject on the folder of every active account, for log files, for digest files where validation is \
             on and for Insights where they are on. Its requests carry aws:SourceArn and aws:SourceAccount of the \
             trail, and no keys of a principal. If the result depends on a value that AWS does not document, it is \
             unknown.",
    alike: &[
        "A statement for `AWSLogs/ORGANIZATION_ID/*` passes; one for the management account's prefix alone fails for \
         each member.",
        "`StringEquals` with `trail/*` in aws:SourceArn fails, since it compares `*` literally; `ArnLike` passes.",
        "A Deny with `StringNotEquals` aws:PrincipalOrgID applies to CloudTrail as well and fails, unless it exempts \
         AWS services.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_INSIGHT_SELECTORS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Bucket(run),
};

/// What was found on the way.
#[derive(Default)]
struct Found {
    refused: Vec<String>,
    gaps: Vec<Gaps>,
    allowed: usize,
}

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(policy) = gap::bucket_policy(bucket, ctx)? else {
        return Ok(Verdict::fail(
            "there is no bucket policy that allows CloudTrail to write",
        ));
    };
    let mut found = Found::default();
    let organization = ctx.organization();
    let control = organization.as_ref().ok().copied().flatten();
    let control = control.map(|it| ctx.control_of(it));
    // Which RCPs are above the bucket.
    found.gaps.extend(organization.err());
    if control.as_ref().is_some_and(Control::has_rcps) {
        found.gaps.extend(bucket.owner.known().err());
    }
    let owner = bucket.owner.ok().cloned().flatten();
    let above = Above::of(
        control.as_ref(),
        &owner.unwrap_or_else(|| AccountId::from("")),
        ctx,
    );
    for trail in delivering(ctx.deliverers(bucket)) {
        of_trail(bucket, trail, (&policy, &above), ctx, &mut found);
    }
    let verdict = match found.refused.as_slice() {
        [] => Verdict::pass(
            "the bucket policy allows CloudTrail to write the log files of every account",
        )
        .saw("requests evaluated", found.allowed),
        [first, more @ ..] => {
            let more = match more.len() {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            let some: Vec<&String> = found.refused.iter().take(25).collect();
            Verdict::fail(format!("CloudTrail is denied {first}{more}")).saw("refused", some)
        }
    };
    // A trail that was not seen may be one that is refused.
    found.gaps.extend(recording::hidden_anywhere(ctx));
    if found.allowed == 0 && found.refused.is_empty() && found.gaps.is_empty() {
        return Ok(Verdict::not_applicable("no trail delivers to this bucket"));
    }
    verdict.unless_open(Gaps::collect(found.gaps))
}

fn of_trail(
    bucket: &Bucket,
    trail: &Trail,
    (policy, above): (&Document, &Above<'_>),
    ctx: &Context<'_>,
    found: &mut Found,
) {
    let owner = bucket.owner.ok().cloned().flatten();
    let mut request = context(trail, ctx);
    if let Some(owner) = &owner {
        request = request
            .with("aws:ResourceAccount", owner.as_str())
            .with("s3:ResourceAccount", owner.as_str());
    }
    let owner = owner.unwrap_or_else(|| AccountId::from(""));
    let one = |action: &str, target: Target, request: RequestContext| {
        ask(policy, above, action, target, &owner, request)
    };
    let bucket_arn = Target::One(bucket.arn.to_string());
    let acl = one("s3:GetBucketAcl", bucket_arn, of_bucket(request.clone()));
    found.add("s3:GetBucketAcl", trail, acl);
    let area = match Area::of(trail, ctx) {
        Ok(area) => area,
        Err(gaps) => return found.gaps.push(gaps),
    };
    let put = |path: &str| {
        let objects = Target::Matching(format!("{}/{path}*", bucket.arn));
        one("s3:PutObject", objects, request.clone())
    };
    if matches!(put(area.root()), Answer::Allowed) {
        found.allowed += 1;
        return;
    }
    let (folders, gaps) = area.folders(trail);
    found.gaps.extend(gaps);
    for path in folders {
        let what = format!("s3:PutObject on {path}");
        found.add(&what, trail, put(&path));
    }
}

impl Found {
    fn add(&mut self, what: &str, trail: &Trail, answer: Answer) {
        match answer {
            Answer::Allowed => self.allowed += 1,
            Answer::Refused(why) => {
                let name = &trail.name;
                self.refused
                    .push(format!("{what} for trail {name} ({why})"));
            }
            Answer::Open(keys) => {
                let gaps = undocumented(&keys, &trail.account, &trail.home_region);
                self.gaps.push(gaps);
            }
            Answer::Unread(gaps) => self.gaps.push(gaps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        BUCKET_ARN, BUCKET_POLICY, Case, Fail, HOME, NotApplicable, Pass, Unknown, bucket, denied,
        inventory, known, member, table, table_on,
    };

    const MEMBER: &str = "222222222222";

    /// The good policy, changed, in an organization with a member.
    fn changed(change: impl FnOnce(String) -> String) -> Case {
        let policy = change(BUCKET_POLICY.to_owned());
        bucket(|b| b.policy = Known(Some(policy))).and(|it| member(it, MEMBER, &[HOME]))
    }

    fn with(statement: &str) -> Case {
        changed(|it| it.replace(r#""Statement":["#, &format!(r#""Statement":[{statement},"#)))
    }

    fn deny(resource: &str) -> Case {
        with(&format!(
            r#"{{"Sid":"No","Effect":"Deny","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/{resource}"}}"#
        ))
    }

    fn unless(condition: &str) -> Case {
        with(&format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"s3:Put*","Resource":"arn:aws:s3:::logs/*","Condition":{{{condition}}}}}"#
        ))
    }

    /// An RCP over a member account that owns the bucket.
    fn under_rcp(condition: &str) -> Case {
        crate::testing::rcp(condition).and(|inventory| {
            let bucket = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
            bucket.owner = Known(Some(AccountId::from(MEMBER)));
        })
    }

    /// RCPs bind services as well.
    #[test]
    fn refused_by_an_rcp() {
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#;
        let but = |more: &str| under_rcp(&format!("{ours},{more}"));
        let services = r#""BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        let unread = |case: Case| {
            case.and(|inventory| {
                let of = known(&mut inventory.organization).as_mut().unwrap();
                known(&mut of.policies)[1].document = denied(calls::DESCRIBE_POLICY);
            })
        };
        let owner = |case: Case, owner: Fact<Option<AccountId>>| {
            case.and(|it| it.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap().owner = owner)
        };
        let management = || Known(Some(AccountId::from("111111111111")));
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Fail, under_rcp(ours)),
                (Pass, but(services)),
                (Pass, but(r#""Null":{"aws:PrincipalOrgID":"false"}"#)),
                (
                    Pass,
                    under_rcp(r#""StringNotEquals":{"aws:SourceOrgID":"o-test"}"#),
                ),
                (
                    Fail,
                    under_rcp(r#""StringNotEquals":{"aws:SourceOrgID":"o-else"}"#),
                ),
                // None reaches the management account.
                (Pass, owner(under_rcp(ours), management())),
                (Unknown, unread(but(services))),
                (Unknown, owner(under_rcp(ours), denied(calls::HEAD_BUCKET))),
            ],
        );
        let finding = under_rcp(ours).findings(&[&CHECK]);
        assert!(finding[0].message.contains("of RCP guard"), "{finding:?}");
    }

    /// `s3:GetBucketAcl` has no canned ACL: a statement that asks for one does not allow it.
    #[test]
    fn the_acl_of_the_bucket() {
        let acl = |condition: &str| {
            with(&format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::logs","Condition":{{{condition}}}}}"#
            ))
        };
        let only = |condition: &str| {
            let case = acl(condition);
            case.and(|inventory| {
                let bucket = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
                let text = known(&mut bucket.policy).as_mut().unwrap();
                let at = text.rfind("s3:GetBucketAcl").unwrap();
                text.replace_range(at..at + "s3:GetBucketAcl".len(), "s3:GetBucketTagging");
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (
                    Pass,
                    only(r#""StringEquals":{"aws:SourceAccount":"111111111111"}"#),
                ),
                (
                    Fail,
                    only(r#""StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}"#),
                ),
            ],
        );
    }

    /// A stopped trail loses nothing by a refusal.
    #[test]
    fn stopped_trails() {
        let second = |logging: Fact<bool>| {
            changed(|it| it).and(|inventory| {
                crate::testing::add_trail(inventory, "111111111111", HOME, "second", |trail| {
                    crate::testing::status(trail).logging = logging;
                });
            })
        };
        let only = trail_stopped(changed(|it| it.replace("trail/main", "trail/other")));
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Fail, second(Known(true))),
                (Pass, second(Known(false))),
                (Fail, second(denied(calls::GET_TRAIL_STATUS))),
                (Fail, only),
                (Pass, trail_stopped(changed(|it| it))),
            ],
        );
    }

    fn trail_stopped(case: Case) -> Case {
        case.and(|inventory| {
            let trail = inventory.trails.values_mut().next().unwrap();
            crate::testing::status(trail).logging = Known(false);
        })
    }

    #[test]
    fn verdicts() {
        let below =
            |path: &str| changed(|it| it.replace("logs/AWSLogs/*", &format!("logs/{path}")));
        let literal_star = changed(|it| it.replace("trail/main", "trail/*"));
        table(
            &CHECK,
            [
                (Pass, changed(|it| it)),
                (Pass, below("*")),
                (Pass, below("AWSLogs/o-test/*")),
                // The management account's prefix alone.
                (Fail, below("AWSLogs/111111111111/*")),
                (Fail, below("AWSLogs/o-test/111111111111/*")),
                (Fail, below("AWSLogs/o-test/*/CloudTrail/*")),
                (Pass, below("AWSLogs/o-test/*/CloudTrail*")),
                (Fail, below("prefix/AWSLogs/*")),
                // One account, digests, one region.
                (Fail, deny("AWSLogs/o-test/222222222222/*")),
                (Fail, deny("*/CloudTrail-Digest/*")),
                (
                    Fail,
                    deny("AWSLogs/o-test/222222222222/CloudTrail/us-west-2/*"),
                ),
                (Pass, deny("AWSLogs/o-test/999999999999/*")),
                (Pass, deny("AWSLogs/o-test/222222222222/Config/*")),
                // CloudTrail asks for the ACL first.
                (
                    Fail,
                    changed(|it| it.replace("s3:GetBucketAcl", "s3:ListBucket")),
                ),
                // StringEquals compares the star as a letter.
                (Fail, literal_star),
                (
                    Fail,
                    unless(r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"}"#),
                ),
                (
                    Pass,
                    unless(
                        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"},"Bool":{"aws:PrincipalIsAWSService":"false"}"#,
                    ),
                ),
                (
                    Unknown,
                    unless(r#""StringNotLike":{"aws:UserAgent":"*aws*"}"#),
                ),
                (Fail, bucket(|b| b.policy = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
        let alone = inventory(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION));
        // A trail of a member that was not listed may deliver here, and be refused.
        let unlisted = inventory(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.accounts = denied(calls::LIST_ACCOUNTS);
        });
        table_on(&CHECK, BUCKET_ARN, [(Unknown, alone), (Unknown, unlisted)]);
    }
}
