//! Service and resource control policies on the path from the root to an account.

mod index;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use index::Index;
use index::Policies;

use crate::bound::{self, Exemptions, Home, Left, Probe};
use crate::calls::{self, ApiCall};
use crate::fact::{Fact, Gap, Gaps, Reason, SharedGap};
use crate::ids::{AccountId, Region, home_region};
use crate::inventory::{Account, CallOutcome, ControlPolicyKind, Inventory, Organization};
use crate::policy::{
    Caller, CallerKind, Context, Document, Layers, Level, Policy, Request, Target, Verdict, decide,
    verdict_of,
};

/// The ids from the root to the account, the account itself last; none where the tree does not say.
#[must_use]
pub fn path(organization: &Organization, account: &Account) -> Option<Vec<String>> {
    Index::tree(organization).path(organization, account)
}

/// An answer about the organization that is there and cannot be read.
fn unreadable(organization: &Organization, call: ApiCall, detail: String) -> SharedGap {
    gap(organization, call, Reason::Malformed, detail)
}

fn gap(organization: &Organization, call: ApiCall, reason: Reason, detail: String) -> SharedGap {
    let account = &organization.management_account;
    let region = home_region(organization.arn.partition());
    SharedGap::new(Gap::of_call(call, account, &region, reason, detail))
}

/// Why the units above an account are not known.
fn no_path(organization: &Organization, account: &Account) -> Vec<SharedGap> {
    let gaps = [organization.units.gap(), account.parent.gap()];
    let gaps = gaps.into_iter().flatten().cloned();
    let gaps: Vec<SharedGap> = gaps.map(SharedGap::new).collect();
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
    ) -> Option<Vec<Level<'_, SharedGap>>> {
        let (read, name) = match kind {
            ControlPolicyKind::ServiceControlPolicy => {
                (&self.index.service, "service control policies")
            }
            ControlPolicyKind::ResourceControlPolicy => {
                (&self.index.resource, "resource control policies")
            }
        };
        let missing = |gaps: Vec<SharedGap>| {
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
            (None, Fact::Unknown(gap)) => return missing(vec![SharedGap::new(gap.clone())]),
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

/// Requests that the policies cannot tell apart: the class of the action, its service, target and region.
type Alike = (usize, String, String, Option<Region>);

/// The control policies over one account, and the principals that they are evaluated for.
#[derive(Debug)]
pub struct Over<'c> {
    account: &'c AccountId,
    organization: &'c str,
    management: String,
    scps: Option<Vec<Level<'c, SharedGap>>>,
    rcps: Option<Vec<Level<'c, SharedGap>>>,
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
        if documents.iter().any(|it| index::tells_accounts_apart(it)) {
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
            values.any(|it| it.split(':').any(|field| field == id.as_str()))
        };
        let mut seen = BTreeSet::new();
        accounts
            .filter(|it| {
                let path = by_units.then(|| self.org_path(it)).flatten();
                it.management || named(&it.id) || seen.insert(path)
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
            let digits = |it: &&str| it.len() == 12 && it.bytes().all(|byte| byte.is_ascii_digit());
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
        (
            named,
            name.to_owned(),
            format!("{target:?}"),
            region.cloned(),
        )
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

/// The name of the service control policy that surely denies this call in this region, whatever the
/// session may do by its own rights.
fn closes(
    (organization, index): (&Organization, &Index),
    account: &Account,
    region: &Region,
    call: ApiCall,
) -> Option<String> {
    let service = index.service.as_ref()?;
    let path = index.path(organization, account)?;
    let everything = Document::parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    )
    .ok()?;
    let session = account.session.ok()?;
    let mut caller = Caller::new(
        CallerKind::AssumedRole,
        session.as_str(),
        account.id.as_str(),
    );
    caller.role_arn = role_of(session.as_str());
    let mut context = Context::unknown()
        .with("aws:RequestedRegion", region.as_str())
        .with("aws:PrincipalAccount", account.id.as_str())
        .with("aws:PrincipalOrgID", &organization.id);
    if let Some(role) = &caller.role_arn {
        context = context.with("aws:PrincipalArn", role);
    }
    let request = Request {
        caller,
        action: call.action.to_owned(),
        target: Target::One("*".to_owned()),
        resource_account: account.id.to_string(),
        context,
    };
    let scps = service.levels(&path).ok()?;
    let layers = Layers {
        identity: &[Policy::new("everything", &everything)],
        scps: Some(&scps),
        management_account: Some(organization.management_account.as_str()),
        ..Layers::default()
    };
    let decision = decide(&request, &layers);
    let name = || decision.statements.first().map(|it| it.policy.clone());
    (decision.verdict == Verdict::Denied)
        .then(|| name().unwrap_or_else(|| "no policy that allows it".to_owned()))
}

/// The role behind a session's ARN. Its path is lost there: a role with a path stays unnamed.
fn role_of(session: &str) -> Option<String> {
    let role = session
        .replacen(":sts:", ":iam:", 1)
        .replacen(":assumed-role/", ":role/", 1);
    let (role, _) = role.rsplit_once('/')?;
    role.contains(":role/").then(|| role.to_owned())
}

/// Says of every denied call whether a service control policy closes it, where AWS's answer does not.
pub fn settle(inventory: &mut Inventory) {
    let Fact::Known(Some(organization)) = &inventory.organization else {
        return;
    };
    let organization = organization.clone();
    let accounts = inventory.accounts.clone();
    let index = Index::of(&organization);
    let closed = |account: &AccountId, region: &Region, call: ApiCall| {
        let account = accounts.get(account)?;
        closes((&organization, &index), account, region, call)
    };
    let mark = |gap: &mut Gap| {
        if gap.reason == Reason::Denied
            && let Some(call) = gap.call()
            && let Some(policy) = closed(&gap.account, &gap.region, call)
        {
            gap.reason = Reason::DeniedByScp;
            gap.detail = format!("{} (closed by service control policy {policy})", gap.detail);
        }
    };
    for view in inventory.regions.values_mut() {
        if let Fact::Unknown(gap) = &mut view.trails {
            mark(gap);
        }
        if let Fact::Unknown(gap) = &mut view.event_data_stores {
            mark(gap);
        }
        if let Fact::Unknown(gap) = &mut view.channels {
            mark(gap);
        }
    }
    for record in &mut inventory.ledger {
        if record.outcome == CallOutcome::Failed(Reason::Denied)
            && record.call.service == "cloudtrail"
            && closed(&record.account, &record.region, record.call).is_some()
        {
            record.outcome = CallOutcome::Failed(Reason::DeniedByScp);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::DESCRIBE_TRAILS;
    use crate::fact::Known;
    use crate::inventory::ControlPolicy;
    use crate::inventory::organization::Unit;
    use crate::testing::{self, ACCOUNT, denied, known};

    const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"R","Effect":"Deny","NotAction":["iam:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}}}]}"#;
    const FULL: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    const MEMBER: &str = "222222222222";

    fn policy(name: &str, document: &str, targets: &[&str]) -> ControlPolicy {
        ControlPolicy {
            id: format!("p-{name}"),
            arn: format!("arn:aws:organizations::{ACCOUNT}:policy/o-test/p-{name}").into(),
            name: name.to_owned(),
            kind: ControlPolicyKind::ServiceControlPolicy,
            aws_managed: false,
            document: Known(document.to_owned()),
            targets: Known(targets.iter().map(|it| (*it).to_owned()).collect()),
        }
    }

    fn organization(deny: &str) -> Inventory {
        let mut inventory = testing::world();
        testing::member(&mut inventory, MEMBER, &["us-east-1", "eu-west-1"]);
        testing::add_region(&mut inventory, ACCOUNT, "eu-west-1");
        let Known(Some(organization)) = &mut inventory.organization else {
            panic!()
        };
        organization.units = Known(vec![Unit {
            id: "r-root".to_owned(),
            arn: "arn:aws:organizations::111111111111:root/o-test/r-root".into(),
            name: "Root".to_owned(),
            parent: None,
            policy_types: Vec::new(),
        }]);
        let everywhere = ["r-root", ACCOUNT, MEMBER];
        organization.policies = Known(vec![
            policy("full", FULL, &everywhere),
            policy("regions", deny, &["r-root"]),
        ]);
        for view in inventory.regions.values_mut() {
            view.trails = denied(DESCRIBE_TRAILS);
            if let Fact::Unknown(gap) = &mut view.trails {
                gap.account = view.account.clone();
                gap.region = view.region.clone();
            }
        }
        inventory
    }

    fn reasons(mut inventory: Inventory) -> Vec<(String, Reason)> {
        settle(&mut inventory);
        let reason = |view: &crate::inventory::RegionView| {
            let gap = view.trails.gap().unwrap();
            (format!("{}/{}", view.account, view.region), gap.reason)
        };
        inventory.regions.values().map(reason).collect()
    }

    #[test]
    fn a_region_deny_closes_other_regions_to_members_only() {
        let expected = [
            ("111111111111/eu-west-1", Reason::Denied),
            ("111111111111/us-east-1", Reason::Denied),
            ("222222222222/eu-west-1", Reason::DeniedByScp),
            ("222222222222/us-east-1", Reason::Denied),
        ];
        let expected = expected.map(|(id, reason)| (id.to_owned(), reason));
        assert_eq!(reasons(organization(DENY)), expected);
    }

    #[test]
    fn what_cannot_be_proved_stays_denied() {
        let exempt = DENY.replace(
            "\"aws:RequestedRegion\":[\"us-east-1\"]",
            "\"aws:RequestedRegion\":[\"us-east-1\"],\"aws:PrincipalTag/team\":\"audit\"",
        );
        for inventory in [
            // It may not reach us: the exception may apply.
            organization(&exempt),
            // It cannot be read.
            organization("{"),
            {
                let mut inventory = organization(DENY);
                let account = inventory
                    .accounts
                    .get_mut(&AccountId::from(MEMBER))
                    .unwrap();
                *known(&mut account.parent) = Some("ou-elsewhere".to_owned());
                inventory
            },
        ] {
            for (id, reason) in reasons(inventory) {
                assert_eq!(reason, Reason::Denied, "{id}");
            }
        }
    }
}
