//! Member accounts, and what control policies leave of somebody's rights there.

use std::collections::BTreeSet;

use crate::bound::{Exemptions, Kind, Left};
use crate::calls;
use crate::catalog::gap::gap;
use crate::check::{Outcome, Verdict};
use crate::context::Context;
use crate::fact::{Gaps, Reason};
use crate::inventory::{Account, AccountState, Organization};
use crate::policy;

/// Active member accounts that are in scope. The management account is beyond every control policy.
pub(super) fn members<'a>(ctx: &Context<'a>) -> Vec<&'a Account> {
    let all = ctx.inventory.accounts.values();
    let active = |account: &&Account| {
        !account.excluded
            && !account.management
            && matches!(account.state.ok(), None | Some(AccountState::Active))
    };
    all.filter(active).collect()
}

/// What the control policies over some accounts do about a list of things.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many are denied for sure.
    pub(super) denied: usize,
    /// What is not, or only under a condition, and to whom.
    pub(super) left: Vec<String>,
    /// What cannot be determined.
    pub(super) open: bool,
    /// Principals that are exempt by name.
    pub(super) named: BTreeSet<String>,
    /// Exemptions that are no names.
    pub(super) wide: BTreeSet<String>,
}

impl Tally {
    /// Adds what is left of `what`.
    pub(super) fn add(&mut self, what: String, left: &Left) {
        match left.verdict {
            policy::Verdict::Denied => self.denied += 1,
            policy::Verdict::Allowed | policy::Verdict::Conditional => {
                self.left
                    .push(format!("{what} (to {})", kinds(&left.kinds)));
            }
            policy::Verdict::Unknown => self.open = true,
        }
    }

    /// Adds whom the policies exempt.
    pub(super) fn exempt(&mut self, exempt: &Exemptions) {
        self.named.extend(exempt.named.iter().cloned());
        self.wide.extend(exempt.wide.iter().cloned());
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
            let verdict = verdict.saw("not denied", self.left.iter().take(25).collect::<Vec<_>>());
            return Ok(self.told(verdict, true));
        }
        organization.accounts.known()?;
        match self.open {
            true => Err(unknown(organization, ctx)),
            // Nothing evaluated is never a pass: who calls this has something to evaluate, or says not applicable.
            false if self.denied == 0 => Err(unknown(organization, ctx)),
            false => Ok(self.told(Verdict::pass(good).saw("denied", self.denied), false)),
        }
    }

    /// The exemptions as evidence.
    pub(super) fn told(&self, mut verdict: Verdict, fails: bool) -> Verdict {
        let some = |all: &BTreeSet<String>| all.iter().take(25).cloned().collect::<Vec<_>>();
        if !self.named.is_empty() {
            verdict = verdict.saw("exempt by name", some(&self.named));
        }
        if fails && !self.wide.is_empty() {
            let wide = some(&self.wide);
            verdict = verdict.saw("exempt by more than a name", wide);
        }
        verdict
    }
}

/// Kinds of principals, as a message names them.
pub(super) fn kinds(kinds: &[Kind]) -> String {
    let distinct: BTreeSet<Kind> = kinds.iter().copied().collect();
    let words: Vec<&str> = distinct.into_iter().map(Kind::words).collect();
    words.join(", ")
}

/// What stands in the way.
pub(super) fn unknown(organization: &Organization, ctx: &Context<'_>) -> Gaps {
    let otherwise = || {
        let (call, account) = (calls::LIST_POLICIES, &organization.management_account);
        let detail = "a control policy could not be parsed";
        gap(call, account, &ctx.home(), Reason::Malformed, detail)
    };
    crate::control_policies::gaps(organization, members(ctx)).unwrap_or_else(otherwise)
}

/// The verdict where there is nobody whom control policies reach.
pub(super) fn nobody(organization: &Organization) -> Outcome {
    organization.accounts.known()?;
    Ok(Verdict::not_applicable(
        "no member account is in scope, and SCPs and RCPs do not apply to the management account",
    ))
}
