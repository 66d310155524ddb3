//! Which accounts are ours.

use crate::context::Context;
use crate::fact::Gaps;
use crate::ids::AccountId;

/// Whether an account is the caller's, or belongs to the organization.
pub(super) fn is_ours(account: &AccountId, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let organization = ctx.organization()?;
    if *account == ctx.inventory.header.scope.caller_arn.account() {
        return Ok(true);
    }
    // The caller and the management account belong to it, whether or not the list can be had.
    match organization {
        Some(it) if *account == it.management_account => Ok(true),
        Some(it) => Ok(it.accounts.known()?.contains(account)),
        None => Ok(false),
    }
}
