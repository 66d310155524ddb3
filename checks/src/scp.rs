//! Service and resource control policies on the path from the root to an account.

use crate::calls::{self, ApiCall};
use crate::evaluate::home_in;
use crate::fact::{Fact, Gap, Gaps, Reason, SharedGap};
use crate::ids::{AccountId, Region};
use crate::inventory::{
    Account, CallOutcome, ControlPolicy, ControlPolicyKind, Inventory, Organization,
};
use crate::policy::{
    Caller, CallerKind, Context, Document, Layers, Level, Policy, Request, Target, Verdict, decide,
};

/// The ids from the root to the account, the account itself last; none where the tree does not say.
#[must_use]
pub fn path(organization: &Organization, account: &Account) -> Option<Vec<String>> {
    let units = organization.units.ok()?;
    let mut path = vec![account.id.to_string()];
    let mut above = account.parent.ok()?.clone();
    // As many steps as there are units: a tree has no cycle, a file might.
    for _ in units {
        let Some(id) = above.take() else { break };
        let unit = units.iter().find(|unit| unit.id == id)?;
        path.push(id);
        above.clone_from(&unit.parent);
    }
    // A path that does not end at a root is not the path.
    if above.is_some() || path.len() < 2 {
        return None;
    }
    path.reverse();
    Some(path)
}

/// A policy with its document, or why that cannot be read.
type Read<'a> = (&'a ControlPolicy, Result<Document, SharedGap>);

fn read(organization: &Organization, kind: ControlPolicyKind) -> Option<Vec<Read<'_>>> {
    let policies = organization
        .policies
        .ok()?
        .iter()
        .filter(|policy| policy.kind == kind);
    let document = |policy: &ControlPolicy| match &policy.document {
        Fact::Known(text) => Document::parse(text)
            .map_err(|error| unreadable(organization, calls::DESCRIBE_POLICY, error.to_string())),
        Fact::Unknown(gap) => Err(SharedGap::new(gap.clone())),
    };
    Some(policies.map(|policy| (policy, document(policy))).collect())
}

/// The policies at each step of a path, or why it is not known where they are attached.
fn levels<'a>(
    path: &[String],
    policies: &'a [Read<'a>],
) -> Result<Vec<Level<'a, SharedGap>>, Vec<SharedGap>> {
    let unattached: Vec<SharedGap> = policies
        .iter()
        .filter_map(|(policy, _)| policy.targets.gap().cloned().map(SharedGap::new))
        .collect();
    if !unattached.is_empty() {
        return Err(unattached);
    }
    let level = |id: &String| {
        let at = policies
            .iter()
            .filter(|(policy, _)| policy.targets.ok().is_some_and(|all| all.contains(id)));
        let attached = at.map(|(policy, document)| match document {
            Ok(document) => Policy::new(&policy.name, document),
            Err(gap) => Policy::missing(&policy.name, gap.clone()),
        });
        Level {
            target: id.clone(),
            policies: attached.collect(),
        }
    };
    Ok(path.iter().map(level).collect())
}

/// An answer about the organization that is there and cannot be read.
fn unreadable(organization: &Organization, call: ApiCall, detail: String) -> SharedGap {
    let account = &organization.management_account;
    let region = home_in(organization.arn.partition());
    SharedGap::new(Gap::of_call(
        call,
        account,
        &region,
        Reason::Malformed,
        detail,
    ))
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
        "the units do not lead from account {} to a root",
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
    service: Option<Vec<Read<'a>>>,
    resource: Option<Vec<Read<'a>>>,
}

impl<'a> Control<'a> {
    /// Reads them.
    #[must_use]
    pub fn of(organization: &'a Organization) -> Self {
        Self {
            organization,
            service: read(organization, ControlPolicyKind::ServiceControlPolicy),
            resource: read(organization, ControlPolicyKind::ResourceControlPolicy),
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
        let (policies, name) = match kind {
            ControlPolicyKind::ServiceControlPolicy => (&self.service, "service control policies"),
            ControlPolicyKind::ResourceControlPolicy => {
                (&self.resource, "resource control policies")
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
        let policies = match (policies, &self.organization.policies) {
            (Some(policies), _) => policies,
            (None, Fact::Unknown(gap)) => return missing(vec![SharedGap::new(gap.clone())]),
            // They were read from the list that is known.
            (None, Fact::Known(_)) => return None,
        };
        if policies.is_empty() {
            return None;
        }
        let Some(path) = path(self.organization, account) else {
            return missing(no_path(self.organization, account));
        };
        match levels(&path, policies) {
            Ok(levels) => Some(levels),
            Err(gaps) => missing(gaps),
        }
    }

    /// Every document of both kinds that could be read.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        let all = self.service.iter().chain(&self.resource).flatten();
        all.filter_map(|(_, document)| document.as_ref().ok())
    }

    /// The units from the root to the account, as `aws:PrincipalOrgPaths` writes them.
    #[must_use]
    pub fn org_path(&self, account: &Account) -> Option<String> {
        let mut path = path(self.organization, account)?;
        path.pop();
        Some(format!("{}/{}/", self.organization.id, path.join("/")))
    }
}

/// Who asks an account's control policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Somebody {
    /// A role of the account itself, with every right, that no policy names.
    Inside,
    /// The same, of an account outside the organization; the resource's own policy lets it in.
    Outside,
}

impl Control<'_> {
    /// What the control policies leave of a right on something of this account.
    #[must_use]
    pub fn leaves(
        &self,
        who: Somebody,
        account: &Account,
        action: &str,
        target: Target,
        region: Option<&Region>,
    ) -> Verdict {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let open = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
        let (Ok(everything), Ok(open)) = (Document::parse(text), Document::parse(open)) else {
            return Verdict::Unknown;
        };
        let (id, organization) = match who {
            Somebody::Inside => (account.id.as_str(), self.organization.id.as_str()),
            Somebody::Outside => ("000000000000", "o-another"),
        };
        let role = format!("arn:aws:iam::{id}:role/somebody");
        let session = format!("arn:aws:sts::{id}:assumed-role/somebody/any");
        let mut caller = Caller::new(CallerKind::AssumedRole, &session, id);
        caller.role_arn = Some(role);
        let mut context = Context::of_caller(&caller).with("aws:PrincipalOrgID", organization);
        context.close("aws:PrincipalTag/");
        context = context
            .with("aws:ResourceAccount", account.id.as_str())
            .with("aws:ResourceOrgID", &self.organization.id);
        if let Some(region) = region {
            context = context.with("aws:RequestedRegion", region.as_str());
        }
        let request = Request {
            caller,
            action: action.to_owned(),
            target,
            resource_account: account.id.to_string(),
            context,
        };
        let service = ControlPolicyKind::ServiceControlPolicy;
        let layers = Layers {
            identity: vec![Policy::new("everything", &everything)],
            scps: match who {
                Somebody::Inside => self.levels(service, account),
                Somebody::Outside => None,
            },
            rcps: self.levels(ControlPolicyKind::ResourceControlPolicy, account),
            resource: Some(Policy::new("open", &open)),
            management_account: Some(self.organization.management_account.to_string()),
            ..Layers::default()
        };
        decide(&request, &layers).verdict
    }
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
#[must_use]
pub fn closes(
    organization: &Organization,
    account: &Account,
    region: &Region,
    call: ApiCall,
) -> Option<String> {
    let policies = read(organization, ControlPolicyKind::ServiceControlPolicy)?;
    let path = path(organization, account)?;
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
    let layers = Layers {
        identity: vec![Policy::new("everything", &everything)],
        scps: Some(levels(&path, &policies).ok()?),
        management_account: Some(organization.management_account.to_string()),
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
    let closed = |account: &AccountId, region: &Region, call: ApiCall| {
        let account = accounts.get(account)?;
        closes(&organization, account, region, call)
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
