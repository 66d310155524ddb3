//! The bucket that a trail delivers to is there.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-bucket-exists",
    title: "Buckets that trails deliver to should exist",
    severity: Severity::Critical,
    question: Some(Question::Delivered),
    why: "The name of a deleted bucket is available to any AWS account. An external account that creates a bucket of \
          that name receives the log files. Until then no log files are delivered.",
    fix: "Recreate the bucket under the same name in your account without delay: `aws s3api create-bucket --bucket \
          BUCKET --create-bucket-configuration LocationConstraint=REGION --region REGION` (without \
          LocationConstraint in us-east-1). Or set another bucket: `aws cloudtrail update-trail --name TRAIL \
          --s3-bucket-name OTHER_BUCKET --region HOME_REGION`.",
    judged: "Fails when the bucket is known not to exist. A bucket that denies the call is unknown.",
    alike: &[
        "NoSuchBucket fails, since any account can create a bucket of that name. AccessDenied is unknown.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::HEAD_BUCKET],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    let exists = *bucket.exists.known()?;
    let verdict = match (exists, reserved_for(&bucket.name)) {
        (true, _) => Verdict::pass("the bucket exists"),
        (false, None) => Verdict::fail(
            "the bucket does not exist: no log files are delivered, and any account can create a bucket of this name",
        ),
        (false, Some(account)) => Verdict::fail(format!(
            "the bucket does not exist: no log files are delivered (its name is reserved for account {account})"
        )),
    };
    let trails: Vec<&Arn> = ctx
        .deliverers(bucket)
        .iter()
        .map(|trail| &trail.arn)
        .collect();
    Ok(verdict
        .saw("Exists", exists)
        .expected(true)
        .saw("trails that deliver to it", trails))
}

/// The account for which a name of an account-regional namespace is reserved: `NAME-ACCOUNT-REGION-an` ("Namespaces for
/// general purpose buckets", Amazon S3 User Guide).
fn reserved_for(name: &str) -> Option<&str> {
    let name = name.strip_suffix("-an")?;
    let digits = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split('-').collect();
    // Behind the account stands the region, of three parts or more: `us-east-1`, `us-gov-west-1`.
    let at = parts.iter().rposition(|it| digits(it))?;
    let region = parts.get(at + 1..)?;
    let numbered = region.last()?.bytes().all(|byte| byte.is_ascii_digit());
    (at > 0 && region.len() >= 3 && numbered)
        .then_some(parts.get(at).copied())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn names_that_are_reserved() {
        for (name, account) in [
            ("logs-111122223333-us-east-1-an", Some("111122223333")),
            ("a-logs-111122223333-us-gov-west-1-an", Some("111122223333")),
            ("logs-111122223333-us-east-1", None),
            ("logs-111122223333-an", None),
            ("logs-us-east-1-an", None),
            ("111122223333-us-east-1-an", None),
            ("logs-11112222333-us-east-1-an", None),
            ("logs", None),
        ] {
            assert_eq!(reserved_for(name), account, "{name}");
        }
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, bucket(|it| it.exists = Known(true))),
                (Fail, bucket(|it| it.exists = Known(false))),
                (Unknown, bucket(|it| it.exists = denied(calls::HEAD_BUCKET))),
                // It exists, whoever owns it: that is another check's question.
                (Pass, bucket(|it| it.owner = Known(None))),
            ],
        );
    }
}
