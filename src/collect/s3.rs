//! S3: the buckets that trails deliver to, read with the role of the account that owns them.

use std::collections::BTreeMap;

use aws_sdk_s3::types;
use trailaudit_checks::calls::{
    ApiCall, GET_BUCKET_ACL, GET_BUCKET_ENCRYPTION, GET_BUCKET_LIFECYCLE, GET_BUCKET_LOCATION,
    GET_BUCKET_LOGGING, GET_BUCKET_NOTIFICATION, GET_BUCKET_OWNERSHIP, GET_BUCKET_POLICY,
    GET_BUCKET_POLICY_STATUS, GET_BUCKET_PUBLIC_ACCESS_BLOCK, GET_BUCKET_REPLICATION,
    GET_BUCKET_TAGGING, GET_BUCKET_VERSIONING, GET_BUCKET_WEBSITE, GET_OBJECT_LOCK, HEAD_BUCKET,
    LIST_ACCESS_POINTS, LIST_BUCKETS, LIST_OBJECTS,
};
use trailaudit_checks::fact::{Fact, Gap, Known, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::bucket::{
    AccessLogging, AclGrant, DefaultEncryption, LifecycleRule, Notifications, ReplicationRule,
    Transition,
};
use trailaudit_checks::inventory::{
    Bucket, PublicAccessBlock, Retention, RetentionMode, Versioning,
};

use super::ask::{Ask, Read, Target, not_asked, overrides, pages, send};
use super::s3control;
use super::time::maybe;

/// The names of the account's buckets.
pub(crate) async fn owned(ask: &Ask, target: &Target) -> Fact<Vec<String>> {
    let pages = pages!(
        ask,
        target,
        LIST_BUCKETS,
        "",
        &[],
        aws_sdk_s3,
        |token| ask
            .clients
            .s3
            .list_buckets()
            .max_buckets(10_000)
            .set_continuation_token(token.clone()),
        |out| (out.buckets.unwrap_or_default(), out.continuation_token)
    );
    pages.map(|buckets| {
        buckets
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.name)
            .collect()
    })
}

/// Whether a bucket of this name exists at all, whoever owns it.
pub(crate) async fn exists(ask: &Ask, target: &Target, name: &str) -> Fact<bool> {
    let request = ask.clients.s3.head_bucket().bucket(name);
    let absent = &["NotFound", "NoSuchBucket"];
    match send!(ask, target, HEAD_BUCKET, name, absent, aws_sdk_s3, request) {
        Known(answer) => Known(answer.is_some()),
        // "Elsewhere" is an answer too. "Forbidden" is not: S3 also says so of names that nobody holds.
        Unknown(gap) if gap.detail.contains("HTTP 301") => Known(true),
        Unknown(gap) => Unknown(gap),
    }
}

/// A bucket of which nothing is known but this.
pub(crate) fn unread(
    partition: &str,
    name: &str,
    exists: Fact<bool>,
    owner: Fact<Option<AccountId>>,
    gap: impl Fn(ApiCall) -> Gap,
) -> Bucket {
    Bucket {
        arn: Arn::bucket(partition, name),
        name: name.to_owned(),
        exists,
        owner,
        region: Unknown(gap(GET_BUCKET_LOCATION)),
        acl: Unknown(gap(GET_BUCKET_ACL)),
        ownership: Unknown(gap(GET_BUCKET_OWNERSHIP)),
        public_access_block: Unknown(gap(GET_BUCKET_PUBLIC_ACCESS_BLOCK)),
        policy: Unknown(gap(GET_BUCKET_POLICY)),
        policy_is_public: Unknown(gap(GET_BUCKET_POLICY_STATUS)),
        versioning: Unknown(gap(GET_BUCKET_VERSIONING)),
        object_lock: Unknown(gap(GET_OBJECT_LOCK)),
        default_retention: Unknown(gap(GET_OBJECT_LOCK)),
        encryption: Unknown(gap(GET_BUCKET_ENCRYPTION)),
        access_logging: Unknown(gap(GET_BUCKET_LOGGING)),
        lifecycle: Unknown(gap(GET_BUCKET_LIFECYCLE)),
        replication: Unknown(gap(GET_BUCKET_REPLICATION)),
        notifications: Unknown(gap(GET_BUCKET_NOTIFICATION)),
        website: Unknown(gap(GET_BUCKET_WEBSITE)),
        access_points: Unknown(gap(LIST_ACCESS_POINTS)),
        tags: Unknown(gap(GET_BUCKET_TAGGING)),
        prefixes: Unknown(gap(LIST_OBJECTS)),
        delivered: Unknown(gap(LIST_OBJECTS)),
        samples: Unknown(gap(LIST_OBJECTS)),
    }
}

/// Reads everything about a bucket with its owner's credentials.
pub(crate) async fn bucket(
    ask: &Ask,
    target: &Target,
    partition: &str,
    name: &str,
    owner: Fact<Option<AccountId>>,
) -> Bucket {
    let region = region(ask, target, name).await;
    let here = match &region {
        Known(region) => target.in_region(region),
        Unknown(_) => target.clone(),
    };
    let at = Place {
        ask,
        target: &here,
        name,
    };
    let (acl, ownership, public_access_block, policy, policy_is_public, versioning, lock) = futures::join!(
        at.acl(),
        at.ownership(),
        at.public_access_block(),
        at.policy(),
        at.policy_is_public(),
        at.versioning(),
        at.object_lock(),
    );
    let (
        encryption,
        access_logging,
        lifecycle,
        replication,
        notifications,
        website,
        tags,
        prefixes,
    ) = futures::join!(
        at.encryption(),
        at.access_logging(),
        at.lifecycle(),
        at.replication(),
        at.notifications(),
        at.website(),
        at.tags(),
        at.prefixes(),
    );
    let access_points = s3control::access_points(ask, &here, name).await;
    let (object_lock, default_retention) = match lock {
        Known((on, retention)) => (Known(on), Known(retention)),
        Unknown(gap) => (Unknown(gap.clone()), Unknown(gap)),
    };
    Bucket {
        arn: Arn::bucket(partition, name),
        name: name.to_owned(),
        exists: Known(true),
        owner,
        region,
        acl,
        ownership,
        public_access_block,
        policy,
        policy_is_public,
        versioning,
        object_lock,
        default_retention,
        encryption,
        access_logging,
        lifecycle,
        replication,
        notifications,
        website,
        access_points,
        tags,
        prefixes,
        // Only digest verification and the checks that rest on it look at objects.
        delivered: Unknown(not_asked(&here, LIST_OBJECTS)),
        samples: Unknown(not_asked(&here, LIST_OBJECTS)),
    }
}

/// GetBucketLocation is answered anywhere, but only when the bucket's name is in the path.
pub(crate) async fn region(ask: &Ask, target: &Target, name: &str) -> Fact<Region> {
    let call = GET_BUCKET_LOCATION;
    let request = ask.clients.s3.get_bucket_location().bucket(name);
    let answer = ask
        .call(target, call, name, &[], |meter| {
            let place = overrides!(aws_sdk_s3, target, call).force_path_style(true);
            request
                .customize()
                .interceptor(meter)
                .config_override(place)
                .send()
        })
        .await;
    answer.read((target, call), |out| {
        let constraint = out.location_constraint.map(|it| it.as_str().to_owned());
        Some(match constraint.as_deref() {
            // The oldest region has no name here, and Ireland its first one.
            None | Some("") => Region::from("us-east-1"),
            Some("EU") => Region::from("eu-west-1"),
            Some(name) => Region::from(name),
        })
    })
}

/// One bucket, in its own region.
struct Place<'a> {
    ask: &'a Ask,
    target: &'a Target,
    name: &'a str,
}

/// Asks one thing about the bucket: `get!(self, CALL, operation, [absent..])`.
macro_rules! get {
    ($at:expr, $call:expr, $operation:ident, [$($absent:literal),*]) => {
        send!(
            $at.ask,
            $at.target,
            $call,
            $at.name,
            &[$($absent),*],
            aws_sdk_s3,
            $at.ask.clients.s3.$operation().bucket($at.name)
        )
    };
}

impl Place<'_> {
    async fn acl(&self) -> Fact<Vec<AclGrant>> {
        let answer = get!(self, GET_BUCKET_ACL, get_bucket_acl, []);
        answer.read((self.target, GET_BUCKET_ACL), |out| {
            out.grants
                .unwrap_or_default()
                .into_iter()
                .map(grant)
                .collect()
        })
    }

    async fn ownership(&self) -> Fact<Option<String>> {
        let answer = get!(
            self,
            GET_BUCKET_OWNERSHIP,
            get_bucket_ownership_controls,
            ["OwnershipControlsNotFoundError"]
        );
        answer.map(|out| {
            let rules = out?.ownership_controls?.rules;
            rules
                .into_iter()
                .next()
                .map(|rule| rule.object_ownership.as_str().to_owned())
        })
    }

    async fn public_access_block(&self) -> Fact<Option<PublicAccessBlock>> {
        let answer = get!(
            self,
            GET_BUCKET_PUBLIC_ACCESS_BLOCK,
            get_public_access_block,
            ["NoSuchPublicAccessBlockConfiguration"]
        );
        answer.map(|out| {
            let set = out?.public_access_block_configuration?;
            Some(PublicAccessBlock {
                block_public_acls: set.block_public_acls.unwrap_or_default(),
                ignore_public_acls: set.ignore_public_acls.unwrap_or_default(),
                block_public_policy: set.block_public_policy.unwrap_or_default(),
                restrict_public_buckets: set.restrict_public_buckets.unwrap_or_default(),
            })
        })
    }

    async fn policy(&self) -> Fact<Option<String>> {
        let answer = get!(
            self,
            GET_BUCKET_POLICY,
            get_bucket_policy,
            ["NoSuchBucketPolicy"]
        );
        answer.map(|out| out.and_then(|out| out.policy))
    }

    async fn policy_is_public(&self) -> Fact<Option<bool>> {
        let answer = get!(
            self,
            GET_BUCKET_POLICY_STATUS,
            get_bucket_policy_status,
            ["NoSuchBucketPolicy"]
        );
        answer.map(|out| out?.policy_status?.is_public)
    }

    async fn versioning(&self) -> Fact<Versioning> {
        let answer = get!(self, GET_BUCKET_VERSIONING, get_bucket_versioning, []);
        answer.read((self.target, GET_BUCKET_VERSIONING), |out| {
            Some(Versioning {
                enabled: out.status == Some(types::BucketVersioningStatus::Enabled),
                mfa_delete: out.mfa_delete == Some(types::MfaDeleteStatus::Enabled),
            })
        })
    }

    async fn object_lock(&self) -> Fact<(bool, Option<Retention>)> {
        let answer = get!(
            self,
            GET_OBJECT_LOCK,
            get_object_lock_configuration,
            ["ObjectLockConfigurationNotFoundError"]
        );
        let answer = match answer {
            Known(None) => return Known((false, None)),
            some => some,
        };
        answer.read((self.target, GET_OBJECT_LOCK), |out| {
            let lock = out.object_lock_configuration?;
            let on = lock.object_lock_enabled == Some(types::ObjectLockEnabled::Enabled);
            match lock.rule.and_then(|rule| rule.default_retention) {
                None => Some((on, None)),
                // A retention that makes no sense makes the answer unreadable, not the bucket unlocked.
                Some(given) => Some((on, Some(retention(&given)?))),
            }
        })
    }

    async fn encryption(&self) -> Fact<Option<DefaultEncryption>> {
        let answer = get!(
            self,
            GET_BUCKET_ENCRYPTION,
            get_bucket_encryption,
            ["ServerSideEncryptionConfigurationNotFoundError"]
        );
        answer.map(|out| {
            let rules = out?.server_side_encryption_configuration?.rules;
            let rule = rules.into_iter().next()?;
            let by_default = rule.apply_server_side_encryption_by_default?;
            Some(DefaultEncryption {
                algorithm: by_default.sse_algorithm.as_str().to_owned(),
                kms_key: by_default.kms_master_key_id.map(|key| self.key_arn(&key)),
                bucket_key: rule.bucket_key_enabled.unwrap_or_default(),
            })
        })
    }

    /// A bucket may name its key by ARN, id or alias; the latter two lie in the bucket's account and region.
    fn key_arn(&self, key: &str) -> String {
        if key.starts_with("arn:") {
            return key.to_owned();
        }
        let Target {
            account, region, ..
        } = self.target;
        let resource = if key.starts_with("alias/") {
            key.to_owned()
        } else {
            format!("key/{key}")
        };
        format!(
            "arn:{}:kms:{region}:{account}:{resource}",
            partition_of(region)
        )
    }

    async fn access_logging(&self) -> Fact<Option<AccessLogging>> {
        let answer = get!(self, GET_BUCKET_LOGGING, get_bucket_logging, []);
        answer.map(|out| {
            let set = out?.logging_enabled?;
            Some(AccessLogging {
                target_bucket: set.target_bucket,
                target_prefix: set.target_prefix,
            })
        })
    }

    async fn lifecycle(&self) -> Fact<Option<Vec<LifecycleRule>>> {
        let answer = get!(
            self,
            GET_BUCKET_LIFECYCLE,
            get_bucket_lifecycle_configuration,
            ["NoSuchLifecycleConfiguration"]
        );
        answer.map(|out| {
            Some(
                out?.rules
                    .unwrap_or_default()
                    .into_iter()
                    .map(lifecycle)
                    .collect(),
            )
        })
    }

    async fn replication(&self) -> Fact<Option<Vec<ReplicationRule>>> {
        let answer = get!(
            self,
            GET_BUCKET_REPLICATION,
            get_bucket_replication,
            ["ReplicationConfigurationNotFoundError"]
        );
        answer.map(|out| {
            let rules = out?.replication_configuration?.rules;
            Some(rules.into_iter().filter_map(replication).collect())
        })
    }

    async fn notifications(&self) -> Fact<Notifications> {
        let answer = get!(
            self,
            GET_BUCKET_NOTIFICATION,
            get_bucket_notification_configuration,
            []
        );
        answer.read((self.target, GET_BUCKET_NOTIFICATION), |out| {
            let topics = out.topic_configurations.unwrap_or_default().into_iter();
            let queues = out.queue_configurations.unwrap_or_default().into_iter();
            let functions = out
                .lambda_function_configurations
                .unwrap_or_default()
                .into_iter();
            let targets = topics
                .map(|it| it.topic_arn)
                .chain(queues.map(|it| it.queue_arn))
                .chain(functions.map(|it| it.lambda_function_arn));
            Some(Notifications {
                event_bridge: out.event_bridge_configuration.is_some(),
                targets: targets.map(Arn::from).collect(),
            })
        })
    }

    async fn website(&self) -> Fact<bool> {
        let answer = get!(
            self,
            GET_BUCKET_WEBSITE,
            get_bucket_website,
            ["NoSuchWebsiteConfiguration"]
        );
        answer.map(|out| out.is_some())
    }

    async fn tags(&self) -> Fact<BTreeMap<String, String>> {
        let answer = get!(
            self,
            GET_BUCKET_TAGGING,
            get_bucket_tagging,
            ["NoSuchTagSet"]
        );
        answer.map(|out| {
            let tags = out.map(|out| out.tag_set).unwrap_or_default();
            tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
        })
    }

    /// What lies at the top: up to 1,000 prefixes and keys, enough to tell whether the bucket is shared.
    async fn prefixes(&self) -> Fact<Vec<String>> {
        let request = self
            .ask
            .clients
            .s3
            .list_objects_v2()
            .bucket(self.name)
            .delimiter("/");
        let answer = send!(
            self.ask,
            self.target,
            LIST_OBJECTS,
            self.name,
            &[],
            aws_sdk_s3,
            request
        );
        answer.read((self.target, LIST_OBJECTS), |out| {
            let prefixes = out.common_prefixes.unwrap_or_default().into_iter();
            let keys = out.contents.unwrap_or_default().into_iter();
            Some(
                prefixes
                    .filter_map(|it| it.prefix)
                    .chain(keys.filter_map(|it| it.key))
                    .collect(),
            )
        })
    }
}

/// The partition that a region's name begins with; only used to complete a key's name.
fn partition_of(region: &Region) -> &'static str {
    match region.as_str() {
        name if name.starts_with("cn-") => "aws-cn",
        name if name.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn grant(it: types::Grant) -> Option<AclGrant> {
    let grantee = it.grantee?;
    Some(AclGrant {
        kind: grantee.r#type.as_str().to_owned(),
        grantee: grantee.uri.or(grantee.id).or(grantee.email_address)?,
        permission: it.permission?.as_str().to_owned(),
    })
}

/// A retention, or none when the answer makes no sense.
fn retention(it: &types::DefaultRetention) -> Option<Retention> {
    let mode = match it.mode.as_ref()? {
        types::ObjectLockRetentionMode::Compliance => RetentionMode::Compliance,
        types::ObjectLockRetentionMode::Governance => RetentionMode::Governance,
        _ => return None,
    };
    // Some endpoints give a zero beside the unit that is set.
    let count = |given: Option<i32>| {
        given
            .and_then(|it| u32::try_from(it).ok())
            .filter(|it| *it > 0)
    };
    Some(Retention {
        mode,
        days: count(it.days),
        years: count(it.years),
    })
}

fn lifecycle(it: types::LifecycleRule) -> LifecycleRule {
    let filter = it.filter;
    let and = filter.as_ref().and_then(|filter| filter.and.as_ref());
    let narrowed = filter.as_ref().is_some_and(|filter| {
        filter.tag.is_some()
            || filter.object_size_greater_than.is_some()
            || filter.object_size_less_than.is_some()
    }) || and.is_some_and(|and| {
        and.tags.as_ref().is_some_and(|tags| !tags.is_empty())
            || and.object_size_greater_than.is_some()
            || and.object_size_less_than.is_some()
    });
    #[expect(deprecated, reason = "old rules still carry their prefix here")]
    let old_prefix = it.prefix;
    let prefix = filter
        .as_ref()
        .and_then(|filter| filter.prefix.clone())
        .or_else(|| and.and_then(|and| and.prefix.clone()))
        .or(old_prefix);
    let (expiration, noncurrent) = (it.expiration, it.noncurrent_version_expiration);
    let transitions = it
        .transitions
        .unwrap_or_default()
        .into_iter()
        .map(|it| Transition {
            days: it.days.map(i64::from),
            class: it
                .storage_class
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
        });
    LifecycleRule {
        id: it.id,
        enabled: it.status == types::ExpirationStatus::Enabled,
        prefix: prefix.unwrap_or_default(),
        narrowed,
        expiration_days: expiration.as_ref().and_then(|it| it.days).map(i64::from),
        expiration_date: maybe(expiration.as_ref().and_then(|it| it.date.as_ref())),
        noncurrent_days: noncurrent
            .as_ref()
            .and_then(|it| it.noncurrent_days)
            .map(i64::from),
        noncurrent_kept: noncurrent
            .and_then(|it| it.newer_noncurrent_versions)
            .map(i64::from),
        transitions: transitions.collect(),
    }
}

fn replication(it: types::ReplicationRule) -> Option<ReplicationRule> {
    let destination = it.destination?;
    let filter = it.filter;
    let and = filter.as_ref().and_then(|filter| filter.and.as_ref());
    #[expect(deprecated, reason = "old rules still carry their prefix here")]
    let old_prefix = it.prefix;
    let prefix = filter
        .as_ref()
        .and_then(|filter| filter.prefix.clone())
        .or_else(|| and.and_then(|and| and.prefix.clone()))
        .or(old_prefix);
    let narrowed = filter.as_ref().is_some_and(|filter| filter.tag.is_some())
        || and.is_some_and(|and| and.tags.as_ref().is_some_and(|tags| !tags.is_empty()));
    let markers = it.delete_marker_replication.and_then(|it| it.status);
    Some(ReplicationRule {
        enabled: it.status == types::ReplicationRuleStatus::Enabled,
        prefix: prefix.unwrap_or_default(),
        narrowed,
        destination: Arn::from(destination.bucket),
        destination_account: destination.account.map(AccountId::from),
        delete_markers: markers == Some(types::DeleteMarkerReplicationStatus::Enabled),
    })
}
