//! Accepted risks and accepted gaps: who, why, until when.

mod broad;
mod gaps;
mod index;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{AppliedWaiver, Finding};
use crate::settings::AllowedPrincipal;
use crate::text::glob;
use crate::text::written::{date, said};

use index::Index;

pub use broad::broad;
pub use gaps::{AcceptedGap, current_gaps, is_accepted, review_gaps, uncovered_population};

/// The waiver file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Waivers {
    /// Failing findings whose risk is accepted.
    #[serde(rename = "waiver")]
    pub waivers: Vec<Waiver>,
    /// Calls that are known not to be answered.
    #[serde(rename = "accepted_gap")]
    pub accepted_gaps: Vec<AcceptedGap>,
}

/// One accepted risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// A check id, or a glob over ids.
    pub check: String,
    /// A glob over subject ids.
    pub subject: String,
    /// A glob over accounts.
    pub account: Option<String>,
    /// A glob over regions.
    pub region: Option<String>,
    /// Why.
    #[serde(deserialize_with = "said")]
    pub reason: String,
    /// By whom.
    #[serde(deserialize_with = "said")]
    pub approver: String,
    /// Through which day, UTC.
    #[serde(deserialize_with = "date")]
    #[schemars(with = "String")]
    pub expires: Date,
    /// Where it was discussed.
    pub ticket: Option<String>,
}

impl Waiver {
    /// How reports name it.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "{} on {}, expires {}",
            self.check, self.subject, self.expires
        )
    }
}

/// The day of a time, UTC. A waiver counts through the day it names.
fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

fn within(pattern: Option<&str>, text: &str) -> bool {
    pattern.is_none_or(|pattern| glob(pattern, text))
}

/// What became of the waivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// They match no failing finding.
    pub unused: Vec<String>,
    /// Their time is over.
    pub expired: Vec<String>,
}

/// Puts the waivers on the failing findings they match. A status never changes.
pub fn apply(
    waivers: &Waivers,
    allowed: &[AllowedPrincipal],
    now: Timestamp,
    findings: &mut [Finding],
) -> Applied {
    let today = day(now);
    let mut applied = Applied::default();
    let mut index = Index::of(findings);
    for waiver in &waivers.waivers {
        let words = waiver.words();
        if waiver.expires < today {
            applied.expired.push(words);
            continue;
        }
        let accepted = AppliedWaiver {
            reason: waiver.reason.clone(),
            approver: waiver.approver.clone(),
            expires: waiver.expires.to_string(),
            ticket: waiver.ticket.clone(),
        };
        let place = |finding: &Finding| in_place(waiver, finding);
        let (check, subject) = (&waiver.check, &waiver.subject);
        let used = index.apply(check, subject, place, findings, &accepted.into());
        if !used {
            applied.unused.push(words);
        }
    }
    for principal in allowed {
        let words = format!(
            "allowed principal {}, expires {}",
            principal.arn, principal.expires
        );
        if principal.expires < today {
            applied.expired.push(words);
            continue;
        }
        let accepted = AppliedWaiver {
            reason: principal.reason.clone(),
            approver: "settings: allowed_principals".to_owned(),
            expires: principal.expires.to_string(),
            ticket: None,
        };
        let used = index.apply(
            "access-*",
            &principal.arn,
            |_| true,
            findings,
            &accepted.into(),
        );
        if !used {
            applied.unused.push(words);
        }
    }
    applied
}

/// Whether the finding is about an account and a region that the waiver is for.
fn in_place(waiver: &Waiver, finding: &Finding) -> bool {
    let account = finding
        .subject
        .account
        .as_ref()
        .map_or("", |it| it.as_str());
    let region = finding.subject.region.as_ref().map_or("", |it| it.as_str());
    within(waiver.account.as_deref(), account) && within(waiver.region.as_deref(), region)
}

#[cfg(test)]
mod tests;
