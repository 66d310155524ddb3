//! What holds for the organization as a whole.

use crate::check::Check;

mod account_in_organization;
mod all_accounts_covered;
mod delegated_admin;
mod log_archive_separate;
pub(super) mod trail;
mod trusted_access;

pub(super) const ALL: &[&Check] = &[
    &account_in_organization::CHECK,
    &all_accounts_covered::CHECK,
    &delegated_admin::CHECK,
    &log_archive_separate::CHECK,
    &trail::CHECK,
    &trusted_access::CHECK,
];
