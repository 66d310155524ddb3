//! The format of the cases, `trailaudit-iam-cases/1`.
//!
//! A document is an object, or a text that holds one (plain or URL-encoded, as AWS hands it out); a text that is no
//! document makes the verdict `unknown`. The key `why` is for readers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;
use trailaudit_checks::policy::{
    Caller, CallerKind, Context, Document, Key, Layers, Level, Policy, Request, Target, Value,
};

/// The policies of a case.
#[derive(Default)]
pub(crate) struct Kept<'a> {
    pub(crate) identity: Vec<Policy<'a>>,
    pub(crate) boundary: Option<Policy<'a>>,
    pub(crate) session: Option<Policy<'a>>,
    pub(crate) scps: Option<Vec<Level<'a>>>,
    pub(crate) rcps: Option<Vec<Level<'a>>>,
    pub(crate) resource: Option<Policy<'a>>,
    pub(crate) management_account: Option<String>,
}

impl Kept<'_> {
    pub(crate) fn view(&self) -> Layers<'_> {
        Layers {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            scps: self.scps.as_deref(),
            rcps: self.rcps.as_deref(),
            resource: self.resource.as_ref(),
            management_account: self.management_account.as_deref(),
            ..Layers::default()
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct File {
    format: String,
    pub(crate) cases: Vec<Case>,
}

impl File {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let file: Self = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(file.format, "trailaudit-iam-cases/1", "{}", path.display());
        file
    }
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Concrete,
    Symbolic,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default)]
    management_account: Option<String>,
    request: CaseRequest,
    #[serde(default)]
    identity_policies: Option<Vec<Json>>,
    #[serde(default)]
    boundary: Option<Json>,
    #[serde(default)]
    session_policy: Option<Json>,
    #[serde(default)]
    scps: Option<Vec<CaseLevel>>,
    #[serde(default)]
    rcps: Option<Vec<CaseLevel>>,
    #[serde(default)]
    resource_policy: Option<Json>,
    #[serde(default)]
    unknown: Option<BTreeMap<String, Vec<Option<Values>>>>,
    #[serde(default)]
    resource_samples: Option<Vec<String>>,
    pub(crate) expect: Expect,
}

#[derive(Deserialize)]
struct CaseRequest {
    principal: String,
    principal_kind: PrincipalKind,
    #[serde(default)]
    principal_account: Option<String>,
    #[serde(default)]
    role_arn: Option<String>,
    action: String,
    resource: String,
    #[serde(default)]
    resource_account: Option<String>,
    #[serde(default)]
    context: Option<BTreeMap<String, Option<Values>>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum PrincipalKind {
    Role,
    #[serde(alias = "federated_user")]
    User,
    AssumedRole,
    Root,
    Service,
    ServiceLinkedRole,
    Anonymous,
    Federated,
}

#[derive(Deserialize)]
struct CaseLevel {
    target: String,
    policies: Vec<Json>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Values {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Bool(bool),
    Number(serde_json::Number),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Values {
    fn value(&self) -> Value {
        match self {
            Self::One(one) => Value::One(one.text()),
            Self::Many(many) => Value::Many(many.iter().map(Scalar::text).collect()),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Expect {
    #[serde(default)]
    pub(crate) decision: Option<String>,
    #[serde(default)]
    pub(crate) verdict: Option<String>,
}

/// The parsed documents of a case, by where they stand.
pub(crate) struct Documents {
    identity: Vec<Result<Document, String>>,
    boundary: Option<Result<Document, String>>,
    session: Option<Result<Document, String>>,
    resource: Option<Result<Document, String>>,
    scps: Vec<Vec<Result<Document, String>>>,
    rcps: Vec<Vec<Result<Document, String>>>,
}

fn document(json: &Json) -> Result<Document, String> {
    let text = json
        .as_str()
        .map_or_else(|| json.to_string(), str::to_owned);
    Document::parse(&text).map_err(|error| error.to_string())
}

fn policy<'a>(name: &str, document: &'a Result<Document, String>) -> Policy<'a> {
    match document {
        Ok(document) => Policy::new(name, document),
        Err(reason) => Policy::missing(name, reason.clone()),
    }
}

impl Case {
    pub(crate) fn documents(&self) -> Documents {
        let levels = |levels: &Option<Vec<CaseLevel>>| {
            let documents = |level: &CaseLevel| level.policies.iter().map(document).collect();
            levels.iter().flatten().map(documents).collect()
        };
        Documents {
            identity: self
                .identity_policies
                .iter()
                .flatten()
                .map(document)
                .collect(),
            boundary: self.boundary.as_ref().map(document),
            session: self.session_policy.as_ref().map(document),
            resource: self.resource_policy.as_ref().map(document),
            scps: levels(&self.scps),
            rcps: levels(&self.rcps),
        }
    }

    pub(crate) fn layers<'a>(&self, documents: &'a Documents) -> Kept<'a> {
        let named = |name: &str, documents: &'a [Result<Document, String>]| {
            documents
                .iter()
                .enumerate()
                .map(|(index, document)| policy(&format!("{name} {index}"), document))
                .collect::<Vec<_>>()
        };
        let levels = |own: &Option<Vec<CaseLevel>>, documents: &'a [Vec<_>]| {
            own.as_ref().map(|own| {
                own.iter()
                    .zip(documents)
                    .map(|(level, documents)| Level {
                        target: level.target.clone(),
                        policies: named(&level.target, documents),
                    })
                    .collect()
            })
        };
        Kept {
            identity: named("identity", &documents.identity),
            boundary: documents.boundary.as_ref().map(|d| policy("boundary", d)),
            session: documents.session.as_ref().map(|d| policy("session", d)),
            scps: levels(&self.scps, &documents.scps),
            rcps: levels(&self.rcps, &documents.rcps),
            resource: documents.resource.as_ref().map(|d| policy("resource", d)),
            management_account: self.management_account.clone(),
        }
    }

    pub(crate) fn request(&self) -> Request {
        let own = &self.request;
        let target = if let Some(samples) = self.samples() {
            Target::OneOf(samples.to_vec())
        } else if self.is_set() {
            Target::Matching(own.resource.clone())
        } else {
            Target::One(own.resource.clone())
        };
        let mut context = Context::new();
        for (key, values) in own.context.iter().flatten() {
            let known = values.as_ref().map(Values::value);
            context.set(key, known.map_or(Key::Absent, Key::Known));
        }
        for (key, states) in self.unknown.iter().flatten() {
            let states = states.iter().map(|state| state.as_ref().map(Values::value));
            context.set(key, Key::OneOf(states.collect()));
        }
        Request {
            caller: self.caller(),
            action: own.action.clone(),
            target,
            resource_account: own.resource_account.clone().unwrap_or_default(),
            context,
        }
    }

    /// The same request about the pattern itself, where there are samples of it.
    pub(crate) fn request_for_the_whole_set(&self) -> Option<Request> {
        (self.samples().is_some() && self.is_set()).then(|| Request {
            target: Target::Matching(self.request.resource.clone()),
            ..self.request()
        })
    }

    fn samples(&self) -> Option<&[String]> {
        self.resource_samples
            .as_deref()
            .filter(|samples| !samples.is_empty())
    }

    fn is_set(&self) -> bool {
        self.kind == Kind::Symbolic
            && self.request.resource != "*"
            && self.request.resource.contains(['*', '?'])
    }

    fn caller(&self) -> Caller {
        let own = &self.request;
        let kind = match own.principal_kind {
            PrincipalKind::Role => CallerKind::Role,
            PrincipalKind::User => CallerKind::User,
            PrincipalKind::AssumedRole => CallerKind::AssumedRole,
            PrincipalKind::Root => CallerKind::Root,
            PrincipalKind::Service => CallerKind::Service,
            PrincipalKind::ServiceLinkedRole => CallerKind::ServiceLinkedRole,
            PrincipalKind::Anonymous => CallerKind::Anonymous,
            PrincipalKind::Federated => CallerKind::Federated,
        };
        let account = own.principal_account.as_deref().unwrap_or_default();
        Caller {
            role_arn: own.role_arn.clone(),
            ..Caller::new(kind, &own.principal, account)
        }
    }
}
