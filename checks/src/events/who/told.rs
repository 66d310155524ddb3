//! The answer: hop by hop, each with its rule, its proof and its state.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::need::Place;
use crate::events::Proof;

/// Who is behind an event, as far as the records prove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Who {
    /// The event asked for, and behind it the calls that issued one session after another.
    pub hops: Vec<Hop>,
    /// How the chain ended.
    pub state: State,
    /// Why it ended so, and what to do.
    pub why: String,
    /// The oldest identity that the chain proves.
    pub actor: Whom,
    /// The weakest proof of the records that the chain rests on.
    #[serde(serialize_with = "proof")]
    #[schemars(with = "String")]
    pub proof: Proof,
    /// Where records contradict each other.
    pub contradictions: Vec<Contradiction>,
    /// The calls that may have issued the session, if there is more than one, or only such as prove nothing.
    pub candidates: Vec<Candidate>,
    /// What can be asked next: it is not followed by itself.
    pub next: Vec<Offer>,
    /// How many logs were read for it.
    pub logs_read: u64,
}

/// How a chain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Each session has the call that issued it, back to an identity of its own.
    Resolved,
    /// More than one call may have issued the session.
    Ambiguous,
    /// It goes on in an account or at a provider that is not in the record.
    EndsOutside,
    /// The hours in which the session was issued are verified and hold no such call.
    NotRecorded,
    /// The hours in which the session was issued are missing or not verified.
    Open,
    /// Only records that are altered or in no digest say who issued the session.
    Unverified,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Ambiguous => "ambiguous",
            Self::EndsOutside => "ends_outside",
            Self::NotRecorded => "not_recorded",
            Self::Open => "open",
            Self::Unverified => "unverified",
        }
    }
}

/// The rule by which a hop was found, or by which the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The call's answer holds the session's access key.
    Key,
    /// The call's answer holds the session's principal, and it was made in the second in which the session began.
    Session,
    /// The caller's account has a copy of the same event.
    Shared,
    /// The role was switched to in the console.
    Console,
    /// A user of IAM Identity Center.
    IdentityCenter,
    /// Credentials that a service issued to an instance, a function or a task.
    ServiceCredentials,
    /// The subject of a provider's token or assertion.
    WebIdentity,
    /// A sign-in to the console in the second in which the session began.
    SignIn,
    /// The session of a user that a service forwarded: no call issues it.
    Forwarded,
    /// The identity stands in the record itself.
    Written,
}

impl Rule {
    /// What the rule is called, with its number.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Key => "R1 access key",
            Self::Session => "R2 principal and second",
            Self::Shared => "R3 shared event",
            Self::Console => "R4 console switch",
            Self::IdentityCenter => "R5 IAM Identity Center",
            Self::ServiceCredentials => "R6 service credentials",
            Self::WebIdentity => "R8 identity provider",
            Self::SignIn => "console sign-in",
            Self::Forwarded => "R10 forwarded by a service",
            Self::Written => "as written",
        }
    }
}

/// One record of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hop {
    /// The record.
    pub event: EventRef,
    /// How it was found from the hop before; empty for the event asked for.
    pub rules: Vec<Rule>,
    /// The rule that says who is behind it without a further record, of the last hop.
    pub ended_by: Option<Rule>,
    /// The state of the hop: whether it is known who is behind it.
    pub state: State,
    /// The identity as the record has it.
    pub identity: Written,
    /// The session that the call was made in.
    pub session: Option<SessionTold>,
    /// The service that made the call for the identity.
    pub by_service: Option<String>,
    /// The account of a product provider that acted with delegated access.
    pub delegate: Option<String>,
    /// The account and role that a user of IAM Identity Center got credentials for in that second. No field joins the
    /// two records: it is likely, and not proved.
    pub access: Option<EventRef>,
    /// The call with which an application got the token of a user of IAM Identity Center; its caller is the application.
    pub application: Option<EventRef>,
    /// The switch of roles in the console, which has the browser's address.
    pub switched: Option<EventRef>,
    /// How many logs were read to find what issued this session.
    pub logs_read: u64,
}

/// A record, by what names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventRef {
    /// `eventID`.
    pub id: Option<String>,
    /// `eventName`.
    pub name: String,
    /// `eventSource`.
    pub source: String,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The account whose record it is.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The address it came from, as written.
    pub address: Option<String>,
    /// The error, if it was refused.
    pub error: Option<String>,
    /// Where it was read.
    pub at: Place,
    /// What is known of its authenticity.
    #[serde(serialize_with = "proof")]
    #[schemars(with = "String")]
    pub proof: Proof,
}

/// `userIdentity` as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Written {
    /// `type`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `arn`.
    pub arn: Option<String>,
    /// `principalId`.
    pub principal_id: Option<String>,
    /// `accountId`.
    pub account_id: Option<String>,
    /// `userName`.
    pub user_name: Option<String>,
    /// `accessKeyId`.
    pub access_key_id: Option<String>,
}

/// A session of temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionTold {
    /// Whose session it is: the role, the user, the root user.
    pub issuer: Option<String>,
    /// Its name, which the caller chose.
    pub name: Option<String>,
    /// When it began: with the principal it tells sessions apart.
    pub since: Option<Timestamp>,
    /// Whether it began with MFA, if the record says so. AWS does not know it of federated users.
    pub mfa: Option<bool>,
    /// The address of this call.
    pub address: Option<String>,
}

/// An identity that is not a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Whom {
    /// `user`, `role`, `root`, `resource`, ..
    pub kind: String,
    /// An ARN where there is one.
    pub id: String,
    /// A readable name.
    pub name: Option<String>,
}

/// Two records that cannot both be as AWS writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contradiction {
    /// What they disagree on.
    pub on: Disagreement,
    /// What the younger record has.
    pub found: String,
    /// What the older one has.
    pub expected: String,
    /// The younger record.
    pub event: Option<String>,
    /// The older one.
    pub older: Option<String>,
}

/// What records disagree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disagreement {
    /// `sourceIdentity`, which cannot change along a chain.
    SourceIdentity,
    /// `onBehalfOf`, which cannot change along a chain.
    OnBehalfOf,
    /// The session's `creationDate` is not the second of the call that issued its key.
    CreationDate,
    /// The call that issued the key issued it to another principal.
    Principal,
    /// The event is older than the key it was signed with.
    BeforeIssued,
    /// The event is younger than the key's end.
    AfterExpiration,
    /// The key and the principal lead to two calls.
    TwoCalls,
    /// The chain leads back to itself.
    Cycle,
}

impl Disagreement {
    /// What it is about.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::SourceIdentity => {
                "the source identity changed along the chain, which AWS does not allow"
            }
            Self::OnBehalfOf => {
                "the Identity Center user changed along the chain, which AWS does not allow"
            }
            Self::CreationDate => {
                "the session's creationDate is not the time of the call that issued its access key"
            }
            Self::Principal => "the access key was issued to another principal",
            Self::BeforeIssued => "the event is older than the call that issued its access key",
            Self::AfterExpiration => "the event is younger than the expiration of its access key",
            Self::TwoCalls => "the access key and the principal lead to two different calls",
            Self::Cycle => "the chain of sessions leads back to itself",
        }
    }
}

/// A call that may have issued a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Candidate {
    /// The call.
    pub event: EventRef,
    /// Who made it.
    pub identity: Written,
}

/// What can be asked next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Offer {
    /// Who made the user's access key.
    KeyMade {
        /// The key.
        key: String,
    },
    /// Who started or changed what the credentials were issued to.
    ResourceChanged {
        /// The instance, function or task.
        resource: String,
        /// The calls that do.
        calls: Vec<String>,
    },
    /// The account whose record would lead on.
    Account {
        /// Its id.
        account: String,
    },
    /// The provider whose own log would lead on.
    Provider {
        /// Its name, ARN or address.
        provider: String,
    },
}

fn proof<S: Serializer>(proof: &Proof, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(proof)
}
