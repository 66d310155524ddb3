//! Service and resource control policies on the path from the root to an account.

mod closed;
mod index;
mod over;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use closed::settle;
pub(crate) use index::Index;
use index::Policies;
pub use over::{Over, Somebody};

use crate::bound::Exemptions;
use crate::calls::{self, ApiCall};
use crate::fact::{Fact, Gap, Gaps, Reason};
use crate::ids::{AccountId, home_region};
use crate::inventory::{Account, ControlPolicyKind, Organization};
use crate::policy::{Document, Level, Policy};

/// The ids from the root to the account, the account itself last; none where the tree does not say.
#[must_use]
pub fn path(organization: &Organization, account: &Account) -> Option<Vec<String>> {
    Index::tree(organization).path(organization, account)
}

/// An answer about the organization that is there and cannot be read.
fn unreadable(organization: &Organization, call: ApiCall, detail: String) -> Gap {
    gap(organization, call, Reason::Malformed, detail)
}

fn gap(organization: &Organization, call: ApiCall, reason: Reason, detail: String) -> Gap {
    let account = &organization.management_account;
    let region = home_region(organization.arn.partition());
    Gap::of_call(call, account, &region, reason, detail)
}

/// Why the units above an account are not known.
fn no_path(organization: &Organization, account: &Account) -> Vec<Gap> {
    let gaps = [organization.units.gap(), account.parent.gap()];
    let gaps = gaps.into_iter().flatten().cloned();
    let gaps: Vec<Gap> = gaps.collect();
    if !gaps.is_empty() {
        return gaps;
    }
    let detail = format!(
        "the organizational units do not form a path from account {} to a root",
        account.id
    );
    vec![unreadable(
        organization,
        calls::LIST_ACCOUNTS_FOR_PARENT,
        detail,
    )]
}

/// The control policies of an organization, each read once.
#[derive(Debug)]
pub struct Control<'a> {
    organization: &'a Organization,
    index: Arc<Index>,
}

impl<'a> Control<'a> {
    /// Reads them.
    #[must_use]
    pub fn of(organization: &'a Organization) -> Self {
        Self::with(organization, Arc::new(Index::of(organization)))
    }

    /// What was read, for others.
    pub(crate) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }

    /// With what was read before.
    pub(crate) fn with(organization: &'a Organization, index: Arc<Index>) -> Self {
        Self {
            organization,
            index,
        }
    }

    /// The levels from the root to the account. Nothing where the organization has no policy of this kind: it is
    /// switched off then. What cannot be told is a policy that is missing.
    #[must_use]
    pub fn levels(
        &self,
        kind: ControlPolicyKind,
        account: &Account,
    ) -> Option<Vec<Level<'_, Gap>>> {
        let (read, name) = match kind {
            ControlPolicyKind::ServiceControlPolicy => {
                (&self.index.service, "service control policies")
            }
            ControlPolicyKind::ResourceControlPolicy => {
                (&self.index.resource, "resource control policies")
            }
        };
        let missing = |gaps: Vec<Gap>| {
            Some(vec![Level {
                target: account.id.to_string(),
                policies: gaps
                    .into_iter()
                    .map(|gap| Policy::missing(name, gap))
                    .collect(),
            }])
        };
        let read = match (read, &self.organization.policies) {
            (Some(read), _) => read,
            (None, Fact::Unknown(gap)) => return missing(vec![gap.clone()]),
            // They were read from the list that is known.
            (None, Fact::Known(_)) => return None,
        };
        if read.is_empty() {
            return None;
        }
        let Some(path) = self.index.path(self.organization, account) else {
            return missing(no_path(self.organization, account));
        };
        match read.levels(&path) {
            Ok(levels) => Some(levels),
            Err(gaps) => missing(gaps),
        }
    }

    /// The account that none of them binds.
    #[must_use]
    pub fn management_account(&self) -> &AccountId {
        &self.organization.management_account
    }

    /// Whether an RCP that is not AWS's own exists, or may.
    #[must_use]
    pub fn has_rcps(&self) -> bool {
        self.index.resource.as_ref().is_none_or(Policies::has_own)
    }

    /// Every document of both kinds that could be read.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        let all = self.index.service.iter().chain(&self.index.resource);
        all.flat_map(Policies::documents)
    }

    /// Whom the service control policies exempt from their Denies of these actions, wherever they are attached.
    #[must_use]
    pub fn exempt(&self, actions: &[&str]) -> Exemptions {
        let documents = self.index.service.iter().flat_map(Policies::documents);
        Exemptions::of(documents, actions, false)
    }

    /// The units from the root to the account, as `aws:PrincipalOrgPaths` writes them.
    #[must_use]
    pub fn org_path(&self, account: &Account) -> Option<String> {
        self.index.org_path(self.organization, account)
    }
}

/// The roles and users that SCPs exempt by name from a denial of these actions, in whichever account.
#[must_use]
pub fn exempt_names(organization: &Organization, actions: &[&str]) -> BTreeSet<String> {
    let exempt = Control::of(organization).exempt(actions);
    exempt.anywhere().into_iter().map(str::to_owned).collect()
}

/// What stands in the way of knowing the control policies over these accounts.
#[must_use]
pub fn gaps<'a>(
    organization: &Organization,
    accounts: impl IntoIterator<Item = &'a Account>,
) -> Option<Gaps> {
    let policies = organization.policies.ok().into_iter().flatten();
    let documents = policies.flat_map(|it| [it.document.gap(), it.targets.gap()]);
    let places = accounts.into_iter().map(|it| it.parent.gap());
    let all = [organization.policies.gap(), organization.units.gap()].into_iter();
    let all = all.chain(documents).chain(places).flatten();
    Gaps::collect(all.cloned().map(Gaps::from))
}
