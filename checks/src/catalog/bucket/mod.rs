//! Where the log files lie: who may reach them, and who may remove them.

use crate::check::{Check, Verdict};
use crate::inventory::Bucket;

mod access_log_target_separate;
mod access_logging;
mod access_points_restricted;
mod account_public_access_block;
mod acl_disabled;
mod block;
mod cloudtrail_source_arn;
mod dedicated;
mod default_encryption;
mod event_notifications;
mod lifecycle_archive;
mod lifecycle_retention;
mod log_target;
mod mfa_delete;
mod min_tls_version;
mod naming;
mod not_public_acl;
mod not_public_policy;
mod object_lock;
mod object_lock_compliance_mode;
mod object_lock_default_retention;
mod object_lock_retention_days;
mod owner_active;
mod owner_in_organization;
mod owner_log_archive;
mod places;
mod policy_admits_cloudtrail;
mod policy_cross_account;
mod policy_denies_delete;
mod policy_services_scoped;
mod policy_writers_only_cloudtrail;
mod public_access_block;
mod replication;
mod replication_rule;
mod tls_only;
mod versioning;
mod website_disabled;

pub(super) const ALL: &[&Check] = &[
    &access_log_target_separate::CHECK,
    &access_logging::CHECK,
    &access_points_restricted::CHECK,
    &account_public_access_block::CHECK,
    &acl_disabled::CHECK,
    &cloudtrail_source_arn::CHECK,
    &dedicated::CHECK,
    &default_encryption::CHECK,
    &event_notifications::CHECK,
    &lifecycle_archive::CHECK,
    &lifecycle_retention::CHECK,
    &mfa_delete::CHECK,
    &min_tls_version::CHECK,
    &naming::CHECK,
    &not_public_acl::CHECK,
    &not_public_policy::CHECK,
    &object_lock::CHECK,
    &object_lock_compliance_mode::CHECK,
    &object_lock_default_retention::CHECK,
    &object_lock_retention_days::CHECK,
    &owner_active::CHECK,
    &owner_in_organization::CHECK,
    &owner_log_archive::CHECK,
    &policy_admits_cloudtrail::CHECK,
    &policy_cross_account::CHECK,
    &policy_denies_delete::CHECK,
    &policy_services_scoped::CHECK,
    &policy_writers_only_cloudtrail::CHECK,
    &public_access_block::CHECK,
    &replication::CHECK,
    &tls_only::CHECK,
    &versioning::CHECK,
    &website_disabled::CHECK,
];

/// The verdict on a bucket that is gone: one check tells of it, the others have nothing to judge.
fn gone(bucket: &Bucket) -> Option<Verdict> {
    (bucket.exists.ok() == Some(&false)).then(|| {
        Verdict::not_applicable("the bucket does not exist: see delivery-bucket-exists")
            .saw("exists", false)
    })
}
