//! Denied calls that a service control policy closes.

use super::Index;
use crate::calls::ApiCall;
use crate::fact::{Fact, Gap, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::{Account, CallOutcome, Inventory, Organization};
use crate::policy::{
    Caller, CallerKind, Context, Document, Layers, Policy, Request, Target, Verdict, decide,
};

/// The name of the service control policy that surely denies this call in this region, whatever the
/// session may do by its own rights.
pub(super) fn closes(
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
pub(super) fn role_of(session: &str) -> Option<String> {
    let role = session
        .replacen(":sts:", ":iam:", 1)
        .replacen(":assumed-role/", ":role/", 1);
    let (role, _) = role.rsplit_once('/')?;
    role.contains(":role/").then(|| role.to_owned())
}

/// Says of every denied call whether a service control policy closes it, where AWS's answer does not.
pub fn settle(inventory: &mut Inventory) {
    let Inventory {
        organization: Fact::Known(Some(organization)),
        accounts,
        regions,
        ledger,
        ..
    } = inventory
    else {
        return;
    };
    let index = Index::of(organization);
    let closed = |account: &AccountId, region: &Region, call: ApiCall| {
        let account = accounts.get(account)?;
        closes((organization, &index), account, region, call)
    };
    let mark = |gap: &mut Gap| {
        if gap.reason == Reason::Denied
            && let Some(call) = gap.call()
            && let Some(policy) = closed(&gap.account, &gap.region, call)
        {
            *gap = gap.clone().but(|it| {
                it.reason = Reason::DeniedByScp;
                it.detail = format!("{} (closed by service control policy {policy})", it.detail);
            });
        }
    };
    for view in regions.values_mut() {
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
    for record in ledger {
        if record.outcome == CallOutcome::Failed(Reason::Denied)
            && record.call.service == "cloudtrail"
            && closed(&record.account, &record.region, record.call).is_some()
        {
            record.outcome = CallOutcome::Failed(Reason::DeniedByScp);
        }
    }
}
