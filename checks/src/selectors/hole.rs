//! What is not recorded, in words that name it.

use std::fmt;

use super::Field;

/// Events that are asked for and not recorded. Without parts: none of them is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hole {
    /// Together they say which events.
    pub parts: Vec<Part>,
}

/// One thing that sets the missing events apart from those that are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Events whose field has one of these values are missing.
    Excluded(Field, Vec<String>),
    /// Events are missing unless their field is one of these.
    Only(Field, Vec<String>),
}

impl Hole {
    /// Not one of the events that are asked for is recorded.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.parts.is_empty()
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, parts) = match self.parts.as_slice() {
            [] => return f.write_str("none of these events is logged"),
            [Part::Excluded(Field::ReadOnly, values), rest @ ..] => (kinds(values), rest),
            parts => ("events", parts),
        };
        f.write_str(kind)?;
        for part in parts {
            match part {
                Part::Excluded(Field::EventSource, values) => write!(f, " from {}", few(values)),
                Part::Only(Field::EventSource, values) => {
                    write!(f, " from sources other than {}", few(values))
                }
                Part::Excluded(field, values) => write!(f, " with {field} {}", few(values)),
                Part::Only(field, values) => {
                    write!(f, " with {field} other than {}", few(values))
                }
            }?;
        }
        f.write_str(" are not logged")
    }
}

fn kinds(values: &[String]) -> &'static str {
    match values {
        [value] if value == "true" => "read events",
        [value] if value == "false" => "write events",
        _ => "events",
    }
}

/// The first three values and how many more.
fn few(values: &[String]) -> String {
    let shown: Vec<&str> = values.iter().take(3).map(String::as_str).collect();
    match values.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
