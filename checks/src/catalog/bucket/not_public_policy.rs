//! No policy lets strangers in.

use super::{block, gone};
use crate::catalog::{gap, outsiders};
use crate::policy::posture;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-not-public-policy",
    title: "The log bucket policy should not grant public access",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "A statement for Principal `*` grants access to everyone on the internet unless its conditions restrict the \
          caller to fixed accounts, networks or organizations.",
    fix: "In the bucket policy, replace Principal `*` by named principals, or add a condition such as \
          `aws:PrincipalOrgID`: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json`. To block \
          public access immediately: `aws s3api put-public-access-block --bucket BUCKET \
          --public-access-block-configuration \
          BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`.",
    judged: "Evaluates every statement with a wide principal: fails when it grants public access, unless \
             RestrictPublicBuckets of the bucket or account restricts it. S3's own GetBucketPolicyStatus counts as \
             well, unless a wildcard in an ARN below a fixed account explains it.",
    alike: &[
        "Principal `*` with aws:SourceOrgID of the organization passes; with a condition that everyone can meet it \
         fails.",
        "aws:PrincipalArn `arn:aws:iam::ACCOUNT:role/*` passes, since no external principal has such an ARN; \
         `arn:aws:iam::*:role/name` fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::GET_BUCKET_POLICY_STATUS,
        calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
        calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let policy = gap::bucket_policy(bucket, ctx);
    if let Ok(None) = policy {
        return Ok(Verdict::pass("the bucket has no policy"));
    }
    let public: Vec<String> = match &policy {
        Ok(Some(policy)) => posture::public_grants(policy)
            .iter()
            .map(posture::Found::grant)
            .collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    // S3's own word counts as well: where it differs from our reading, the worse one is told. It goes by the wording,
    // so that a wildcard in an ARN is public to it even where the account is fixed: that explains the difference.
    let said = bucket.policy_is_public.known();
    let worded = match &policy {
        Ok(Some(policy)) => !posture::public_by_wording(policy).is_empty(),
        Ok(None) | Err(_) => false,
    };
    let explained = public.is_empty() && worded;
    let said_public = !explained && said.as_ref().is_ok_and(|it| **it == Some(true));
    if policy.is_ok() && said.is_ok() && public.is_empty() && !said_public {
        let verdict = Verdict::pass("no statement of the bucket policy grants public access");
        return Ok(match explained {
            true => verdict.saw("IsPublic", said.ok()),
            false => verdict,
        });
    }
    let closed = block::switched_on(bucket, ctx, |it| it.restrict_public_buckets);
    if let Ok(Some(place)) = closed {
        let verdict = Verdict::pass(format!(
            "Block Public Access of {place} restricts public policies (RestrictPublicBuckets)"
        ));
        return Ok(verdict.saw("RestrictPublicBuckets", true));
    }
    let mut gaps = Vec::from_iter(closed.err());
    if public.is_empty() && !said_public {
        gaps.extend(policy.err().into_iter().chain(said.err()));
    }
    if let Some(gaps) = Gaps::collect(gaps) {
        return Err(gaps);
    }
    let verdict = match public.is_empty() {
        true => Verdict::fail(
            "the bucket policy grants public access (GetBucketPolicyStatus: IsPublic)",
        ),
        false => Verdict::fail(format!(
            "the bucket policy grants public access: {}",
            outsiders::few(&public, "; ", 3)
        )),
    };
    Ok(verdict
        .saw("Statement", public)
        .saw("IsPublic", said_public))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PublicAccessBlock;
    use crate::testing::*;

    fn change(it: &mut Inventory, change: impl FnOnce(&mut Bucket)) {
        change(it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap());
    }

    /// Only the policy stands between the bucket and this principal.
    fn allows(principal: &str, condition: &str) -> Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Sid":"Read","Effect":"Allow","Principal":{principal},
            "Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*","Condition":{{{condition}}}}}}}"#
        );
        says(policy)
    }

    fn says(policy: String) -> Case {
        let unrestricted = PublicAccessBlock {
            restrict_public_buckets: false,
            ..PublicAccessBlock::ALL
        };
        account(|a| a.public_access_block = Known(None)).and(|inventory| {
            change(inventory, |b| {
                b.policy = Known(Some(policy));
                b.public_access_block = Known(Some(unrestricted));
            });
        })
    }

    #[test]
    fn verdicts() {
        let restricts = PublicAccessBlock {
            restrict_public_buckets: true,
            ..PublicAccessBlock::default()
        };
        let everyone = || allows(r#""*""#, "");
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Pass, bucket(|b| b.policy = Known(None))),
                (Fail, everyone()),
                (Pass, allows(r#"{"AWS":"111111111111"}"#, "")),
                (Fail, allows(r#"{"AWS":"*"}"#, "")),
                (
                    Pass,
                    allows(
                        r#""*""#,
                        r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#,
                    ),
                ),
                (
                    Fail,
                    allows(r#""*""#, r#""StringLike":{"aws:PrincipalOrgID":"*"}"#),
                ),
                (
                    Fail,
                    allows(r#"{"AWS":"111111111111"}"#, "").and(|inventory| {
                        change(inventory, |b| b.policy_is_public = Known(Some(true)));
                    }),
                ),
                (
                    Pass,
                    everyone().and(|inventory| {
                        change(inventory, |b| {
                            b.public_access_block = Known(Some(restricts))
                        })
                    }),
                ),
                (
                    Pass,
                    everyone().and(|inventory| {
                        inventory
                            .accounts
                            .values_mut()
                            .next()
                            .unwrap()
                            .public_access_block = Known(Some(restricts));
                    }),
                ),
                (
                    NotApplicable,
                    everyone().and(|inventory| change(inventory, |b| b.exists = Known(false))),
                ),
            ],
        );
    }

    #[test]
    fn a_wildcard_below_a_fixed_account_is_nobody_elses() {
        let arn = |arn: &str, said: bool| {
            let condition = format!(r#""ArnLike":{{"aws:PrincipalArn":"{arn}"}}"#);
            allows(r#""*""#, &condition)
                .and(|inventory| change(inventory, |b| b.policy_is_public = Known(Some(said))))
        };
        table(
            &CHECK,
            [
                (Pass, arn("arn:aws:iam::111111111111:role/*", false)),
                // S3 goes by the wording.
                (Pass, arn("arn:aws:iam::111111111111:role/*", true)),
                (Fail, arn("arn:aws:iam::*:role/reader", false)),
                (Fail, arn("arn:aws:iam::11111111111*:role/*", true)),
                // Here nothing in the wording explains it.
                (Fail, arn("arn:aws:iam::111111111111:role/reader", true)),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let status = || denied(calls::GET_BUCKET_POLICY_STATUS);
        let policy = || denied(calls::GET_BUCKET_POLICY);
        let ours = || allows(r#"{"AWS":"111111111111"}"#, "");
        let everyone = || allows(r#""*""#, "");
        table(
            &CHECK,
            [
                (
                    Unknown,
                    ours().and(|inventory| change(inventory, |b| b.policy = policy())),
                ),
                (
                    Unknown,
                    ours().and(|inventory| change(inventory, |b| b.policy_is_public = status())),
                ),
                (Unknown, says("{".to_owned())),
                (Pass, bucket(|b| b.policy = policy())),
                (
                    Fail,
                    everyone()
                        .and(|inventory| change(inventory, |b| b.policy_is_public = status())),
                ),
                (
                    Fail,
                    ours().and(|inventory| {
                        change(inventory, |b| {
                            b.policy = policy();
                            b.policy_is_public = Known(Some(true));
                        })
                    }),
                ),
                (
                    Unknown,
                    everyone().and(|inventory| {
                        change(inventory, |b| b.owner = denied(calls::HEAD_BUCKET))
                    }),
                ),
                (
                    Unknown,
                    everyone().and(|inventory| {
                        change(inventory, |b| {
                            b.public_access_block = denied(calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK);
                        })
                    }),
                ),
            ],
        );
    }
}
