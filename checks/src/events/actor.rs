//! Who did it, as far as one record alone proves it. Following the sessions back is the work of `who`.

use std::borrow::Cow;

use jiff::Timestamp;

use super::field::Field;
use super::identity::Identity;
use super::record::Record;
use super::text::Text;

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A role: who used it is behind the session.
    Role,
    /// An instance, function or task that was given credentials.
    Resource,
    /// A user of IAM Identity Center.
    IdentityCenterUser,
    /// A subject of a SAML or OpenID Connect provider.
    Federated,
    /// A principal of another account, by its id alone.
    Principal,
    /// An account, without the principal.
    Account,
    /// Nobody signed in.
    Anonymous,
    /// An AWS service.
    Service,
    /// A type that is not known; as it is written.
    Other,
    /// The record does not say.
    Unknown,
}

impl ActorKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
            Self::Role => "role",
            Self::Resource => "resource",
            Self::IdentityCenterUser => "identity-center-user",
            Self::Federated => "federated",
            Self::Principal => "principal",
            Self::Account => "account",
            Self::Anonymous => "anonymous",
            Self::Service => "service",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// The oldest identity that a record can prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor<'a> {
    /// What it is.
    pub kind: ActorKind,
    /// What identifies it: an ARN where there is one. Text of the record.
    pub id: Cow<'a, str>,
    /// Its readable name, where the record has one apart from `id`.
    pub name: Option<Cow<'a, str>>,
}

/// A session of temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session<'a> {
    /// Who issued it: the role, user or root whose session it is.
    pub issuer: Option<Text<'a>>,
    /// Its name, which the caller chose: never an identity.
    pub name: Option<String>,
    /// The principal id; with `since` it tells sessions apart, keys do not.
    pub principal_id: Option<Text<'a>>,
    /// The ARN of the session.
    pub arn: Option<Text<'a>>,
    /// When it was opened.
    pub since: Option<Timestamp>,
    /// Whether with MFA, if the record has it.
    pub mfa: Option<bool>,
    /// The address of this call.
    pub ip: Option<Text<'a>>,
}

impl<'a> Record<'a> {
    /// The actor of this record alone.
    #[must_use]
    pub fn actor(&self) -> Actor<'a> {
        self.actor_of(self.identity())
    }

    /// The same, of an identity that was lifted already.
    #[must_use]
    pub fn actor_of(&self, identity: &Identity<'a>) -> Actor<'a> {
        if !identity.is_present() {
            return self.without_identity();
        }
        let kind = identity.type_().unwrap_or_default();
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        if is("Root") {
            return root(identity.arn(), identity.account_id());
        }
        if is("IAMUser") {
            let id = identity.arn().or_else(|| identity.principal_id());
            return named(ActorKind::User, id, identity.user_name());
        }
        if is("AssumedRole") {
            return role(identity);
        }
        if is("FederatedUser") {
            return federated_user(identity);
        }
        if is("SAMLUser") || is("WebIdentityUser") {
            let name = identity.user_name();
            let subject = name.clone().or_else(|| identity.principal_id());
            return composed(
                ActorKind::Federated,
                subject,
                identity.identity_provider(),
                name,
            );
        }
        if is("IdentityCenterUser") || is("IdentityStoreUser") {
            return identity_center(identity).unwrap_or_else(|| as_written(identity));
        }
        if is("AWSAccount") {
            return account(identity);
        }
        if is("AWSService") {
            let id = identity.invoked_by().or_else(|| identity.arn());
            return named(ActorKind::Service, id, None);
        }
        as_written(identity)
    }

    /// Events of services have no identity, or null.
    fn without_identity(&self) -> Actor<'a> {
        let kind = self.text(Field::EventType).unwrap_or_default();
        let by_service = ["AwsServiceEvent", "AwsCloudTrailInsight"];
        if by_service.iter().any(|it| kind.eq_ignore_ascii_case(it)) {
            return named(ActorKind::Service, self.source(), None);
        }
        named(ActorKind::Unknown, None, None)
    }

    /// The service that made the call, for itself or for the identity.
    #[must_use]
    pub fn by_service(&self) -> Option<Text<'a>> {
        self.by_service_of(self.identity())
    }

    /// The same, of an identity that was lifted already.
    #[must_use]
    pub fn by_service_of(&self, identity: &Identity<'a>) -> Option<Text<'a>> {
        let written = |it: &Text<'_>| !it.is_empty();
        if let Some(service) = identity.invoked_by().filter(written) {
            return Some(service);
        }
        if identity.is_type("AWSService") {
            return self.source();
        }
        self.ip().filter(|it| is_service_address(it))
    }

    /// The session of the call, if it was made in one.
    #[must_use]
    pub fn session(&self) -> Option<Session<'a>> {
        self.session_of(self.identity())
    }

    /// The same, of an identity that was lifted already.
    #[must_use]
    pub fn session_of(&self, identity: &Identity<'a>) -> Option<Session<'a>> {
        let temporary = identity.key().is_some_and(|it| it.starts_with("ASIA"));
        let of_type = identity.is_type("AssumedRole") || identity.is_type("FederatedUser");
        if !temporary && !of_type && identity.created().is_none() {
            return None;
        }
        let issuer = identity.issuer_arn().or_else(|| {
            // A user's own session: console, GetSessionToken.
            identity.arn().filter(|_| !of_type)
        });
        Some(Session {
            issuer,
            name: identity.session_name(),
            principal_id: identity.principal_id(),
            arn: identity.arn(),
            since: identity.created_at(),
            mfa: identity.mfa(),
            ip: self.ip(),
        })
    }

    /// Whether MFA was used: of the session, or of the sign-in itself. None if the record does not say.
    #[must_use]
    pub fn mfa(&self) -> Option<bool> {
        let of_session = self.identity().mfa();
        let of_sign_in = || {
            let used = self.text_at(Field::AdditionalEventData, &["MFAUsed"])?;
            if used.eq_ignore_ascii_case("yes") {
                Some(true)
            } else {
                used.eq_ignore_ascii_case("no").then_some(false)
            }
        };
        // A sign-in tells of itself in `additionalEventData`; its session begins only with it.
        of_sign_in().or(of_session)
    }
}

/// Whether an address is that of a service: then no address of the caller is known.
#[must_use]
pub fn is_service_address(text: &str) -> bool {
    let ends = |end: &str| {
        let begin = text.len().checked_sub(end.len());
        let tail = begin.and_then(|it| text.as_bytes().get(it..));
        tail.is_some_and(|it| it.eq_ignore_ascii_case(end.as_bytes()))
    };
    text.eq_ignore_ascii_case("aws internal") || ends(".amazonaws.com") || ends(".amazonaws.com.cn")
}

fn named<'a>(kind: ActorKind, id: Option<Text<'a>>, name: Option<Text<'a>>) -> Actor<'a> {
    let id = id.or_else(|| name.clone());
    Actor {
        kind,
        id: id.map_or(Cow::Borrowed("unknown"), |it| it.text),
        name: name.map(|it| it.text),
    }
}

/// A subject within what knows it: `alice@example.com @ provider`.
fn composed<'a>(
    kind: ActorKind,
    subject: Option<Text<'a>>,
    within: Option<Text<'a>>,
    name: Option<Text<'a>>,
) -> Actor<'a> {
    match (subject, within) {
        (Some(subject), Some(within)) => Actor {
            kind,
            id: Cow::Owned(format!("{subject} @ {within}")),
            name: name.map(|it| it.text),
        },
        (subject, within) => named(kind, subject.or(within), name),
    }
}

/// The root user of the account: its ARN, or the account.
fn root<'a>(arn: Option<Text<'a>>, account: Option<Text<'a>>) -> Actor<'a> {
    named(ActorKind::Root, arn.or(account), None)
}

/// The role, unless the record itself names who is behind it: a user of IAM Identity Center, or what was given the
/// credentials.
fn role<'a>(identity: &Identity<'a>) -> Actor<'a> {
    if let Some(user) = identity_center(identity) {
        return user;
    }
    if let Some(resource) = identity.issued_to().filter(|it| !it.is_empty()) {
        return named(ActorKind::Resource, Some(resource), None);
    }
    if let Some(issuer) = identity.issuer_arn().filter(|it| !it.is_empty()) {
        return named(ActorKind::Role, Some(issuer), identity.issuer_user_name());
    }
    // Without an issuer: the ARN of the session without the name that the caller chose.
    let role = identity.arn().map(|arn| match arn.rsplit_once('/') {
        Some((role, _)) if role.contains('/') => Text {
            text: Cow::Owned(role.to_owned()),
            lossy: arn.lossy,
        },
        Some(_) | None => arn,
    });
    named(
        ActorKind::Role,
        role.or_else(|| identity.principal_id()),
        None,
    )
}

fn identity_center<'a>(identity: &Identity<'a>) -> Option<Actor<'a>> {
    let user = identity.on_behalf_of_user().filter(|it| !it.is_empty())?;
    let store = identity.on_behalf_of_store();
    Some(composed(
        ActorKind::IdentityCenterUser,
        Some(user),
        store,
        None,
    ))
}

fn federated_user<'a>(identity: &Identity<'a>) -> Actor<'a> {
    let issuer = identity.issuer_arn().filter(|it| !it.is_empty());
    let of_root = identity
        .issuer_type()
        .is_some_and(|it| it.eq_ignore_ascii_case("Root"));
    match issuer {
        Some(arn) if of_root => root(Some(arn), None),
        Some(arn) => named(ActorKind::User, Some(arn), identity.issuer_user_name()),
        None => named(
            ActorKind::Federated,
            identity.arn().or_else(|| identity.principal_id()),
            None,
        ),
    }
}

/// A caller of another account: its unique id where there is one. Names are in that account's copy.
fn account<'a>(identity: &Identity<'a>) -> Actor<'a> {
    let principal = identity.principal_id().unwrap_or_default();
    let account = identity.account_id();
    let anonymous = |it: &str| it.eq_ignore_ascii_case("ANONYMOUS_PRINCIPAL");
    if anonymous(&principal) || account.as_deref().is_some_and(anonymous) {
        return named(ActorKind::Anonymous, Some(Text::plain("anonymous")), None);
    }
    if principal.starts_with("AIDA") || principal.starts_with("AROA") {
        return composed(ActorKind::Principal, Some(principal), account, None);
    }
    named(
        ActorKind::Account,
        account.or(Some(principal)).filter(|it| !it.is_empty()),
        None,
    )
}

fn as_written<'a>(identity: &Identity<'a>) -> Actor<'a> {
    let id = identity
        .arn()
        .or_else(|| identity.principal_id())
        .or_else(|| identity.user_name())
        .or_else(|| identity.invoked_by())
        .or_else(|| identity.account_id())
        .or_else(|| identity.type_());
    let kind = if id.is_some() {
        ActorKind::Other
    } else {
        ActorKind::Unknown
    };
    named(kind, id, identity.user_name())
}
