//! What a role that a service uses can do: its trust policy, its own policies, those of the resource, and the control
//! policies, evaluated together.

use super::admits::{self, Above, Answer};
use super::gap;
use crate::calls;
use crate::check::Roles;
use crate::context::{Context, not_seen};
use crate::fact::{Gap, Gaps, Reason};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::ControlPolicyKind;
use crate::inventory::iam::{AuthorizationDetails, Role};
use crate::policy::{
    self, Caller, CallerKind, Document, Key, Layers, Level, Policy, Request, Target,
};

/// The role of this name, with the policies of its account; none where there is no such role.
pub(super) fn named<'a>(
    arn: &Arn,
    roles: &'a Roles,
    ctx: &Context<'_>,
) -> Result<Option<(&'a Role, &'a AuthorizationDetails)>, Gaps> {
    let account = arn.account();
    match roles.get(&account) {
        Some(Ok(details)) => Ok(details
            .roles
            .iter()
            .find(|it| it.arn == *arn)
            .map(|it| (it, details))),
        Some(Err(gaps)) => Err(gaps.clone()),
        None => {
            let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
            Err(not_seen(call, &account, &ctx.home(), ctx).into())
        }
    }
}

type Read = Result<Document, Gap>;

/// A role, with its policies read.
pub(super) struct Worker<'a> {
    pub(super) role: &'a Role,
    pub(super) account: AccountId,
    trust: Read,
    policies: Vec<(&'a str, Read)>,
    boundary: Option<(&'a str, Read)>,
    ctx: &'a Context<'a>,
}

impl<'a> Worker<'a> {
    pub(super) fn of(
        role: &'a Role,
        account: &AccountId,
        details: &'a AuthorizationDetails,
        ctx: &'a Context<'a>,
    ) -> Self {
        let read = |name: &str, text: Option<&str>| read(name, text, account, ctx);
        let inline = role.inline.iter().map(|policy| {
            let name = policy.name.as_str();
            (name, read(name, Some(&policy.document)))
        });
        let managed = |arn: &'a Arn| {
            let policy = details.policy(arn);
            let text = policy.map(|it| it.document.as_str());
            (arn.as_str(), read(arn.as_str(), text))
        };
        Self {
            role,
            account: account.clone(),
            trust: read("trust policy", Some(&role.trust)),
            policies: inline.chain(role.attached.iter().map(managed)).collect(),
            boundary: role.boundary.as_ref().map(managed),
            ctx,
        }
    }

    /// Whether a service may assume it, on behalf of a resource.
    pub(super) fn trusts(&self, service: &str, source: Source<'_>) -> Answer {
        let mut context = admits::of_service(service, source.arn, source.account, self.ctx);
        if !source.documented {
            for key in ["aws:SourceArn", "aws:SourceAccount"] {
                let may_be_absent = true;
                context.set(key, Key::Any { may_be_absent });
            }
        }
        let above = Above::over(&self.account, self.ctx);
        let target = Target::One(self.role.arn.to_string());
        let caller = Caller::service(service);
        let action = "sts:AssumeRole";
        match &self.trust {
            Ok(trust) => admits::ask_as(
                caller,
                trust,
                &above,
                action,
                target,
                &self.account,
                context,
            ),
            Err(gap) => Answer::Unread(Gap::clone(gap).into()),
        }
    }

    /// Whether it may do this. `resource`: the policy of the resource, if it has one.
    pub(super) fn may(
        &self,
        action: &str,
        target: Target,
        owner: &AccountId,
        resource: Option<Result<&Document, &Gaps>>,
    ) -> Answer {
        let name = self.role.arn.as_str().rsplit('/').next();
        let partition = self.role.arn.partition();
        let session = format!(
            "arn:{partition}:sts::{}:assumed-role/{}/service",
            self.account,
            name.unwrap_or_default()
        );
        let mut caller = Caller::new(CallerKind::AssumedRole, &session, self.account.as_str());
        caller.role_arn = Some(self.role.arn.to_string());
        let context = self.context(&caller, owner);
        let request = Request {
            caller,
            action: action.to_owned(),
            target,
            resource_account: owner.to_string(),
            context,
        };
        let resource = resource.map(|resource| match resource {
            Ok(document) => Policy::new("policy", document),
            Err(gaps) => Policy::missing("policy", first(gaps)),
        });
        let identity: Vec<_> = self.policies.iter().map(as_policy).collect();
        let boundary = self.boundary.as_ref().map(as_policy);
        let scps = self.levels(ControlPolicyKind::ServiceControlPolicy, &self.account);
        let rcps = self.levels(ControlPolicyKind::ResourceControlPolicy, owner);
        let control = self.ctx.control().ok().flatten();
        let layers: Layers<'_, Gap> = Layers {
            identity: &identity,
            boundary: boundary.as_ref(),
            resource: resource.as_ref(),
            scps: scps.as_deref(),
            rcps: rcps.as_deref(),
            management_account: control.map(|it| it.management_account().as_str()),
            ..Layers::default()
        };
        admits::answer(&request, &layers)
    }

    /// What is known of its requests: they come over TLS, from a service.
    fn context(&self, caller: &Caller, owner: &AccountId) -> policy::Context {
        let mut it = admits::of_s3(policy::Context::of_caller(caller))
            .with("aws:SecureTransport", "true")
            .with("aws:ResourceAccount", owner.as_str());
        let inventory = self.ctx.inventory;
        let Some(organization) = inventory.organization.ok() else {
            return it;
        };
        let Some(organization) = organization else {
            for key in [
                "aws:PrincipalOrgID",
                "aws:PrincipalOrgPaths",
                "aws:ResourceOrgID",
            ] {
                it.set(key, Key::Absent);
            }
            return it;
        };
        let ours = |id: &AccountId| {
            *id == organization.management_account
                || organization
                    .accounts
                    .ok()
                    .is_some_and(|all| all.contains(id))
        };
        if ours(&self.account) {
            it = it.with("aws:PrincipalOrgID", &organization.id);
            let account = inventory.accounts.get(&self.account);
            let control = self.ctx.control().ok().flatten();
            if let Some(path) = account.zip(control).and_then(|(it, of)| of.org_path(it)) {
                it = it.with_list("aws:PrincipalOrgPaths", [path.as_str()]);
            }
        }
        if ours(owner) {
            it = it.with("aws:ResourceOrgID", &organization.id);
        }
        it
    }

    fn levels(&self, kind: ControlPolicyKind, account: &AccountId) -> Option<Vec<Level<'_, Gap>>> {
        match self.ctx.control() {
            Ok(control) => {
                let account = self.ctx.inventory.accounts.get(account)?;
                control?.levels(kind, account)
            }
            Err(gaps) => Some(vec![admits::unread_level(account, &gaps)]),
        }
    }
}

/// On behalf of what a service assumes a role.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) arn: &'a str,
    pub(super) account: &'a AccountId,
    /// AWS documents that the request says so.
    pub(super) documented: bool,
}

fn as_policy<'p>((name, read): &'p (&str, Read)) -> Policy<'p, Gap> {
    match read {
        Ok(document) => Policy::new(name, document),
        Err(gap) => Policy::missing(name, gap.clone()),
    }
}

fn first(gaps: &Gaps) -> Gap {
    let gap = gaps.iter().next().cloned();
    let unnamed = || Gap::not_modelled("the policy", &AccountId::from(""), &Region::from(""));
    gap.unwrap_or_else(unnamed)
}

fn read(name: &str, text: Option<&str>, account: &AccountId, ctx: &Context<'_>) -> Read {
    let unread = |reason, detail: String| {
        let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
        Gap::of_call(call, account, &ctx.home(), reason, detail)
    };
    let Some(text) = text else {
        let detail = format!("policy {name} is attached, but its document is not in the response");
        return Err(unread(Reason::Malformed, detail));
    };
    Document::fits(text)
        .and_then(|()| Document::parse(text))
        .map_err(|error| {
            let reason = match error.is_size() {
                true => Reason::TooComplex,
                false => Reason::Malformed,
            };
            unread(reason, format!("policy {name} cannot be parsed: {error}"))
        })
}

/// A refusal, in words; none where it is allowed.
pub(super) fn refusal(
    answer: Answer,
    what: &str,
    account: &AccountId,
    ctx: &Context<'_>,
) -> Result<Option<String>, Gaps> {
    match answer {
        Answer::Allowed => Ok(None),
        Answer::Refused(why) => Ok(Some(format!("{what} is denied ({why})"))),
        Answer::Unread(gaps) => Err(gaps),
        Answer::Open(keys) => {
            let detail = format!("it depends on {keys}");
            let (home, reason) = (ctx.home(), Reason::NotModelled);
            Err(gap::not_evaluated(
                format!("whether {what} is allowed"),
                account,
                &home,
                reason,
                detail,
            ))
        }
    }
}
