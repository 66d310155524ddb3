//! One principal's questions to the evaluator.

use std::ops::Range;

use super::actions::{ActionId, Kind};
use super::answer::Answer;
use super::environment::Environment;
use super::identity_policies::USER_ID;
use super::indexed_document::Indexed;
use super::resources::Resource;
use crate::fact::SharedGap;
use crate::ids::AccountId;
use crate::inventory::ControlPolicyKind;
use crate::policy::{
    self, ActionSet, Caller, CallerKind, Context, Key, Layers, Members, Policy, Request, Target,
    Value, decide,
};

/// A principal, with all that has a say in what it may do.
pub(super) struct Evaluator<'c> {
    pub(super) caller: Caller,
    pub(super) context: Context,
    pub(super) layers: Layers<'c, SharedGap>,
    /// What only it has in the context.
    pub(super) own: Own,
    /// Its own documents.
    pub(super) documents: Vec<&'c Indexed>,
    /// The actions that its own documents can allow; nothing if that may be any.
    pub(super) touched: Option<ActionSet>,
    /// No control policies are looked at: somebody else's question has them.
    pub(super) bare: bool,
    /// Whose resource control policies the layers hold.
    rcps_of: Option<AccountId>,
}

/// What the context of a principal's requests has from it alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    /// Its unique id; none where that is not known.
    pub(super) id: Option<Box<str>>,
    /// Its tags, where no session brings others.
    pub(super) tags: Option<Box<[Tag]>>,
}

/// A tag's key and value.
type Tag = (Box<str>, Box<str>);

impl<'c> Evaluator<'c> {
    /// A principal of an account, with the context and the control policies that come from there.
    pub(super) fn new(caller: Caller, environment: &'c Environment<'_>) -> Self {
        let mut context = Context::of_caller(&caller);
        let now = environment.ctx.now;
        context.set("aws:CurrentTime", Key::From(now.to_string()));
        let seconds = now.as_second().to_string();
        context.set("aws:EpochTime", Key::From(seconds));
        let account = AccountId::from(caller.account.as_str());
        let ours = environment.ctx.inventory.accounts.contains_key(&account);
        match environment.organization {
            Some(organization) if ours => {
                context = context.with("aws:PrincipalOrgID", &organization.id);
                if let Some(path) = environment.org_path(&account) {
                    context = context.with_list("aws:PrincipalOrgPaths", [path.as_str()]);
                }
            }
            // In any other organization, or in none.
            Some(organization) => context.set(
                "aws:PrincipalOrgID",
                Key::AnyBut(organization.id.to_string()),
            ),
            None if environment.ctx.inventory.organization.ok().is_some() && ours => {
                context.set("aws:PrincipalOrgID", Key::Absent);
            }
            None => {}
        }
        let layers = Layers {
            scps: environment.levels(ControlPolicyKind::ServiceControlPolicy, &account),
            management_account: environment.management().map(str::to_owned),
            ..Layers::default()
        };
        Self {
            caller,
            context,
            layers,
            own: Own::default(),
            documents: Vec::new(),
            touched: None,
            bare: false,
            rcps_of: None,
        }
    }

    /// Adds to the context what only this principal has.
    pub(super) fn has(&mut self, own: Own) {
        if let Some(id) = &own.id {
            // The name of a session, after the colon, is chosen by whoever assumes the role.
            let id = match self.caller.kind == CallerKind::User {
                true => Key::Known(Value::One(id.to_string())),
                false => Key::Like(format!("{id}:*")),
            };
            self.context.set(USER_ID, id);
        }
        if let Some(tags) = &own.tags {
            for (key, value) in tags {
                let key = format!("aws:PrincipalTag/{key}");
                self.context = std::mem::take(&mut self.context).with(&key, value);
            }
            self.context.close("aws:PrincipalTag/");
        }
        self.own = own;
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

    /// From now on it is this session of its role.
    pub(super) fn become_session(&mut self, arn: &str) {
        arn.clone_into(&mut self.caller.id);
        let name = arn.rsplit('/').next().unwrap_or_default();
        if let Key::Like(pattern) = self.context.key(USER_ID) {
            let id = format!("{}{name}", pattern.trim_end_matches('*'));
            self.context.set(USER_ID, Key::Known(Value::One(id)));
        }
    }

    /// Sessions of its role among these: whoever assumes a role chooses the name of the session.
    pub(super) fn own_sessions<'s>(
        &self,
        named: impl IntoIterator<Item = &'s String>,
    ) -> Vec<&'s str> {
        let Some((prefix, _)) = self.caller.id.rsplit_once('/') else {
            return Vec::new();
        };
        if self.caller.kind != CallerKind::AssumedRole || !prefix.contains(":assumed-role/") {
            return Vec::new();
        }
        let own = |it: &&String| it.rsplit_once('/').is_some_and(|(role, _)| role == prefix);
        named.into_iter().filter(own).map(String::as_str).collect()
    }

    /// The question on a resource of the inventory.
    pub(super) fn on(
        &mut self,
        environment: &'c Environment<'_>,
        action: &str,
        target: &Target,
        resource: &'c Resource,
        owner: &AccountId,
    ) -> Answer {
        let says = resource
            .policy
            .as_ref()
            .filter(|_| may_grant(resource.kind, action));
        self.layers.resource = says.map(|read| match read {
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
        if resource.no_access_points {
            // Of other accounts there may be some.
            let own = Key::AnyBut(resource.account.to_string());
            context.set("s3:DataAccessPointAccount", own);
        }
        let answer = self.decide(environment, action, target.clone(), owner, context);
        self.layers.resource = None;
        self.layers.grants.clear();
        self.layers.acl.clear();
        self.layers.restrict_public_buckets = false;
        answer
    }

    /// The question on something that has no policy of its own, or with the policy that it has.
    pub(super) fn plain(
        &mut self,
        environment: &'c Environment<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        with: &[(&str, Key)],
    ) -> Answer {
        let mut context = self.context.clone();
        for (key, value) in with {
            context.set(key, value.clone());
        }
        self.decide(environment, action, target, owner, context)
    }

    /// The members of a set that the policies tell apart, as [`policy::parts`] gives them.
    pub(super) fn parts(
        &mut self,
        environment: &'c Environment<'_>,
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
        let request = self.request(environment, action, target, owner, context);
        policy::parts(&request, &self.layers, members)
    }

    fn decide(
        &mut self,
        environment: &'c Environment<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        context: Context,
    ) -> Answer {
        let request = self.request(environment, action, target, owner, context);
        decide(&request, &self.layers).into()
    }

    fn request(
        &mut self,
        environment: &'c Environment<'_>,
        action: &str,
        target: Target,
        owner: &AccountId,
        mut context: Context,
    ) -> Request {
        if !owner.as_str().is_empty() {
            context = context.with("aws:ResourceAccount", owner.as_str());
            if let Some(organization) = environment.organization
                && environment.ctx.inventory.accounts.contains_key(owner)
            {
                context = context.with("aws:ResourceOrgID", &organization.id);
            }
        }
        if through_no_service(action) {
            context.set("kms:ViaService", Key::Absent);
        }
        if self.bare {
            self.layers.rcps = None;
        } else if self.rcps_of.as_ref() != Some(owner) {
            self.layers.rcps = environment.levels(ControlPolicyKind::ResourceControlPolicy, owner);
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

/// What a policy of such a resource can say at all. "CloudTrail supports these actions in the resource-based policy of
/// an event data store, and PutAuditEvents in that of a channel" (AWS CloudTrail User Guide, resource-based policies).
fn may_grant(kind: Kind, action: &str) -> bool {
    const STORE: &[&str] = &[
        "cloudtrail:CancelQuery",
        "cloudtrail:DescribeQuery",
        "cloudtrail:GenerateQuery",
        "cloudtrail:GenerateQueryResultsSummary",
        "cloudtrail:GetEventDataStore",
        "cloudtrail:GetQueryResults",
        "cloudtrail:ListQueries",
        "cloudtrail:StartQuery",
    ];
    let all = if kind == Kind::EventDataStore {
        STORE
    } else if kind == Kind::Channel {
        &["cloudtrail-data:PutAuditEvents"]
    } else {
        return true;
    };
    all.iter().any(|it| it.eq_ignore_ascii_case(action))
}

/// Calls that administer keys. "The kms:ViaService condition key limits use of a KMS key to requests from specified AWS
/// services" (AWS KMS Developer Guide): services use keys and hand on grants, they do not administer them.
fn through_no_service(action: &str) -> bool {
    const ADMINISTER: [&str; 22] = [
        "CancelKeyDeletion",
        "CreateAlias",
        "DeleteAlias",
        "DeleteCustomKeyStore",
        "DeleteImportedKeyMaterial",
        "DisableKey",
        "DisableKeyRotation",
        "DisconnectCustomKeyStore",
        "EnableKey",
        "EnableKeyRotation",
        "ImportKeyMaterial",
        "PutKeyPolicy",
        "ReplicateKey",
        "RotateKeyOnDemand",
        "ScheduleKeyDeletion",
        "TagResource",
        "UntagResource",
        "UpdateAlias",
        "UpdateCustomKeyStore",
        "UpdateKeyDescription",
        "UpdatePrimaryRegion",
        "ConnectCustomKeyStore",
    ];
    let name = action.split_once(':');
    name.is_some_and(|(service, name)| {
        let is = |it: &&str| it.eq_ignore_ascii_case(name);
        service.eq_ignore_ascii_case("kms") && ADMINISTER.iter().any(is)
    })
}
