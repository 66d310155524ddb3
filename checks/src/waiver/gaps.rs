//! Accepted gaps: calls that are known not to be answered.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Applied, Waivers, day, said, within};
use crate::coverage::{Coverage, RegionStatus};
use crate::finding::{Evidence, Finding, Status};

/// One accepted gap: the status stays unknown, and no longer asks for attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedGap {
    /// A glob over accounts.
    pub account: Option<String>,
    /// A glob over regions.
    pub region: Option<String>,
    /// A glob over calls, such as `s3:GetBucketPolicy`.
    pub call: Option<String>,
    /// Why.
    #[serde(deserialize_with = "said")]
    pub reason: String,
    /// By whom.
    #[serde(deserialize_with = "said")]
    pub approver: String,
    /// Through which day, UTC.
    #[serde(deserialize_with = "super::date")]
    #[schemars(with = "String")]
    pub expires: Date,
}

/// The accepted gaps that still count.
#[must_use]
pub fn current_gaps(waivers: &Waivers, now: Timestamp) -> Vec<&AcceptedGap> {
    let today = day(now);
    waivers
        .accepted_gaps
        .iter()
        .filter(|gap| gap.expires >= today)
        .collect()
}

/// Accepted gaps whose time is over, and those that cover nothing that is missing.
#[must_use]
pub fn review_gaps(
    waivers: &Waivers,
    now: Timestamp,
    findings: &[Finding],
    coverage: &Coverage,
) -> Applied {
    let today = day(now);
    let mut review = Applied::default();
    for gap in &waivers.accepted_gaps {
        let part = |name: &str, glob: &Option<String>| {
            let glob = glob.as_ref();
            glob.map_or_else(String::new, |glob| format!(" {name} {glob},"))
        };
        let words = format!(
            "accepted gap:{}{}{} expires {}",
            part("account", &gap.account),
            part("region", &gap.region),
            part("call", &gap.call),
            gap.expires
        );
        if gap.expires < today {
            review.expired.push(words);
        } else if !is_used(gap, findings, coverage) {
            review.unused.push(words);
        }
    }
    review
}

fn is_used(gap: &AcceptedGap, findings: &[Finding], coverage: &Coverage) -> bool {
    let unknown = |finding: &&Finding| finding.status == Status::Unknown;
    findings.iter().filter(unknown).any(|finding| {
        let unanswered = finding.evidence.iter().filter(|it| it.is_gap());
        unanswered.into_iter().any(|it| accepts(gap, it, finding))
    }) || uncovered_population(&[], coverage) && !uncovered_population(&[gap], coverage)
}

/// Whether every call that stood in this unknown finding's way is accepted.
#[must_use]
pub fn is_accepted(gaps: &[&AcceptedGap], finding: &Finding) -> bool {
    let unanswered: Vec<_> = finding.evidence.iter().filter(|it| it.is_gap()).collect();
    !unanswered.is_empty()
        && unanswered
            .iter()
            .all(|named| gaps.iter().any(|gap| accepts(gap, named, finding)))
}

/// Whether an accepted gap is about this evidence of a finding.
fn accepts(gap: &AcceptedGap, evidence: &Evidence, finding: &Finding) -> bool {
    // Who gave no answer may be another account than the subject's.
    let account = evidence
        .account
        .as_ref()
        .or(finding.subject.account.as_ref());
    let region = evidence.region.as_ref().or(finding.subject.region.as_ref());
    let account = account.map_or("", |it| it.as_str());
    let region = region.map_or("", |it| it.as_str());
    // What no call tells is covered only where the accepted gap names no call.
    let call = || evidence.call.map_or_else(String::new, |it| it.to_string());
    within(gap.account.as_deref(), account) && covers(gap, account, region, Some(&call()))
}

fn covers(gap: &AcceptedGap, account: &str, region: &str, call: Option<&str>) -> bool {
    within(gap.account.as_deref(), account)
        && within(gap.region.as_deref(), region)
        && call.is_none_or(|call| within(gap.call.as_deref(), call))
}

/// Whether something in scope could not be seen at all, and no accepted gap covers it.
#[must_use]
pub fn uncovered_population(gaps: &[&AcceptedGap], coverage: &Coverage) -> bool {
    use crate::coverage::AccountStatus::Unreachable;
    let accounts = coverage
        .accounts
        .iter()
        .filter(|it| it.status == Unreachable);
    let mut regions = coverage
        .regions
        .iter()
        .filter(|it| it.status == RegionStatus::Denied);
    let whole = |gap: &&&AcceptedGap| gap.region.is_none();
    accounts.into_iter().any(|account| {
        !gaps
            .iter()
            .filter(whole)
            .any(|gap| covers(gap, account.id.as_str(), "", Some("sts:AssumeRole")))
    }) || regions.any(|region| {
        let call = Some("cloudtrail:DescribeTrails");
        !gaps
            .iter()
            .any(|gap| covers(gap, region.account.as_str(), region.region.as_str(), call))
    })
}
