//! Nobody can reconfigure the log bucket.

use super::effective::{BUCKETS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-bucket-reconfigure",
    title: "Only approved principals should be able to reconfigure log buckets",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "A lifecycle rule of one day, a new bucket policy or suspended versioning removes the protection of all log \
          files at once.",
    fix: "Remove s3:PutBucketPolicy, s3:PutLifecycleConfiguration and the other s3:PutBucket* permissions on the log \
          bucket from the principals, or deny them in an SCP that exempts a break-glass role. Keep the bucket in a \
          separate log archive account.",
    judged: "Fails for every principal that can change the log bucket's policy, ACL, Object Lock, versioning, \
             lifecycle, replication or Block Public Access settings, or delete the bucket.",
    alike: &["s3:* on another bucket passes; s3:PutBucket* on all buckets fails."],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
    ],
    reads: BUCKETS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketVersioning",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketAcl",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:DeleteBucket",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can reconfigure log buckets")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn replicated(rules: Fact<Option<Vec<crate::inventory::bucket::ReplicationRule>>>) -> Case {
        may("s3:PutReplicationConfiguration", "arn:aws:s3:::logs").and(|inventory| {
            inventory
                .buckets
                .get_mut(&Arn::bucket("aws", "logs"))
                .unwrap()
                .replication = rules;
        })
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (
                    Fail,
                    may("s3:PutLifecycleConfiguration", "arn:aws:s3:::logs"),
                ),
                (
                    Pass,
                    may("s3:GetLifecycleConfiguration", "arn:aws:s3:::logs"),
                ),
                (
                    Pass,
                    may("s3:PutLifecycleConfiguration", "arn:aws:s3:::logs/*"),
                ),
                (Fail, may("*", "*")),
                // The replication is removed without a role to pass; setting one up takes a role.
                (
                    Fail,
                    may("s3:PutReplicationConfiguration", "arn:aws:s3:::logs"),
                ),
                (Pass, replicated(Known(None))),
                (Unknown, replicated(denied(calls::GET_BUCKET_REPLICATION))),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded(
                        "s3:PutLifecycleConfiguration",
                        "s3:GetLifecycleConfiguration",
                    ),
                ),
                (
                    Fail,
                    bounded(
                        "s3:PutLifecycleConfiguration",
                        "s3:PutLifecycleConfiguration",
                    ),
                ),
                (Fail, with_mfa("s3:PutLifecycleConfiguration")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
                (
                    Unknown,
                    role(|r| r.boundary = Some(Arn::from("arn:aws:iam::111111111111:policy/gone")))
                        .and_iam(|it| it.roles.last_mut().unwrap().inline.push(inline(ALL))),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
