//! What a finding says, in words that others can share.
//!
//! A call that is denied in a thousand accounts leaves as many answers, each with its own place and request id.
//! Where the subject stands in a row anyway, its own place need not be said again: such findings share their
//! words, and one answer of AWS stands for all. The JSON report has each.

use std::collections::BTreeSet;

use trailaudit_checks::finding::{Evidence, Finding, Status};

use crate::wording;

/// The words of a finding.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said {
    pub message: String,
    pub facts: Vec<String>,
}

impl Said {
    pub(super) fn of(finding: &Finding) -> Self {
        let is_gap = |it: &&Evidence| finding.status == Status::Unknown && it.is_gap();
        let (gaps, facts): (Vec<&Evidence>, Vec<&Evidence>) =
            finding.evidence.iter().partition(is_gap);
        let mut facts: Vec<String> = facts.into_iter().map(wording::evidence).collect();
        if gaps.is_empty() {
            let message = finding.message.to_string();
            return Self { message, facts };
        }
        let calls: BTreeSet<String> = gaps.iter().map(|gap| call(finding, gap)).collect();
        let calls: Vec<String> = calls.into_iter().collect();
        let actions: BTreeSet<&str> = gaps.iter().filter_map(|it| it.action.as_deref()).collect();
        if !actions.is_empty() {
            let actions: Vec<&str> = actions.into_iter().collect();
            facts.push(format!("missing permission: {}", actions.join(", ")));
        }
        let message = format!("could not be evaluated: {}", calls.join("; "));
        Self { message, facts }
    }
}

/// `s3:GetBucketPolicy was denied`, and where, unless that is where the subject is.
fn call(finding: &Finding, gap: &Evidence) -> String {
    let subject = &finding.subject;
    let elsewhere = gap
        .account
        .as_ref()
        .filter(|it| Some(*it) != subject.account.as_ref());
    let region = gap.region.as_ref();
    let place = match (elsewhere, region) {
        (Some(account), Some(region)) => format!(" in {account}/{region}"),
        (Some(account), None) => format!(" in {account}"),
        (None, Some(region)) if Some(region) != subject.region.as_ref() => format!(" in {region}"),
        (None, Some(_) | None) => String::new(),
    };
    match (gap.call, gap.reason) {
        (Some(call), Some(reason)) => format!("{call} {reason}{place}"),
        (Some(call), None) => format!("{call} is missing{place}"),
        (None, Some(_) | None) => gap.what.clone(),
    }
}

/// What AWS said to one of the calls that gave no answer.
pub(super) fn answer(finding: &Finding) -> String {
    let gaps = finding.evidence.iter().filter(|it| it.is_gap());
    let mut gaps = gaps.filter(|_| finding.status == Status::Unknown);
    gaps.find_map(|gap| {
        let id = gap.request_id.as_ref().map(|it| format!(" (request {it})"));
        let said = gap.seen.as_ref().map(wording::value)?;
        Some(format!("{said}{}", id.unwrap_or_default()))
    })
    .unwrap_or_default()
}
