//! Who called, as the record has it: `userIdentity`, lifted in one walk. Every value is a slice of the log.

use jiff::Timestamp;

use super::bytes::{self, After, Stop};
use super::layout::Layouts;
use super::raw::Raw;
use super::text::Text;
use super::time;

/// The values of `userIdentity`, its session included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity<'a> {
    values: [Option<Raw<'a>>; COUNT],
    present: bool,
    /// The log, if it is UTF-8.
    whole: &'a str,
}

/// One value of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    Type,
    PrincipalId,
    Arn,
    AccountId,
    AccessKeyId,
    UserName,
    InvokedBy,
    IdentityProvider,
    CredentialId,
    DelegateAccount,
    OnBehalfOfUser,
    OnBehalfOfStore,
    IssuedTo,
    ScopeSource,
    ScopeIssuer,
    IssuerType,
    IssuerPrincipalId,
    IssuerArn,
    IssuerAccountId,
    IssuerUserName,
    Created,
    MfaAuthenticated,
    SourceIdentity,
    AssumedRoot,
    Ec2RoleDelivery,
    FederatedProvider,
}

const COUNT: usize = Part::ALL.len();

impl Part {
    /// All, in the order in which they are declared.
    const ALL: &'static [Self] = &[
        Self::Type,
        Self::PrincipalId,
        Self::Arn,
        Self::AccountId,
        Self::AccessKeyId,
        Self::UserName,
        Self::InvokedBy,
        Self::IdentityProvider,
        Self::CredentialId,
        Self::DelegateAccount,
        Self::OnBehalfOfUser,
        Self::OnBehalfOfStore,
        Self::IssuedTo,
        Self::ScopeSource,
        Self::ScopeIssuer,
        Self::IssuerType,
        Self::IssuerPrincipalId,
        Self::IssuerArn,
        Self::IssuerAccountId,
        Self::IssuerUserName,
        Self::Created,
        Self::MfaAuthenticated,
        Self::SourceIdentity,
        Self::AssumedRoot,
        Self::Ec2RoleDelivery,
        Self::FederatedProvider,
    ];
}

impl<'a> Identity<'a> {
    /// Without values, of a log whose text was checked.
    pub(super) fn within(whole: &'a str) -> Self {
        Self {
            whole,
            ..Self::default()
        }
    }

    /// Lifts the values of the object that begins at `at`, unless some were lifted already. The byte after it. What is
    /// no object, or malformed, has none.
    #[inline(never)]
    pub(super) fn lift(
        &mut self,
        log: &'a [u8],
        at: usize,
        layouts: &mut Layouts<Part>,
        deep: &mut bool,
    ) -> Result<usize, Stop> {
        if self.present || log.get(at) != Some(&b'{') {
            return bytes::value_end(log, at, deep);
        }
        self.present = true;
        if let Some((length, found)) = layouts.holds(log, at) {
            let own = log.get(at..at + length).unwrap_or_default();
            for (part, (begin, end)) in found {
                if let (Some(slot), Some(value)) =
                    (self.values.get_mut(*part as usize), own.get(*begin..*end))
                {
                    *slot = Some(Raw::new(value));
                }
            }
            return Ok(at + length);
        }
        let mut is_deep = false;
        let Ok(end) = self.walk(log, at, Level::Identity, &mut is_deep) else {
            self.values = [None; COUNT];
            return bytes::value_end(log, at, deep);
        };
        match is_deep {
            true => *deep = true,
            false => layouts.learn(log, (at, end), self.places(log, at)),
        }
        Ok(end)
    }

    /// Each value, and where it begins and ends in the object that begins at `at`.
    fn places(&self, log: &[u8], at: usize) -> impl Iterator<Item = (Part, (usize, usize))> {
        let object = log.get(at..).unwrap_or_default().as_ptr().addr();
        let parts = Part::ALL.iter();
        parts.filter_map(move |part| {
            let value = self.value(*part)?.bytes();
            let begin = value.as_ptr().addr().checked_sub(object)?;
            Some((*part, (begin, begin + value.len())))
        })
    }

    fn walk(
        &mut self,
        log: &'a [u8],
        at: usize,
        level: Level,
        deep: &mut bool,
    ) -> Result<usize, Stop> {
        let mut next = bytes::first_member(log, at + 1);
        loop {
            let at = match next {
                After::Member(at) => at,
                After::End(end) => return Ok(end),
            };
            let (name, begin) = bytes::name(log, at)?;
            let end = match found(level, name) {
                Some(Found::Level(below)) if log.get(begin) == Some(&b'{') => {
                    self.walk(log, begin, below, deep)?
                }
                Some(Found::Part(part)) => {
                    let end = bytes::value_end(log, begin, deep)?;
                    self.set(part, Raw::new(log.get(begin..end).ok_or(Stop::CUT)?));
                    end
                }
                Some(Found::Level(_)) | None => bytes::value_end(log, begin, deep)?,
            };
            next = bytes::after_member(log, end)?;
        }
    }

    /// The first value counts; conditions look at the others too.
    fn set(&mut self, part: Part, value: Raw<'a>) {
        if let Some(slot @ None) = self.values.get_mut(part as usize) {
            *slot = Some(value);
        }
    }

    fn value(&self, part: Part) -> Option<Raw<'a>> {
        self.values.get(part as usize).copied().flatten()
    }

    fn text(&self, part: Part) -> Option<Text<'a>> {
        self.value(part)?.text_in(self.whole)
    }

    /// `type`, as it is written.
    #[inline]
    pub(super) fn raw_type(&self) -> Option<Raw<'a>> {
        self.value(Part::Type)
    }

    /// `principalId`, as it is written.
    #[inline]
    pub(super) fn raw_principal_id(&self) -> Option<Raw<'a>> {
        self.value(Part::PrincipalId)
    }

    /// Whether the record has an identity: not null, not absent.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.present
    }

    /// Since when the session exists.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        time::instant(self.value(Part::Created)?)
    }

    /// Whether the session was opened with MFA, if the record has it.
    #[must_use]
    pub fn mfa(&self) -> Option<bool> {
        self.value(Part::MfaAuthenticated)?.flag()
    }

    /// Whether it is a session of AssumeRoot.
    #[must_use]
    pub fn is_assumed_root(&self) -> bool {
        let value = self.value(Part::AssumedRoot);
        value.and_then(Raw::flag) == Some(true)
    }

    /// The access key id, if records can be joined on it: not empty, not redacted.
    #[must_use]
    pub fn key(&self) -> Option<Text<'a>> {
        self.access_key_id().filter(|it| is_key(it))
    }

    /// The name of the session, which its caller chose: the part of the principal id after the colon.
    #[must_use]
    pub fn session_name(&self) -> Option<String> {
        let id = self.principal_id()?;
        id.split_once(':').map(|(_, name)| name.to_owned())
    }

    /// The type, without regard to case; empty if there is none.
    #[must_use]
    pub fn is_type(&self, name: &str) -> bool {
        self.value(Part::Type).is_some_and(|own| own.is_word(name))
    }

    /// `type`.
    #[must_use]
    pub fn type_(&self) -> Option<Text<'a>> {
        self.text(Part::Type)
    }

    /// `principalId`.
    #[must_use]
    pub fn principal_id(&self) -> Option<Text<'a>> {
        self.text(Part::PrincipalId)
    }

    /// `arn`.
    #[must_use]
    pub fn arn(&self) -> Option<Text<'a>> {
        self.text(Part::Arn)
    }

    /// `accountId`.
    #[must_use]
    pub fn account_id(&self) -> Option<Text<'a>> {
        self.text(Part::AccountId)
    }

    /// `accessKeyId` as it is written, empty or redacted too: [`Identity::key`] is what can be joined on.
    #[must_use]
    pub fn access_key_id(&self) -> Option<Text<'a>> {
        self.text(Part::AccessKeyId)
    }

    /// `userName`.
    #[must_use]
    pub fn user_name(&self) -> Option<Text<'a>> {
        self.text(Part::UserName)
    }

    /// `invokedBy`: the service that called for the identity.
    #[must_use]
    pub fn invoked_by(&self) -> Option<Text<'a>> {
        self.text(Part::InvokedBy)
    }

    /// `identityProvider`.
    #[must_use]
    pub fn identity_provider(&self) -> Option<Text<'a>> {
        self.text(Part::IdentityProvider)
    }

    /// `credentialId` of IAM Identity Center.
    #[must_use]
    pub fn credential_id(&self) -> Option<Text<'a>> {
        self.text(Part::CredentialId)
    }

    /// `invokedByDelegate.accountId`.
    #[must_use]
    pub fn delegate_account(&self) -> Option<Text<'a>> {
        self.text(Part::DelegateAccount)
    }

    /// `onBehalfOf.userId`.
    #[must_use]
    pub fn on_behalf_of_user(&self) -> Option<Text<'a>> {
        self.text(Part::OnBehalfOfUser)
    }

    /// `onBehalfOf.identityStoreArn`.
    #[must_use]
    pub fn on_behalf_of_store(&self) -> Option<Text<'a>> {
        self.text(Part::OnBehalfOfStore)
    }

    /// `inScopeOf.credentialsIssuedTo`: the instance, function or task.
    #[must_use]
    pub fn issued_to(&self) -> Option<Text<'a>> {
        self.text(Part::IssuedTo)
    }

    /// `inScopeOf.sourceArn`.
    #[must_use]
    pub fn scope_source(&self) -> Option<Text<'a>> {
        self.text(Part::ScopeSource)
    }

    /// `inScopeOf.issuerType`.
    #[must_use]
    pub fn scope_issuer(&self) -> Option<Text<'a>> {
        self.text(Part::ScopeIssuer)
    }

    /// `sessionIssuer.type`.
    #[must_use]
    pub fn issuer_type(&self) -> Option<Text<'a>> {
        self.text(Part::IssuerType)
    }

    /// `sessionIssuer.principalId`.
    #[must_use]
    pub fn issuer_principal_id(&self) -> Option<Text<'a>> {
        self.text(Part::IssuerPrincipalId)
    }

    /// `sessionIssuer.arn`: the role, never the person.
    #[must_use]
    pub fn issuer_arn(&self) -> Option<Text<'a>> {
        self.text(Part::IssuerArn)
    }

    /// `sessionIssuer.accountId`.
    #[must_use]
    pub fn issuer_account_id(&self) -> Option<Text<'a>> {
        self.text(Part::IssuerAccountId)
    }

    /// `sessionIssuer.userName`.
    #[must_use]
    pub fn issuer_user_name(&self) -> Option<Text<'a>> {
        self.text(Part::IssuerUserName)
    }

    /// `attributes.creationDate` as it is written.
    #[must_use]
    pub fn created(&self) -> Option<Text<'a>> {
        self.text(Part::Created)
    }

    /// `attributes.mfaAuthenticated` as it is written.
    #[must_use]
    pub fn mfa_authenticated(&self) -> Option<Text<'a>> {
        self.text(Part::MfaAuthenticated)
    }

    /// `sourceIdentity`.
    #[must_use]
    pub fn source_identity(&self) -> Option<Text<'a>> {
        self.text(Part::SourceIdentity)
    }

    /// `assumedRoot` as it is written.
    #[must_use]
    pub fn assumed_root(&self) -> Option<Text<'a>> {
        self.text(Part::AssumedRoot)
    }

    /// `ec2RoleDelivery`: the version of the instance metadata service.
    #[must_use]
    pub fn ec2_role_delivery(&self) -> Option<Text<'a>> {
        self.text(Part::Ec2RoleDelivery)
    }

    /// `webIdFederationData.federatedProvider`.
    #[must_use]
    pub fn federated_provider(&self) -> Option<Text<'a>> {
        self.text(Part::FederatedProvider)
    }
}

/// Whether a text is an access key id that AWS issued: `AKIA..` or `ASIA..`.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("AKIA")
        .or_else(|| text.strip_prefix("ASIA"))
    else {
        return false;
    };
    rest.len() >= 12
        && rest
            .bytes()
            .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
}

/// An object of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Identity,
    Delegate,
    OnBehalfOf,
    InScopeOf,
    Session,
    Attributes,
    Issuer,
    WebIdentity,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Part(Part),
    Level(Level),
}

/// What a name as CloudTrail writes it stands for.
#[inline]
fn exact(level: Level, name: &[u8]) -> Option<Found> {
    use Found::{Level as Below, Part as Is};
    Some(match level {
        Level::Identity => match name {
            b"type" => Is(Part::Type),
            b"principalId" => Is(Part::PrincipalId),
            b"arn" => Is(Part::Arn),
            b"accountId" => Is(Part::AccountId),
            b"accessKeyId" => Is(Part::AccessKeyId),
            // Some services misspell it.
            b"accesKeyId" => Is(Part::AccessKeyId),
            b"userName" => Is(Part::UserName),
            b"invokedBy" => Is(Part::InvokedBy),
            b"identityProvider" => Is(Part::IdentityProvider),
            b"credentialId" => Is(Part::CredentialId),
            b"sessionContext" => Below(Level::Session),
            b"invokedByDelegate" => Below(Level::Delegate),
            b"onBehalfOf" => Below(Level::OnBehalfOf),
            b"inScopeOf" => Below(Level::InScopeOf),
            _ => return None,
        },
        Level::Delegate => match name {
            b"accountId" => Is(Part::DelegateAccount),
            _ => return None,
        },
        Level::OnBehalfOf => match name {
            b"userId" => Is(Part::OnBehalfOfUser),
            b"identityStoreArn" => Is(Part::OnBehalfOfStore),
            _ => return None,
        },
        Level::InScopeOf => match name {
            b"credentialsIssuedTo" => Is(Part::IssuedTo),
            b"sourceArn" => Is(Part::ScopeSource),
            b"issuerType" => Is(Part::ScopeIssuer),
            _ => return None,
        },
        Level::Session => match name {
            b"attributes" => Below(Level::Attributes),
            b"sessionIssuer" => Below(Level::Issuer),
            b"webIdFederationData" => Below(Level::WebIdentity),
            b"sourceIdentity" => Is(Part::SourceIdentity),
            b"assumedRoot" => Is(Part::AssumedRoot),
            b"ec2RoleDelivery" => Is(Part::Ec2RoleDelivery),
            _ => return None,
        },
        Level::Attributes => match name {
            b"creationDate" => Is(Part::Created),
            b"mfaAuthenticated" => Is(Part::MfaAuthenticated),
            _ => return None,
        },
        Level::Issuer => match name {
            b"type" => Is(Part::IssuerType),
            b"principalId" => Is(Part::IssuerPrincipalId),
            b"arn" => Is(Part::IssuerArn),
            b"accountId" => Is(Part::IssuerAccountId),
            b"userName" => Is(Part::IssuerUserName),
            _ => return None,
        },
        Level::WebIdentity => match name {
            b"federatedProvider" => Is(Part::FederatedProvider),
            _ => return None,
        },
    })
}

/// The names that are looked for in any case.
const NAMES: [&str; 28] = [
    "type",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "accesKeyId",
    "userName",
    "invokedBy",
    "identityProvider",
    "credentialId",
    "sessionContext",
    "invokedByDelegate",
    "onBehalfOf",
    "inScopeOf",
    "userId",
    "identityStoreArn",
    "credentialsIssuedTo",
    "sourceArn",
    "issuerType",
    "attributes",
    "sessionIssuer",
    "webIdFederationData",
    "sourceIdentity",
    "assumedRoot",
    "ec2RoleDelivery",
    "creationDate",
    "mfaAuthenticated",
    "federatedProvider",
];

/// What a name as it is spelled in the log stands for, without regard to case.
#[inline]
fn found(level: Level, name: &[u8]) -> Option<Found> {
    exact(level, name).or_else(|| {
        let text = Text::decode(name);
        let known = |it: &&&str| text.eq_ignore_ascii_case(it);
        exact(level, NAMES.iter().find(known)?.as_bytes())
    })
}
