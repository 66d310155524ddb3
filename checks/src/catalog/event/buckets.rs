//! Key events: buckets and their objects.

use super::{Entry, READS, told};
use crate::check::{Check, Run};
use crate::events::key::{Distinct, Grade, Key, Of, When};
use crate::finding::Severity;

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        check: Check {
            id: "event-buckets-enumerated",
            title: "Buckets should not be enumerated",
            severity: Severity::Medium,
            question: None,
            why: "Before data is stolen, its location is looked for: with ListBuckets from an instance, or with many different reads of bucket settings.",
            fix: "Determine whether a known tool did it. Otherwise rotate the credentials, and limit `s3:ListAllMyBuckets` to the roles that need it.",
            references: &[
                "https://attack.mitre.org/techniques/T1619/",
                "https://attack.mitre.org/techniques/T1580/",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1619", "T1580"],
        key: Key {
            id: "event-buckets-enumerated",
            sources: &["s3.amazonaws.com"],
            names: &[
                "ListBuckets",
                "GetBucketAcl",
                "GetBucketPolicy",
                "GetBucketPolicyStatus",
                "GetBucketLocation",
                "GetBucketLogging",
                "GetBucketTagging",
                "GetBucketPublicAccessBlock",
                "GetBucketVersioning",
                "GetBucketWebsite",
            ],
            failures: false,
            when: When::Distinct {
                least: 5,
                of: Distinct::BucketReads,
            },
            subject: Of::Actor,
            grade: Grade::Same,
        },
    },
    Entry {
        check: Check {
            id: "event-bucket-policy-changed",
            title: "Bucket policies and ACLs should not be changed unexpectedly",
            severity: Severity::High,
            question: None,
            why: "A bucket policy, ACL, website or replication can open the objects to other accounts or to everyone.",
            fix: "Review the new policy in the record, restore the earlier one, and enable the public access block.",
            references: &[
                "https://attack.mitre.org/techniques/T1530/",
                "https://attack.mitre.org/techniques/T1567/",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1530", "T1567"],
        key: Key {
            id: "event-bucket-policy-changed",
            sources: &["s3.amazonaws.com"],
            names: &[
                "PutBucketPolicy",
                "DeleteBucketPolicy",
                "PutBucketAcl",
                "PutObjectAcl",
                "PutBucketWebsite",
                "PutBucketCors",
                "PutBucketReplication",
                "PutAccessPointPolicy",
            ],
            failures: false,
            when: When::Each(""),
            subject: Of::Named(&[("bucketName", "arn:{p}:s3:::{v}")]),
            grade: Grade::BucketPolicy,
        },
    },
    Entry {
        check: Check {
            id: "event-public-block-removed",
            title: "Public access blocks should not be removed",
            severity: Severity::High,
            question: None,
            why: "The public access block is the last control against public buckets.",
            fix: "Set all four settings of the block again with PutPublicAccessBlock, on the bucket or for the account.",
            references: &[
                "https://attack.mitre.org/techniques/T1562/",
                "https://attack.mitre.org/techniques/T1530/",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1562", "T1530"],
        key: Key {
            id: "event-public-block-removed",
            sources: &["s3.amazonaws.com", "s3control.amazonaws.com"],
            names: &[
                "DeleteBucketPublicAccessBlock",
                "DeleteAccountPublicAccessBlock",
                "PutBucketPublicAccessBlock",
                "PutAccountPublicAccessBlock",
            ],
            failures: false,
            when: When::Each(
                "name startswith Delete or requestParameters.PublicAccessBlockConfiguration.BlockPublicAcls = false or requestParameters.PublicAccessBlockConfiguration.BlockPublicPolicy = false or requestParameters.PublicAccessBlockConfiguration.IgnorePublicAcls = false or requestParameters.PublicAccessBlockConfiguration.RestrictPublicBuckets = false or not requestParameters.PublicAccessBlockConfiguration exists",
            ),
            subject: Of::Named(&[("bucketName", "arn:{p}:s3:::{v}")]),
            grade: Grade::Same,
        },
    },
    Entry {
        check: Check {
            id: "event-bucket-protection-removed",
            title: "The protection of buckets should not be weakened",
            severity: Severity::Medium,
            question: None,
            why: "Deletion, suspended versioning, other encryption, lifecycle rules or missing access logs lead to lost data and lost traces.",
            fix: "Restore the versioning, encryption, lifecycle or logging that the record changed.",
            references: &[
                "https://attack.mitre.org/techniques/T1485/",
                "https://attack.mitre.org/techniques/T1486/",
                "https://attack.mitre.org/techniques/T1562/",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1485", "T1486", "T1562"],
        key: Key {
            id: "event-bucket-protection-removed",
            sources: &["s3.amazonaws.com"],
            names: &[
                "DeleteBucket",
                "PutBucketVersioning",
                "DeleteBucketEncryption",
                "PutBucketEncryption",
                "PutBucketLifecycle",
                "PutBucketLifecycleConfiguration",
                "PutBucketLogging",
            ],
            failures: false,
            when: When::Each(
                "name != PutBucketVersioning or requestParameters.VersioningConfiguration.Status = Suspended",
            ),
            subject: Of::Named(&[("bucketName", "arn:{p}:s3:::{v}")]),
            grade: Grade::Same,
        },
    },
    Entry {
        check: Check {
            id: "event-objects-deleted-in-bulk",
            title: "Objects should not be deleted or encrypted in bulk",
            severity: Severity::High,
            question: None,
            why: "A hundred or more deletions in ten minutes, or copies with a key of another account, are typical for extortion.",
            fix: "Disable the credentials, restore earlier versions of the objects, and enable Object Lock for the bucket.",
            references: &[
                "https://attack.mitre.org/techniques/T1485/",
                "https://attack.mitre.org/techniques/T1486/",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1485", "T1486"],
        key: Key {
            id: "event-objects-deleted-in-bulk",
            sources: &["s3.amazonaws.com"],
            names: &["DeleteObject", "DeleteObjects", "CopyObject", "PutObject"],
            failures: false,
            when: When::Distinct {
                least: 100,
                of: Distinct::ObjectsLost,
            },
            subject: Of::Actor,
            grade: Grade::Same,
        },
    },
];
