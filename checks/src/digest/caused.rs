//! The recorded call that made a hole, as it is told beside it.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What made a hole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Caused {
    /// What was done: `stopped`, `deleted`, `moved`, `selectors`, `key`, `bucket`, `objects`, `organization`, `region`.
    pub kind: String,
    /// How certain it is.
    pub certainty: Certainty,
    /// What more is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The call.
    pub event: Event,
    /// Who called: the oldest identity that is proved.
    pub actor: String,
    /// What is proved of all records that this rests on.
    pub proof: String,
    /// The call that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<Event>,
}

/// How certain a cause is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The call names the trail or the object, was not refused, and came at the time.
    Caused,
    /// It may be.
    Possible,
    /// It was attempted, and refused.
    Refused,
}

/// A recorded call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// What.
    pub name: String,
    /// In which account.
    pub account: String,
    /// In which region.
    pub region: String,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who: the oldest identity that the record itself proves.
    pub actor: String,
    /// From where.
    pub address: String,
    /// What is proved of the record.
    pub proof: String,
}

/// `caused by StopLogging at 2026-01-01T02:00:00Z by arn:.. from 203.0.113.7 (record verified, event 1), undone by ..`.
impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = &self.event;
        let word = match self.certainty {
            Certainty::Caused => "caused by",
            Certainty::Possible => "possibly caused by",
            Certainty::Refused => "attempted by a refused",
        };
        write!(
            f,
            "{word} {} at {} by {}",
            event.name, event.time, self.actor
        )?;
        if !event.address.is_empty() {
            write!(f, " from {}", event.address)?;
        }
        write!(f, " (record {}, event {})", self.proof, event.id)?;
        match &self.undone_by {
            Some(it) => write!(
                f,
                ", undone by {} at {} by {} (record {})",
                it.name, it.time, it.actor, it.proof
            ),
            None => Ok(()),
        }
    }
}
