//! One principal's questions to the evaluator.

use std::ops::Range;

use super::actions::ActionId;
use super::answer::Answer;
use super::ground::Ground;
use super::indexed::Indexed;
use super::resources::Resource;
use crate::fact::SharedGap;
use crate::ids::AccountId;
use crate::inventory::ControlPolicyKind;
use crate::policy::{
    self, ActionSet, Caller, Context, Key, Layers, Members, Policy, Request, Target, Value, decide,
};

/// A principal, with all that has a say in what it may do.
pub(super) struct Asker<'c> {
    pub(super) caller: Caller,
    pub(super) context: Context,
    pub(super) layers: Layers<'c, SharedGap>,
    /// Its own documents.
    pub(super) documents: Vec<&'c Indexed>,
    /// The actions that its own documents can allow; nothing if that may be any.
    pub(super) touched: Option<ActionSet>,
    /// No control policies are looked at: somebody else's question has them.
    pub(super) bare: bool,
    /// Whose resource control policies the layers hold.
    rcps_of: Option<AccountId>,
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
            bare: false,
            rcps_of: None,
        }
    }

    /// Adds a document to its own.
    pub(super) fn holds(&mut self, name: &str, read: Result<&'c Indexed, SharedGap>) {
        self.layers.identity.push(match read {
            Ok(indexed) => {
                self.documents.push(indexed);
                Policy::new(name, &indexed.document)
            }
            Err(gap) => Policy::missing(name, gap),
        });
    }

    /// Some document of its own can allow the action.
    pub(super) fn touches(&self, action: ActionId) -> bool {
        let touched = self.touched.as_ref();
        touched.is_none_or(|set| set.contains(action.index()))
    }

    /// Some document of its own can allow one of these.
    pub(super) fn touches_any(&self, actions: &ActionSet) -> bool {
        let touched = self.touched.as_ref();
        touched.is_none_or(|set| set.meets(actions))
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
            Err(gap) => Policy::missing(&resource.id, gap.clone()),
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

    /// The members of a set that the policies tell apart, as [`policy::parts`] gives them.
    pub(super) fn parts(
        &mut self,
        ground: &'c Ground<'_>,
        (action, pattern): (&str, &str),
        owner: &AccountId,
        with: &[(&str, Key)],
        members: &Members,
    ) -> Vec<Vec<Range<usize>>> {
        let mut context = self.context.clone();
        for (key, value) in with {
            context.set(key, value.clone());
        }
        let target = Target::Matching(pattern.to_owned());
        let request = self.request(ground, action, target, owner, context);
        policy::parts(&request, &self.layers, members)
    }

    fn decide(
        &mut self,
        ground: &'c Ground<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        context: Context,
    ) -> Answer {
        let request = self.request(ground, action, target, owner, context);
        decide(&request, &self.layers).into()
    }

    fn request(
        &mut self,
        ground: &'c Ground<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        mut context: Context,
    ) -> Request {
        if !owner.as_str().is_empty() {
            context = context.with("aws:ResourceAccount", owner.as_str());
            if let Some(organization) = ground.organization
                && ground.ctx.inventory.accounts.contains_key(owner)
            {
                context = context.with("aws:ResourceOrgID", &organization.id);
            }
        }
        if self.bare {
            self.layers.rcps = None;
        } else if self.rcps_of.as_ref() != Some(owner) {
            self.layers.rcps = ground.levels(ControlPolicyKind::ResourceControlPolicy, owner);
            self.rcps_of = Some(owner.clone());
        }
        Request {
            caller: self.caller.clone(),
            action: action.to_owned(),
            target,
            resource_account: owner.to_string(),
            context,
        }
    }
}
