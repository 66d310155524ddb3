//! What principals can do to the record, by all policies together.

use serde_json::json;

use crate::access::{Actor, Right, gaps_of, strength_word, word};
use crate::calls::{self, ApiCall};
use crate::check::{Outcome, Verdict};
use crate::prelude::Judged;

/// More rights than this are counted, not told one by one.
const TOLD: usize = 25;

/// Fails for a principal that can do one of these things, be it under a condition.
pub(super) fn nobody(judged: &Judged<'_>, actions: &[&str], can: &str) -> Outcome {
    verdict(judged, &judged.rights(actions), can)
}

/// The same for rights that were chosen in another way.
pub(super) fn verdict(judged: &Judged<'_>, rights: &[Right<'_>], can: &str) -> Outcome {
    let (known, open): (Vec<&Right<'_>>, Vec<&Right<'_>>) =
        rights.iter().partition(|it| it.is_known());
    if known.is_empty() {
        // A right that is not known always names what is missing.
        return match gaps_of(open.iter().flat_map(|it| &it.answer.missing)) {
            None => Ok(Verdict::pass("it has none of these permissions")),
            Some(gaps) => Err(gaps),
        };
    }
    let free = known.iter().any(|it| it.is_free());
    let when = if free { "" } else { " under a condition" };
    let who = who(&judged.actor());
    let mut verdict = Verdict::fail(format!("{who} {can}{when}: {}", summary(&known)));
    for right in known.iter().take(TOLD) {
        verdict = verdict.saw(right.action.action.as_str(), told(right));
    }
    if known.len() > TOLD {
        verdict = verdict.saw("further permissions", known.len() - TOLD);
    }
    Ok(verdict)
}

/// How a message names a principal: `role ci of account 111111111111`.
pub(super) fn who(actor: &Actor) -> String {
    let name = actor.id.rsplit(':').next().unwrap_or_default();
    let (kind, of) = (name.split_once('/'), &actor.account);
    match (kind, of.as_str()) {
        (Some((kind @ ("role" | "user"), name)), account) if !account.is_empty() => {
            let name = name.rsplit('/').next().unwrap_or(name);
            format!("{kind} {name} of account {account}")
        }
        _ if actor.id == "*" => "everyone (Principal *)".to_owned(),
        _ => actor.id.clone(),
    }
}

fn summary(rights: &[&Right<'_>]) -> String {
    let mut actions: Vec<&str> = rights.iter().map(|it| it.action.action.as_str()).collect();
    actions.dedup();
    let targets: std::collections::BTreeSet<&str> = rights.iter().map(|it| it.target).collect();
    let targets: Vec<&str> = targets.into_iter().collect();
    let some = |words: &[&str]| match words {
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    };
    // The first statement that allows the first of them.
    let by = rights.first().map(|it| it.answer.told().statements);
    let by = by.iter().flatten().next();
    let by = by.map_or_else(String::new, |statement| format!(" ({statement})"));
    format!("{} on {}{by}", some(&actions), some(&targets))
}

/// A right, as evidence.
pub(super) fn told(right: &Right<'_>) -> serde_json::Value {
    let told = right.answer.told();
    json!({
        "target": right.target,
        "verdict": word(told.verdict),
        "condition": told.condition,
        "strength": told.strength.map(strength_word),
        "statements": told.statements,
    })
}

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident: $($call:ident)*;)*) => {
        $($(#[$doc])*
        pub(super) const $name: &[ApiCall] = &[
            calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
            calls::DESCRIBE_TRAILS,
            calls::DESCRIBE_ORGANIZATION,
            calls::LIST_ROOTS,
            calls::LIST_POLICIES,
            calls::LIST_DELEGATED_ADMINISTRATORS,
            $(calls::$call,)*
        ];)*
    };
}

reads! {
    /// What bears on rights over trails.
    TRAILS:;
    /// Over buckets.
    BUCKETS: HEAD_BUCKET GET_BUCKET_POLICY GET_BUCKET_ACL GET_BUCKET_OWNERSHIP GET_BUCKET_PUBLIC_ACCESS_BLOCK
        GET_ACCOUNT_PUBLIC_ACCESS_BLOCK GET_BUCKET_VERSIONING GET_BUCKET_REPLICATION GET_OBJECT_LOCK LIST_ACCESS_POINTS;
    /// Over keys.
    KEYS: DESCRIBE_KEY GET_KEY_POLICY LIST_GRANTS;
    /// Over log groups.
    LOGS: DESCRIBE_LOG_GROUPS DESCRIBE_LOG_RESOURCE_POLICIES;
    /// Over alarms, rules and topics.
    ALERTS: DESCRIBE_LOG_GROUPS DESCRIBE_METRIC_FILTERS DESCRIBE_ALARMS LIST_RULES GET_TOPIC_ATTRIBUTES;
    /// Over CloudTrail Lake.
    STORES: LIST_EVENT_DATA_STORES LIST_CHANNELS GET_LAKE_RESOURCE_POLICY;
    /// Over the organization.
    ORGANIZATION: DESCRIBE_ORGANIZATION_RESOURCE_POLICY;
    /// Over files that are encrypted.
    READING: HEAD_BUCKET GET_BUCKET_POLICY GET_BUCKET_ACL GET_BUCKET_OWNERSHIP GET_BUCKET_PUBLIC_ACCESS_BLOCK
        GET_ACCOUNT_PUBLIC_ACCESS_BLOCK GET_BUCKET_ENCRYPTION DESCRIBE_KEY GET_KEY_POLICY LIST_GRANTS LIST_ACCESS_POINTS;
    /// Over all of it.
    EVERYTHING: HEAD_BUCKET GET_BUCKET_POLICY GET_BUCKET_ACL GET_BUCKET_OWNERSHIP GET_BUCKET_PUBLIC_ACCESS_BLOCK
        GET_ACCOUNT_PUBLIC_ACCESS_BLOCK GET_BUCKET_VERSIONING GET_BUCKET_REPLICATION GET_OBJECT_LOCK DESCRIBE_KEY GET_KEY_POLICY LIST_GRANTS
        DESCRIBE_LOG_GROUPS DESCRIBE_LOG_RESOURCE_POLICIES DESCRIBE_METRIC_FILTERS DESCRIBE_ALARMS LIST_RULES
        GET_TOPIC_ATTRIBUTES LIST_EVENT_DATA_STORES LIST_CHANNELS GET_LAKE_RESOURCE_POLICY
        DESCRIBE_ORGANIZATION_RESOURCE_POLICY LIST_ACCESS_POINTS GET_BUCKET_NOTIFICATION LIST_DETECTORS GET_DETECTOR DESCRIBE_HUB
        DESCRIBE_CONFIG_RECORDERS DESCRIBE_CONFIG_RECORDER_STATUS LIST_ANALYZERS;
}
