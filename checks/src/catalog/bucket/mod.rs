//! Where the log files lie: who may reach them, and who may remove them.

use crate::check::{Check, Verdict};
use crate::inventory::Bucket;

mod access_logging;
mod account_public_access_block;
mod block;
mod cloudtrail_source_arn;
mod not_public_acl;
mod not_public_policy;
mod object_lock;
mod object_lock_compliance_mode;
mod object_lock_default_retention;
mod object_lock_retention_days;
mod owner_in_organization;
mod public_access_block;
mod tls_only;
mod versioning;

pub(super) const ALL: &[&Check] = &[
    &access_logging::CHECK,
    &account_public_access_block::CHECK,
    &cloudtrail_source_arn::CHECK,
    &not_public_acl::CHECK,
    &not_public_policy::CHECK,
    &object_lock::CHECK,
    &object_lock_compliance_mode::CHECK,
    &object_lock_default_retention::CHECK,
    &object_lock_retention_days::CHECK,
    &owner_in_organization::CHECK,
    &public_access_block::CHECK,
    &tls_only::CHECK,
    &versioning::CHECK,
];

/// The verdict on a bucket that is gone: one check tells of it, the others have nothing to judge.
fn gone(bucket: &Bucket) -> Option<Verdict> {
    (bucket.exists.ok() == Some(&false)).then(|| {
        Verdict::not_applicable("the bucket is gone: see delivery-bucket-exists")
            .saw("exists", false)
    })
}
