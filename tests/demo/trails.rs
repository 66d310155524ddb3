//! The trails, and where they write to.

use trailaudit_checks::calls;
use trailaudit_checks::fact::{Fact, Known, Reason};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::bucket::{AclGrant, DefaultEncryption};
use trailaudit_checks::inventory::monitoring::{
    MetricFilter, MetricTransformation, Subscription, TopicConfiguration,
};
use trailaudit_checks::inventory::trail::{
    AdvancedSelector, DataResource, EventSelector, FieldSelector, Insight, RegionalStatus,
};
use trailaudit_checks::inventory::{
    Bucket, Delivery, Inventory, Key, KeyMetadata, LogGroup, LogGroupConfiguration,
    PublicAccessBlock, Retention, RetentionMode, Selectors, Topic, Trail, TrailConfiguration,
    TrailStatus, Versioning,
};

use super::accounts;
use super::{HOME, LEGACY, LOG_ARCHIVE, MANAGEMENT, PAYMENTS, REGIONS, SANDBOX, time};
use crate::ask::{Ask, At, unasked};

pub(crate) const ORGANIZATION_TRAIL: &str =
    "arn:aws:cloudtrail:us-east-1:111111111111:trail/organization-trail";
pub(crate) const BUCKET_TRAIL: &str =
    "arn:aws:cloudtrail:us-east-1:111111111111:trail/log-bucket-audit";
pub(crate) const WEAK_TRAIL: &str =
    "arn:aws:cloudtrail:eu-central-1:444444444444:trail/payments-audit";
pub(crate) const SANDBOX_TRAIL: &str = "arn:aws:cloudtrail:us-west-2:666666666666:trail/experiment";
/// How long the log bucket locks what is delivered.
pub(crate) const KEPT_DAYS: u32 = 90;
pub(crate) const KEY: &str =
    "arn:aws:kms:us-east-1:222222222222:key/8f0f6a52-3c1d-4f7e-9a55-0c6d1e2b7a90";
const GROUP: &str = "arn:aws:logs:us-east-1:111111111111:log-group:organization-trail";
const LOGS: &str = "example-organization-trail-222222222222";
const PAYMENTS_LOGS: &str = "payments-audit-444444444444";
const SANDBOX_LOGS: &str = "experiment-trail-666666666666";
const ROOT_USAGE: &str = r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#;
const TRAIL_CHANGES: &str = "{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }";

/// Lets only the two organization trails write, and refuses plain HTTP.
const LOGS_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Check","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::example-organization-trail-222222222222","Condition":{"StringEquals":{"aws:SourceArn":["arn:aws:cloudtrail:us-east-1:111111111111:trail/log-bucket-audit","arn:aws:cloudtrail:us-east-1:111111111111:trail/organization-trail"]}}},{"Sid":"Write","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::example-organization-trail-222222222222/AWSLogs/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":["arn:aws:cloudtrail:us-east-1:111111111111:trail/log-bucket-audit","arn:aws:cloudtrail:us-east-1:111111111111:trail/organization-trail"]}}},{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::example-organization-trail-222222222222","arn:aws:s3:::example-organization-trail-222222222222/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
/// As the documentation had it years ago: any trail of anyone may write.
const PAYMENTS_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::payments-audit-444444444444"},{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::payments-audit-444444444444/AWSLogs/444444444444/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}}]}"#;
const KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:*","Resource":"*"},{"Sid":"Encrypt","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:111111111111:trail/*"}}},{"Sid":"Describe","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:DescribeKey","Resource":"*"}]}"#;

pub(crate) fn add(inventory: &mut Inventory, ask: &mut Ask) {
    for trail in [
        organization_trail(ask),
        bucket_trail(ask),
        weak_trail(ask),
        stopped_trail(ask),
    ] {
        inventory.trails.insert(trail.arn.clone(), trail);
    }
    for (account, ..) in accounts::ALL.into_iter().filter(|(id, ..)| *id != LEGACY) {
        let _ = ask.known(calls::LIST_BUCKETS, At(account, HOME, ""), ());
    }
    for bucket in [log_bucket(ask), payments_bucket(ask), sandbox_bucket(ask)] {
        inventory.buckets.insert(bucket.arn.clone(), bucket);
    }
    let key = key(ask);
    inventory.keys.insert(key.arn.clone(), key);
    let group = log_group(ask);
    inventory.log_groups.insert(group.arn.clone(), group);
    let topic = topic(ask);
    inventory.topics.insert(topic.arn.clone(), topic);
}

/// The call's answer about a trail comes from its home.
fn trail(
    ask: &mut Ask,
    arn: &str,
    configuration: TrailConfiguration,
    status: TrailStatus,
    selectors: Option<Selectors>,
) -> Trail {
    let arn = Arn::from(arn);
    let (account, home_region) = (arn.account(), arn.region());
    let at = At(account.as_str(), home_region.as_str(), arn.as_str());
    let insights = match configuration.organization == Known(true) {
        true => vec![Insight::of_management("ApiCallRateInsight")],
        false => Vec::new(),
    };
    let regions = match configuration.multi_region == Known(true) {
        true => REGIONS.as_slice(),
        false => &[],
    };
    let elsewhere = |region: &&&str| **region != home_region.as_str();
    let regions = regions.iter().filter(elsewhere).map(|region| {
        let at = At(account.as_str(), region, arn.as_str());
        RegionalStatus {
            region: Region::from(*region),
            delivery: ask.told(calls::GET_TRAIL_STATUS, at, status.delivery.clone()),
        }
    });
    let regions = regions.collect();
    Trail {
        name: arn.resource().trim_start_matches("trail/").to_owned(),
        // DescribeTrails was answered with the region.
        configuration,
        differing: Default::default(),
        status: ask.told(calls::GET_TRAIL_STATUS, at, status),
        selectors: match selectors {
            Some(selectors) => ask.known(calls::GET_EVENT_SELECTORS, at, selectors),
            None => {
                let said = "ThrottlingException: Rate exceeded";
                ask.failed(calls::GET_EVENT_SELECTORS, at, Reason::Throttled, said, 5)
            }
        },
        insights: ask.known(calls::GET_INSIGHT_SELECTORS, at, insights),
        aggregations: ask.known(calls::GET_EVENT_CONFIGURATION, at, Vec::new()),
        regions,
        tags: ask.known(calls::LIST_TRAIL_TAGS, at, Default::default()),
        arn: arn.clone(),
        account: account.clone(),
        home_region: home_region.clone(),
    }
}

fn delivered(at: &str) -> Delivery {
    Delivery {
        latest: Some(time(at)),
        error: None,
    }
}

/// Good, but for the reads of objects that it does not see.
fn organization_trail(ask: &mut Ask) -> Trail {
    let configuration = TrailConfiguration {
        bucket: Known(LOGS.to_owned()),
        prefix: Known(None),
        sns_topic: Known(None),
        include_global_service_events: Known(true),
        multi_region: Known(true),
        organization: Known(true),
        log_file_validation: Known(true),
        log_group: Known(Some(Arn::from(format!("{GROUP}:*")))),
        log_group_role: Known(Some(Arn::from(
            "arn:aws:iam::111111111111:role/cloudtrail-to-logs",
        ))),
        kms_key: Known(Some(Arn::from(KEY))),
    };
    let status = TrailStatus {
        logging: Known(true),
        // By the day of records.
        started: Known(Some(time("2026-11-15T15:59:41Z"))),
        stopped: Known(Some(time("2026-11-15T13:04:12Z"))),
        delivery: Known(delivered("2026-11-16T05:57:41Z")),
        digest: Known(delivered("2026-11-16T05:11:20Z")),
        log_group: Known(delivered("2026-11-16T05:58:02Z")),
        notification: Known(Delivery::default()),
    };
    let selectors = Selectors::Advanced(vec![
        AdvancedSelector {
            name: Some("Management events".to_owned()),
            fields: vec![equals("eventCategory", "Management")],
        },
        AdvancedSelector {
            name: Some("Writes to S3 objects".to_owned()),
            fields: vec![
                equals("eventCategory", "Data"),
                equals("resources.type", "AWS::S3::Object"),
                equals("readOnly", "false"),
            ],
        },
    ]);
    trail(
        ask,
        ORGANIZATION_TRAIL,
        configuration,
        status,
        Some(selectors),
    )
}

fn equals(field: &str, value: &str) -> FieldSelector {
    FieldSelector {
        field: field.to_owned(),
        equals: vec![value.to_owned()],
        ..FieldSelector::default()
    }
}

/// Watches who reads and deletes logs, in the log bucket's region. What is delivered there is left out, or each
/// delivery would be an event that is delivered.
fn bucket_trail(ask: &mut Ask) -> Trail {
    let configuration = TrailConfiguration {
        bucket: Known(LOGS.to_owned()),
        prefix: Known(None),
        sns_topic: Known(None),
        include_global_service_events: Known(true),
        multi_region: Known(false),
        organization: Known(true),
        log_file_validation: Known(true),
        log_group: Known(None),
        log_group_role: Known(None),
        kms_key: Known(Some(Arn::from(KEY))),
    };
    let status = TrailStatus {
        logging: Known(true),
        started: Known(Some(time("2025-03-04T10:02:55Z"))),
        stopped: Known(None),
        delivery: Known(delivered("2026-11-16T05:56:12Z")),
        digest: Known(delivered("2026-11-16T05:12:07Z")),
        log_group: Known(Delivery::default()),
        notification: Known(Delivery::default()),
    };
    let of_the_bucket = FieldSelector {
        field: "resources.ARN".to_owned(),
        starts_with: vec![format!("arn:aws:s3:::{LOGS}/")],
        ..FieldSelector::default()
    };
    let but_deliveries = FieldSelector {
        field: "eventName".to_owned(),
        not_equals: vec!["PutObject".to_owned()],
        ..FieldSelector::default()
    };
    let selectors = Selectors::Advanced(vec![
        AdvancedSelector {
            name: Some("Management events".to_owned()),
            fields: vec![equals("eventCategory", "Management")],
        },
        AdvancedSelector {
            name: Some("Log bucket".to_owned()),
            fields: vec![
                equals("eventCategory", "Data"),
                equals("resources.type", "AWS::S3::Object"),
                of_the_bucket,
                but_deliveries,
            ],
        },
    ]);
    trail(ask, BUCKET_TRAIL, configuration, status, Some(selectors))
}

/// One region, writes only and not those of KMS, no digests, no key, and its last delivery failed.
fn weak_trail(ask: &mut Ask) -> Trail {
    let configuration = TrailConfiguration {
        bucket: Known(PAYMENTS_LOGS.to_owned()),
        prefix: Known(None),
        sns_topic: Known(None),
        include_global_service_events: Known(false),
        multi_region: Known(false),
        organization: Known(false),
        log_file_validation: Known(false),
        log_group: Known(None),
        log_group_role: Known(None),
        kms_key: Known(None),
    };
    let status = TrailStatus {
        logging: Known(true),
        started: Known(Some(time("2026-11-15T12:21:37Z"))),
        stopped: Known(Some(time("2026-11-15T12:16:02Z"))),
        delivery: Known(Delivery {
            latest: Some(time("2026-11-12T21:03:55Z")),
            error: Some("AccessDenied".to_owned()),
        }),
        digest: Known(Delivery::default()),
        log_group: Known(Delivery::default()),
        notification: Known(Delivery::default()),
    };
    let selectors = Selectors::Classic(vec![EventSelector {
        read_write: "WriteOnly".to_owned(),
        management: true,
        excluded_sources: vec!["kms.amazonaws.com".to_owned()],
        data: vec![DataResource {
            kind: "AWS::S3::Object".to_owned(),
            values: vec!["arn:aws:s3:::payments-exports/".to_owned()],
        }],
    }]);
    trail(ask, WEAK_TRAIL, configuration, status, Some(selectors))
}

/// Stopped, its bucket is gone, and what it was set to record could not be asked.
fn stopped_trail(ask: &mut Ask) -> Trail {
    let configuration = TrailConfiguration {
        bucket: Known(SANDBOX_LOGS.to_owned()),
        prefix: Known(None),
        sns_topic: Known(None),
        include_global_service_events: Known(true),
        multi_region: Known(false),
        organization: Known(false),
        log_file_validation: Known(true),
        log_group: Known(None),
        log_group_role: Known(None),
        kms_key: Known(None),
    };
    let status = TrailStatus {
        logging: Known(false),
        started: Known(Some(time("2025-08-04T11:20:00Z"))),
        stopped: Known(Some(time("2025-10-21T18:02:47Z"))),
        delivery: Known(Delivery {
            latest: Some(time("2025-10-20T22:41:13Z")),
            error: Some("NoSuchBucket".to_owned()),
        }),
        digest: Known(Delivery {
            latest: Some(time("2025-10-20T22:10:00Z")),
            error: Some("NoSuchBucket".to_owned()),
        }),
        log_group: Known(Delivery::default()),
        notification: Known(Delivery::default()),
    };
    trail(ask, SANDBOX_TRAIL, configuration, status, None)
}

/// A bucket of which nothing was asked yet but where it is.
fn bucket(ask: &mut Ask, name: &str, account: &str, region: &str) -> Bucket {
    let at = At(account, region, name);
    let _ = ask.known(calls::GET_BUCKET_LOCATION, At(account, HOME, name), ());
    Bucket {
        // Its owner's listing has it.
        exists: Known(true),
        owner: Known(Some(AccountId::from(account))),
        region: Known(Region::from(region)),
        lifecycle: ask.absent(calls::GET_BUCKET_LIFECYCLE, at),
        replication: ask.absent(calls::GET_BUCKET_REPLICATION, at),
        notifications: ask.known(calls::GET_BUCKET_NOTIFICATION, at, Default::default()),
        website: ask.known(calls::GET_BUCKET_WEBSITE, at, false),
        access_points: ask.known(calls::LIST_ACCESS_POINTS, at, Vec::new()),
        tags: ask.known(calls::GET_BUCKET_TAGGING, at, Default::default()),
        prefixes: ask.known(calls::LIST_OBJECTS, at, vec!["AWSLogs/".to_owned()]),
        ..Bucket::unread(Arn::bucket("aws", name), name, &unasked(at, ""))
    }
}

/// Well kept, but its lock lasts 90 days and an administrator may lift it.
fn log_bucket(ask: &mut Ask) -> Bucket {
    let at = At(LOG_ARCHIVE, HOME, LOGS);
    let retention = Retention {
        mode: RetentionMode::Governance,
        days: Some(KEPT_DAYS),
        years: None,
    };
    let encryption = DefaultEncryption {
        algorithm: "aws:kms".to_owned(),
        kms_key: Some(KEY.to_owned()),
        bucket_key: true,
    };
    let versioning = Versioning {
        suspended: Known(false),
        enabled: Known(true),
        mfa_delete: Known(false),
    };
    Bucket {
        acl: ask.known(calls::GET_BUCKET_ACL, at, vec![owner_grant("2f")]),
        ownership: ask.known(
            calls::GET_BUCKET_OWNERSHIP,
            at,
            Some("BucketOwnerEnforced".to_owned()),
        ),
        public_access_block: ask.known(
            calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
            at,
            Some(PublicAccessBlock::ALL),
        ),
        policy: ask.known(calls::GET_BUCKET_POLICY, at, Some(LOGS_POLICY.to_owned())),
        policy_is_public: ask.known(calls::GET_BUCKET_POLICY_STATUS, at, Some(false)),
        versioning: ask.told(calls::GET_BUCKET_VERSIONING, at, versioning),
        object_lock: ask.known(calls::GET_OBJECT_LOCK, at, true),
        default_retention: Known(Some(retention)),
        encryption: ask.known(calls::GET_BUCKET_ENCRYPTION, at, Some(encryption)),
        access_logging: ask.known(calls::GET_BUCKET_LOGGING, at, None),
        ..bucket(ask, LOGS, LOG_ARCHIVE, HOME)
    }
}

/// Whoever set it up granted everyone to read it, and the auditor's role may not see all of it.
fn payments_bucket(ask: &mut Ask) -> Bucket {
    let region = "eu-central-1";
    let at = At(PAYMENTS, region, PAYMENTS_LOGS);
    let everyone = AclGrant {
        of_owner: None,
        grantee: "http://acs.amazonaws.com/groups/global/AllUsers".to_owned(),
        kind: "Group".to_owned(),
        permission: "READ".to_owned(),
    };
    let encryption = DefaultEncryption {
        algorithm: "AES256".to_owned(),
        kms_key: None,
        bucket_key: false,
    };
    Bucket {
        acl: ask.known(calls::GET_BUCKET_ACL, at, vec![owner_grant("7c"), everyone]),
        ownership: ask.absent(calls::GET_BUCKET_OWNERSHIP, at),
        public_access_block: ask.absent(calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK, at),
        policy: ask.known(
            calls::GET_BUCKET_POLICY,
            at,
            Some(PAYMENTS_POLICY.to_owned()),
        ),
        policy_is_public: ask.known(calls::GET_BUCKET_POLICY_STATUS, at, Some(false)),
        versioning: ask.told(
            calls::GET_BUCKET_VERSIONING,
            at,
            Versioning {
                enabled: Known(false),
                suspended: Known(false),
                mfa_delete: Known(false),
            },
        ),
        object_lock: {
            let _: Fact<Option<()>> = ask.absent(calls::GET_OBJECT_LOCK, at);
            Known(false)
        },
        default_retention: Known(None),
        encryption: ask.known(calls::GET_BUCKET_ENCRYPTION, at, Some(encryption)),
        access_logging: ask.denied(calls::GET_BUCKET_LOGGING, at),
        ..bucket(ask, PAYMENTS_LOGS, PAYMENTS, region)
    }
}

/// Gone: every account that could be asked lists its buckets, and none has it.
fn sandbox_bucket(ask: &mut Ask) -> Bucket {
    let at = At(SANDBOX, HOME, SANDBOX_LOGS);
    let _: Fact<Option<()>> = ask.absent(calls::HEAD_BUCKET, at);
    Bucket {
        exists: Known(false),
        owner: Known(None),
        ..Bucket::unread(
            Arn::bucket("aws", SANDBOX_LOGS),
            SANDBOX_LOGS,
            &unasked(at, "the bucket does not exist"),
        )
    }
}

fn owner_grant(letters: &str) -> AclGrant {
    AclGrant {
        of_owner: Some(true),
        grantee: letters.repeat(32),
        kind: "CanonicalUser".to_owned(),
        permission: "FULL_CONTROL".to_owned(),
    }
}

/// A key of the customer's own; the auditor's role may not ask whether it is rotated.
fn key(ask: &mut Ask) -> Key {
    let at = At(LOG_ARCHIVE, HOME, KEY);
    let metadata = KeyMetadata {
        arn: Known(Arn::from(KEY)),
        manager: Known("CUSTOMER".to_owned()),
        state: Known("Enabled".to_owned()),
        origin: Known("AWS_KMS".to_owned()),
        spec: Known("SYMMETRIC_DEFAULT".to_owned()),
        multi_region: Known(false),
        replicas: Known(Vec::new()),
        deletion: Known(None),
        valid_to: Known(None),
    };
    Key {
        arn: Arn::from(KEY),
        account: AccountId::from(LOG_ARCHIVE),
        region: Region::from(HOME),
        metadata: ask.known(calls::DESCRIBE_KEY, at, Some(metadata)),
        policy: ask.known(calls::GET_KEY_POLICY, at, Some(KEY_POLICY.to_owned())),
        rotation: ask.denied(calls::GET_KEY_ROTATION_STATUS, at),
        grants: ask.known(calls::LIST_GRANTS, at, Vec::new()),
    }
}

fn log_group(ask: &mut Ask) -> LogGroup {
    let at = At(MANAGEMENT, HOME, GROUP);
    let configuration = LogGroupConfiguration {
        retention_days: Known(Some(365)),
        kms_key: Known(None),
        class: Known(Some("STANDARD".to_owned())),
        deletion_protection: Known(Some(false)),
        bearer_token: Known(Some(false)),
    };
    let filter = |name: &str, metric: &str, pattern: &str| MetricFilter {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        transformations: vec![MetricTransformation {
            namespace: "CloudTrailMetrics".to_owned(),
            name: metric.to_owned(),
            value: "1".to_owned(),
            default: None,
            dimensions: Default::default(),
            unit: Known(None),
        }],
        field_selection: Known(None),
        system_dimensions: Known(Vec::new()),
        transformed: Known(false),
    };
    let filters = vec![
        filter("root-usage", "RootUsage", ROOT_USAGE),
        // Counted, and nobody is told.
        filter("trail-changes", "TrailChanges", TRAIL_CHANGES),
    ];
    LogGroup {
        arn: Arn::from(GROUP),
        name: "organization-trail".to_owned(),
        account: AccountId::from(MANAGEMENT),
        region: Region::from(HOME),
        configuration: ask.known(calls::DESCRIBE_LOG_GROUPS, at, Some(configuration)),
        metric_filters: ask.known(calls::DESCRIBE_METRIC_FILTERS, at, filters),
        subscription_filters: ask.known(calls::DESCRIBE_SUBSCRIPTION_FILTERS, at, Vec::new()),
    }
}

/// Where the alarm goes: somebody has agreed to hear of it.
fn topic(ask: &mut Ask) -> Topic {
    let at = At(MANAGEMENT, HOME, accounts::ALARM_TOPIC);
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"cloudwatch.amazonaws.com"}},"Action":"sns:Publish","Resource":"{}","Condition":{{"StringEquals":{{"aws:SourceAccount":"{MANAGEMENT}"}}}}}}]}}"#,
        accounts::ALARM_TOPIC
    );
    let configuration = TopicConfiguration {
        policy: Known(Some(policy)),
        kms_key: Known(None),
    };
    let people = Subscription {
        protocol: "email".to_owned(),
        confirmed: true,
        filter: ask.known(calls::GET_SUBSCRIPTION_ATTRIBUTES, at, None),
    };
    Topic {
        arn: Arn::from(accounts::ALARM_TOPIC),
        configuration: ask.known(calls::GET_TOPIC_ATTRIBUTES, at, Some(configuration)),
        subscriptions: ask.known(calls::LIST_SUBSCRIPTIONS, at, vec![people]),
    }
}
