//! What the control policies over one account leave of a permission, and to whom.

use std::collections::{BTreeMap, BTreeSet};

use super::{Control, Index};
use crate::bound::{self, Exemptions, Home, Left, Probe};
use crate::fact::Gap;
use crate::ids::{AccountId, Region};
use crate::inventory::{Account, ControlPolicyKind};
use crate::policy::{Document, Layers, Level, Policy, Request, Target, Verdict, verdict_of};

/// Which principals the control policies of an account are evaluated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Somebody {
    /// Principals of the account itself, with every permission. Neither service-linked roles nor the management
    /// account's principals: no SCP binds them.
    Inside,
    /// The same, with the service control policies alone.
    InsideByScps,
    /// External principals, to whom the resource's own policy grants access.
    Outside,
    /// Everybody whom an RCP binds but the account's own: principals of the management account, of other members, and
    /// external ones.
    Others,
}

/// The policies above an account, root first.
type Levels<'c> = Vec<Level<'c, Gap>>;

/// Requests that the policies cannot tell apart: the class of the action, its service, target and region.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    class: usize,
    name: String,
    target: String,
    region: Option<Region>,
}

/// The control policies over one account, and the principals that they are evaluated for.
#[derive(Debug)]
pub struct Over<'c> {
    account: &'c AccountId,
    organization: &'c str,
    management: String,
    scps: Option<Levels<'c>>,
    rcps: Option<Levels<'c>>,
    probes: Vec<Probe>,
    /// Answers by what tells requests apart: many actions are named by the same statements.
    known: BTreeMap<Alike, Left>,
    /// The class of each action: those of one class are named by the same statements.
    named: BTreeMap<String, usize>,
    classes: BTreeMap<Vec<bool>, usize>,
    /// What accounts under the same policies have in common; nothing where a policy may tell them apart.
    in_common: Option<String>,
    index: &'c Index,
    /// Whom the statements that deny the actions exempt.
    pub exempt: Exemptions,
}

impl Control<'_> {
    /// Prepares the evaluation of these actions on what belongs to an account.
    ///
    #[must_use]
    pub fn over<'c>(
        &'c self,
        who: Somebody,
        account: &'c Account,
        partition: &str,
        actions: &[&str],
    ) -> Over<'c> {
        self.over_among(who, account, [], partition, actions)
    }

    /// The same; `others` are the accounts of the organization, for [`Somebody::Others`].
    #[must_use]
    pub fn over_among<'c>(
        &'c self,
        who: Somebody,
        account: &'c Account,
        others: impl IntoIterator<Item = &'c Account>,
        partition: &str,
        actions: &[&str],
    ) -> Over<'c> {
        let (scps, rcps) = self.in_play(who, account);
        let levels = scps.iter().chain(&rcps).flatten();
        let policies = levels.flat_map(|it| &it.policies);
        let documents: Vec<&Document> =
            policies.filter_map(|it| it.document.clone().ok()).collect();
        let exempt = Exemptions::of(documents.iter().copied(), actions, who == Somebody::Outside);
        let unnamed = bound::unnamed(documents.iter().copied());
        let ours = |account: &Account| -> Vec<Probe> {
            let path = self.org_path(account);
            let home = Home {
                partition,
                account: account.id.as_str(),
                organization: Some(self.organization.id.as_str()),
                external: false,
                path: path.as_deref(),
            };
            home.probes(&bound::OF_AN_ACCOUNT, &exempt, &unnamed)
        };
        let external = || -> Vec<Probe> {
            // Anybody can give a role of theirs any name.
            let exempt = Exemptions::of(documents.iter().copied(), actions, true);
            let home = |id: &String| {
                let home = Home {
                    partition,
                    account: id,
                    organization: Some(self.organization.id.as_str()),
                    external: true,
                    path: None,
                };
                home.probes(&bound::ANYONE, &exempt, &unnamed)
            };
            let accounts = self.external_accounts(&documents);
            accounts.iter().flat_map(home).collect()
        };
        let probes = match who {
            Somebody::Inside | Somebody::InsideByScps => ours(account),
            Somebody::Outside => external(),
            Somebody::Others => {
                let members = others.into_iter().filter(|it| it.id != account.id);
                let members = self.told_apart(&documents, members);
                let members = members.into_iter().flat_map(ours);
                members.chain(external()).collect()
            }
        };
        Over {
            account: &account.id,
            organization: &self.organization.id,
            management: self.organization.management_account.to_string(),
            scps,
            rcps,
            probes,
            known: BTreeMap::new(),
            named: BTreeMap::new(),
            classes: BTreeMap::new(),
            in_common: self.in_common(who, account, (&documents, partition, actions)),
            index: &self.index,
            exempt,
        }
    }

    /// The control policies that bind somebody.
    fn in_play(
        &self,
        who: Somebody,
        account: &Account,
    ) -> (Option<Levels<'_>>, Option<Levels<'_>>) {
        let service = ControlPolicyKind::ServiceControlPolicy;
        let resource = ControlPolicyKind::ResourceControlPolicy;
        let scps = match who {
            Somebody::Inside | Somebody::InsideByScps => self.levels(service, account),
            Somebody::Outside | Somebody::Others => None,
        };
        let rcps = match who {
            Somebody::InsideByScps => None,
            Somebody::Inside | Somebody::Outside | Somebody::Others => {
                self.levels(resource, account)
            }
        };
        (scps, rcps)
    }

    /// What decides the answers on an account but its own number: nothing where a policy may go by that.
    fn in_common(
        &self,
        who: Somebody,
        account: &Account,
        (documents, partition, actions): (&[&Document], &str, &[&str]),
    ) -> Option<String> {
        let asked = match who {
            Somebody::Inside => "inside",
            Somebody::InsideByScps => "inside by SCPs",
            Somebody::Outside => "outside",
            // Other accounts are asked as well.
            Somebody::Others => return None,
        };
        if documents
            .iter()
            .any(|it| super::index::tells_accounts_apart(it))
        {
            return None;
        }
        let management = account.id == self.organization.management_account;
        let path = self.index.path(self.organization, account)?;
        let (_, above) = path.split_last()?;
        let own = self.index.attached(account.id.as_str());
        Some(format!(
            "{asked} {management} {above:?} {own:?} {partition} {actions:?}"
        ))
    }

    /// The accounts that the policies can tell apart: the management account, each that is named, one that is not, and
    /// one of each unit where they go by units.
    fn told_apart<'a>(
        &self,
        documents: &[&Document],
        accounts: impl Iterator<Item = &'a Account>,
    ) -> Vec<&'a Account> {
        let statements = documents.iter().flat_map(|it| &it.statements);
        let conditions = statements.flat_map(|it| &it.conditions);
        let about: Vec<_> = conditions
            .filter(|it| it.key.starts_with("aws:principal"))
            .collect();
        let by_units = about.iter().any(|it| it.key == "aws:principalorgpaths");
        let named = |id: &AccountId| {
            let mut values = about.iter().flat_map(|it| &it.values);
            values.any(|value| value.split(':').any(|field| field == id.as_str()))
        };
        let mut seen = BTreeSet::new();
        accounts
            .filter(|account| {
                let path = by_units.then(|| self.org_path(account)).flatten();
                account.management || named(&account.id) || seen.insert(path)
            })
            .collect()
    }

    /// An account that nobody names, and every external one that a policy names: to exempt a whole account or all of
    /// its roles is no exemption of one principal.
    fn external_accounts(&self, documents: &[&Document]) -> BTreeSet<String> {
        let mut accounts = BTreeSet::from(["000000000000".to_owned()]);
        let statements = documents.iter().flat_map(|it| &it.statements);
        let conditions = statements.flat_map(|it| &it.conditions);
        let about = conditions.filter(|it| it.key.starts_with("aws:principal"));
        for value in about.flat_map(|it| &it.values) {
            let digits =
                |field: &&str| field.len() == 12 && field.bytes().all(|byte| byte.is_ascii_digit());
            accounts.extend(value.split(':').filter(digits).map(str::to_owned));
        }
        let ours = self.organization.accounts.ok();
        let ours = |id: &String| ours.is_some_and(|of| of.iter().any(|it| it.as_str() == id));
        accounts.retain(|id| !ours(id) && *id != self.organization.management_account.as_str());
        accounts
    }
}

impl Over<'_> {
    /// What the control policies leave of a permission on something of this account, and to which kinds of principals.
    pub fn left(&mut self, action: &str, target: &Target, region: Option<&Region>) -> Left {
        let alike = self.alike(action, target, region);
        if let Some(left) = self.known.get(&alike) {
            return left.clone();
        }
        let shared = self.shared(action, target, region);
        let left = match shared.as_ref().and_then(|key| self.index.left(key)) {
            Some(left) => left,
            None => {
                let left = bound::left(&self.probes, |probe| {
                    self.decide(probe, action, target, region)
                });
                if let Some(key) = shared {
                    self.index.keep(key, left.clone());
                }
                left
            }
        };
        self.known.insert(alike, left.clone());
        left
    }

    /// The question without the account, where the account makes no difference.
    fn shared(&self, action: &str, target: &Target, region: Option<&Region>) -> Option<String> {
        let text = match target {
            Target::One(text) | Target::Matching(text) => text,
            Target::OneOf(_) => return None,
        };
        let account = format!(":{}:", self.account);
        let anywhere = text.replacen(&account, "::", 1);
        if anywhere.contains(self.account.as_str()) {
            return None;
        }
        let kind = matches!(target, Target::Matching(_));
        let common = self.in_common.as_ref()?;
        Some(format!("{common} {action} {kind} {anywhere} {region:?}"))
    }

    fn alike(&mut self, action: &str, target: &Target, region: Option<&Region>) -> Alike {
        let named = match self.named.get(action) {
            Some(named) => *named,
            None => {
                let levels = self.scps.iter().chain(&self.rcps).flatten();
                let documents = levels
                    .flat_map(|it| &it.policies)
                    .filter_map(|it| it.document.as_ref().ok());
                let statements = documents.flat_map(|it| &it.statements);
                let all = statements.map(|it| it.actions.matches(action)).collect();
                let next = self.classes.len();
                let named = *self.classes.entry(all).or_insert(next);
                self.named.insert(action.to_owned(), named);
                named
            }
        };
        // Where the evaluator goes by the action's name, each stands for itself.
        let by_name = action.ends_with("BucketPolicy") || action == "kms:RetireGrant";
        let name = match (by_name, action.split_once(':')) {
            (false, Some((service, _))) => service,
            (true, _) | (false, None) => action,
        };
        Alike {
            class: named,
            name: name.to_owned(),
            target: format!("{target:?}"),
            region: region.cloned(),
        }
    }

    fn decide(
        &self,
        probe: &Probe,
        action: &str,
        target: &Target,
        region: Option<&Region>,
    ) -> Verdict {
        let mut context = probe
            .context
            .clone()
            .with("aws:ResourceAccount", self.account.as_str())
            .with("aws:ResourceOrgID", self.organization);
        if let Some(region) = region {
            context = context.with("aws:RequestedRegion", region.as_str());
        }
        let request = Request {
            caller: probe.caller.clone(),
            action: action.to_owned(),
            target: target.clone(),
            resource_account: self.account.to_string(),
            context,
        };
        let layers = Layers {
            identity: &[Policy::new("everything", &probe.everything)],
            scps: self.scps.as_deref(),
            rcps: self.rcps.as_deref(),
            resource: Some(&Policy::new("open", &probe.open)),
            management_account: Some(&self.management),
            ..Layers::default()
        };
        verdict_of(&request, &layers)
    }
}
