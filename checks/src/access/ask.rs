//! One principal's questions to the evaluator, and the answers in a form that is kept.

use super::ground::Ground;
use super::indexed::Indexed;
use super::resources::Resource;
use crate::ids::AccountId;
use crate::inventory::ControlPolicyKind;
use crate::policy::{
    ActionSet, Caller, Context, Decision, Key, Layer, Layers, Policy, Request, StatementRef,
    Strength, Target, Value, Verdict, decide,
};

/// What came out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// How hard the condition is to meet.
    pub strength: Option<Strength>,
    /// The condition, in words.
    pub condition: Option<String>,
    /// The statements that decide, in words.
    pub statements: Vec<String>,
    /// What could not be read.
    pub missing: Vec<String>,
    /// Which layers would have to allow it and do not, where no statement forbids it.
    pub blocked: Vec<&'static str>,
}

impl Answer {
    /// The lower, the easier: allowed, choosable, weak, strong, unknown, denied.
    pub(super) fn rank(&self) -> u8 {
        match (self.verdict, self.strength) {
            (Verdict::Allowed, _) => 0,
            (Verdict::Conditional, Some(Strength::Choosable) | None) => 1,
            (Verdict::Conditional, Some(Strength::Weak)) => 2,
            (Verdict::Conditional, Some(Strength::Strong)) => 3,
            (Verdict::Unknown, _) => 4,
            (Verdict::Denied, _) => 5,
        }
    }

    pub(super) fn is_denied(&self) -> bool {
        self.verdict == Verdict::Denied
    }

    pub(super) fn denied() -> Self {
        Self {
            verdict: Verdict::Denied,
            strength: None,
            condition: None,
            statements: Vec::new(),
            missing: Vec::new(),
            blocked: Vec::new(),
        }
    }

    /// Allowed by nature, not by a statement.
    pub(super) fn allowed() -> Self {
        Self {
            verdict: Verdict::Allowed,
            ..Self::denied()
        }
    }

    /// Both are needed.
    pub(super) fn and(self, other: &Self) -> Self {
        let (mut worse, better) = if self.rank() >= other.rank() {
            (self, other.clone())
        } else {
            (other.clone(), self)
        };
        worse.condition = match (worse.condition, better.condition) {
            (Some(one), Some(two)) if one != two => Some(format!("({one}) and ({two})")),
            (one, two) => one.or(two),
        };
        append(&mut worse.statements, better.statements);
        append(&mut worse.missing, better.missing);
        worse
    }

    /// One of them is enough.
    pub(super) fn or(self, other: Self) -> Self {
        if other.rank() < self.rank() {
            other
        } else {
            self
        }
    }

    /// Something that is not known may still stop it.
    pub(super) fn unless(mut self, why: &str) -> Self {
        if !self.is_denied() {
            self.verdict = Verdict::Unknown;
            self.missing.push(why.to_owned());
        }
        self
    }

    /// Only if something else is so, which is as hard as this.
    pub(super) fn only_if(self, condition: &str, strength: Strength) -> Self {
        let other = Self {
            verdict: Verdict::Conditional,
            strength: Some(strength),
            condition: Some(condition.to_owned()),
            ..Self::denied()
        };
        if self.is_denied() {
            self
        } else {
            self.and(&other)
        }
    }
}

fn append(all: &mut Vec<String>, more: Vec<String>) {
    for it in more {
        if !all.contains(&it) {
            all.push(it);
        }
    }
}

impl From<Decision> for Answer {
    fn from(decision: Decision) -> Self {
        let mut condition = decision
            .residual
            .as_ref()
            .map(|residual| match residual.truncated {
                true => "under conditions too many to list".to_owned(),
                false => residual.to_string(),
            });
        if decision.verdict == Verdict::Conditional && condition.is_none() {
            condition = Some("under conditions that were not narrowed down".to_owned());
        }
        Self {
            verdict: decision.verdict,
            strength: decision.strength,
            condition,
            statements: decision.statements.iter().map(words).collect(),
            missing: decision.missing,
            blocked: decision.blocked_by.into_iter().map(lacking).collect(),
        }
    }
}

/// What a layer that does not allow is called.
fn lacking(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "no policy of its own allows it",
        Layer::Boundary => "its permissions boundary does not allow it",
        Layer::Session => "the session policy does not allow it",
        Layer::Scp => "some level of the organization's service control policies does not allow it",
        Layer::Rcp => "the organization's resource control policies do not allow it",
        Layer::Resource => "the policy of the resource does not allow it",
        Layer::KeyGrant => "no grant of the key allows it",
        Layer::Acl => "no access control list allows it",
    }
}

/// A statement, as people find it.
fn words(at: &StatementRef) -> String {
    let layer = match at.layer {
        Layer::Identity => "identity policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
        Layer::Scp => "service control policy",
        Layer::Rcp => "resource control policy",
        Layer::Resource => "resource policy",
        Layer::KeyGrant => "key grant",
        Layer::Acl => "access control list",
    };
    let sid = match &at.sid {
        Some(sid) if !sid.is_empty() => format!(" ({sid})"),
        Some(_) | None => String::new(),
    };
    format!("{layer} {}, statement {}{sid}", at.policy, at.index + 1)
}

/// A principal, with all that has a say in what it may do.
pub(super) struct Asker<'c> {
    pub(super) caller: Caller,
    pub(super) context: Context,
    pub(super) layers: Layers<'c>,
    /// Its own documents.
    pub(super) documents: Vec<&'c Indexed>,
    /// The actions that its own documents can allow; nothing if that may be any.
    pub(super) touched: Option<ActionSet>,
}

impl<'c> Asker<'c> {
    /// A principal of an account, with the context and the control policies that come from there.
    pub(super) fn new(caller: Caller, ground: &'c Ground<'_>) -> Self {
        let mut context = Context::of_caller(&caller);
        let account = AccountId::from(caller.account.as_str());
        let ours = ground.ctx.inventory.accounts.contains_key(&account);
        match ground.organization {
            Some(organization) if ours => {
                context = context.with("aws:PrincipalOrgID", &organization.id);
                if let Some(path) = ground.org_path(&account) {
                    context = context.with_list("aws:PrincipalOrgPaths", [path.as_str()]);
                }
            }
            Some(_) => context.set(
                "aws:PrincipalOrgID",
                Key::OneOf(vec![None, Some(Value::One("o-another".to_owned()))]),
            ),
            None if ground.ctx.inventory.organization.ok().is_some() && ours => {
                context.set("aws:PrincipalOrgID", Key::Absent);
            }
            None => {}
        }
        let layers = Layers {
            scps: ground.levels(ControlPolicyKind::ServiceControlPolicy, &account),
            management_account: ground.management().map(str::to_owned),
            ..Layers::default()
        };
        Self {
            caller,
            context,
            layers,
            documents: Vec::new(),
            touched: None,
        }
    }

    /// Adds a document to its own.
    pub(super) fn holds(&mut self, name: &str, read: Result<&'c Indexed, String>) {
        self.layers.identity.push(match read {
            Ok(indexed) => {
                self.documents.push(indexed);
                Policy::new(name, &indexed.document)
            }
            Err(reason) => Policy::missing(name, &reason),
        });
    }

    /// Some document of its own can allow the action.
    pub(super) fn touches(&self, action: usize) -> bool {
        self.touched.as_ref().is_none_or(|set| set.contains(action))
    }

    /// The question on a resource of the inventory.
    pub(super) fn on(
        &mut self,
        ground: &'c Ground<'_>,
        action: &str,
        target: &Target,
        resource: &'c Resource,
        owner: &AccountId,
    ) -> Answer {
        self.layers.resource = resource.policy.as_ref().map(|read| match read {
            Ok(indexed) => Policy::new(&resource.id, &indexed.document),
            Err(reason) => Policy::missing(&resource.id, reason),
        });
        self.layers.grants.clone_from(&resource.grants);
        self.layers.acl.clone_from(&resource.acl);
        self.layers.restrict_public_buckets = resource.restrict_public == Some(true);
        let mut context = self.context.clone();
        if let Some(region) = &resource.region {
            context = context.with("aws:RequestedRegion", region.as_str());
        }
        if let Some(tags) = &resource.tags {
            for (key, value) in tags {
                context = context.with(&format!("aws:ResourceTag/{key}"), value);
            }
            context.close("aws:ResourceTag/");
        }
        let answer = self.decide(ground, action, target.clone(), owner, context);
        self.layers.resource = None;
        self.layers.grants.clear();
        self.layers.acl.clear();
        self.layers.restrict_public_buckets = false;
        answer
    }

    /// The question on something that has no policy of its own, or with the policy that it has.
    pub(super) fn plain(
        &mut self,
        ground: &'c Ground<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        with: &[(&str, Key)],
    ) -> Answer {
        let mut context = self.context.clone();
        for (key, value) in with {
            context.set(key, value.clone());
        }
        self.decide(ground, action, target, owner, context)
    }

    fn decide(
        &mut self,
        ground: &'c Ground<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        mut context: Context,
    ) -> Answer {
        if !owner.as_str().is_empty() {
            context = context.with("aws:ResourceAccount", owner.as_str());
            if let Some(organization) = ground.organization
                && ground.ctx.inventory.accounts.contains_key(owner)
            {
                context = context.with("aws:ResourceOrgID", &organization.id);
            }
        }
        self.layers.rcps = ground.levels(ControlPolicyKind::ResourceControlPolicy, owner);
        let request = Request {
            caller: self.caller.clone(),
            action: action.to_owned(),
            target,
            resource_account: owner.to_string(),
            context,
        };
        decide(&request, &self.layers).into()
    }
}
