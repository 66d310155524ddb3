//! Which resources a process asks for: the others are another's.

use std::collections::BTreeSet;

use trailaudit_checks::fact::{Fact, Reason};
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::Trail;

/// A share of the resources.
#[derive(Debug)]
pub(crate) enum Share {
    /// All that nobody has asked for yet: trails beside these.
    Rest(BTreeSet<Arn>),
    /// What these accounts own, as far as their own trails and stores name it: who owns what another resource names is
    /// known when all have been seen.
    Of(BTreeSet<AccountId>),
}

impl Share {
    /// What the account owns is to be asked for.
    pub(crate) fn has(&self, owner: &AccountId) -> bool {
        match self {
            Self::Rest(_) => true,
            Self::Of(accounts) => accounts.contains(owner),
        }
    }

    /// The details of the trail are to be asked for.
    pub(crate) fn has_trail(&self, trail: &Trail) -> bool {
        match self {
            Self::Rest(asked) => !asked.contains(&trail.arn),
            Self::Of(accounts) => accounts.contains(&trail.account),
        }
    }

    /// What takes the answers about all resources is to be asked for.
    pub(crate) fn is_rest(&self) -> bool {
        matches!(self, Self::Rest(_))
    }
}

/// Nobody has asked for it yet.
pub(crate) fn is_open<T>(fact: &Fact<T>) -> bool {
    fact.gap().is_some_and(|it| it.reason == Reason::NotAsked)
}
