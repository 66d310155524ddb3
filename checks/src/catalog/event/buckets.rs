//! Key events: buckets and their objects.

use super::{Entry, Event};
use crate::events::key::{Distinct, Grade, Of, When};
use crate::finding::Severity;

pub(super) static ENTRIES: &[Entry] = &[
    Event {
        id: "event-buckets-enumerated",
        title: "Buckets should not be enumerated",
        severity: Severity::Medium,
        why: "Before data is stolen, its location is looked for: with ListBuckets from an instance, or with many different reads of bucket settings.",
        fix: "Determine whether a known tool did it. Otherwise rotate the credentials, and limit `s3:ListAllMyBuckets` to the roles that need it.",
        judged: "Fails for each actor with 5 or more different reads of bucket settings in ten minutes of event time, by verified records of `ListBuckets, GetBucketAcl, GetBucketPolicy, GetBucketPolicyStatus, GetBucketLocation, GetBucketLogging, GetBucketTagging, GetBucketPublicAccessBlock, GetBucketVersioning, GetBucketWebsite`.",
        references: &[
            "https://attack.mitre.org/techniques/T1619/",
            "https://attack.mitre.org/techniques/T1580/",
        ],
        attack: &["T1619", "T1580"],
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
    }
    .entry(),
    Event {
        id: "event-bucket-policy-changed",
        title: "Bucket policies and ACLs should not be changed unexpectedly",
        severity: Severity::High,
        why: "A bucket policy, ACL, website or replication can open the objects to other accounts or to everyone.",
        fix: "Review the new policy in the record, restore the earlier one, and enable the public access block.",
        judged: "Fails for each resource or actor of a verified record of `PutBucketPolicy, DeleteBucketPolicy, PutBucketAcl, PutObjectAcl, PutBucketWebsite, PutBucketCors, PutBucketReplication, PutAccessPointPolicy`. One severity step higher where it is opened to everyone or to an external account; one lower for a policy that stays within the account, a private ACL, CORS and web site settings.",
        references: &[
            "https://attack.mitre.org/techniques/T1530/",
            "https://attack.mitre.org/techniques/T1567/",
        ],
        attack: &["T1530", "T1567"],
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
    }
    .entry(),
    Event {
        id: "event-public-block-removed",
        title: "Public access blocks should not be removed",
        severity: Severity::High,
        why: "The public access block is the last control against public buckets.",
        fix: "Set all four settings of the block again with PutPublicAccessBlock, on the bucket or for the account.",
        judged: "Fails for each resource or actor of a verified record of `DeleteBucketPublicAccessBlock, DeleteAccountPublicAccessBlock, PutBucketPublicAccessBlock, PutAccountPublicAccessBlock` for which `name startswith Delete or requestParameters.PublicAccessBlockConfiguration.BlockPublicAcls = false or requestParameters.PublicAccessBlockConfiguration.BlockPublicPolicy = false or requestParameters.PublicAccessBlockConfiguration.IgnorePublicAcls = false or requestParameters.PublicAccessBlockConfiguration.RestrictPublicBuckets = false or not requestParameters.PublicAccessBlockConfiguration exists` holds.",
        references: &[
            "https://attack.mitre.org/techniques/T1562/",
            "https://attack.mitre.org/techniques/T1530/",
        ],
        attack: &["T1562", "T1530"],
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
    }
    .entry(),
    Event {
        id: "event-bucket-protection-removed",
        title: "The protection of buckets should not be weakened",
        severity: Severity::Medium,
        why: "Deletion, suspended versioning, other encryption, lifecycle rules or missing access logs lead to lost data and lost traces.",
        fix: "Restore the versioning, encryption, lifecycle or logging that the record changed.",
        judged: "Fails for each resource or actor of a verified record of `DeleteBucket, PutBucketVersioning, DeleteBucketEncryption, PutBucketEncryption, PutBucketLifecycle, PutBucketLifecycleConfiguration, PutBucketLogging` for which `name != PutBucketVersioning or requestParameters.VersioningConfiguration.Status = Suspended` holds.",
        references: &[
            "https://attack.mitre.org/techniques/T1485/",
            "https://attack.mitre.org/techniques/T1486/",
            "https://attack.mitre.org/techniques/T1562/",
        ],
        attack: &["T1485", "T1486", "T1562"],
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
    }
    .entry(),
    Event {
        id: "event-objects-deleted-in-bulk",
        title: "Objects should not be deleted or encrypted in bulk",
        severity: Severity::High,
        why: "A hundred or more deletions in ten minutes, or copies with a key of another account, are typical for extortion.",
        fix: "Disable the credentials, restore earlier versions of the objects, and enable Object Lock for the bucket.",
        judged: "Fails for each actor with 100 or more deleted or encrypted objects of a bucket in ten minutes of event time, by verified records of `DeleteObject, DeleteObjects, CopyObject, PutObject`. Unknown where no verified record is of a write of an S3 object: no trail may log them.",
        references: &[
            "https://attack.mitre.org/techniques/T1485/",
            "https://attack.mitre.org/techniques/T1486/",
        ],
        attack: &["T1485", "T1486"],
        sources: &["s3.amazonaws.com"],
        names: &["DeleteObject", "DeleteObjects", "CopyObject", "PutObject"],
        failures: false,
        when: When::Distinct {
            least: 100,
            of: Distinct::ObjectsLost,
        },
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
];
