//! JSON objects of foreign formats, whose schemas take a missing field but no `null`.

use serde_json::Value;

use crate::sanitize;

/// The object without its fields that have no value.
pub(crate) fn filled(object: Value) -> Value {
    match object {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            Value::Object(fields)
        }
        other => other,
    }
}

/// Adds the fields that have a value.
pub(crate) fn add(object: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (object, filled(more)) {
        fields.extend(more);
    }
}

/// The same value, with nothing in its texts that acts.
pub(crate) fn harmless(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(sanitize::line(text)),
        Value::Array(items) => Value::Array(items.iter().map(harmless).collect()),
        Value::Object(fields) => {
            let field = |(name, it): (&String, &Value)| (sanitize::line(name), harmless(it));
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
