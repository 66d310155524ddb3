//! Whom a statement names, and whether a caller is among them.

use super::json::Json;
use super::parse::ParseError;

/// One principal, as written in a resource or trust policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `"*"` or `{"AWS": "*"}`: everyone, anonymous callers included.
    Everyone,
    /// Twelve digits, or the account's `:root` ARN: delegates to that account's identity policies.
    Account(String),
    /// Any other text under `AWS`: a user, role or session ARN, or the id of a deleted principal.
    Aws(String),
    /// A service, such as `cloudtrail.amazonaws.com`.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// An account, by its S3 canonical user id.
    CanonicalUser(String),
}

impl Principal {
    /// A text under `AWS`.
    #[must_use]
    pub fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if is_account(text) {
            return Self::Account(text.to_owned());
        }
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        match fields.as_slice() {
            ["arn", _, "iam", "", account, "root"] if is_account(account) => {
                Self::Account((*account).to_owned())
            }
            _ => Self::Aws(text.to_owned()),
        }
    }

    /// Its principal was deleted: AWS shows the unique id instead of the ARN, and it matches nobody.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        match self {
            Self::Aws(text) => {
                (text.starts_with("AROA") || text.starts_with("AIDA")) && !text.contains(':')
            }
            Self::Everyone
            | Self::Account(_)
            | Self::Service(_)
            | Self::Federated(_)
            | Self::CanonicalUser(_) => false,
        }
    }

    /// The account that it belongs to, where its text says so.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account(id) => Some(id),
            Self::Aws(arn) | Self::Federated(arn) => {
                arn.split(':').nth(4).filter(|field| is_account(field))
            }
            Self::Everyone | Self::Service(_) | Self::CanonicalUser(_) => None,
        }
    }

    /// How a message names it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Everyone => "everyone (Principal *)".to_owned(),
            Self::Account(id) => format!("account {id}"),
            Self::Aws(text) => text.clone(),
            Self::Service(name) => name.clone(),
            Self::Federated(id) => format!("identity provider {id}"),
            Self::CanonicalUser(id) => format!("canonical user {id}"),
        }
    }

    /// Whether the caller is meant, by itself or by its account.
    pub(super) fn names(&self, caller: &Caller) -> bool {
        self.grant(caller, caller.session_role()).is_some()
    }

    /// `session_of`: the role of the caller's session, taken apart once for many principals.
    fn grant(&self, caller: &Caller, session_of: Option<RoleName<'_>>) -> Option<Grant> {
        match self {
            Self::Everyone => Some(Grant::Everyone),
            Self::Account(id) => {
                (caller.has_account() && *id == caller.account).then_some(Grant::Account)
            }
            Self::CanonicalUser(id) => (caller.has_account()
                && caller.canonical_user.as_ref() == Some(id))
            .then_some(Grant::Account),
            Self::Service(name) => {
                (caller.kind == CallerKind::Service && *name == caller.id).then_some(Grant::Direct)
            }
            Self::Federated(id) => {
                (caller.kind == CallerKind::Federated && *id == caller.id).then_some(Grant::Direct)
            }
            Self::Aws(arn) => caller.named(arn, session_of),
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrincipalSet {
    /// `NotPrincipal`.
    pub negated: bool,
    /// Whom it lists.
    pub members: Vec<Principal>,
}

/// How far a resource policy's Allow reaches past the caller's own policies; the later, the farther.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Names the account: the identity side must allow as well.
    Account,
    /// Names the role: no identity policy needed, but boundary and session policy limit it.
    Role,
    /// Names everyone: the session policy limits it.
    Everyone,
    /// Names the user, the session, the federated user or the service: nothing but a Deny limits it.
    Direct,
}

impl PrincipalSet {
    pub(super) fn parse(json: &Json, negated: bool) -> Result<Self, ParseError> {
        let members = match json {
            Json::Text(text) if text == "*" => vec![Principal::Everyone],
            Json::Object(entries) => {
                let mut members = Vec::new();
                for (kind, value) in entries {
                    let make: fn(&str) -> Principal = match kind.as_str() {
                        "AWS" => Principal::aws,
                        "Service" => |text| Principal::Service(text.to_owned()),
                        "Federated" => |text| Principal::Federated(text.to_owned()),
                        "CanonicalUser" => |text| Principal::CanonicalUser(text.to_owned()),
                        _ => return Err(ParseError::unexpected("Principal", kind)),
                    };
                    for text in super::parse::texts("Principal", value)? {
                        members.push(make(text));
                    }
                }
                members
            }
            Json::Text(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) => {
                return Err(ParseError::Shape("Principal"));
            }
        };
        if members.is_empty() {
            return Err(ParseError::Shape("Principal"));
        }
        Ok(Self { negated, members })
    }

    /// Everyone is named, anonymous callers included.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        !self.negated && self.members.contains(&Principal::Everyone)
    }

    /// How the caller is named, if at all. `NotPrincipal` names everyone whom it does not list.
    #[must_use]
    pub fn grant(&self, caller: &Caller) -> Option<Grant> {
        let session_of = caller.session_role();
        let grants = self
            .members
            .iter()
            .filter_map(|m| m.grant(caller, session_of));
        let best = grants.max();
        if !self.negated {
            return best;
        }
        // Listing an account spares its root user, not its principals. Listing a role does not spare its sessions: "the
        // principal in the NotPrincipal element must include the session or the account as well" (IAM User Guide,
        // NotPrincipal with Deny).
        let account = || {
            let mut all = self.members.iter();
            all.any(|it| it.grant(caller, session_of) == Some(Grant::Account))
        };
        let listed = match best {
            None => false,
            Some(Grant::Account) => caller.kind == CallerKind::Root,
            Some(Grant::Role) => caller.kind != CallerKind::AssumedRole || account(),
            Some(Grant::Everyone | Grant::Direct) => true,
        };
        (!listed).then_some(Grant::Everyone)
    }
}

/// What kind of principal makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallerKind {
    /// A role as such, matched by its own ARN.
    Role,
    /// A session of a role.
    AssumedRole,
    /// An IAM user, or a federated user session.
    User,
    /// The account's root user.
    Root,
    /// An AWS service.
    Service,
    /// A service-linked role.
    ServiceLinkedRole,
    /// Somebody whom an identity provider vouches for, before assuming a role.
    Federated,
    /// Nobody in particular.
    Anonymous,
}

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// ARN, service name or `anonymous`.
    pub id: String,
    /// What it is.
    pub kind: CallerKind,
    /// Its account; empty for services and anonymous callers.
    pub account: String,
    /// The role behind a session, where it is known.
    pub role_arn: Option<String>,
    /// The S3 canonical user id of its account, where it is known.
    pub canonical_user: Option<String>,
}

impl Caller {
    /// A caller by its ARN, service name or `anonymous`.
    #[must_use]
    pub fn new(kind: CallerKind, id: &str, account: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            account: account.to_owned(),
            role_arn: None,
            canonical_user: None,
        }
    }

    /// An AWS service, such as `cloudtrail.amazonaws.com`.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self::new(CallerKind::Service, name, "")
    }

    /// Somebody without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(CallerKind::Anonymous, "anonymous", "")
    }

    /// Principals of an account can be limited by its policies and named by its id.
    pub(super) fn has_account(&self) -> bool {
        match self.kind {
            CallerKind::Role
            | CallerKind::AssumedRole
            | CallerKind::User
            | CallerKind::Root
            | CallerKind::ServiceLinkedRole => true,
            CallerKind::Service | CallerKind::Federated | CallerKind::Anonymous => false,
        }
    }

    /// The role behind a session, by its parts.
    fn session_role(&self) -> Option<RoleName<'_>> {
        match self.kind {
            CallerKind::AssumedRole | CallerKind::ServiceLinkedRole => {
                let session = self.id.contains(":assumed-role/");
                session.then(|| role(self.role_arn.as_deref().unwrap_or(&self.id)))?
            }
            CallerKind::User
            | CallerKind::Role
            | CallerKind::Root
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => None,
        }
    }

    fn named(&self, arn: &str, session_of: Option<RoleName<'_>>) -> Option<Grant> {
        match self.kind {
            CallerKind::User => (arn == self.id).then_some(Grant::Direct),
            CallerKind::Role => (arn == self.id).then_some(Grant::Role),
            CallerKind::AssumedRole | CallerKind::ServiceLinkedRole => {
                if arn == self.id {
                    let session = self.id.contains(":assumed-role/");
                    return Some(if session { Grant::Direct } else { Grant::Role });
                }
                let own = session_of?;
                // Most principals differ in the name: seen before they are taken apart.
                let same =
                    arn.ends_with(own.name) && arn.contains(":role/") && role(arn) == Some(own);
                same.then_some(Grant::Role)
            }
            CallerKind::Root
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => None,
        }
    }
}

/// A role, by the parts of its ARN that its sessions carry as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RoleName<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

/// From its own ARN or that of one of its sessions.
fn role(arn: &str) -> Option<RoleName<'_>> {
    let mut fields = arn.splitn(6, ':');
    let "arn" = fields.next()? else {
        return None;
    };
    let (partition, service, region) = (fields.next()?, fields.next()?, fields.next()?);
    let (account, path) = (fields.next()?, fields.next()?);
    let name = match (service, region) {
        ("iam", "") => path.strip_prefix("role/")?.rsplit('/').next()?,
        ("sts", "") => path.strip_prefix("assumed-role/")?.split('/').next()?,
        _ => return None,
    };
    Some(RoleName {
        partition,
        account,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn set(members: &[&str], negated: bool) -> PrincipalSet {
        let members = members.iter().map(|text| Principal::aws(text)).collect();
        PrincipalSet { negated, members }
    }

    fn session() -> Caller {
        Caller::new(
            CallerKind::AssumedRole,
            "arn:aws:sts::111122223333:assumed-role/Ops/me",
            ACCOUNT,
        )
    }

    #[test]
    fn sessions_match_their_role() {
        for (arn, expected) in [
            ("arn:aws:iam::111122223333:role/Ops", Some(Grant::Role)),
            ("arn:aws:iam::111122223333:role/a/b/Ops", Some(Grant::Role)),
            (
                "arn:aws:sts::111122223333:assumed-role/Ops/me",
                Some(Grant::Direct),
            ),
            ("arn:aws:sts::111122223333:assumed-role/Ops/you", None),
            ("arn:aws:iam::111122223333:role/ops", None),
            ("arn:aws:iam::999922223333:role/Ops", None),
            ("arn:aws-cn:iam::111122223333:role/Ops", None),
            ("arn:aws:iam::111122223333:role/*", None),
            ("111122223333", Some(Grant::Account)),
            ("arn:aws:iam::111122223333:root", Some(Grant::Account)),
            ("*", Some(Grant::Everyone)),
            ("AROAEXAMPLEID", None),
        ] {
            assert_eq!(set(&[arn], false).grant(&session()), expected, "{arn}");
        }
    }

    #[test]
    fn the_widest_naming_counts() {
        let both = set(
            &["111122223333", "arn:aws:iam::111122223333:role/Ops"],
            false,
        );
        assert_eq!(both.grant(&session()), Some(Grant::Role));
    }

    #[test]
    fn not_principal_spares_whom_it_lists() {
        let role = "arn:aws:iam::111122223333:role/Ops";
        assert_eq!(set(&[role, ACCOUNT], true).grant(&session()), None);
        assert_eq!(set(&[role], true).grant(&session()), Some(Grant::Everyone));
        let own = session().id;
        assert_eq!(set(&[role, &own], true).grant(&session()), None);
        let as_such = Caller::new(CallerKind::Role, role, ACCOUNT);
        assert_eq!(set(&[role], true).grant(&as_such), None);
        assert_eq!(
            set(&[ACCOUNT], true).grant(&session()),
            Some(Grant::Everyone)
        );
        assert_eq!(
            set(&[role], true).grant(&Caller::anonymous()),
            Some(Grant::Everyone)
        );
        let root = Caller::new(CallerKind::Root, "arn:aws:iam::111122223333:root", ACCOUNT);
        assert_eq!(set(&[ACCOUNT], true).grant(&root), None);
    }

    #[test]
    fn services_are_exact() {
        let named = PrincipalSet {
            negated: false,
            members: vec![Principal::Service("cloudtrail.amazonaws.com".to_owned())],
        };
        assert!(
            named
                .grant(&Caller::service("cloudtrail.amazonaws.com"))
                .is_some()
        );
        assert!(
            named
                .grant(&Caller::service("config.amazonaws.com"))
                .is_none()
        );
        assert!(named.grant(&session()).is_none());
    }
}
