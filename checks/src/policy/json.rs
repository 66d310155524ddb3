//! JSON as a policy document needs it: duplicate keys are an error, size and depth are bounded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::parse::ParseError;

/// The largest document that AWS stores is a few tens of kilobytes. White space does not count there, and an encoded
/// document is three times as long: far more is read before it is refused.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// A statement's condition values are the deepest part: seven levels.
const MAX_DEPTH: usize = 12;

/// A JSON value that kept its duplicate keys, so that they can be refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document as AWS hands it out: plain (CLI, SDK) or URL-encoded (the raw IAM API).
    pub(super) fn read(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_BYTES {
            return Err(ParseError::TooLarge(text.len()));
        }
        let text = decoded(text.trim())?;
        let value: Self =
            serde_json::from_str(&text).map_err(|error| ParseError::Json(error.to_string()))?;
        value.check()?;
        Ok(value)
    }

    /// Refuses duplicate keys and endless nesting.
    pub(super) fn check(&self) -> Result<(), ParseError> {
        self.check_from(0)
    }

    fn check_from(&self, depth: usize) -> Result<(), ParseError> {
        if depth > MAX_DEPTH {
            return Err(ParseError::TooDeep);
        }
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Ok(()),
            Self::List(items) => items.iter().try_for_each(|item| item.check_from(depth + 1)),
            Self::Object(entries) => {
                let mut seen = BTreeSet::new();
                for (key, value) in entries {
                    if !seen.insert(key) {
                        return Err(ParseError::DuplicateKey(key.clone()));
                    }
                    value.check_from(depth + 1)?;
                }
                Ok(())
            }
        }
    }
}

/// Only an encoded document begins with `%`: plain JSON begins with a brace.
fn decoded(text: &str) -> Result<Cow<'_, str>, ParseError> {
    if !text.starts_with('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(ParseError::Encoding);
        };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| ParseError::Encoding)?);
    }
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| ParseError::Encoding)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_refused_at_every_level() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"x":[{"b":1,"b":1}]}"#] {
            assert!(
                matches!(Json::read(text), Err(ParseError::DuplicateKey(_))),
                "{text}"
            );
        }
        assert!(Json::read(r#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
    }

    #[test]
    fn encoded_documents_are_decoded() {
        let plain = Json::read(r#"{"a":"b c"}"#).unwrap();
        assert_eq!(Json::read("%7B%22a%22%3A%22b%20c%22%7D").unwrap(), plain);
        assert_eq!(Json::read("%7B%22a%22%3"), Err(ParseError::Encoding));
        assert_eq!(Json::read("%ff"), Err(ParseError::Encoding));
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let deep = format!("{}{}", "[".repeat(14), "]".repeat(14));
        assert_eq!(Json::read(&deep), Err(ParseError::TooDeep));
        let endless = "[".repeat(100_000);
        assert!(matches!(Json::read(&endless), Err(ParseError::Json(_))));
        let large = " ".repeat(MAX_BYTES + 1);
        assert!(matches!(Json::read(&large), Err(ParseError::TooLarge(_))));
    }
}
