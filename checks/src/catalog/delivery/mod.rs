//! Whether what is recorded arrives.

use crate::check::Check;

mod account_region_prefixes_present;
mod backfill_digests_valid;
mod bucket_exists;
mod chains;
mod cloudwatch_fresh;
mod cloudwatch_no_error;
mod digest_chain_unbroken;
mod digest_fresh;
mod digest_no_error;
mod digest_signature_valid;
mod lateness;
mod log_file_hash_valid;
mod no_unlisted_log_files;
mod objects_encrypted_as_configured;
mod objects_locked_as_configured;
mod regions_no_error;
mod s3_fresh;
mod s3_no_error;
mod sns_no_error;
mod stored;

/// The check that reads the status of trails in all their regions.
pub(super) const IN_EVERY_REGION: &str = regions_no_error::CHECK.id;

pub(super) const ALL: &[&Check] = &[
    &account_region_prefixes_present::CHECK,
    &backfill_digests_valid::CHECK,
    &bucket_exists::CHECK,
    &cloudwatch_fresh::CHECK,
    &cloudwatch_no_error::CHECK,
    &digest_chain_unbroken::CHECK,
    &digest_fresh::CHECK,
    &digest_no_error::CHECK,
    &digest_signature_valid::CHECK,
    &log_file_hash_valid::CHECK,
    &no_unlisted_log_files::CHECK,
    &objects_encrypted_as_configured::CHECK,
    &objects_locked_as_configured::CHECK,
    &regions_no_error::CHECK,
    &s3_fresh::CHECK,
    &s3_no_error::CHECK,
    &sns_no_error::CHECK,
];
