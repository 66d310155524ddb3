//! A check is a value: one question about one kind of subject.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::Judged;
use crate::calls::ApiCall;
use crate::context::Context;
use crate::fact::Gaps;
use crate::finding::{Evidence, Severity, Status};
use crate::ids::{AccountId, Arn};
use crate::inventory::iam::{AuthorizationDetails, Role, User};
use crate::inventory::plan::Effect;
use crate::inventory::{
    Account, Bucket, EventDataStore, Key, KeyEvents, LogGroup, Organization, RegionView, Trail,
    VerifiedChain,
};

/// One question, one severity.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Kebab-case, begins with its group, never changes.
    pub id: &'static str,
    /// A sentence that is true when the check passes.
    pub title: &'static str,
    /// How bad a fail is.
    pub severity: Severity,
    /// Which of the five questions it helps to answer, if any.
    pub question: Option<Question>,
    /// What goes wrong otherwise.
    pub why: &'static str,
    /// The API or setting that changes the judged fact.
    pub fix: &'static str,
    /// How it judges, in words: `explain` and the handbook show it.
    pub judged: &'static str,
    /// Cases that look alike and end differently, a sentence each.
    pub alike: &'static [&'static str],
    /// Where AWS describes it.
    pub references: &'static [&'static str],
    /// The calls whose answers it reads.
    pub reads: &'static [ApiCall],
    /// What it is asked of, and how it judges.
    pub run: Run,
}

impl Check {
    /// The part of the id before the first dash.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.id.split('-').next().unwrap_or(self.id)
    }
}

/// What is asked of CloudTrail logs before anybody trusts them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Is everything logged, in every account and region?
    Recorded,
    /// Do the logs arrive where they are kept?
    Delivered,
    /// Are they what CloudTrail wrote?
    Unaltered,
    /// Is access to modify or delete them restricted?
    Guarded,
    /// Would anyone notice tampering?
    Watched,
}

impl Question {
    /// All, in the order in which they are reported.
    pub const ALL: [Self; 5] = [
        Self::Recorded,
        Self::Delivered,
        Self::Unaltered,
        Self::Guarded,
        Self::Watched,
    ];

    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Question::Recorded => "recorded",
            Question::Delivered => "delivered",
            Question::Unaltered => "unaltered",
            Question::Guarded => "guarded",
            Question::Watched => "watched",
        }
    }
}

/// The kind of subject, and the function that judges it.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// The organization.
    Organization(fn(&Organization, &Context<'_>) -> Outcome),
    /// Every active account.
    Account(fn(&Account, &Context<'_>) -> Outcome),
    /// Every region that an active account could use.
    Region(fn(&RegionOf<'_>, &Context<'_>) -> Outcome),
    /// Every real trail.
    Trail(fn(&Trail, &Context<'_>) -> Outcome),
    /// Every bucket that a trail delivers to.
    Bucket(fn(&Bucket, &Context<'_>) -> Outcome),
    /// Every key that a trail, a log bucket or a store uses.
    Key(fn(&Key, &Context<'_>) -> Outcome),
    /// Every log group that a trail delivers to.
    LogGroup(fn(&LogGroup, &Context<'_>) -> Outcome),
    /// Every CloudTrail Lake store.
    EventDataStore(fn(&EventDataStore, &Context<'_>) -> Outcome),
    /// Every user and role: fails and unknowns are told one by one, a pass once per account.
    IamPrincipal(fn(&Principal<'_>, &Context<'_>) -> Outcome),
    /// Everyone who may act on the record, with what they can really do: told in the same way.
    EffectiveRights(fn(&Judged<'_>, &Context<'_>) -> Outcome),
    /// The organization, with the trust policies of the roles that its SCPs exempt.
    Exempt(fn(&Organization, &Trusts, &Context<'_>) -> Outcome),
    /// Every bucket that a trail delivers to, with the roles by which files are replicated.
    Replicated(fn(&Bucket, &Roles, &Context<'_>) -> Outcome),
    /// Every role by which a trail delivers to CloudWatch Logs, also one that does not exist: fails and unknowns are told
    /// one by one, a pass once per account.
    DeliveryRole(fn(&DeliveryRole<'_>, &Roles, &Context<'_>) -> Outcome),
    /// Every chain of digest files that was verified.
    Chain(fn(&VerifiedChain, &Context<'_>) -> Outcome),
    /// Everything that a plan does to the logging: fails are told one by one, a pass once for the plan. Not applicable
    /// where no plan is evaluated.
    Plan(fn(&Effect, &Context<'_>) -> Outcome),
    /// Everything that the records of the logs say of one kind: what was found is told for each resource or actor, a
    /// pass once for the run, and only where the logs of all its hours are verified. Nothing where no records were read.
    Event(fn(&KeyEvents, &Context<'_>) -> Outcome),
}

/// The roles that trails and replication rules name, and the managed policies that those have, by account.
pub type Roles = BTreeMap<AccountId, Result<AuthorizationDetails, Gaps>>;

/// A role that trails name for CloudWatch Logs.
#[derive(Debug, Clone)]
pub struct DeliveryRole<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// The trails that name it.
    pub trails: Vec<&'a Trail>,
}

/// The trust policies of roles that SCPs exempt by name, by account; each with the role's ARN.
pub type Trusts = BTreeMap<AccountId, Result<Vec<(Arn, String)>, Gaps>>;

/// A region of an account: enabled or not, and what was seen there.
#[derive(Debug, Clone, Copy)]
pub struct RegionOf<'a> {
    /// The account.
    pub account: &'a Account,
    /// The region.
    pub name: &'a crate::ids::Region,
    /// The account has switched it on.
    pub enabled: bool,
    /// What was seen; none where the run did not get there.
    pub view: Option<&'a RegionView>,
}

/// A user or a role, with the documents of its account.
#[derive(Debug, Clone, Copy)]
pub struct Principal<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Who it is.
    pub identity: Identity<'a>,
    /// The account's documents.
    pub details: &'a AuthorizationDetails,
}

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub enum Identity<'a> {
    /// An IAM user.
    User(&'a User),
    /// An IAM role.
    Role(&'a Role),
}

/// A verdict, or all that stood in its way.
pub type Outcome = Result<Verdict, Gaps>;

/// `pass`, `fail` or `not_applicable`, with the facts it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Never `Unknown`: that is what [`Gaps`] are for.
    pub status: Status,
    /// One sentence.
    pub message: String,
    /// The facts.
    pub evidence: Vec<Evidence>,
    /// By how many steps a fail is worse than the check's severity says; less than none for better.
    pub step: i8,
}

impl Verdict {
    /// What the title says is true.
    pub fn pass(message: impl Into<String>) -> Self {
        Self::new(Status::Pass, message)
    }

    /// It is not.
    pub fn fail(message: impl Into<String>) -> Self {
        Self::new(Status::Fail, message)
    }

    /// The question does not arise.
    pub fn not_applicable(message: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable, message)
    }

    /// A pass when `good`, else a fail, each in its own words.
    pub fn pass_if(good: bool, pass: impl Into<String>, fail: impl Into<String>) -> Self {
        if good {
            Self::pass(pass)
        } else {
            Self::fail(fail)
        }
    }

    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            evidence: Vec::new(),
            step: 0,
        }
    }

    /// By how many steps a fail is worse than the check's severity says.
    #[must_use]
    pub fn steps(mut self, step: i8) -> Self {
        self.step = step;
        self
    }

    /// A fact that the verdict rests on.
    #[must_use]
    pub fn saw(mut self, what: impl Into<String>, seen: impl Serialize) -> Self {
        self.evidence.push(Evidence {
            what: what.into(),
            // What cannot be shown was seen all the same.
            seen: Some(
                serde_json::to_value(seen)
                    .unwrap_or_else(|error| format!("(cannot be shown: {error})").into()),
            ),
            ..Evidence::default()
        });
        self
    }

    /// What would pass in place of the fact just seen.
    #[must_use]
    pub fn expected(mut self, expected: impl Serialize) -> Self {
        if let Some(last) = self.evidence.last_mut() {
            last.expected = serde_json::to_value(expected)
                .ok()
                .filter(|it| *it != Value::Null);
        }
        self
    }

    /// This verdict, if it is a fail; else what stood in the way of being sure, if anything did.
    ///
    /// For checks that read several facts: what the known ones prove is said before an unknown is read.
    pub fn unless_open(self, gaps: Option<Gaps>) -> Outcome {
        match gaps {
            Some(gaps) if self.status != Status::Fail => Err(gaps),
            Some(_) | None => Ok(self),
        }
    }
}
