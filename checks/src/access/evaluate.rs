//! One principal's questions to the evaluator.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::actions::{ActionId, Kind};
use super::answer::Answer;
use super::environment::Environment;
use super::indexed_document::Indexed;
use super::resources::Resource;
use crate::fact::Gap;
use crate::ids::AccountId;
use crate::inventory::ControlPolicyKind;
use crate::policy::{
    self, ActionSet, Caller, CallerKind, Context, Document, Key, Layers, Level, Members, Policy,
    Principal, Request, Target, Value, decide,
};

/// A principal, with all that has a say in what it may do. Once it is made, questions leave it as it is.
pub(super) struct Evaluator<'c> {
    pub(super) caller: Caller,
    pub(super) context: Context,
    /// The policies of its identity.
    pub(super) identity: Vec<Policy<'c, Gap>>,
    /// Its permissions boundary.
    pub(super) boundary: Option<Policy<'c, Gap>>,
    /// What only it has in the context.
    pub(super) own: Own,
    /// Its own documents.
    pub(super) documents: Vec<&'c Indexed>,
    /// The actions that its own documents can allow; nothing if that may be any.
    pub(super) touched: Option<ActionSet>,
    scps: Option<Levels<'c>>,
    rcps: ResourceControl<'c>,
    management_account: Option<&'c str>,
}

/// The context key of unique ids.
pub(super) const USER_ID: &str = "aws:userid";

/// How answers call the policy of a role that says who may assume it.
pub(super) const TRUST_POLICY: &str = "trust policy";

/// The policies above an account, root first.
type Levels<'c> = Vec<Level<'c, Gap>>;

/// The resource control policies above the owner of a resource.
enum ResourceControl<'c> {
    /// None are looked at: somebody else's question has them.
    Ignored,
    /// Those of the owner that was asked about last, so that they are put together once for all its resources.
    Read(RefCell<Option<(AccountId, Option<Rc<Levels<'c>>>)>>),
}

/// One question: an action on a target, with what comes in by that alone.
pub(super) struct Question<'q> {
    action: &'q str,
    target: Target,
    owner: &'q AccountId,
    keys: &'q [(&'q str, Key)],
    resource: Option<Policy<'q, Gap>>,
    caller: Option<Caller>,
}

impl<'q> Question<'q> {
    /// Something that has no policy of its own.
    pub(super) fn new(action: &'q str, target: Target, owner: &'q AccountId) -> Self {
        Self {
            action,
            target,
            owner,
            keys: &[],
            resource: None,
            caller: None,
        }
    }

    /// The request has these keys as well.
    pub(super) fn with(mut self, keys: &'q [(&'q str, Key)]) -> Self {
        self.keys = keys;
        self
    }

    /// What it is about has this policy.
    pub(super) fn under(mut self, policy: Option<Policy<'q, Gap>>) -> Self {
        self.resource = policy;
        self
    }

    /// The principal comes as this caller: as a session of its role.
    pub(super) fn from(mut self, caller: Caller) -> Self {
        self.caller = Some(caller);
        self
    }
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
        Self {
            caller,
            context,
            identity: Vec::new(),
            boundary: None,
            own: Own::default(),
            documents: Vec::new(),
            touched: None,
            scps: environment.levels(ControlPolicyKind::ServiceControlPolicy, &account),
            rcps: ResourceControl::Read(RefCell::default()),
            management_account: environment.management(),
        }
    }

    /// The same, and no control policies are looked at.
    pub(super) fn without_control_policies(self) -> Self {
        Self {
            scps: None,
            rcps: ResourceControl::Ignored,
            ..self
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
    pub(super) fn holds(&mut self, name: &str, read: Result<&'c Indexed, Gap>) {
        self.identity.push(match read {
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

    /// The caller as this session of its role, and what its requests carry then.
    fn session(&self, arn: &str) -> (Caller, Context) {
        let mut caller = self.caller.clone();
        arn.clone_into(&mut caller.id);
        let mut context = self.context.clone();
        let name = arn.rsplit('/').next().unwrap_or_default();
        if let Key::Like(pattern) = self.context.key(USER_ID) {
            let id = format!("{}{name}", pattern.trim_end_matches('*'));
            context.set(USER_ID, Key::Known(Value::One(id)));
        }
        (caller, context)
    }

    /// This session of its role.
    pub(super) fn into_session(mut self, arn: &str) -> Self {
        (self.caller, self.context) = self.session(arn);
        self
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
        let own = |session: &&String| {
            session
                .rsplit_once('/')
                .is_some_and(|(role, _)| role == prefix)
        };
        named.into_iter().filter(own).map(String::as_str).collect()
    }

    /// The answer on a resource of the inventory, for the principal or for one session of its role.
    pub(super) fn on(
        &self,
        environment: &'c Environment<'_>,
        action: &str,
        target: &Target,
        (resource, owner): (&'c Resource, &AccountId),
        session: Option<&str>,
    ) -> Answer {
        let says = resource
            .policy
            .as_ref()
            .filter(|_| may_grant(resource.kind, action));
        let policy = says.map(|read| match read {
            Ok(indexed) => Policy::new(&resource.id, &indexed.document),
            Err(gap) => Policy::missing(&resource.id, gap.clone()),
        });
        let (caller, mut context) = match session {
            Some(arn) => self.session(arn),
            None => (self.caller.clone(), self.context.clone()),
        };
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
        let request = request(environment, caller, action, target.clone(), owner, context);
        let rcps = self.resource_control(environment, owner);
        let layers = Layers {
            resource: policy.as_ref(),
            grants: &resource.grants,
            acl: &resource.acl,
            restrict_public_buckets: resource.restrict_public == Some(true),
            rcps: rcps.as_deref().map(Vec::as_slice),
            ..self.layers()
        };
        decide(&request, &layers).into()
    }

    /// The answer to a question.
    pub(super) fn ask(&self, environment: &'c Environment<'_>, question: Question<'_>) -> Answer {
        self.with_layers(environment, question, |request, layers| {
            decide(request, layers).into()
        })
    }

    /// The members of a set that the policies tell apart, as [`policy::parts`] gives them.
    pub(super) fn parts(
        &self,
        environment: &'c Environment<'_>,
        question: Question<'_>,
        members: &Members,
    ) -> Vec<Vec<Range<usize>>> {
        self.with_layers(environment, question, |request, layers| {
            policy::parts(request, layers, members)
        })
    }

    fn with_layers<T>(
        &self,
        environment: &'c Environment<'_>,
        question: Question<'_>,
        then: impl FnOnce(&Request, &Layers<'_, Gap>) -> T,
    ) -> T {
        let mut context = self.context.clone();
        for (key, value) in question.keys {
            context.set(key, value.clone());
        }
        let owner = question.owner;
        let caller = question.caller.unwrap_or_else(|| self.caller.clone());
        let request = request(
            environment,
            caller,
            question.action,
            question.target,
            owner,
            context,
        );
        let rcps = self.resource_control(environment, owner);
        let layers = Layers {
            resource: question.resource.as_ref(),
            rcps: rcps.as_deref().map(Vec::as_slice),
            ..self.layers()
        };
        then(&request, &layers)
    }

    /// What has a say in every question.
    fn layers(&self) -> Layers<'_, Gap> {
        Layers {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            scps: self.scps.as_deref(),
            management_account: self.management_account,
            ..Layers::default()
        }
    }

    fn resource_control(
        &self,
        environment: &'c Environment<'_>,
        owner: &AccountId,
    ) -> Option<Rc<Levels<'c>>> {
        let ResourceControl::Read(last) = &self.rcps else {
            return None;
        };
        if let Some((of, levels)) = &*last.borrow()
            && of == owner
        {
            return levels.clone();
        }
        let levels = environment.levels(ControlPolicyKind::ResourceControlPolicy, owner);
        let levels = levels.map(Rc::new);
        last.replace(Some((owner.clone(), levels.clone())));
        levels
    }
}

fn request(
    environment: &Environment<'_>,
    caller: Caller,
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
    Request {
        caller,
        action: action.to_owned(),
        target,
        resource_account: owner.to_string(),
        context,
    }
}

/// Sessions of the caller's role that a policy names.
pub(super) fn sessions(trust: &Document, caller: &Caller) -> Vec<String> {
    let Some((prefix, _)) = caller.id.rsplit_once('/') else {
        return Vec::new();
    };
    let prefix = format!("{prefix}/");
    if !prefix.contains(":assumed-role/") {
        return Vec::new();
    }
    let statements = trust.statements.iter();
    let members = statements.filter_map(|it| it.principals.as_ref());
    let mut named = Vec::new();
    for member in members.flat_map(|it| &it.members) {
        if let Principal::Aws(arn) = member
            && arn.starts_with(&prefix)
        {
            named.push(arn.clone());
        }
    }
    named
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
