//! Who could tamper with the record.
//!
//! What a principal can really do is judged with all policies together ([`crate::access`]): those checks are told of
//! whoever can, by its own rights, and `access-escalation-paths` of whoever can through others. Those on attached policies
//! (`access-no-full-*`, `access-no-admin-star`, `access-full-access-*`) look at one principal's own documents.

use crate::check::Check;

mod alerting_disable;
mod auditors_read_only;
mod bucket_reconfigure;
mod bypass_governance;
mod cloudwatch_delivery_role;
mod cross_account_trust;
mod effective;
mod escalation_paths;
mod full_access_policy_attachments;
mod key_destroy;
mod lake_destroy;
mod log_delete;
mod log_group_destroy;
mod log_read;
mod no_admin_star;
mod no_full_cloudtrail_inline_policy;
mod no_full_cloudtrail_managed_policy;
mod organization_detach;
mod policies;
mod rights;
mod role_session_name;
mod tamper_requires_mfa;
mod trail_delete;
mod trail_selectors;
mod trail_stop;
mod trail_update;

pub(super) const ALL: &[&Check] = &[
    &alerting_disable::CHECK,
    &auditors_read_only::CHECK,
    &bucket_reconfigure::CHECK,
    &bypass_governance::CHECK,
    &cloudwatch_delivery_role::CHECK,
    &cross_account_trust::CHECK,
    &escalation_paths::CHECK,
    &full_access_policy_attachments::CHECK,
    &key_destroy::CHECK,
    &lake_destroy::CHECK,
    &log_delete::CHECK,
    &log_group_destroy::CHECK,
    &log_read::CHECK,
    &no_admin_star::CHECK,
    &no_full_cloudtrail_inline_policy::CHECK,
    &no_full_cloudtrail_managed_policy::CHECK,
    &organization_detach::CHECK,
    &role_session_name::CHECK,
    &tamper_requires_mfa::CHECK,
    &trail_delete::CHECK,
    &trail_selectors::CHECK,
    &trail_stop::CHECK,
    &trail_update::CHECK,
];
