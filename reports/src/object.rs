//! JSON objects of foreign formats, whose schemas take a missing field but no `null`.

use serde::{Serialize, Serializer};
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
pub(crate) struct Harmless<'a>(pub &'a Value);

impl Serialize for Harmless<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => serializer.serialize_str(&sanitize::borrowed(text)),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Harmless)),
            Value::Object(fields) => {
                let field = |(name, it): (&'_ String, _)| (sanitize::line(name), Harmless(it));
                serializer.collect_map(fields.iter().map(field))
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => {
                other.serialize(serializer)
            }
        }
    }
}
