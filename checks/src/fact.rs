//! What one API call taught us, or why it taught us nothing.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::calls::ApiCall;
use crate::ids::{AccountId, Region};

pub use Fact::{Known, Unknown};

/// A value that was seen, or the reason why it could not be.
///
/// `Known(None)` means "there is none"; `Unknown` means "we could not tell". Never mix them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// The call was answered.
    Known(T),
    /// It was not, or not in a way that can be read.
    Unknown(Gap),
}

impl<T> Fact<T> {
    /// The value, or the gap in its place: `fact.known()?` is how a check reads.
    pub fn known(&self) -> Result<&T, Gaps> {
        match self {
            Known(value) => Ok(value),
            Unknown(gap) => Err(Gaps::from(gap.clone())),
        }
    }

    /// The value itself, or the gap in its place.
    pub fn into_known(self) -> Result<T, Gaps> {
        match self {
            Known(value) => Ok(value),
            Unknown(gap) => Err(Gaps::from(gap)),
        }
    }

    /// The value, where a missing one makes no difference to the verdict.
    pub fn ok(&self) -> Option<&T> {
        match self {
            Known(value) => Some(value),
            Unknown(_) => None,
        }
    }

    /// The gap, if there is one.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Known(_) => None,
            Unknown(gap) => Some(gap),
        }
    }

    /// The same fact about something derived from the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Known(value) => Known(f(value)),
            Unknown(gap) => Unknown(gap),
        }
    }
}

/// Never filled in: [`crate::inventory::facts::Facts::settle`] says why.
impl<T> Default for Fact<T> {
    fn default() -> Self {
        Unknown(Gap::absent())
    }
}

// Many facts, and many findings on them, share one: it is held once.
/// Why a fact is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gap(Arc<Why>);

/// Why a fact is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "GapForm")]
#[schemars(!try_from, rename = "Gap")]
pub struct Why {
    /// What would have told.
    pub source: Source,
    /// The account that was asked.
    pub account: AccountId,
    /// The region that was asked.
    pub region: Region,
    /// Why it did not.
    pub reason: Reason,
    /// What AWS said, word for word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The request id of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What would have told a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The response to an API call.
    Call(ApiCall),
    /// An attribute of a planned resource.
    Plan {
        /// The resource's address in the plan.
        address: String,
        /// The attribute.
        attribute: String,
        /// The call that tells it once the plan is applied.
        answered_by: Option<ApiCall>,
    },
    /// Records of the logs.
    Records {
        /// Which: `the log of 3 such events`.
        what: String,
    },
    /// Nothing: this program does not evaluate it.
    NotModelled {
        /// What is not evaluated.
        what: String,
    },
}

impl Gap {
    /// A call that gave no answer.
    #[must_use]
    pub fn of_call(
        call: ApiCall,
        account: &AccountId,
        region: &Region,
        reason: Reason,
        detail: impl Into<String>,
    ) -> Self {
        Self::from(Why {
            source: Source::Call(call),
            account: account.clone(),
            region: region.clone(),
            reason,
            detail: detail.into(),
            request_id: None,
        })
    }

    /// Something in a known answer that this program does not evaluate.
    #[must_use]
    pub fn not_modelled(what: impl Into<String>, account: &AccountId, region: &Region) -> Self {
        Self::from(Why {
            source: Source::NotModelled { what: what.into() },
            account: account.clone(),
            region: region.clone(),
            reason: Reason::NotModelled,
            detail: String::new(),
            request_id: None,
        })
    }

    /// The same gap but for this.
    #[must_use]
    pub fn but(mut self, change: impl FnOnce(&mut Why)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The place of a fact that was never filled in.
    fn absent() -> Self {
        static ABSENT: LazyLock<Gap> = LazyLock::new(|| {
            let nobody = (AccountId::from(""), Region::from(""));
            Gap::not_modelled("", &nobody.0, &nobody.1).but(|it| it.reason = Reason::NotAsked)
        });
        ABSENT.clone()
    }

    /// It stands where nothing was ever filled in.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(&self.source, Source::NotModelled { what } if what.is_empty())
    }

    /// The API call that would have told; none for what no call tells.
    #[must_use]
    pub fn call(&self) -> Option<ApiCall> {
        match &self.source {
            Source::Call(call) => Some(*call),
            Source::Plan { answered_by, .. } => *answered_by,
            Source::Records { .. } | Source::NotModelled { .. } => None,
        }
    }
}

impl From<Why> for Gap {
    fn from(why: Why) -> Self {
        Self(Arc::new(why))
    }
}

/// That of what it says.
impl JsonSchema for Gap {
    fn schema_name() -> Cow<'static, str> {
        Why::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Why::json_schema(generator)
    }
}

impl Deref for Gap {
    type Target = Why;

    fn deref(&self) -> &Why {
        &self.0
    }
}

/// A gap as files hold it: schema 1 knew API calls only, as `call`.
#[derive(Deserialize, JsonSchema)]
struct GapForm {
    source: Option<Source>,
    call: Option<ApiCall>,
    account: AccountId,
    region: Region,
    reason: Reason,
    #[serde(default)]
    detail: String,
    request_id: Option<String>,
}

impl TryFrom<GapForm> for Why {
    type Error = &'static str;

    fn try_from(form: GapForm) -> Result<Self, Self::Error> {
        let source = form.source.or(form.call.map(Source::Call));
        Ok(Self {
            source: source.ok_or("a gap without a source")?,
            account: form.account,
            region: form.region,
            reason: form.reason,
            detail: form.detail,
            request_id: form.request_id,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Call(call) => write!(f, "{call}"),
            Source::Plan {
                address, attribute, ..
            } if attribute.is_empty() => f.write_str(address),
            Source::Plan {
                address, attribute, ..
            } => write!(f, "{address} {attribute}"),
            Source::Records { what } | Source::NotModelled { what } => f.write_str(what),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Why {
            source,
            account,
            region,
            reason,
            ..
        } = &**self;
        write!(f, "{source} {reason}")?;
        // What is asked once for all has no place.
        match (account.as_str(), region.as_str()) {
            ("", "") => Ok(()),
            (account, "") => write!(f, " in {account}"),
            ("", region) => write!(f, " in {region}"),
            (account, region) => write!(f, " in {account}/{region}"),
        }
    }
}

/// Why there is no answer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The caller may not make it.
    Denied,
    /// A service control policy closes it, by the answer's own words or by our evaluation.
    DeniedByScp,
    /// Still throttled after all retries.
    Throttled,
    /// A network or service error after all retries.
    Failed,
    /// Answered with something that could not be read.
    Malformed,
    /// The endpoint does not know the operation.
    Unimplemented,
    /// The run was interrupted before.
    Interrupted,
    /// No selected check needed it, or the file is older than the fact.
    NotAsked,
    /// The plan decides it only when it is applied.
    KnownAfterApply,
    /// The plan says nothing of it, and there is no inventory to ask.
    NotInPlan,
    /// This program does not evaluate it.
    NotModelled,
    /// Evaluating it took more work than is allowed.
    TooComplex,
    /// It changed while it was read.
    Changed,
    /// The part of the work that asks it was not run.
    NotRun,
    /// No valid digest proves it.
    Unverified,
    /// The logs show no event of the kind: it may not be logged.
    NotRecorded,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Denied => "was denied",
            Reason::DeniedByScp => "was denied by a service control policy",
            Reason::Throttled => "was throttled",
            Reason::Failed => "failed",
            Reason::Malformed => "gave an answer that cannot be read",
            Reason::Unimplemented => "is not offered by the endpoint",
            Reason::Interrupted => "was interrupted",
            Reason::NotAsked => "was not asked",
            Reason::KnownAfterApply => "is known only after apply",
            Reason::NotInPlan => "is not in the plan",
            Reason::NotModelled => "is not modelled",
            Reason::TooComplex => "is too complex to evaluate",
            Reason::Changed => "changed while it was read",
            Reason::NotRun => "was not run",
            Reason::Unverified => "is not verified",
            Reason::NotRecorded => "is not recorded, as far as the logs show",
        })
    }
}

/// All that stood in the way of a verdict; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gaps(Vec<Gap>);

impl Gaps {
    /// Each gap once, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Gap> {
        self.0.iter()
    }

    /// Adds what stood in the way as well.
    #[must_use]
    pub fn and(mut self, other: Gaps) -> Self {
        for gap in other.0 {
            if !self.0.contains(&gap) {
                self.0.push(gap);
            }
        }
        self
    }

    /// Some of it took more work than is allowed.
    #[must_use]
    pub fn too_complex(&self) -> bool {
        self.iter().any(|it| it.reason == Reason::TooComplex)
    }

    /// The gaps of several facts, if any: for checks that read all before they judge.
    pub fn collect(gaps: impl IntoIterator<Item = Gaps>) -> Option<Gaps> {
        gaps.into_iter().reduce(Gaps::and)
    }
}

impl From<Gap> for Gaps {
    fn from(gap: Gap) -> Self {
        Self(vec![gap])
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.0.first() {
            write!(f, "{first}")?;
        }
        match self.0.len() {
            0 | 1 => Ok(()),
            n => write!(f, ", and {} more", n - 1),
        }
    }
}
