//! A value opened into a tree: for what one question asks of one record. The scanner makes none.

use super::bytes::MAX_DEPTH;
use super::raw::{Kind, Raw};
use super::text::{Text, write_string};

/// A JSON value. Numbers stay text, doubled names stay double, and what cannot be opened stays as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is spelled. [`super::number::compare`] compares two.
    Number(&'a str),
    /// A string.
    String(Text<'a>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object: its members in their order.
    Object(Vec<(Text<'a>, Value<'a>)>),
    /// What was not opened, and why.
    Unread(Unread, &'a [u8]),
}

/// Why a value was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It has more than 128 levels.
    TooDeep,
    /// It is no JSON.
    Malformed,
}

impl<'a> Raw<'a> {
    /// The value as a tree. What is too deep or malformed stands in it as [`Value::Unread`].
    #[must_use]
    pub fn open(self) -> Value<'a> {
        open(self, 0)
    }
}

fn open(raw: Raw<'_>, depth: usize) -> Value<'_> {
    let unread = |why| Value::Unread(why, raw.bytes());
    match raw.kind() {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(value),
        Kind::Number => match std::str::from_utf8(raw.bytes()) {
            Ok(text) => Value::Number(text),
            Err(_) => unread(Unread::Malformed),
        },
        Kind::String => match raw.text() {
            Some(text) => Value::String(text),
            None => unread(Unread::Malformed),
        },
        Kind::Array | Kind::Object if depth >= MAX_DEPTH => unread(Unread::TooDeep),
        Kind::Array => {
            let (mut elements, mut out) = (raw.elements(), Vec::new());
            while let Some(next) = elements.next_raw() {
                let Ok(element) = next else {
                    return unread(Unread::Malformed);
                };
                out.push(open(element, depth + 1));
            }
            Value::Array(out)
        }
        Kind::Object => {
            let (mut members, mut out) = (raw.members(), Vec::new());
            while let Some(next) = members.next_raw() {
                let Ok((name, value)) = next else {
                    return unread(Unread::Malformed);
                };
                out.push((Text::decode(name), open(value, depth + 1)));
            }
            Value::Object(out)
        }
        Kind::Unreadable => unread(Unread::Malformed),
    }
}

impl Value<'_> {
    /// The value as compact JSON. What was not opened stands in it as it is in the log.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(out, text),
            Self::Array(elements) => {
                out.push('[');
                for (n, element) in elements.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (n, (name, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write_string(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
            Self::Unread(_, bytes) => out.push_str(&Raw::new(bytes).compact()),
        }
    }

    /// Why something in it was not opened, if something was not.
    #[must_use]
    pub fn unread(&self) -> Option<Unread> {
        match self {
            Self::Unread(why, _) => Some(*why),
            Self::Array(elements) => elements.iter().find_map(Self::unread),
            Self::Object(members) => members.iter().find_map(|(_, value)| value.unread()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => None,
        }
    }
}
