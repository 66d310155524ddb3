//! Values of expressions, of which parts may be unknown.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::terraform::address::Step;

/// What is unknown within a text stands between these two, which no text of a configuration may hold.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::terraform) enum Val {
    Null,
    Bool(bool),
    Number(Number),
    /// It may hold marks.
    Text(String),
    List(Vec<Val>),
    Map(BTreeMap<String, Val>),
    /// An instance of a resource, by its place in the plan.
    Resource(usize),
    /// An instance of a module.
    Module(Vec<Step>),
    /// The beginning of a name that is not complete: `data`, `data.aws_region`, `var`.
    Name(Vec<String>),
    /// Why.
    Unknown(String),
}

/// A text that says what is unknown.
pub(in crate::terraform) fn mark(why: &str) -> String {
    let why: String = why
        .chars()
        .filter(|it| *it != OPEN && *it != CLOSE)
        .collect();
    format!("{OPEN}{why}{CLOSE}")
}

pub(in crate::terraform) fn has_mark(text: &str) -> bool {
    text.contains([OPEN, CLOSE])
}

/// Some part of a value is unknown.
pub(in crate::terraform) fn holds_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => has_mark(text),
        Value::Array(items) => items.iter().any(holds_mark),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, it)| has_mark(key) || holds_mark(it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// With words where the marks are.
pub(in crate::terraform) fn clean(text: &str) -> String {
    text.replace(OPEN, "(known after apply: ")
        .replace(CLOSE, ")")
}

impl Val {
    /// A text of the configuration or the plan: marks in it would be taken for ours.
    pub(in crate::terraform) fn text(text: &str) -> Self {
        match has_mark(text) {
            true => Val::Unknown("a text with characters of private use".to_owned()),
            false => Val::Text(text.to_owned()),
        }
    }

    /// A value of the plan, with what is unknown of it beside it.
    pub(in crate::terraform) fn of(value: &Value, unknown: &Value, why: &str) -> Self {
        if *unknown == Value::Bool(true) {
            return Val::Unknown(why.to_owned());
        }
        match value {
            Value::Null if unknown.as_object().is_some_and(|it| !it.is_empty()) => {
                Val::Unknown(why.to_owned())
            }
            Value::Null => Val::Null,
            Value::Bool(on) => Val::Bool(*on),
            Value::Number(number) => Val::Number(number.clone()),
            Value::String(text) => Val::text(text),
            Value::Array(items) => {
                let part = |at| unknown.get(at).unwrap_or(&Value::Null);
                let each = items.iter().enumerate();
                Val::List(each.map(|(at, it)| Val::of(it, part(at), why)).collect())
            }
            Value::Object(fields) => {
                let mut map = BTreeMap::new();
                for (key, it) in fields {
                    let part = unknown.get(key).unwrap_or(&Value::Null);
                    map.insert(key.clone(), Val::of(it, part, why));
                }
                // What is unknown is left out of the values.
                for (key, part) in unknown.as_object().into_iter().flatten() {
                    if !fields.contains_key(key) && crate::terraform::value::any_true(part) {
                        map.insert(key.clone(), Val::Unknown(why.to_owned()));
                    }
                }
                Val::Map(map)
            }
        }
    }

    /// As JSON, with marks for what is unknown.
    pub(in crate::terraform) fn json(&self) -> Value {
        match self {
            Val::Null => Value::Null,
            Val::Bool(on) => Value::Bool(*on),
            Val::Number(number) => Value::Number(number.clone()),
            Val::Text(text) => Value::String(text.clone()),
            Val::List(items) => Value::Array(items.iter().map(Val::json).collect()),
            Val::Map(fields) => {
                let each = fields.iter().map(|(key, it)| (key.clone(), it.json()));
                Value::Object(each.collect::<Map<_, _>>())
            }
            Val::Unknown(why) => Value::String(mark(why)),
            Val::Resource(_) | Val::Module(_) | Val::Name(_) => {
                Value::String(mark("a resource or module as a whole"))
            }
        }
    }

    /// As it stands within a text.
    pub(in crate::terraform) fn within(&self) -> String {
        match self {
            Val::Text(text) => text.clone(),
            Val::Bool(on) => on.to_string(),
            Val::Number(number) => number.to_string(),
            Val::Unknown(why) => mark(why),
            Val::Null | Val::List(_) | Val::Map(_) => mark("a value that is no text"),
            Val::Resource(_) | Val::Module(_) | Val::Name(_) => {
                mark("a resource or module as a whole")
            }
        }
    }

    /// Nothing of it is unknown.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Val::Null | Val::Bool(_) | Val::Number(_) => true,
            Val::Text(text) => !has_mark(text),
            Val::List(items) => items.iter().all(Val::is_known),
            Val::Map(fields) => fields.values().all(Val::is_known),
            Val::Resource(_) | Val::Module(_) | Val::Name(_) | Val::Unknown(_) => false,
        }
    }
}
