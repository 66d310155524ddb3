//! What trails write is encrypted under a key that can be withdrawn.

use super::gone;
use crate::catalog::recording;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-default-encryption",
    title: "Log bucket encrypts with a KMS key what its trails do not encrypt themselves",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "S3 encrypts everything since 2023, with a key of its own that opens for whoever may read the object. A KMS \
          key is a second lock, with its own policy and a record of each use; a trail without one relies on the \
          bucket's default.",
    fix: "Give the bucket a default key: `aws s3api put-bucket-encryption --bucket BUCKET \
          --server-side-encryption-configuration 'Rules=[{ApplyServerSideEncryptionByDefault={SSEAlgorithm=aws:kms,\
          KMSMasterKeyID=KEY_ARN}}]'`, with a key policy that lets CloudTrail use it; or give every trail a key.",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_ENCRYPTION,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let without: Vec<&Arn> = ctx
        .deliverers(bucket)
        .iter()
        .filter(|trail| {
            trail
                .configuration
                .kms_key
                .ok()
                .is_some_and(Option::is_none)
        })
        .map(|trail| &trail.arn)
        .collect();
    let set = bucket.encryption.known()?.as_ref();
    // An answer without any is AWS's default since January 2023.
    let algorithm = set.map_or("AES256", |it| it.algorithm.as_str());
    let verdict = if algorithm.starts_with("aws:kms") {
        Verdict::pass("new objects are encrypted with a KMS key")
    } else if without.is_empty() {
        // A trail that is hidden may deliver here without a key.
        if let Some(gaps) = recording::hidden_anywhere(ctx) {
            return Err(gaps);
        }
        Verdict::pass(
            "S3's own key is the default, and every trail that delivers here brings its own",
        )
    } else {
        Verdict::fail(
            "log files lie under S3's own key: neither the bucket nor the trail names one",
        )
        .saw("TrailsWithoutKey", without)
    };
    Ok(verdict.saw("SSEAlgorithm", algorithm).expected("aws:kms"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::bucket::DefaultEncryption;
    use crate::testing::*;

    fn by(algorithm: &str) -> Case {
        let default = DefaultEncryption {
            algorithm: algorithm.to_owned(),
            kms_key: None,
            bucket_key: true,
        };
        bucket(|b| b.encryption = Known(Some(default)))
    }

    #[test]
    fn verdicts() {
        let unkeyed = |case: Case| {
            case.and(|it| {
                configuration(it.trails.values_mut().next().unwrap()).kms_key = Known(None)
            })
        };
        let none = || bucket(|b| b.encryption = Known(None));
        table(
            &CHECK,
            [
                (Pass, unkeyed(by("aws:kms"))),
                (Pass, unkeyed(by("aws:kms:dsse"))),
                (Fail, unkeyed(by("AES256"))),
                (Fail, unkeyed(none())),
                // The trail names a key for each file: the default does not matter.
                (Pass, by("AES256")),
                (Pass, none()),
                (
                    Fail,
                    none().and(|it| {
                        add_trail(it, ACCOUNT, HOME, "second", |it| {
                            configuration(it).kms_key = Known(None)
                        });
                    }),
                ),
                (
                    Unknown,
                    bucket(|b| b.encryption = denied(calls::GET_BUCKET_ENCRYPTION)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
        let hidden = none().and(|it| {
            add_trail(it, ACCOUNT, HOME, "second", |it| {
                it.configuration = denied(calls::DESCRIBE_TRAILS);
            });
        });
        table_on(&CHECK, BUCKET_ARN, [(Unknown, hidden)]);
    }
}
