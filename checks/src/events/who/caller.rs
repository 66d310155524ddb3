//! What a record says of its caller, out of the record's bytes.

use jiff::Timestamp;

use super::told::{EventRef, SessionTold, Whom, Written};
use super::{Found, issue::Issue};
use crate::events::{Field, Identity, Record};

/// A record and its caller.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub event: EventRef,
    pub written: Written,
    pub session: Option<SessionTold>,
    pub by_service: Option<String>,
    pub delegate: Option<String>,
    pub actor: Whom,
    /// The access key, if records can be joined on it.
    pub key: Option<String>,
    /// When its session began.
    pub since: Option<Timestamp>,
    pub source_identity: Option<String>,
    /// The user of IAM Identity Center that it acts for, with the identity store.
    pub behalf: Option<(String, String)>,
    pub credential: Option<String>,
    pub assumed_root: bool,
    /// What the credentials were issued to.
    pub issued_to: Option<String>,
    pub ec2_delivery: Option<String>,
    pub invoked_by: Option<String>,
    pub provider: Option<String>,
    pub shared: Option<String>,
    /// The role that was asked for, of a call that issues sessions.
    pub role: Option<String>,
    /// The session that the record itself issued.
    pub issue: Option<Issue>,
}

impl Caller {
    /// None if the bytes are no record.
    pub fn of(found: &Found) -> Option<Self> {
        let record = Record::read(&found.record)?;
        let identity = record.identity();
        let text = |value: Option<crate::events::Text<'_>>| {
            value.map(|it| it.to_string()).filter(|it| !it.is_empty())
        };
        let actor = record.actor_of(identity);
        let session = record.session_of(identity).map(|it| SessionTold {
            issuer: text(it.issuer),
            name: it.name,
            since: it.since,
            mfa: it.mfa,
            address: text(it.ip),
        });
        let name = text(record.name()).unwrap_or_default();
        // The session of a switch begins with it.
        let begins = name.eq_ignore_ascii_case("SwitchRole");
        let since = identity
            .created_at()
            .or_else(|| record.time().filter(|_| begins));
        Some(Self {
            event: EventRef {
                id: text(record.event_id()),
                name,
                source: text(record.source()).unwrap_or_default(),
                time: record.time(),
                account: text(record.account()),
                region: text(record.region()),
                address: text(record.ip()),
                error: text(record.text(Field::ErrorCode)),
                at: found.at.clone(),
                proof: found.proof,
            },
            written: written(identity),
            session,
            by_service: text(record.by_service_of(identity)),
            delegate: text(identity.delegate_account()),
            actor: Whom {
                kind: actor.kind.word().to_owned(),
                id: actor.id.into_owned(),
                name: actor.name.map(std::borrow::Cow::into_owned),
            },
            key: text(identity.key()),
            since,
            source_identity: text(identity.source_identity()),
            behalf: text(identity.on_behalf_of_user()).map(|user| {
                (
                    user,
                    text(identity.on_behalf_of_store()).unwrap_or_default(),
                )
            }),
            credential: text(identity.credential_id()),
            assumed_root: identity.is_assumed_root(),
            issued_to: text(identity.issued_to()),
            ec2_delivery: text(identity.ec2_role_delivery()),
            invoked_by: text(identity.invoked_by()),
            provider: text(identity.identity_provider()),
            shared: text(record.shared_event_id()),
            role: text(record.text_at(Field::RequestParameters, &["roleArn"])),
            issue: Issue::of(&record),
        })
    }

    /// `userIdentity.type`, without regard to case.
    pub fn is(&self, kind: &str) -> bool {
        self.written
            .kind
            .as_ref()
            .is_some_and(|it| it.eq_ignore_ascii_case(kind))
    }

    /// The account of the identity, else the one whose record it is.
    pub fn account(&self) -> Option<&String> {
        let own = self.written.account_id.as_ref();
        own.or(self.event.account.as_ref())
    }

    pub fn has_temporary_key(&self) -> bool {
        self.key.as_ref().is_some_and(|it| it.starts_with("ASIA"))
    }

    /// The session's name: the part of the principal after the colon.
    pub fn session_name(&self) -> Option<&str> {
        let principal = self.written.principal_id.as_deref()?;
        principal.split_once(':').map(|(_, name)| name)
    }
}

fn written(identity: &Identity<'_>) -> Written {
    let text = |value: Option<crate::events::Text<'_>>| {
        value.map(|it| it.to_string()).filter(|it| !it.is_empty())
    };
    Written {
        kind: text(identity.type_()),
        arn: text(identity.arn()),
        principal_id: text(identity.principal_id()),
        account_id: text(identity.account_id()),
        user_name: text(identity.user_name()),
        access_key_id: text(identity.access_key_id()),
    }
}
