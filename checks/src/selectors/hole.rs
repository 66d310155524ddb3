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
        match self.parts.as_slice() {
            [] => f.write_str("none of them is recorded"),
            [Part::Excluded(Field::ReadOnly, values)] => {
                write!(f, "{} are not recorded", kinds(values))
            }
            [Part::Excluded(Field::ReadOnly, values), rest @ ..] => {
                write!(f, "of the {}, ", kinds(values))?;
                write_parts(f, rest)
            }
            parts => write_parts(f, parts),
        }
    }
}

fn kinds(values: &[String]) -> &'static str {
    match values {
        [value] if value == "true" => "read events",
        [value] if value == "false" => "write events",
        _ => "events",
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, parts: &[Part]) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(", and there ")?;
        }
        match part {
            Part::Excluded(Field::EventSource, values) => {
                write!(f, "{} excluded", few(values, "is", "are"))?;
            }
            Part::Excluded(field, values) => {
                write!(f, "{field} {} excluded", few(values, "is", "are"))?;
            }
            Part::Only(field, values) => {
                write!(f, "only {} recorded ({field})", few(values, "is", "are"))?;
            }
        }
    }
    Ok(())
}

/// The first three values and how many more, with the verb that agrees.
fn few(values: &[String], one: &str, many: &str) -> String {
    let shown: Vec<&str> = values.iter().take(3).map(String::as_str).collect();
    let verb = if values.len() == 1 { one } else { many };
    match values.len().saturating_sub(shown.len()) {
        0 => format!("{} {verb}", shown.join(", ")),
        more => format!("{} and {more} more {verb}", shown.join(", ")),
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
