//! Nothing is read or written over a broken version of TLS.

use super::gone;
use crate::catalog::gap;
use crate::policy::posture;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-min-tls-version",
    title: "Log bucket policies should deny requests over TLS 1.0 and 1.1",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "TLS 1.0 and 1.1 have known weaknesses. AWS removed them from its public endpoints in 2024. A Deny in the \
          bucket policy enforces TLS 1.2 on every endpoint and documents the requirement for auditors.",
    fix: "Add a statement to the bucket policy with Effect Deny, Principal `*`, Action `s3:*`, the bucket and \
          `BUCKET/*` as Resource, and Condition `NumericLessThan: {s3:TlsVersion: 1.2}`: `aws s3api \
          put-bucket-policy --bucket BUCKET --policy file://policy.json`.",
    judged: "The bucket policy must deny, to everyone and for every action, requests under TLS 1.2.",
    alike: &["A Deny on aws:SecureTransport denies plain HTTP, but no TLS version: it fails here."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
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
        return Ok(Verdict::fail(
            "there is no bucket policy, so requests over TLS 1.0 and 1.1 are not denied",
        ));
    };
    let open: Vec<&str> = ["1.0", "1.1"]
        .into_iter()
        .filter(|version| {
            let denied = posture::denies_tls_version(&policy, bucket.arn.as_str(), version);
            !denied.is_complete()
        })
        .collect();
    let verdict = Verdict::pass_if(
        open.is_empty(),
        "the bucket policy denies requests over TLS 1.0 and 1.1",
        format!(
            "the bucket policy does not deny every action to every principal over TLS {}",
            open.join(" and ")
        ),
    );
    Ok(verdict.saw("TlsVersionsNotDenied", open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let both = r#""arn:aws:s3:::logs","arn:aws:s3:::logs/*""#;
        let deny = |resource: &str, condition: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Principal":"*","Action":"s3:*",
                "Resource":[{resource}],"Condition":{{{condition}}}}}}}"#
            );
            bucket(|b| b.policy = Known(Some(policy)))
        };
        let below = |version: &str| format!(r#""NumericLessThan":{{"s3:TlsVersion":"{version}"}}"#);
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, deny(both, &below("1.2"))),
                (Pass, deny(both, &below("1.3"))),
                (Fail, deny(both, &below("1.1"))),
                (Fail, deny(r#""arn:aws:s3:::logs/*""#, &below("1.2"))),
                // Plain HTTP is another question.
                (
                    Fail,
                    deny(both, r#""Bool":{"aws:SecureTransport":"false"}"#),
                ),
                (Fail, bucket(|b| b.policy = Known(None))),
                (Unknown, bucket(|b| b.policy = Known(Some("{".to_owned())))),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
