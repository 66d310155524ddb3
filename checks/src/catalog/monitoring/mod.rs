//! Who is told when the record is touched, and which services watch it.

use crate::check::{Check, Verdict};
use crate::context::Context;
use crate::fact::{Gaps, Reason};

mod access_analyzer;
mod alarm_action_subscribed;
mod alarm_actions_enabled;
mod alarm_cloudtrail_changes;
mod alarm_config_changes;
mod alarm_console_auth_failures;
mod alarm_evaluates;
mod alarm_guardduty_changes;
mod alarm_iam_policy_changes;
mod alarm_key_disable_delete;
mod alarm_nacl_changes;
mod alarm_network_gateway_changes;
mod alarm_organizations_changes;
mod alarm_public_access_block_changes;
mod alarm_root_usage;
mod alarm_route_table_changes;
mod alarm_s3_policy_changes;
mod alarm_security_group_changes;
mod alarm_signin_without_mfa;
mod alarm_unauthorized_api_calls;
mod alarm_vpc_changes;
mod alarms;
mod config_recorder;
mod eventbridge_tamper_rule;
mod events;
mod guardduty;
mod judge;
mod links;
mod log_group_bearer_token;
mod log_group_deletion_protection;
mod log_group_encrypted;
mod log_group_not_public;
mod log_group_retention;
mod log_group_subscriptions;
mod macie;
mod messages;
mod off;
mod recent_tampering;
mod recorded;
mod rules;
mod scene;
mod securityhub;

#[cfg(test)]
mod tests;

pub(super) const ALL: &[&Check] = &[
    &access_analyzer::CHECK,
    &alarm_action_subscribed::CHECK,
    &alarm_actions_enabled::CHECK,
    &alarm_cloudtrail_changes::CHECK,
    &alarm_config_changes::CHECK,
    &alarm_console_auth_failures::CHECK,
    &alarm_evaluates::CHECK,
    &alarm_guardduty_changes::CHECK,
    &alarm_iam_policy_changes::CHECK,
    &alarm_key_disable_delete::CHECK,
    &alarm_nacl_changes::CHECK,
    &alarm_network_gateway_changes::CHECK,
    &alarm_organizations_changes::CHECK,
    &alarm_public_access_block_changes::CHECK,
    &alarm_root_usage::CHECK,
    &alarm_route_table_changes::CHECK,
    &alarm_s3_policy_changes::CHECK,
    &alarm_security_group_changes::CHECK,
    &alarm_signin_without_mfa::CHECK,
    &alarm_unauthorized_api_calls::CHECK,
    &alarm_vpc_changes::CHECK,
    &config_recorder::CHECK,
    &eventbridge_tamper_rule::CHECK,
    &guardduty::CHECK,
    &log_group_bearer_token::CHECK,
    &log_group_deletion_protection::CHECK,
    &log_group_encrypted::CHECK,
    &log_group_not_public::CHECK,
    &log_group_retention::CHECK,
    &log_group_subscriptions::CHECK,
    &macie::CHECK,
    &recent_tampering::CHECK,
    &securityhub::CHECK,
];

/// The verdict on a log group that is gone: one check tells of it, the others have nothing to judge.
fn gone() -> Verdict {
    Verdict::not_applicable("the log group is gone: see trail-cloudwatch-logs")
}

/// Whether every account that may matter is in sight. A member account is refused the list by rule, and is then
/// all that was looked at.
fn all_in_sight(ctx: &Context<'_>) -> Result<(), Gaps> {
    let Some(organization) = ctx.organization()? else {
        return Ok(());
    };
    let caller = ctx.inventory.header.scope.caller_arn.account();
    match organization.accounts.gap() {
        Some(gap) if gap.reason == Reason::Denied && caller != organization.management_account => {
            Ok(())
        }
        Some(gap) => Err(gap.clone().into()),
        None => Ok(()),
    }
}
