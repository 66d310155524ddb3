//! The keys that encrypt the record: whoever rules them can make it unreadable.

use crate::check::{Check, Verdict};
use crate::fact::Gaps;
use crate::inventory::{Key, KeyMetadata};

mod cloudtrail_source_arn;
mod customer_managed;
mod enabled;
mod not_pending_deletion;
mod origin;
mod owner_in_organization;
mod rotation;

pub(super) const ALL: &[&Check] = &[
    &cloudtrail_source_arn::CHECK,
    &customer_managed::CHECK,
    &enabled::CHECK,
    &not_pending_deletion::CHECK,
    &origin::CHECK,
    &owner_in_organization::CHECK,
    &rotation::CHECK,
];

/// What DescribeKey says; the verdict of most checks when there is no such key.
fn described(key: &Key) -> Result<Result<&KeyMetadata, Verdict>, Gaps> {
    let metadata = key.metadata.known()?.as_ref();
    Ok(metadata.ok_or_else(|| Verdict::not_applicable("the key is gone: see key-enabled")))
}
