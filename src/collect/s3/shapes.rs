//! The SDK's shapes of a bucket's settings, as the inventory has them.

use aws_sdk_s3::types;
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::bucket::{AclGrant, LifecycleRule, ReplicationRule, Transition};
use trailaudit_checks::inventory::{Retention, RetentionMode};

use crate::collect::time::maybe;

/// The partition that a region's name begins with; only used to complete a key's name.
pub(super) fn partition_of(region: &Region) -> &'static str {
    match region.as_str() {
        name if name.starts_with("cn-") => "aws-cn",
        name if name.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

pub(super) fn grant(it: types::Grant, owner: Option<&str>) -> Option<AclGrant> {
    let grantee = it.grantee?;
    Some(AclGrant {
        of_owner: owner
            .zip(grantee.id.as_deref())
            .map(|(owner, it)| owner == it),
        kind: grantee.r#type.as_str().to_owned(),
        grantee: grantee.uri.or(grantee.id).or(grantee.email_address)?,
        permission: it.permission?.as_str().to_owned(),
    })
}

/// A retention, or none when the answer makes no sense.
pub(super) fn retention(it: &types::DefaultRetention) -> Option<Retention> {
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

pub(super) fn lifecycle(it: types::LifecycleRule) -> LifecycleRule {
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
        .map(|transition| Transition {
            days: transition.days.map(i64::from),
            class: transition
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

/// `not_read`: what the answer says of the rule, and the SDK's shape lacks.
pub(super) fn replication(
    it: types::ReplicationRule,
    role: &Arn,
    not_read: Vec<String>,
) -> Option<ReplicationRule> {
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
    let encrypted = it
        .source_selection_criteria
        .and_then(|it| it.sse_kms_encrypted_objects)
        .map(|it| it.status);
    Some(ReplicationRule {
        enabled: it.status == types::ReplicationRuleStatus::Enabled,
        prefix: prefix.unwrap_or_default(),
        narrowed,
        destination: Arn::from(destination.bucket),
        destination_account: destination.account.map(AccountId::from),
        delete_markers: markers == Some(types::DeleteMarkerReplicationStatus::Enabled),
        kms_encrypted: Some(encrypted == Some(types::SseKmsEncryptedObjectsStatus::Enabled)),
        role: Some(role.clone()),
        priority: it.priority,
        not_read,
    })
}
