//! What would take tamper rights away and nothing else: a statement for a service control policy or a boundary.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::actions::{Kind, table};
use super::graph::ActorKind;
use super::report::Holder;
use crate::policy::Verdict;

/// A policy that denies what these rows say, and no reading.
///
/// For a service control policy it names whom it is about; for a permissions boundary it needs not.
#[must_use]
pub fn deny(rows: &[&Holder]) -> Option<Value> {
    let mut by_target: BTreeMap<Vec<String>, BTreeSet<&str>> = BTreeMap::new();
    let mut targets: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut who = BTreeSet::new();
    let direct = rows
        .iter()
        .filter(|it| it.direct && it.verdict != Verdict::Denied);
    for row in direct {
        let action = table().get(table().named(row.action));
        if action.is_minor() {
            continue;
        }
        let target = if action.wildcard_only || row.target_kind == Kind::Organization {
            "*".to_owned()
        } else if row.target_kind == Kind::LogGroup {
            format!("{}*", row.target)
        } else {
            row.target.clone()
        };
        targets.entry(row.action).or_default().insert(target);
        match row.principal.kind {
            ActorKind::User | ActorKind::Role | ActorKind::Root => {
                who.insert(row.principal.id.as_str());
            }
            ActorKind::ServiceLinkedRole
            | ActorKind::Federated
            | ActorKind::External
            | ActorKind::Anyone
            | ActorKind::Step => return None,
        }
    }
    for (action, on) in targets {
        let on: Vec<String> = on.into_iter().collect();
        by_target.entry(on).or_default().insert(action);
    }
    if by_target.is_empty() {
        return None;
    }
    let statements: Vec<Value> = by_target
        .into_iter()
        .map(|(on, actions)| {
            json!({
                "Effect": "Deny",
                "Action": actions,
                "Resource": on,
                "Condition": {"ArnEquals": {"aws:PrincipalArn": who}},
            })
        })
        .collect();
    Some(json!({"Version": "2012-10-17", "Statement": statements}))
}
