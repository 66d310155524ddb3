//! Only CloudTrail writes.

use super::gone;
use crate::catalog::gap;
use crate::policy::{Principal, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-writers-only-cloudtrail",
    title: "Nobody but CloudTrail may write log files by the bucket policy",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Whoever else may write under AWSLogs/ can plant files that look like the record, or fill it until \
          nobody reads it.",
    fix: "Leave s3:PutObject on AWSLogs/ to cloudtrail.amazonaws.com alone (`aws s3api put-bucket-policy`), \
          and let other services write to a bucket of their own.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
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
        return Ok(Verdict::pass("there is no bucket policy"));
    };
    let cloudtrail = Principal::Service("cloudtrail.amazonaws.com".to_owned());
    let mut others = Vec::new();
    let (places, missing) = places(bucket, ctx);
    for place in places {
        for found in posture::allows_on(&policy, &["s3:PutObject"], &place) {
            let principals = found.statement.principals.as_ref();
            let alone = principals.is_some_and(|it| {
                !it.negated
                    && it
                        .members
                        .iter()
                        .all(|it| *it == cloudtrail || it.is_deleted())
            });
            if !alone {
                others.push(found.label());
            }
        }
    }
    others.sort();
    others.dedup();
    if others.is_empty() {
        if let Some(missing) = missing {
            return Err(missing);
        }
        return Ok(Verdict::pass(
            "no statement lets anybody else write log files",
        ));
    }
    let verdict = Verdict::fail("the bucket policy lets others than CloudTrail write log files");
    Ok(verdict.saw("Statement", others))
}

/// Where trails put their files, and the trails of which that is not known.
fn places(bucket: &Bucket, ctx: &Context<'_>) -> (Vec<String>, Option<Gaps>) {
    let (mut places, mut missing) = (Vec::new(), Vec::new());
    for trail in ctx.deliverers(bucket) {
        match trail.configuration.prefix.known() {
            Ok(Some(prefix)) if !prefix.is_empty() => {
                let prefix = prefix.trim_matches('/');
                places.push(format!("{}/{prefix}/AWSLogs/*", bucket.arn));
            }
            Ok(_) => places.push(format!("{}/AWSLogs/*", bucket.arn)),
            Err(gaps) => missing.push(gaps),
        }
    }
    (places, Gaps::collect(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn also(principal: &str, action: &str, resource: &str) -> Case {
        let more = format!(
            r#"{{"Sid":"More","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"{resource}"}},{{"Sid":"Tls""#
        );
        let policy = BUCKET_POLICY.replace(r#"{"Sid":"Tls""#, &more);
        bucket(|b| b.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let role = r#"{"AWS":"arn:aws:iam::111111111111:role/x"}"#;
        let all = "arn:aws:s3:::logs/*";
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Pass, bucket(|b| b.policy = Known(None))),
                (Fail, also(role, "s3:PutObject", all)),
                (
                    Fail,
                    also(role, "s3:Put*", "arn:aws:s3:::logs/AWSLogs/111111111111/*"),
                ),
                (Pass, also(role, "s3:GetObject", all)),
                (
                    Pass,
                    also(role, "s3:PutObject", "arn:aws:s3:::logs/reports/*"),
                ),
                (
                    Fail,
                    also(r#"{"Service":"config.amazonaws.com"}"#, "s3:PutObject", all),
                ),
                (Fail, also(r#""*""#, "s3:PutObject", all)),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Unknown, bucket(|b| b.policy = Known(Some("{".to_owned())))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
