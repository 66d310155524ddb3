//! What is asked of one bucket, each thing a fact of its own.

use std::collections::BTreeMap;

use aws_sdk_s3::types;
use trailaudit_checks::calls::{
    GET_BUCKET_ACL, GET_BUCKET_ENCRYPTION, GET_BUCKET_LIFECYCLE, GET_BUCKET_LOGGING,
    GET_BUCKET_NOTIFICATION, GET_BUCKET_OWNERSHIP, GET_BUCKET_POLICY, GET_BUCKET_POLICY_STATUS,
    GET_BUCKET_PUBLIC_ACCESS_BLOCK, GET_BUCKET_REPLICATION, GET_BUCKET_TAGGING,
    GET_BUCKET_VERSIONING, GET_BUCKET_WEBSITE, GET_OBJECT_LOCK, LIST_OBJECTS,
};
use trailaudit_checks::fact::{Fact, Known};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::bucket::{
    AccessLogging, AclGrant, DefaultEncryption, LifecycleRule, Notifications, ReplicationRule,
};
use trailaudit_checks::inventory::{PublicAccessBlock, Retention, Versioning};

use super::shapes::{grant, lifecycle, partition_of, replication, retention};
use super::unread;
use crate::collect::ask::{Ask, Read, Target, of_one_answer, overrides, send};
use crate::collect::guard::Body;

/// One bucket, in its own region.
pub(super) struct Place<'a> {
    pub(super) ask: &'a Ask,
    pub(super) target: &'a Target,
    pub(super) name: &'a str,
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
    pub(super) async fn acl(&self) -> Fact<Vec<AclGrant>> {
        let answer = get!(self, GET_BUCKET_ACL, get_bucket_acl, []);
        answer.read((self.target, GET_BUCKET_ACL), |out| {
            let owner = out.owner.and_then(|it| it.id);
            out.grants
                .unwrap_or_default()
                .into_iter()
                .map(|it| grant(it, owner.as_deref()))
                .collect()
        })
    }

    pub(super) async fn ownership(&self) -> Fact<Option<String>> {
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

    pub(super) async fn public_access_block(&self) -> Fact<Option<PublicAccessBlock>> {
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

    pub(super) async fn policy(&self) -> Fact<Option<String>> {
        let answer = get!(
            self,
            GET_BUCKET_POLICY,
            get_bucket_policy,
            ["NoSuchBucketPolicy"]
        );
        answer.map(|out| out.and_then(|out| out.policy))
    }

    pub(super) async fn policy_is_public(&self) -> Fact<Option<bool>> {
        let answer = get!(
            self,
            GET_BUCKET_POLICY_STATUS,
            get_bucket_policy_status,
            ["NoSuchBucketPolicy"]
        );
        answer.map(|out| out?.policy_status?.is_public)
    }

    pub(super) async fn versioning(&self) -> Versioning {
        let answer = get!(self, GET_BUCKET_VERSIONING, get_bucket_versioning, []);
        of_one_answer(answer.read((self.target, GET_BUCKET_VERSIONING), |out| {
            Some(Versioning {
                suspended: Known(out.status == Some(types::BucketVersioningStatus::Suspended)),
                enabled: Known(out.status == Some(types::BucketVersioningStatus::Enabled)),
                mfa_delete: Known(out.mfa_delete == Some(types::MfaDeleteStatus::Enabled)),
            })
        }))
    }

    pub(super) async fn object_lock(&self) -> Fact<(bool, Option<Retention>)> {
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

    pub(super) async fn encryption(&self) -> Fact<Option<DefaultEncryption>> {
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

    pub(super) async fn access_logging(&self) -> Fact<Option<AccessLogging>> {
        let answer = get!(self, GET_BUCKET_LOGGING, get_bucket_logging, []);
        answer.map(|out| {
            let set = out?.logging_enabled?;
            Some(AccessLogging {
                target_bucket: set.target_bucket,
                target_prefix: set.target_prefix,
            })
        })
    }

    pub(super) async fn lifecycle(&self) -> Fact<Option<Vec<LifecycleRule>>> {
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

    pub(super) async fn replication(&self) -> Fact<Option<Vec<ReplicationRule>>> {
        let (target, call) = (self.target, GET_BUCKET_REPLICATION);
        let body = Body::default();
        let absent = &["ReplicationConfigurationNotFoundError"];
        let request = self.ask.clients.s3.get_bucket_replication();
        let request = request.bucket(self.name);
        let send = |meter| {
            request
                .customize()
                .interceptor(meter)
                .interceptor(body.clone())
                .config_override(overrides!(aws_sdk_s3, target, call))
                .send()
        };
        let answer = self.ask.call(target, call, self.name, absent, send).await;
        if matches!(answer, Known(None)) {
            return Known(None);
        }
        answer.read((target, call), |out| {
            let set = out.replication_configuration?;
            let role = Arn::from(set.role);
            let unread = unread::of_rules(&body.text());
            // The rules as they came and as the SDK has them are the same, or the answer is not understood.
            if unread.len() != set.rules.len() {
                return None;
            }
            let rules = set.rules.into_iter().zip(unread);
            let rules: Option<Vec<ReplicationRule>> = rules
                .map(|(rule, unread)| replication(rule, &role, unread))
                .collect();
            rules.map(Some)
        })
    }

    pub(super) async fn notifications(&self) -> Fact<Notifications> {
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

    pub(super) async fn website(&self) -> Fact<bool> {
        let answer = get!(
            self,
            GET_BUCKET_WEBSITE,
            get_bucket_website,
            ["NoSuchWebsiteConfiguration"]
        );
        answer.map(|out| out.is_some())
    }

    pub(super) async fn tags(&self) -> Fact<BTreeMap<String, String>> {
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
    pub(super) async fn prefixes(&self) -> Fact<Vec<String>> {
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
