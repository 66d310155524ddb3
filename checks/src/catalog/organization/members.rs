//! Member accounts, and what control policies leave of somebody's rights there.

use crate::calls;
use crate::catalog::gap::gap;
use crate::check::{Outcome, Verdict};
use crate::evaluate::Context;
use crate::fact::{Gaps, Reason};
use crate::inventory::{Account, AccountState, Organization};
use crate::policy;

/// Active member accounts that are in scope. The management account is beyond every control policy.
pub(super) fn members<'a>(ctx: &Context<'a>) -> Vec<&'a Account> {
    let all = ctx.inventory.accounts.values();
    let active = |it: &&Account| {
        !it.excluded && !it.management && matches!(it.state.ok(), None | Some(AccountState::Active))
    };
    all.filter(active).collect()
}

/// What the control policies over some accounts do about a list of things.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// What is denied for sure.
    pub(super) denied: Vec<String>,
    /// What is not, or only under a condition.
    pub(super) left: Vec<String>,
    /// What cannot be told.
    pub(super) open: bool,
}

impl Tally {
    pub(super) fn add(&mut self, what: String, verdict: policy::Verdict) {
        match verdict {
            policy::Verdict::Denied => self.denied.push(what),
            policy::Verdict::Allowed | policy::Verdict::Conditional => self.left.push(what),
            policy::Verdict::Unknown => self.open = true,
        }
    }

    /// Nothing may be left.
    pub(super) fn all(
        &self,
        organization: &Organization,
        ctx: &Context<'_>,
        (good, bad): (&str, &str),
    ) -> Outcome {
        if !self.left.is_empty() {
            let (first, more) = (
                self.left.first().map_or("", String::as_str),
                self.left.len() - 1,
            );
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            let verdict = Verdict::fail(format!("{bad}: {first}{more}"));
            return Ok(verdict.saw("not denied", self.left.iter().take(25).collect::<Vec<_>>()));
        }
        organization.accounts.known()?;
        match self.open {
            true => Err(unknown(organization, ctx)),
            false => Ok(Verdict::pass(good).saw("denied", self.denied.len())),
        }
    }
}

/// What stands in the way.
pub(super) fn unknown(organization: &Organization, ctx: &Context<'_>) -> Gaps {
    let otherwise = || {
        let (call, account) = (calls::LIST_POLICIES, &organization.management_account);
        let detail = "a control policy cannot be read";
        gap(call, account, &ctx.home(), Reason::Malformed, detail)
    };
    crate::scp::gaps(organization, members(ctx)).unwrap_or_else(otherwise)
}

/// The verdict where there is nobody whom control policies reach.
pub(super) fn nobody(organization: &Organization) -> Outcome {
    organization.accounts.known()?;
    Ok(Verdict::not_applicable(
        "there is no member account in scope, and no control policy reaches the management account",
    ))
}
