//! Who could tamper with the record: a first form, one principal's own policies at a time.
//!
//! What a permissions boundary, a service control policy or a Deny in another document takes away is not looked
//! at: these checks rather report one principal too many.

use crate::check::Check;

mod full_access_policy_attachments;
mod no_admin_star;
mod no_full_cloudtrail_inline_policy;
mod no_full_cloudtrail_managed_policy;
mod policies;
mod rights;

pub(super) const ALL: &[&Check] = &[
    &full_access_policy_attachments::CHECK,
    &no_admin_star::CHECK,
    &no_full_cloudtrail_inline_policy::CHECK,
    &no_full_cloudtrail_managed_policy::CHECK,
];
