//! Nobody can delete or overwrite log files.

use super::effective::{BUCKETS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-log-delete",
    title: "Only approved principals should be able to delete or overwrite log files",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "Log and digest files are evidence. A principal that can delete, hide or replace them can remove the traces \
          of an attack.",
    fix: "Remove s3:DeleteObject, s3:DeleteObjectVersion and s3:PutObject on the log bucket from the principals, and \
          deny them in the bucket policy to every principal except cloudtrail.amazonaws.com.",
    judged: "Fails for every principal that can delete or overwrite log files or their versions. If Object Lock in \
             COMPLIANCE mode keeps the files for `retention_days`, deleting versions has no effect, and passes. In \
             GOVERNANCE mode the permission to bypass it is required as well. A retention that ends earlier does not \
             count.",
    alike: &[
        "s3:DeleteObject with versioning and no lock fails; under COMPLIANCE retention of 400 days \
         s3:DeleteObjectVersion passes, under one day it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
    ],
    reads: BUCKETS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObject",
    "s3:ReplicateDelete",
    "s3:ReplicateObject",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can delete or overwrite log files")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    /// Somebody may delete versions, and nothing else, under this lock.
    fn locked(mode: RetentionMode, days: u32) -> Case {
        may("s3:DeleteObjectVersion", "*").and(|inventory| {
            let bucket = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
            bucket.default_retention = Known(Some(Retention {
                mode,
                days: Some(days),
                years: None,
            }));
        })
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, may("s3:PutObject", "arn:aws:s3:::logs/*")),
                (Pass, may("s3:GetObject", "arn:aws:s3:::logs/*")),
                (Pass, may("s3:PutObject", "arn:aws:s3:::logs-2/*")),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (Pass, bounded("s3:PutObject", "s3:GetObject")),
                (Fail, bounded("s3:PutObject", "s3:PutObject")),
                (Fail, with_mfa("s3:PutObject")),
                // A lock holds until it ends: one that is shorter than required is waited out.
                (Pass, locked(RetentionMode::Compliance, 365)),
                (Fail, locked(RetentionMode::Compliance, 1)),
                (Fail, locked(RetentionMode::Compliance, 364)),
                (Pass, locked(RetentionMode::Governance, 365)),
                (Fail, locked(RetentionMode::Governance, 1)),
                (
                    Pass,
                    locked(RetentionMode::Compliance, 30).with(|it| it.retention_days = 30),
                ),
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
