//! The keys that encrypt the record: whoever rules them can make it unreadable.

use crate::check::{Check, Verdict};
use crate::fact::Gaps;
use crate::inventory::{Key, KeyMetadata};

mod cloudtrail_source_arn;
mod customer_managed;
mod decrypt_restricted;
mod enabled;
mod grants;
mod not_pending_deletion;
mod not_public;
mod origin;
mod owner_in_organization;
mod policy_admits_cloudtrail;
mod policy_cross_account;
mod readers_exist;
mod replicas;
mod rotation;
mod separation_of_duties;

pub(super) const ALL: &[&Check] = &[
    &cloudtrail_source_arn::CHECK,
    &customer_managed::CHECK,
    &decrypt_restricted::CHECK,
    &enabled::CHECK,
    &grants::CHECK,
    &not_pending_deletion::CHECK,
    &not_public::CHECK,
    &origin::CHECK,
    &owner_in_organization::CHECK,
    &policy_admits_cloudtrail::CHECK,
    &policy_cross_account::CHECK,
    &readers_exist::CHECK,
    &replicas::CHECK,
    &rotation::CHECK,
    &separation_of_duties::CHECK,
];

/// What DescribeKey says; the verdict of most checks when there is no such key.
fn described(key: &Key) -> Result<Result<&KeyMetadata, Verdict>, Gaps> {
    let metadata = key.metadata.known()?.as_ref();
    Ok(metadata.ok_or_else(|| Verdict::not_applicable("the key does not exist: see key-enabled")))
}
