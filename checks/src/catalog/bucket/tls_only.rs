//! Nothing is read or written in plain text.

use super::gone;
use crate::catalog::gap;
use crate::policy::posture;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-tls-only",
    title: "Log bucket policies should deny requests without TLS",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "S3 accepts plain HTTP unless the bucket policy denies it. Log files and signed requests can then be read or \
          changed in transit.",
    fix: "Add a statement to the bucket policy with Effect Deny, Principal `*`, Action `s3:*`, the bucket and \
          `BUCKET/*` as Resource, and Condition `Bool: {aws:SecureTransport: false}`: `aws s3api put-bucket-policy \
          --bucket BUCKET --policy file://policy.json`.",
    judged: "The policy must deny every action to everyone when aws:SecureTransport is false, on the bucket and on \
             its objects.",
    alike: &["A Deny on the objects alone fails; so does one that names a principal."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-HTTP-HTTPS",
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
            "there is no bucket policy, so requests without TLS are not denied",
        ));
    };
    let denied = posture::denies_plain_http(&policy, bucket.arn.as_str());
    let verdict = match (denied.bucket, denied.objects) {
        (true, true) => Verdict::pass("the bucket policy denies requests without TLS"),
        (true, false) => Verdict::fail(
            "the bucket policy denies requests without TLS for the bucket, but not \
            for its objects",
        ),
        (false, true) => Verdict::fail(
            "the bucket policy denies requests without TLS for the objects, but \
            not for the bucket",
        ),
        (false, false) => Verdict::fail(
            "the bucket policy does not deny every action to every principal \
            without TLS",
        ),
    };
    Ok(verdict
        .saw("Deny on the bucket", denied.bucket)
        .expected(true)
        .saw("Deny on the objects", denied.objects)
        .expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let both = r#""arn:aws:s3:::logs","arn:aws:s3:::logs/*""#;
        let deny = |principal: &str, action: &str, resource: &str, secure: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":{principal},
                "Action":"{action}","Resource":[{resource}],"Condition":{{"Bool":{{"aws:SecureTransport":"{secure}"}}}}}}]}}"#
            );
            bucket(|b| b.policy = Known(Some(policy)))
        };
        let everyone = r#""*""#;
        // All short keys, and those with an `a` or a `b` far from their end: what is left is hard to find.
        let mut hard: Vec<String> = (0..40)
            .map(|n| format!(r#""arn:aws:s3:::logs/{}""#, "?".repeat(n)))
            .collect();
        hard.push(r#""arn:aws:s3:::logs""#.to_owned());
        hard.extend(["a", "b"].map(|c| format!(r#""arn:aws:s3:::logs/*{c}{}""#, "?".repeat(30))));
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Unknown, deny(everyone, "s3:*", &hard.join(","), "false")),
                (Fail, deny(everyone, "s3:*", &hard[..41].join(","), "false")),
                (Pass, deny(everyone, "s3:*", both, "false")),
                (
                    Fail,
                    deny(everyone, "s3:*", r#""arn:aws:s3:::logs""#, "false"),
                ),
                (
                    Fail,
                    deny(everyone, "s3:*", r#""arn:aws:s3:::logs/*""#, "false"),
                ),
                (Fail, deny(everyone, "s3:PutObject", both, "false")),
                (
                    Fail,
                    deny(r#"{"AWS":"111111111111"}"#, "s3:*", both, "false"),
                ),
                (Fail, deny(everyone, "s3:*", both, "true")),
                (
                    Fail,
                    deny(
                        everyone,
                        "s3:*",
                        r#""arn:aws:s3:::other","arn:aws:s3:::other/*""#,
                        "false",
                    ),
                ),
                (Fail, bucket(|b| b.policy = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.policy = Known(Some("no policy".to_owned()))),
                ),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
