//! What trails write is encrypted under a key that can be withdrawn.

use super::gone;
use crate::catalog::{outsiders, recording};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-default-encryption",
    title: "Log buckets should use a KMS key by default where a trail does not encrypt with one",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "S3 encrypts every object with SSE-S3, which decrypts for every principal that can read the object. A KMS \
          key requires a second permission, has its own policy, and each use of it is logged. A trail without a KMS \
          key relies on the bucket's default encryption.",
    fix: "Set a KMS key whose key policy grants access to CloudTrail as default encryption: `aws s3api \
          put-bucket-encryption --bucket BUCKET --server-side-encryption-configuration \
          'Rules=[{ApplyServerSideEncryptionByDefault={SSEAlgorithm=aws:kms,KMSMasterKeyID=KEY_ARN}}]'`. Or \
          configure a KMS key on every trail: `aws cloudtrail update-trail --name TRAIL_ARN --kms-key-id KEY_ARN \
          --region TRAIL_REGION`.",
    judged: "Passes when the bucket's default encryption uses a KMS key, or when every trail that delivers to it has \
             its own. A response without encryption means AES256, the default since 2023.",
    alike: &[
        "AES256 with a KMS key on every trail passes; AES256 with one trail without a KMS key fails.",
    ],
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
        Verdict::pass("the bucket's default encryption uses a KMS key")
    } else if without.is_empty() {
        // A trail that is hidden may deliver here without a key.
        if let Some(gaps) = recording::hidden_anywhere(ctx) {
            return Err(gaps);
        }
        Verdict::pass(
            "the default encryption is SSE-S3, and every trail that delivers to the bucket has its own KMS key",
        )
    } else {
        let trails: Vec<&str> = without.iter().map(|it| it.as_str()).collect();
        Verdict::fail(format!(
            "neither the bucket nor the trail has a KMS key, so log files are encrypted with SSE-S3: {}",
            outsiders::few(&trails, ", ", 2)
        ))
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
            case.and(|inventory| {
                configuration(inventory.trails.values_mut().next().unwrap()).kms_key = Known(None)
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
                    none().and(|inventory| {
                        add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                            configuration(trail).kms_key = Known(None)
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
        let hidden = none().and(|inventory| {
            add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                trail.configuration = denied(calls::DESCRIBE_TRAILS);
            });
        });
        table_on(&CHECK, BUCKET_ARN, [(Unknown, hidden)]);
    }
}
