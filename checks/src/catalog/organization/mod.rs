//! What holds for the organization as a whole.

use crate::check::Check;

mod account_in_organization;
mod all_accounts_covered;
mod delegated_admin;
mod log_archive_separate;
mod members;
mod policy_delegation;
mod rcp_external_access;
mod region_restriction;
mod root_access_centralized;
mod scp_attached_everywhere;
mod scp_denies_leave;
mod scp_denies_trail_tampering;
mod scp_exemptions_guarded;
mod scp_protects_log_storage;
mod storage;
pub(super) mod trail;
mod trusted_access;

pub(super) const ALL: &[&Check] = &[
    &account_in_organization::CHECK,
    &all_accounts_covered::CHECK,
    &delegated_admin::CHECK,
    &log_archive_separate::CHECK,
    &policy_delegation::CHECK,
    &rcp_external_access::CHECK,
    &region_restriction::CHECK,
    &root_access_centralized::CHECK,
    &scp_attached_everywhere::CHECK,
    &scp_denies_leave::CHECK,
    &scp_denies_trail_tampering::CHECK,
    &scp_exemptions_guarded::CHECK,
    &scp_protects_log_storage::CHECK,
    &trail::CHECK,
    &trusted_access::CHECK,
];
