//! The IAM documents of one account: what is judged at once, and what is kept of them for the end.

use super::{Evaluation, account_subject, population};
use crate::check::{Check, Identity, Outcome, Principal, Run, Verdict};
use crate::context::{Context, is_judged};
use crate::fact::{Gap, Gaps, Reason};
use crate::finding::{Status, Subject, SubjectKind};
use crate::ids::{AccountId, Arn};
use crate::inventory::Account;
use crate::inventory::iam::AuthorizationDetails;

impl Evaluation<'_> {
    pub(super) fn documents(
        &mut self,
        id: &AccountId,
        details: Result<&AuthorizationDetails, Gaps>,
    ) {
        self.seen_iam.insert(id.clone());
        let Some(account) = self.ctx.inventory.accounts.get(id) else {
            // Its principals were read, and nobody knows whose they are: they must not vanish.
            return self.stray_iam(id);
        };
        if !is_judged(account) {
            return;
        }
        if let Some(analysis) = &mut self.analysis {
            analysis.account(id, details.clone());
        }
        if !self.exempt.is_empty() {
            let trusts = match &details {
                Ok(details) => Ok(self.trusts_of(&details.roles)),
                Err(gaps) => Err(gaps.clone()),
            };
            self.trusts.insert(id.clone(), trusts);
        }
        if self.named.iter().any(|it| it.account() == *id) {
            let roles = match &details {
                Ok(details) => Ok(self.named_of(details)),
                Err(gaps) => Err(gaps.clone()),
            };
            self.roles.insert(id.clone(), roles);
        }
        for check in self.catalog {
            if let Run::IamPrincipal(run) = check.run {
                match &details {
                    Ok(details) => self.principals(check, run, account, details),
                    Err(gaps) => self.add(check, account_subject(account), Err(gaps.clone())),
                }
            }
        }
    }

    /// IAM documents of an account that the inventory does not list.
    pub(super) fn stray_iam(&mut self, account: &AccountId) {
        let gap = Gap::of_call(
            crate::calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
            account,
            &self.ctx.home(),
            Reason::Malformed,
            "the inventory has its IAM documents, and no record of the account",
        );
        let subject = Subject {
            kind: SubjectKind::Account,
            id: account.to_string(),
            name: account.to_string(),
            account: Some(account.clone()),
            region: None,
            location: None,
        };
        for check in self.catalog {
            if matches!(check.run, Run::IamPrincipal(_) | Run::EffectiveRights(_)) {
                self.add(check, subject.clone(), Err(gap.clone().into()));
            }
        }
    }

    /// The roles that are named, and the managed policies that they have.
    pub(super) fn named_of(&self, details: &AuthorizationDetails) -> AuthorizationDetails {
        let roles = details.roles.iter();
        let roles: Vec<_> = roles
            .filter(|it| self.named.contains(&it.arn))
            .cloned()
            .collect();
        let of = |arn: &Arn| {
            let mut roles = roles.iter();
            roles.any(|it| it.attached.contains(arn) || it.boundary.as_ref() == Some(arn))
        };
        let policies = details.policies.iter().filter(|it| of(&it.arn));
        AuthorizationDetails {
            policies: policies.cloned().collect(),
            roles,
            ..AuthorizationDetails::default()
        }
    }

    pub(super) fn trusts_of(&self, roles: &[crate::inventory::iam::Role]) -> Vec<(Arn, String)> {
        let name = |arn: &Arn| {
            let name = arn.as_str().rsplit(':').next();
            name.unwrap_or_default().to_owned()
        };
        let exempt = roles
            .iter()
            .filter(|it| self.exempt.contains(&name(&it.arn)));
        exempt
            .map(|it| (it.arn.clone(), it.trust.clone()))
            .collect()
    }

    pub(super) fn principals(
        &mut self,
        check: &'static Check,
        run: fn(&Principal<'_>, &Context<'_>) -> Outcome,
        account: &Account,
        details: &AuthorizationDetails,
    ) {
        let identities = details
            .users
            .iter()
            .map(Identity::User)
            .chain(details.roles.iter().map(Identity::Role));
        let (mut clean, mut asked, mut unasked) = (true, false, None);
        for identity in identities {
            let principal = Principal {
                account: &account.id,
                identity,
                details,
            };
            match run(&principal, self.ctx) {
                Ok(verdict) if verdict.status == Status::NotApplicable => unasked = Some(verdict),
                Ok(verdict) if verdict.status == Status::Pass => asked = true,
                outcome => {
                    clean = false;
                    self.add(check, population::principal_subject(&principal), outcome);
                }
            }
        }
        if clean {
            let count = details.users.len() + details.roles.len();
            let none = Verdict::pass(format!(
                "no user or role of the account does (assessed: {count})"
            ));
            // A question that arises for none of them is not one that all of them pass.
            let verdict = unasked.filter(|_| !asked).unwrap_or(none);
            self.add(check, account_subject(account), Ok(verdict));
        }
    }
}
