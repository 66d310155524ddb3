//! One value of an event, to count by: any name that an expression may use.

use super::FilterError;
use super::event::{Event, Item, Short};
use super::parse::{self, Node};
use super::path::Path;

/// A name whose value is looked up in each event.
#[derive(Debug)]
pub struct Column {
    place: Place,
    text: String,
}

#[derive(Debug)]
enum Place {
    Short(Short),
    Path(Box<Path>),
}

impl Column {
    /// Reads a short name or a path.
    ///
    /// # Errors
    ///
    /// If it is neither, with the nearest name.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let parse::Parsed { node, paths } = parse::parse(&format!("{text} exists"))?;
        let place = match node {
            Node::Short(short, _) => Place::Short(short),
            Node::Path(place, _) => {
                let path = paths.into_iter().nth(place).map(Box::new);
                Place::Path(path.ok_or_else(|| not_one(text))?)
            }
            Node::Always | Node::And(_) | Node::Or(_) | Node::Not(_) | Node::Word(_) => {
                return Err(not_one(text));
            }
        };
        Ok(Self {
            place,
            text: text.to_owned(),
        })
    }

    /// As it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text
    }

    /// Hands out the text of the value; of several, that of the first. Whether there is one.
    pub fn look(&self, event: &dyn Event, f: &mut dyn FnMut(&str)) -> bool {
        match &self.place {
            Place::Short(short) => event.any_item(*short, &mut |item| {
                told(item, &mut |text| {
                    f(text);
                    true
                })
            }),
            Place::Path(path) => {
                path.look(event);
                path.any(event, &mut |value| {
                    told(Item::Json(value), &mut |text| {
                        f(text);
                        true
                    })
                })
            }
        }
    }

    /// Its text, if it is a path that no event had.
    #[must_use]
    pub fn never_seen(&self) -> Option<String> {
        match &self.place {
            Place::Path(path) if !path.was_seen() => Some(self.text.clone()),
            Place::Path(_) | Place::Short(_) => None,
        }
    }
}

fn told(item: Item<'_>, f: &mut dyn FnMut(&str) -> bool) -> bool {
    match item {
        Item::Json(value) if value.is_null() => false,
        Item::Json(value) => value.tested().is_some_and(|text| f(&text)),
        Item::Text("") => false,
        Item::Text(text) => f(text),
        Item::Flag(flag) => f(if flag { "true" } else { "false" }),
        Item::Time(Some(time), _) => f(&time.to_string()),
        Item::Time(None, text) => f(text),
    }
}

fn not_one(text: &str) -> FilterError {
    FilterError {
        at: 0,
        message: format!("`{text}` is not one name"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::proof::Proof;
    use super::super::super::record::Record;
    use super::super::Subject;
    use super::*;

    #[test]
    fn values_and_none() {
        let raw =
            br#"{"eventName":"X","readOnly":true,"requestParameters":{"a":[{"b":7}],"n":null}}"#;
        let record = Record::read(raw).unwrap();
        let subject = Subject {
            record: &record,
            proof: Proof::Verified,
        };
        for (name, value) in [
            ("name", Some("X")),
            ("readOnly", Some("true")),
            ("failed", Some("false")),
            ("proof", Some("verified")),
            ("requestParameters.a.b", Some("7")),
            ("requestParameters.a", Some("[{\"b\":7}]")),
            ("requestParameters.n", None),
            ("requestParameters.x", None),
            ("region", None),
        ] {
            let column = Column::parse(name).unwrap();
            let mut seen = Vec::new();
            let found = column.look(&subject, &mut |text| seen.push(text.to_owned()));
            assert_eq!(
                (seen.first().map(String::as_str), found),
                (value, value.is_some()),
                "{name}"
            );
        }
        assert!(Column::parse("name and region").is_err());
        assert!(Column::parse("nmae").unwrap_err().message.contains("name"));
    }
}
