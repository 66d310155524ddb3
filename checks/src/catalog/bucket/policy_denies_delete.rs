//! The bucket guards itself.

use super::gone;
use crate::catalog::gap;
use crate::policy::{self, Caller, CallerKind, Layers, Policy, Request, Target, decide};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-denies-delete",
    title: "The bucket policy denies deleting and reconfiguring to all but a break-glass role",
    severity: Severity::Medium,
    why: "Without a Deny of its own the bucket is as safe as the most careless identity policy of its account.",
    fix: "Add a Deny for everyone on s3:DeleteObject, s3:DeleteObjectVersion, s3:PutLifecycleConfiguration, \
          s3:PutBucketPolicy and s3:DeleteBucket, but to one role by ArnNotEquals on aws:PrincipalArn (`aws \
          s3api put-bucket-policy`).",
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(policy) = gap::bucket_policy(bucket, ctx)? else {
        return Ok(Verdict::fail("there is no bucket policy"));
    };
    let left: Vec<&str> = [
        ("s3:DeleteObject", true),
        ("s3:DeleteObjectVersion", true),
        ("s3:PutLifecycleConfiguration", false),
        ("s3:PutBucketPolicy", false),
        ("s3:DeleteBucket", false),
    ]
    .into_iter()
    .filter(|(action, objects)| !denied(bucket, &policy, action, *objects))
    .map(|(action, _)| action)
    .collect();
    Ok(match left.as_slice() {
        [] => Verdict::pass("it denies deleting and reconfiguring"),
        _ => Verdict::fail("it leaves deleting or reconfiguring open").saw("not denied", &left),
    })
}

/// To somebody of the owner's account who may do everything there, and whom no policy names.
fn denied(bucket: &Bucket, policy: &policy::Document, action: &str, objects: bool) -> bool {
    let account = "000000000000";
    let role = format!("arn:aws:iam::{account}:role/somebody");
    let id = format!("arn:aws:sts::{account}:assumed-role/somebody/any");
    let mut caller = Caller::new(CallerKind::AssumedRole, &id, account);
    caller.role_arn = Some(role);
    let everything =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let Ok(everything) = policy::Document::parse(everything) else {
        return false;
    };
    let mut context = policy::Context::of_caller(&caller);
    context.close("aws:PrincipalTag/");
    let request = Request {
        caller,
        action: action.to_owned(),
        target: match objects {
            true => Target::Matching(format!("{}/*", bucket.arn)),
            false => Target::One(bucket.arn.to_string()),
        },
        resource_account: account.to_owned(),
        context,
    };
    let layers = Layers {
        identity: vec![Policy::<String>::new("everything", &everything)],
        resource: Some(Policy::new("bucket policy", policy)),
        ..Layers::default()
    };
    decide(&request, &layers).verdict == policy::Verdict::Denied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fail, NotApplicable, Pass, Unknown, bucket, table};

    fn deny(principal: &str, actions: &str, condition: &str) -> crate::testing::Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny",{principal},"Action":{actions},"Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]{condition}}}}}"#
        );
        bucket(|b| b.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let all = r#"["s3:DeleteObject*","s3:DeleteBucket","s3:Put*"]"#;
        let everyone = r#""Principal":"*""#;
        let glass = r#","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/glass"}}"#;
        let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#;
        table(
            &CHECK,
            [
                (Pass, deny(everyone, all, "")),
                (Pass, deny(everyone, all, glass)),
                (Fail, deny(everyone, all, mfa)),
                (
                    Fail,
                    deny(
                        everyone,
                        r#"["s3:DeleteObject","s3:DeleteBucket","s3:Put*"]"#,
                        "",
                    ),
                ),
                (
                    Fail,
                    deny(
                        r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/x"}"#,
                        all,
                        "",
                    ),
                ),
                (
                    Pass,
                    deny(
                        r#""NotPrincipal":{"AWS":["111111111111","arn:aws:iam::111111111111:role/glass"]}"#,
                        all,
                        "",
                    ),
                ),
                (Fail, bucket(|_| {})),
                (Fail, bucket(|b| b.policy = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.policy = crate::testing::denied(calls::GET_BUCKET_POLICY)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
