//! The world in which every check passes, and a larger one for tests of the whole catalogue.

use std::collections::BTreeMap;

use super::{chain, hours_ago, taken_at};
use crate::calls::ApiCall;
use crate::fact::Fact::Known;
use crate::fact::Reason;
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::bucket::{
    AccessLogging, DefaultEncryption, LifecycleRule, Notifications, ReplicationRule, Transition,
};
use crate::inventory::iam::{AuthorizationDetails, Role, User};
use crate::inventory::organization::DelegatedAdministrator;
use crate::inventory::region::{Lookup, SecurityStandard};
use crate::inventory::trail::{
    AdvancedSelector, Aggregation, FieldSelector, Insight, RegionalStatus,
};
use crate::inventory::{
    Account, AccountState, Bucket, Delivery, Header, Iam, Inventory, Key, KeyMetadata, LogGroup,
    LogGroupConfiguration, Organization, PublicAccessBlock, RegionSwitch, RegionView, Retention,
    RetentionMode, Rotation, SCHEMA, Scope, Selectors, Tool, Trail, TrailConfiguration,
    TrailStatus, Trailer, Versioning,
};

/// The management account, and the only one.
pub const ACCOUNT: &str = "111111111111";
/// The trail's home region, and the only one.
pub const HOME: &str = "us-east-1";
/// The organization trail.
pub const TRAIL_ARN: &str = "arn:aws:cloudtrail:us-east-1:111111111111:trail/main";
/// Its bucket.
pub const BUCKET_ARN: &str = "arn:aws:s3:::logs";
/// Its key.
pub const KEY_ARN: &str =
    "arn:aws:kms:us-east-1:111111111111:key/11111111-1111-1111-1111-111111111111";
const LOG_GROUP_ARN: &str = "arn:aws:logs:us-east-1:111111111111:log-group:trail";

/// Lets only the trail write, and refuses plain HTTP and old TLS.
pub const BUCKET_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
{"Sid":"AclCheck","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::logs","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"}}},
{"Sid":"Write","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/AWSLogs/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"}}},
{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},
{"Sid":"OldTls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}]}"#;

/// Lets only the trail encrypt.
pub const KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},
{"Sid":"Encrypt","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"},"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:111111111111:trail/*"}}},
{"Sid":"Describe","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:DescribeKey","Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"}}}]}"#;

/// One organization of one account with one enabled region, one trail, its bucket, key and log group.
#[must_use]
pub fn world() -> Inventory {
    let header = Header {
        schema: SCHEMA,
        tool: Tool {
            name: "trailaudit".to_owned(),
            version: "0.0.0".to_owned(),
        },
        taken_at: taken_at(),
        scope: Scope {
            organization: Some("o-test".to_owned()),
            management_account: Some(AccountId::from(ACCOUNT)),
            caller_arn: Arn::from("arn:aws:sts::111111111111:assumed-role/auditor/run"),
            partition: "aws".to_owned(),
            accounts: vec![AccountId::from(ACCOUNT)],
            endpoints: Vec::new(),
            regions: vec![Region::from(HOME)],
        },
    };
    let mut inventory = Inventory::new(header, Known(Some(organization())));
    add_account(&mut inventory, ACCOUNT, true);
    add_region(&mut inventory, ACCOUNT, HOME);
    let trail = trail();
    inventory.trails.insert(trail.arn.clone(), trail);
    let bucket = bucket("logs");
    inventory.buckets.insert(bucket.arn.clone(), bucket);
    for bucket in [access_log_bucket("access-logs"), replica("replica")] {
        inventory.buckets.insert(bucket.arn.clone(), bucket);
    }
    let key = key();
    inventory.keys.insert(key.arn.clone(), key);
    let group = log_group();
    inventory.log_groups.insert(group.arn.clone(), group);
    chain::add(&mut inventory, ACCOUNT);
    inventory.trailer = Some(Trailer {
        finished_at: taken_at(),
        interrupted: false,
        coverage: crate::coverage::Coverage::default(),
        counts: BTreeMap::new(),
        shards: Vec::new(),
    });
    inventory
}

/// Adds an active account that could be reached; its regions come with [`add_region`].
pub fn add_account(inventory: &mut Inventory, id: &str, management: bool) {
    if let Known(Some(organization)) = &mut inventory.organization
        && let Known(accounts) = &mut organization.accounts
    {
        accounts.push(AccountId::from(id));
    }
    let account = Account {
        id: AccountId::from(id),
        name: Some(format!("account-{id}")),
        state: Known(AccountState::Active),
        parent: Known(Some("r-root".to_owned())),
        management,
        excluded: false,
        session: Known(Arn::from(format!(
            "arn:aws:sts::{id}:assumed-role/auditor/run"
        ))),
        regions: Known(Vec::new()),
        regions_assumed: false,
        public_access_block: Known(Some(PublicAccessBlock::ALL)),
        summary: Known(BTreeMap::new()),
    };
    inventory.accounts.insert(account.id.clone(), account);
}

/// Adds a member account that sees the organization's trail as a shadow in each of its regions.
pub fn member(inventory: &mut Inventory, id: &str, regions: &[&str]) {
    add_account(inventory, id, false);
    for region in regions {
        add_region(inventory, id, region);
    }
}

/// Switches a region on in an account; the organization's trail is seen there.
pub fn add_region(inventory: &mut Inventory, account: &str, region: &str) {
    let id = AccountId::from(account);
    let of = inventory
        .accounts
        .get_mut(&id)
        .expect("the account is there");
    let switch = RegionSwitch {
        name: Region::from(region),
        enabled: true,
        excluded: false,
    };
    super::known(&mut of.regions).push(switch);
    let mut view = RegionView {
        account: id.clone(),
        region: Region::from(region),
        trails: Known(vec![Arn::from(TRAIL_ARN)]),
        event_data_stores: Known(Vec::new()),
        channels: Known(Vec::new()),
        alarms: Known(Vec::new()),
        rules: Known(Vec::new()),
        log_resource_policies: Known(Vec::new()),
        config_recorder: Known(None),
        guardduty: Known(true),
        security_hub: Known(true),
        security_standards: Known(vec![SecurityStandard {
            arn: Arn::from(
                "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0",
            ),
            status: "READY".to_owned(),
        }]),
        macie: Known(true),
        access_analyzers: Known(Vec::new()),
        tampering: Known(Box::new(Lookup {
            since: hours_ago(7 * 24),
            events: Vec::new(),
            names: Some(
                crate::tampering::names(&crate::tampering::TABLE.iter().collect::<Vec<_>>())
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            ),
        })),
    };
    chain::watched(&mut view);
    inventory.regions.insert((id, view.region.clone()), view);
}

/// Adds a trail like the good one, changed, to the listing of its home region (and, when it is
/// multi-region, to those of its account's other regions).
pub fn add_trail(
    inventory: &mut Inventory,
    account: &str,
    region: &str,
    name: &str,
    change: impl FnOnce(&mut Trail),
) {
    let mut new = trail();
    new.arn = Arn::from(format!(
        "arn:aws:cloudtrail:{region}:{account}:trail/{name}"
    ));
    new.name = name.to_owned();
    new.account = AccountId::from(account);
    new.home_region = Region::from(region);
    change(&mut new);
    let everywhere = new.configuration.multi_region.ok() == Some(&true);
    for ((of, at), view) in &mut inventory.regions {
        if *of == new.account && (everywhere || *at == new.home_region) {
            super::known(&mut view.trails).push(new.arn.clone());
        }
    }
    inventory.trails.insert(new.arn.clone(), new);
}

fn organization() -> Organization {
    Organization {
        id: "o-test".to_owned(),
        arn: Arn::from("arn:aws:organizations::111111111111:organization/o-test"),
        management_account: AccountId::from(ACCOUNT),
        feature_set: "ALL".to_owned(),
        accounts: Known(Vec::new()),
        units: Known(Vec::new()),
        policies: Known(Vec::new()),
        trusted_services: Known(vec!["cloudtrail.amazonaws.com".to_owned()]),
        root_access: Known(vec![
            "RootCredentialsManagement".to_owned(),
            "RootSessions".to_owned(),
        ]),
        delegated_administrators: Known(vec![DelegatedAdministrator {
            account: AccountId::from("222222222222"),
            services: Known(vec!["cloudtrail.amazonaws.com".to_owned()]),
        }]),
        resource_policy: Known(None),
    }
}

fn trail() -> Trail {
    let fresh = || Delivery {
        latest: Some(hours_ago(1)),
        error: None,
    };
    Trail {
        arn: Arn::from(TRAIL_ARN),
        name: "main".to_owned(),
        account: AccountId::from(ACCOUNT),
        home_region: Region::from(HOME),
        configuration: TrailConfiguration {
            bucket: Known("logs".to_owned()),
            prefix: Known(None),
            sns_topic: Known(Some(Arn::from(chain::TOPIC_ARN))),
            include_global_service_events: Known(true),
            multi_region: Known(true),
            organization: Known(true),
            log_file_validation: Known(true),
            log_group: Known(Some(Arn::from(format!("{LOG_GROUP_ARN}:*")))),
            log_group_role: Known(Some(Arn::from(DELIVERY_ROLE))),
            kms_key: Known(Some(Arn::from(KEY_ARN))),
        },
        differing: BTreeMap::new(),
        status: TrailStatus {
            logging: Known(true),
            started: Known(Some(hours_ago(9000))),
            stopped: Known(None),
            delivery: Known(fresh()),
            digest: Known(fresh()),
            log_group: Known(fresh()),
            notification: Known(fresh()),
        },
        selectors: Known(Selectors::Advanced(everything())),
        insights: Known(vec![
            Insight::of_management("ApiCallRateInsight"),
            Insight::of_management("ApiErrorRateInsight"),
        ]),
        aggregations: Known(vec![Aggregation {
            category: "Data".to_owned(),
            templates: vec!["API_ACTIVITY".to_owned()],
        }]),
        regions: vec![RegionalStatus {
            region: Region::from(HOME),
            delivery: Known(fresh()),
        }],
        tags: Known(BTreeMap::new()),
    }
}

/// All there is, in fewer selectors than AWS would take: what reads them takes its time in every test.
fn everything() -> Vec<AdvancedSelector> {
    let mut others = selector(&[("eventCategory", "Data")]);
    for field in &mut others.fields {
        field.equals.push("NetworkActivity".to_owned());
    }
    vec![selector(&[("eventCategory", "Management")]), others]
}

fn selector(fields: &[(&str, &str)]) -> AdvancedSelector {
    let fields = fields.iter().map(|(field, value)| FieldSelector {
        field: (*field).to_owned(),
        equals: vec![(*value).to_owned()],
        ..FieldSelector::default()
    });
    AdvancedSelector {
        name: None,
        fields: fields.collect(),
    }
}

pub(super) fn bucket(name: &str) -> Bucket {
    Bucket {
        arn: Arn::bucket("aws", name),
        name: name.to_owned(),
        exists: Known(true),
        owner: Known(Some(AccountId::from(ACCOUNT))),
        region: Known(Region::from(HOME)),
        acl: Known(Vec::new()),
        ownership: Known(Some("BucketOwnerEnforced".to_owned())),
        public_access_block: Known(Some(PublicAccessBlock::ALL)),
        policy: Known(Some(BUCKET_POLICY.to_owned())),
        policy_is_public: Known(Some(false)),
        versioning: Versioning {
            suspended: Known(false),
            enabled: Known(true),
            mfa_delete: Known(false),
        },
        object_lock: Known(true),
        default_retention: Known(Some(Retention {
            mode: RetentionMode::Compliance,
            days: Some(400),
            years: None,
        })),
        encryption: Known(Some(DefaultEncryption {
            algorithm: "aws:kms".to_owned(),
            kms_key: Some(KEY_ARN.to_owned()),
            bucket_key: true,
        })),
        access_logging: Known(Some(AccessLogging {
            target_bucket: "access-logs".to_owned(),
            target_prefix: String::new(),
        })),
        lifecycle: Known(Some(vec![LifecycleRule {
            enabled: true,
            transitions: vec![Transition {
                days: Some(90),
                class: "GLACIER_IR".to_owned(),
            }],
            ..LifecycleRule::default()
        }])),
        replication: Known(Some(vec![ReplicationRule {
            enabled: true,
            prefix: String::new(),
            narrowed: false,
            destination: Arn::bucket("aws", "replica"),
            destination_account: None,
            delete_markers: false,
            kms_encrypted: Some(true),
            role: Some(Arn::from(REPLICATION_ROLE)),
            priority: Some(1),
            not_read: Vec::new(),
        }])),
        notifications: Known(Notifications {
            event_bridge: true,
            targets: Vec::new(),
        }),
        website: Known(false),
        access_points: Known(Vec::new()),
        tags: Known(BTreeMap::new()),
        prefixes: Known(vec!["AWSLogs/".to_owned()]),
    }
}

/// What checks ask of a bucket that access logs go to.
fn access_log_bucket(name: &str) -> Bucket {
    Bucket {
        exists: Known(true),
        owner: Known(Some(AccountId::from(ACCOUNT))),
        region: Known(Region::from(HOME)),
        ownership: Known(Some("BucketOwnerEnforced".to_owned())),
        acl: Known(Vec::new()),
        policy: Known(Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"logging.s3.amazonaws.com"}},"Action":"s3:PutObject","Resource":"arn:aws:s3:::{name}/*"}}]}}"#
        ))),
        public_access_block: Known(Some(PublicAccessBlock::ALL)),
        default_retention: Known(None),
        encryption: Known(None),
        ..unseen_bucket(name)
    }
}

/// What checks ask of a bucket that log files are replicated to.
pub(super) fn replica(name: &str) -> Bucket {
    Bucket {
        exists: Known(true),
        owner: Known(Some(AccountId::from(ACCOUNT))),
        region: Known(Region::from("eu-west-1")),
        lifecycle: Known(None),
        object_lock: Known(true),
        policy: Known(None),
        default_retention: Known(Some(Retention {
            mode: RetentionMode::Compliance,
            days: Some(400),
            years: None,
        })),
        ..unseen_bucket(name)
    }
}

/// A bucket that nothing is known of.
pub fn unseen_bucket(name: &str) -> Bucket {
    Bucket::unread(
        Arn::bucket("aws", name),
        name,
        &super::gap_of(Reason::NotAsked),
    )
}

pub(super) fn not_asked<T: super::Told>(call: ApiCall) -> T {
    super::gap(call, Reason::NotAsked)
}

pub(super) fn key() -> Key {
    Key {
        arn: Arn::from(KEY_ARN),
        account: AccountId::from(ACCOUNT),
        region: Region::from(HOME),
        metadata: Known(Some(KeyMetadata {
            arn: Known(Arn::from(KEY_ARN)),
            manager: Known("CUSTOMER".to_owned()),
            state: Known("Enabled".to_owned()),
            origin: Known("AWS_KMS".to_owned()),
            spec: Known("SYMMETRIC_DEFAULT".to_owned()),
            multi_region: Known(false),
            replicas: Known(Vec::new()),
            deletion: Known(None),
            valid_to: Known(None),
        })),
        policy: Known(Some(KEY_POLICY.to_owned())),
        rotation: Known(Some(Rotation {
            enabled: Known(true),
            period_days: Known(Some(365)),
        })),
        grants: Known(Vec::new()),
    }
}

pub(super) fn log_group() -> LogGroup {
    LogGroup {
        arn: Arn::from(LOG_GROUP_ARN),
        name: "trail".to_owned(),
        account: AccountId::from(ACCOUNT),
        region: Region::from(HOME),
        configuration: Known(Some(LogGroupConfiguration {
            retention_days: Known(Some(365)),
            kms_key: Known(Some(Arn::from(KEY_ARN))),
            class: Known(Some("STANDARD".to_owned())),
            deletion_protection: Known(Some(true)),
            bearer_token: Known(Some(false)),
        })),
        metric_filters: Known(vec![chain::filter_with("{ $.eventName = * }")]),
        subscription_filters: Known(Vec::new()),
    }
}

/// The role by which the trail delivers to its log group.
pub const DELIVERY_ROLE: &str = "arn:aws:iam::111111111111:role/trail-logs";
/// What it may do.
pub const TO_LOGS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:111111111111:log-group:trail:log-stream:*"}]}"#;
/// The role by which S3 replicates the log bucket.
pub const REPLICATION_ROLE: &str = "arn:aws:iam::111111111111:role/replication";
/// What it may do.
pub const TO_REPLICA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],"Resource":"arn:aws:s3:::logs"},{"Effect":"Allow","Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectRetention","s3:GetObjectLegalHold"],"Resource":"arn:aws:s3:::logs/*"},{"Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateTags"],"Resource":"arn:aws:s3:::replica/*"}]}"#;

/// A role that a service assumes, with one policy.
fn of_service(name: &str, service: &str, document: &str) -> Role {
    let it = role(name);
    Role {
        trust: it.trust.replace("ec2.amazonaws.com", service),
        inline: vec![super::inline(document)],
        ..it
    }
}

/// An account in which nobody may do anything but deliver and replicate.
pub(super) fn iam() -> Iam {
    let details = AuthorizationDetails {
        roles: vec![
            role("reader"),
            of_service("trail-logs", "cloudtrail.amazonaws.com", TO_LOGS),
            of_service("replication", "s3.amazonaws.com", TO_REPLICA),
        ],
        ..Default::default()
    };
    Iam {
        account: AccountId::from(ACCOUNT),
        details: details.into(),
    }
}

pub(super) fn user(name: &str) -> User {
    User {
        arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:user/{name}")),
        name: name.to_owned(),
        id: "AIDAEXAMPLE".to_owned(),
        groups: Vec::new(),
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: BTreeMap::new(),
    }
}

pub(super) fn role(name: &str) -> Role {
    Role {
        arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:role/{name}")),
        name: name.to_owned(),
        id: "AROAEXAMPLE".to_owned(),
        trust: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned(),
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: BTreeMap::new(),
        instance_profiles: Vec::new(),
    }
}
