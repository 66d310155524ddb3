//! Who called, as the record has it: `userIdentity`, lifted in one walk. Every value is a slice of the log.

use jiff::Timestamp;

use super::raw::Raw;
use super::text::Text;
use super::time;

/// The values of `userIdentity`, its session included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity<'a> {
    values: [Option<Raw<'a>>; COUNT],
    present: bool,
}

/// One value of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Part {
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

const COUNT: usize = 26;

impl<'a> Identity<'a> {
    /// Lifts the values. What is no object has none.
    #[must_use]
    pub fn read(value: Raw<'a>) -> Self {
        let mut identity = Self {
            values: [None; COUNT],
            present: value.bytes().first() == Some(&b'{'),
        };
        walk(value, &mut |name, value| {
            let part = match_name(
                name,
                &[
                    ("type", Part::Type),
                    ("principalId", Part::PrincipalId),
                    ("arn", Part::Arn),
                    ("accountId", Part::AccountId),
                    ("accessKeyId", Part::AccessKeyId),
                    ("userName", Part::UserName),
                    ("invokedBy", Part::InvokedBy),
                    ("identityProvider", Part::IdentityProvider),
                    ("credentialId", Part::CredentialId),
                ],
            );
            if let Some(part) = part {
                identity.set(part, value);
            } else if is(name, "sessionContext") {
                identity.session(value);
            } else if is(name, "invokedByDelegate") {
                identity.below(value, &[("accountId", Part::DelegateAccount)]);
            } else if is(name, "onBehalfOf") {
                identity.below(
                    value,
                    &[
                        ("userId", Part::OnBehalfOfUser),
                        ("identityStoreArn", Part::OnBehalfOfStore),
                    ],
                );
            } else if is(name, "inScopeOf") {
                identity.below(
                    value,
                    &[
                        ("credentialsIssuedTo", Part::IssuedTo),
                        ("sourceArn", Part::ScopeSource),
                        ("issuerType", Part::ScopeIssuer),
                    ],
                );
            } else if is(name, "accesKeyId") {
                // Some services misspell it.
                identity.set(Part::AccessKeyId, value);
            }
        });
        identity
    }

    fn session(&mut self, value: Raw<'a>) {
        walk(value, &mut |name, value| {
            if is(name, "attributes") {
                self.below(
                    value,
                    &[
                        ("creationDate", Part::Created),
                        ("mfaAuthenticated", Part::MfaAuthenticated),
                    ],
                );
            } else if is(name, "sessionIssuer") {
                self.below(
                    value,
                    &[
                        ("type", Part::IssuerType),
                        ("principalId", Part::IssuerPrincipalId),
                        ("arn", Part::IssuerArn),
                        ("accountId", Part::IssuerAccountId),
                        ("userName", Part::IssuerUserName),
                    ],
                );
            } else if is(name, "webIdFederationData") {
                self.below(value, &[("federatedProvider", Part::FederatedProvider)]);
            } else {
                let part = match_name(
                    name,
                    &[
                        ("sourceIdentity", Part::SourceIdentity),
                        ("assumedRoot", Part::AssumedRoot),
                        ("ec2RoleDelivery", Part::Ec2RoleDelivery),
                    ],
                );
                if let Some(part) = part {
                    self.set(part, value);
                }
            }
        });
    }

    fn below(&mut self, value: Raw<'a>, names: &[(&str, Part)]) {
        walk(value, &mut |name, value| {
            if let Some(part) = match_name(name, names) {
                self.set(part, value);
            }
        });
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
        self.value(part)?.text()
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
        self.type_()
            .is_some_and(|own| own.eq_ignore_ascii_case(name))
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

fn walk<'a>(value: Raw<'a>, each: &mut dyn FnMut(&'a [u8], Raw<'a>)) {
    let mut members = value.members();
    while let Some(Ok((name, value))) = members.next_raw() {
        each(name, value);
    }
}

/// Whether a name as it is spelled in the log is this one, without regard to case.
#[inline]
fn is(name: &[u8], wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted.as_bytes())
        || (name.contains(&b'\\') && Text::decode(name).eq_ignore_ascii_case(wanted))
}

#[inline]
fn match_name(name: &[u8], names: &[(&str, Part)]) -> Option<Part> {
    let found = names.iter().find(|(wanted, _)| is(name, wanted));
    found.map(|(_, part)| *part)
}
