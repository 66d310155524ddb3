//! The settings of a bucket, from the block or the resource that sets them.

use jiff::Timestamp;

use super::bucket::owner;
use crate::ids::Arn;
use crate::inventory::bucket::{
    AccessLogging, AclGrant, DefaultEncryption, LifecycleRule, Notifications, Transition,
};
use crate::inventory::{PublicAccessBlock, Retention, RetentionMode};
use crate::terraform::value::{Unsettled, View};

/// Versioning as one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Versions {
    pub(super) enabled: bool,
    pub(super) suspended: bool,
    pub(super) mfa_delete: bool,
}

/// Of `aws_s3_bucket_versioning`, or of the block `versioning` of provider 3.
pub(super) fn versioning(view: View<'_>) -> Result<Versions, Unsettled> {
    let Some(set) = view.block("versioning_configuration")? else {
        let enabled = view.bool("enabled", false)?;
        return Ok(Versions {
            enabled,
            suspended: !enabled,
            mfa_delete: view.bool("mfa_delete", false)?,
        });
    };
    let status = set.text("status")?;
    Ok(Versions {
        enabled: status.as_deref() == Some("Enabled"),
        suspended: status.as_deref() == Some("Suspended"),
        mfa_delete: set.text("mfa_delete")?.as_deref() == Some("Enabled"),
    })
}

/// Of `aws_s3_bucket_public_access_block`: what is not set is off.
pub(super) fn public_access_block(view: View<'_>) -> Result<PublicAccessBlock, Unsettled> {
    Ok(PublicAccessBlock {
        block_public_acls: view.bool("block_public_acls", false)?,
        ignore_public_acls: view.bool("ignore_public_acls", false)?,
        block_public_policy: view.bool("block_public_policy", false)?,
        restrict_public_buckets: view.bool("restrict_public_buckets", false)?,
    })
}

pub(super) fn ownership(view: View<'_>) -> Result<Option<String>, Unsettled> {
    match view.block("rule")? {
        None => Ok(None),
        Some(rule) => rule.text("object_ownership"),
    }
}

pub(super) fn owner_alone() -> Vec<AclGrant> {
    vec![owner()]
}

/// The canned ACLs whose grants are known (Amazon S3 User Guide, "Canned ACL"); others name users.
pub(super) fn acl(view: View<'_>) -> Result<Vec<AclGrant>, Unsettled> {
    let group = |uri: &str, permission: &str| AclGrant {
        grantee: format!("http://acs.amazonaws.com/groups/{uri}"),
        kind: "Group".to_owned(),
        permission: permission.to_owned(),
        of_owner: Some(false),
    };
    let mut grants = owner_alone();
    match view.text("acl")?.as_deref() {
        Some("private" | "bucket-owner-full-control") => {}
        Some("public-read") => grants.push(group("global/AllUsers", "READ")),
        Some("public-read-write") => {
            grants.push(group("global/AllUsers", "READ"));
            grants.push(group("global/AllUsers", "WRITE"));
        }
        Some("authenticated-read") => grants.push(group("global/AuthenticatedUsers", "READ")),
        Some("log-delivery-write") => {
            grants.push(group("s3/LogDelivery", "WRITE"));
            grants.push(group("s3/LogDelivery", "READ_ACP"));
        }
        Some(_) | None => return Err(Unsettled),
    }
    Ok(grants)
}

/// The default retention of an Object Lock configuration.
pub(super) fn retention(view: View<'_>) -> Result<Option<Retention>, Unsettled> {
    let Some(rule) = view.block("rule")? else {
        return Ok(None);
    };
    let Some(set) = rule.block("default_retention")? else {
        return Ok(None);
    };
    let mode = match set.text("mode")?.as_deref() {
        Some("COMPLIANCE") => RetentionMode::Compliance,
        Some("GOVERNANCE") => RetentionMode::Governance,
        Some(_) | None => return Err(Unsettled),
    };
    let count = |name| -> Result<Option<u32>, Unsettled> {
        let number = set.number(name)?.filter(|it| *it != 0);
        number
            .map(|number| u32::try_from(number).map_err(|_| Unsettled))
            .transpose()
    };
    Ok(Some(Retention {
        mode,
        days: count("days")?,
        years: count("years")?,
    }))
}

pub(super) fn encryption(
    view: View<'_>,
    key_arn: &dyn Fn(&str) -> String,
    referred: &dyn Fn() -> Option<String>,
) -> Result<Option<DefaultEncryption>, Unsettled> {
    let Some(rule) = view.block("rule")? else {
        return Ok(None);
    };
    let Some(set) = rule.block("apply_server_side_encryption_by_default")? else {
        return Ok(None);
    };
    let key = match set.text("kms_master_key_id") {
        Ok(key) => key.map(|it| key_arn(&it)),
        Err(Unsettled) => Some(referred().ok_or(Unsettled)?),
    };
    Ok(Some(DefaultEncryption {
        algorithm: set.text("sse_algorithm")?.ok_or(Unsettled)?,
        kms_key: key,
        bucket_key: rule.bool("bucket_key_enabled", false)?,
    }))
}

pub(super) fn access_logging(view: View<'_>) -> Result<Option<AccessLogging>, Unsettled> {
    let Some(target_bucket) = view.text("target_bucket")? else {
        return Ok(None);
    };
    Ok(Some(AccessLogging {
        target_bucket,
        target_prefix: view.text("target_prefix")?.unwrap_or_default(),
    }))
}

pub(super) fn notifications(view: View<'_>) -> Result<Notifications, Unsettled> {
    let mut targets = Vec::new();
    for (block, arn) in [
        ("topic", "topic_arn"),
        ("queue", "queue_arn"),
        ("lambda_function", "lambda_function_arn"),
    ] {
        for it in view.blocks(block).ok_or(Unsettled)? {
            targets.extend(it.text(arn)?.map(Arn::from));
        }
    }
    Ok(Notifications {
        event_bridge: view.bool("eventbridge", false)?,
        targets,
    })
}

/// Of `aws_s3_bucket_lifecycle_configuration` (`rule`), or of provider 3 (`lifecycle_rule`).
pub(super) fn lifecycle(view: View<'_>) -> Result<Vec<LifecycleRule>, Unsettled> {
    let mut rules = Vec::new();
    for it in view.blocks("rule").ok_or(Unsettled)? {
        rules.push(rule(it)?);
    }
    for it in view.blocks("lifecycle_rule").ok_or(Unsettled)? {
        rules.push(inline_rule(it)?);
    }
    Ok(rules)
}

fn rule(view: View<'_>) -> Result<LifecycleRule, Unsettled> {
    let (mut prefix, mut narrowed) = (view.text("prefix")?.unwrap_or_default(), false);
    if let Some(filter) = view.block("filter")? {
        let and = filter.block("and")?;
        for part in [Some(filter), and].into_iter().flatten() {
            if let Some(given) = part.text("prefix")? {
                prefix = given;
            }
            let sizes = ["object_size_greater_than", "object_size_less_than"];
            for name in sizes {
                narrowed |= part.text(name)?.is_some_and(|it| it != "0");
            }
            narrowed |= part
                .settled("tags")?
                .is_some_and(|value| value.as_object().is_some_and(|it| !it.is_empty()));
        }
        narrowed |= filter.block("tag")?.is_some();
    }
    let mut rule = LifecycleRule {
        id: view.text("id").unwrap_or_default(),
        enabled: view.text("status")?.as_deref() == Some("Enabled"),
        prefix,
        narrowed,
        ..LifecycleRule::default()
    };
    ends(view, "noncurrent_days", &mut rule)?;
    Ok(rule)
}

fn inline_rule(view: View<'_>) -> Result<LifecycleRule, Unsettled> {
    let tags = view.settled("tags")?.and_then(|it| it.as_object());
    let mut rule = LifecycleRule {
        id: view.text("id").unwrap_or_default(),
        enabled: view.bool("enabled", false)?,
        prefix: view.text("prefix")?.unwrap_or_default(),
        narrowed: tags.is_some_and(|it| !it.is_empty()),
        ..LifecycleRule::default()
    };
    ends(view, "days", &mut rule)?;
    Ok(rule)
}

fn ends(view: View<'_>, noncurrent: &str, rule: &mut LifecycleRule) -> Result<(), Unsettled> {
    // The provider writes 0 for what is not set.
    let set = |days: Option<i64>| days.filter(|it| *it != 0);
    if let Some(expiration) = view.block("expiration")? {
        rule.expiration_days = set(expiration.number("days")?);
        if let Some(date) = expiration.text("date")? {
            let date = match date.contains('T') {
                true => date,
                false => format!("{date}T00:00:00Z"),
            };
            rule.expiration_date = Some(date.parse::<Timestamp>().map_err(|_| Unsettled)?);
        }
    }
    if let Some(ends) = view.block("noncurrent_version_expiration")? {
        rule.noncurrent_days = set(ends.number(noncurrent)?);
        rule.noncurrent_kept = set(ends.number("newer_noncurrent_versions")?);
    }
    for it in view.blocks("transition").ok_or(Unsettled)? {
        rule.transitions.push(Transition {
            days: it.number("days")?,
            class: it.text("storage_class")?.ok_or(Unsettled)?,
        });
    }
    Ok(())
}
