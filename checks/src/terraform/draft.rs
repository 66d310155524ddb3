//! Policies of which parts are known only after apply: what can be said of them whatever those parts turn out to be.
//!
//! Each statement with an unknown part is read at its narrowest and at its widest. What a policy allows grows with its
//! Allow statements and shrinks with its Deny statements, so whatever holds at all four corners (narrowest or widest of
//! either) holds for all that lies between. A fifth reading has a name of its own for each unknown part.

use serde_json::{Map, Value, json};

use super::hcl::{clean, has_mark, holds_mark};
use crate::fact::{Fact, Known, Unknown};
use crate::inventory::Inventory;
use crate::inventory::change::{Draft, DraftOf};

/// How the unknown parts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corner {
    /// Allow and Deny statements, each at their widest or not.
    Extreme {
        /// Allow statements are read at their widest.
        allow: bool,
        /// Deny statements are.
        deny: bool,
    },
    /// Each unknown part is something that nothing else names.
    Named,
}

impl Corner {
    /// All readings.
    pub const ALL: [Self; 5] = [
        Self::Extreme {
            allow: true,
            deny: false,
        },
        Self::Extreme {
            allow: false,
            deny: true,
        },
        Self::Extreme {
            allow: true,
            deny: true,
        },
        Self::Extreme {
            allow: false,
            deny: false,
        },
        Self::Named,
    ];
}

/// Puts the drafts in, where the policy is not known otherwise.
pub fn fill(inventory: &mut Inventory, drafts: &[&Draft], corner: Corner) {
    let put = |fact: &mut Fact<Option<String>>, draft: &Draft| {
        if let (Unknown(_), Some(text)) = (&*fact, read(draft, corner)) {
            *fact = Known(Some(text));
        }
    };
    for draft in drafts {
        match &draft.of {
            DraftOf::Bucket(arn) => {
                if let Some(it) = inventory.buckets.get_mut(arn) {
                    put(&mut it.policy, draft);
                }
            }
            DraftOf::Key(arn) => {
                if let Some(it) = inventory.keys.get_mut(arn) {
                    put(&mut it.policy, draft);
                }
            }
            DraftOf::Topic(arn) => {
                if let Some(Known(Some(it))) = inventory
                    .topics
                    .get_mut(arn)
                    .map(|it| &mut it.configuration)
                {
                    put(&mut it.policy, draft);
                }
            }
        }
    }
}

/// The document in one reading; none where it is none.
fn read(draft: &Draft, corner: Corner) -> Option<String> {
    let mut document: Value = serde_json::from_str(&draft.text).ok()?;
    let fields = document.as_object_mut()?;
    let statements = fields.remove("Statement")?;
    // What is around the statements decides how they are read.
    if fields
        .iter()
        .any(|(key, it)| key != "Id" && (has_mark(key) || holds_mark(it)))
    {
        return None;
    }
    fields.remove("Id");
    let statements = match statements {
        Value::Array(all) => all,
        one => vec![one],
    };
    let mut all = Vec::new();
    for mut it in statements {
        if let Some(fields) = it.as_object_mut() {
            fields.remove("Sid");
        }
        if !draft.named {
            unsettle(&mut it);
        }
        if !holds_mark(&it) {
            all.push(it);
            continue;
        }
        match corner {
            Corner::Named => {
                let readable: Option<Value> = serde_json::from_str(&clean(&it.to_string())).ok();
                all.extend(readable.filter(Value::is_object));
            }
            Corner::Extreme { allow, deny } => {
                let effect = it.get("Effect").and_then(Value::as_str);
                let effect = effect.filter(|it| matches!(*it, "Allow" | "Deny"));
                let Some(effect) = effect else {
                    // It may be anything.
                    all.extend(allow.then(|| everything("Allow")));
                    all.extend(deny.then(|| everything("Deny")));
                    continue;
                };
                let widest = if effect == "Allow" { allow } else { deny };
                all.push(match widest {
                    true => widen(it)?,
                    // It keeps its number: messages name statements by it.
                    false => narrow(it).unwrap_or_else(nothing),
                });
            }
        }
    }
    fields.insert("Statement".to_owned(), Value::Array(all));
    Some(document.to_string())
}

fn everything(effect: &str) -> Value {
    json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"})
}

/// A statement about an action that does not exist.
fn nothing() -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "nothing:Nothing", "Resource": "*"})
}

/// Of something whose name is unknown: a pattern that does not name it by its resource may mean it or not.
fn unsettle(statement: &mut Value) {
    for element in ["Resource", "NotResource"] {
        let Some(list) = statement.get_mut(element) else {
            continue;
        };
        let items: &mut [Value] = match list {
            Value::Array(items) => items,
            one => std::slice::from_mut(one),
        };
        for it in items {
            let Some(text) = it.as_str() else { continue };
            let all = text.chars().all(|it| it == '*');
            if !all && !text.contains("plan:") && !has_mark(text) {
                *it = Value::String(super::hcl::mark("whether it names the resource"));
            }
        }
    }
}

/// What the statement says at least; none where that is nothing.
fn narrow(statement: Value) -> Option<Value> {
    let Value::Object(fields) = statement else {
        return None;
    };
    let mut kept = Map::new();
    for (key, value) in fields {
        if !holds_mark(&value) && !has_mark(&key) {
            kept.insert(key, value);
            continue;
        }
        let value = match key.as_str() {
            "Action" | "Resource" => known_of(value)?,
            "Principal" => {
                let Value::Object(kinds) = value else {
                    return None;
                };
                let kinds = kinds.into_iter();
                let kinds = kinds.filter_map(|(kind, it)| match has_mark(&kind) {
                    true => None,
                    false => Some((kind, known_of(it)?)),
                });
                let kinds: Map<String, Value> = kinds.collect();
                if kinds.is_empty() {
                    return None;
                }
                Value::Object(kinds)
            }
            "Condition" => {
                let Value::Object(operators) = value else {
                    return None;
                };
                let mut result = Map::new();
                for (operator, keys) in operators {
                    let Value::Object(keys) = keys else {
                        return None;
                    };
                    let mut known = Map::new();
                    for (name, values) in keys {
                        if has_mark(&operator) || has_mark(&name) {
                            return None;
                        }
                        if !holds_mark(&values) {
                            known.insert(name, values);
                            continue;
                        }
                        // One more value of a negated test holds less often; of the others, more often.
                        if operator.contains("Not") || operator.starts_with("Null") {
                            return None;
                        }
                        known.insert(name, known_of(values)?);
                    }
                    result.insert(operator, Value::Object(known));
                }
                Value::Object(result)
            }
            // `NotAction` and the like might leave out everything.
            _ => return None,
        };
        kept.insert(key, value);
    }
    Some(Value::Object(kept))
}

/// The elements without unknown parts; none where there is none.
fn known_of(value: Value) -> Option<Value> {
    match value {
        Value::Array(items) => {
            let known: Vec<Value> = items.into_iter().filter(|it| !holds_mark(it)).collect();
            (!known.is_empty()).then_some(Value::Array(known))
        }
        one => (!holds_mark(&one)).then_some(one),
    }
}

/// What the statement says at most; none where it has no shape that it can have.
fn widen(statement: Value) -> Option<Value> {
    let Value::Object(fields) = statement else {
        return None;
    };
    let mut result = Map::new();
    for (key, value) in fields {
        if has_mark(&key) {
            return None;
        }
        if !holds_mark(&value) {
            result.insert(key, value);
            continue;
        }
        match key.as_str() {
            "Action" | "Resource" | "Principal" => {
                result.insert(key, json!("*"));
            }
            // What is not known to be left out is not.
            "NotAction" | "NotResource" => match known_of(value) {
                Some(known) => drop(result.insert(key, known)),
                None => {
                    let key = key.trim_start_matches("Not").to_owned();
                    result.insert(key, json!("*"));
                }
            },
            "NotPrincipal" => {
                result.insert("Principal".to_owned(), json!("*"));
            }
            "Condition" => {
                let Value::Object(operators) = value else {
                    continue;
                };
                let mut conditions = Map::new();
                for (operator, keys) in operators {
                    let Value::Object(keys) = keys else { continue };
                    let keys = keys.into_iter();
                    let known: Map<String, Value> = keys
                        .filter(|(name, it)| !has_mark(name) && !holds_mark(it))
                        .collect();
                    if !known.is_empty() && !has_mark(&operator) {
                        conditions.insert(operator, Value::Object(known));
                    }
                }
                if !conditions.is_empty() {
                    result.insert(key, Value::Object(conditions));
                }
            }
            _ => return None,
        }
    }
    Some(Value::Object(result))
}
