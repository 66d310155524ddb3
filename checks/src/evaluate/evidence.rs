//! What a finding says of what could not be seen, and how much of what is foreign.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fact::{Gap, Gaps, Reason, Source};
use crate::finding::{Evidence, short};

/// How much of a message or of a text in evidence is shown, in characters; both repeat foreign text.
pub(super) const LONGEST: usize = 8_000;
/// And of a name.
pub(super) const LONGEST_NAME: usize = 300;

/// What could not be evaluated, and what to grant.
pub(super) fn unknown_message(gaps: &Gaps) -> String {
    let actions: BTreeSet<&str> = gaps
        .iter()
        .filter(|gap| gap.reason == Reason::Denied)
        .filter_map(|gap| Some(gap.call()?.action))
        .collect();
    let grant = if actions.is_empty() {
        String::new()
    } else {
        let actions: Vec<&str> = actions.into_iter().collect();
        format!("; grant {}", actions.join(", "))
    };
    format!("could not be evaluated: {gaps}{grant}")
}

/// What is foreign in evidence is shown, but not by the megabyte.
pub(super) fn bounded(mut evidence: Evidence) -> Evidence {
    fn cut(value: &mut Value) {
        match value {
            Value::String(text) if text.len() > LONGEST => *text = short(text, LONGEST),
            Value::Array(items) => items.iter_mut().for_each(cut),
            Value::Object(fields) => fields.values_mut().for_each(cut),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    for value in evidence.seen.iter_mut().chain(&mut evidence.expected) {
        cut(value);
    }
    evidence
}

/// A gap as evidence.
pub(super) fn from_gap(gap: &Gap) -> Evidence {
    let said = if gap.detail.is_empty() {
        gap.reason.to_string()
    } else {
        gap.detail.clone()
    };
    let call = gap.call();
    let (address, attribute) = match &gap.source {
        Source::Plan {
            address, attribute, ..
        } => (Some(address.clone()), Some(attribute.clone())),
        Source::Call(_) | Source::Records { .. } | Source::NotModelled { .. } => (None, None),
    };
    Evidence {
        what: gap.to_string(),
        seen: Some(said.into()),
        expected: None,
        call,
        action: call.map(|call| call.action.to_owned()),
        reason: Some(gap.reason),
        account: Some(gap.account.clone()).filter(|it| !it.as_str().is_empty()),
        region: Some(gap.region.clone()).filter(|it| !it.as_str().is_empty()),
        request_id: gap.request_id.clone(),
        address,
        attribute,
    }
}
