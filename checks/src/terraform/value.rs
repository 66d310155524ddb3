//! The values of a resource, with what is unknown and what is sensitive beside them.

use serde_json::Value;

/// One side of a resource, or a block in it: three trees of the same shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) values: &'a Value,
    unknown: &'a Value,
    sensitive: &'a Value,
    /// What is sensitive counts as unknown: for what is written to a file.
    redact: bool,
}

/// An attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Attr<'a> {
    /// It has this value.
    Known(&'a Value),
    /// It is not set.
    Unset,
    /// It, or a part of it, is known only after apply.
    Unknown,
}

impl<'a> Attr<'a> {
    /// The text, where it is one that says something. Providers write an empty text for what is not set.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Attr::Known(value) => value.as_str().filter(|it| !it.is_empty()),
            Attr::Unset | Attr::Unknown => None,
        }
    }
}

impl<'a> View<'a> {
    pub(super) fn new(
        values: &'a Value,
        unknown: &'a Value,
        sensitive: &'a Value,
        redact: bool,
    ) -> Self {
        Self {
            values,
            unknown,
            sensitive,
            redact,
        }
    }

    /// An attribute; null is the same as not set.
    pub(super) fn attr(&self, name: &str) -> Attr<'a> {
        if self.is_unknown(name) {
            return Attr::Unknown;
        }
        match self.values.get(name) {
            None | Some(Value::Null) => Attr::Unset,
            Some(value) => Attr::Known(value),
        }
    }

    fn is_unknown(&self, name: &str) -> bool {
        let of = |tree: &Value| *tree == Value::Bool(true) || tree.get(name).is_some_and(any_true);
        of(self.unknown) || (self.redact && of(self.sensitive))
    }

    /// The blocks of this name; none where it is not known how many there are.
    pub(super) fn blocks(&self, name: &str) -> Option<Vec<View<'a>>> {
        let whole = Value::Bool(true);
        let is_whole = |tree: &Value| *tree == whole || tree.get(name) == Some(&whole);
        if is_whole(self.unknown) || (self.redact && is_whole(self.sensitive)) {
            return None;
        }
        let list = match self.values.get(name) {
            None | Some(Value::Null) => return Some(Vec::new()),
            // An object is a block that there can be only one of.
            Some(one) if one.is_object() => std::slice::from_ref(one),
            Some(list) => list.as_array()?.as_slice(),
        };
        let part = |tree: &'a Value, at: usize| match tree.get(name) {
            Some(inner) if inner.is_array() => inner.get(at).unwrap_or(&Value::Null),
            Some(inner) => inner,
            None => &Value::Null,
        };
        let each = list.iter().enumerate().map(|(at, values)| View {
            values,
            unknown: part(self.unknown, at),
            sensitive: part(self.sensitive, at),
            redact: self.redact,
        });
        Some(each.collect())
    }

    /// The first block of this name: `Ok(None)` where there is none, `Err` where that is unknown.
    pub(super) fn block(&self, name: &str) -> Result<Option<View<'a>>, Unsettled> {
        let blocks = self.blocks(name).ok_or(Unsettled)?;
        Ok(blocks.into_iter().next())
    }

    /// What must be known: the value, `None` where it is not set.
    pub(super) fn settled(&self, name: &str) -> Result<Option<&'a Value>, Unsettled> {
        match self.attr(name) {
            Attr::Known(value) => Ok(Some(value)),
            Attr::Unset => Ok(None),
            Attr::Unknown => Err(Unsettled),
        }
    }

    /// A text that must be known; an empty one is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Unsettled> {
        let value = self.settled(name)?;
        Ok(value.and_then(as_text).filter(|it| !it.is_empty()))
    }

    /// A boolean that must be known.
    pub(super) fn bool(&self, name: &str, unset: bool) -> Result<bool, Unsettled> {
        match self.settled(name)? {
            None => Ok(unset),
            Some(value) => as_bool(value).ok_or(Unsettled),
        }
    }

    /// A number that must be known.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Unsettled> {
        match self.settled(name)? {
            None => Ok(None),
            Some(value) => as_number(value).map(Some).ok_or(Unsettled),
        }
    }

    /// A list of texts that must be known.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Unsettled> {
        let Some(value) = self.settled(name)? else {
            return Ok(Vec::new());
        };
        let list = value.as_array().ok_or(Unsettled)?;
        let texts = list.iter().map(as_text);
        texts.collect::<Option<_>>().ok_or(Unsettled)
    }
}

/// Something that is needed is known only after apply, or has no shape that it can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsettled;

/// Terraform writes texts, and numbers and booleans where an attribute has changed its type.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(on.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn as_bool(value: &Value) -> Option<bool> {
    match value.as_str() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => None,
        None => value.as_bool(),
    }
}

pub(super) fn as_number(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|it| it.fract() == 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float without a fraction; beyond the range it saturates, and no period is so long"
    )]
    let whole = || float().map(|it| it as i64);
    let text = || value.as_str()?.parse().ok();
    value.as_i64().or_else(whole).or_else(text)
}

/// Some leaf of the tree is marked.
pub(super) fn any_true(tree: &Value) -> bool {
    match tree {
        Value::Bool(marked) => *marked,
        Value::Array(items) => items.iter().any(any_true),
        Value::Object(fields) => fields.values().any(any_true),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_is_unset_unless_it_is_unknown() {
        let values = json!({"a": null, "b": [null], "c": 1, "e": [{"x": 1}]});
        let unknown = json!({"b": [true], "d": true, "e": [{"y": true}], "f": true});
        let view = View::new(&values, &unknown, &Value::Null, false);
        assert_eq!(view.attr("a"), Attr::Unset);
        assert_eq!(view.attr("b"), Attr::Unknown);
        assert_eq!(view.attr("c"), Attr::Known(&json!(1)));
        assert_eq!(view.attr("d"), Attr::Unknown);
        let blocks = view.blocks("e").unwrap();
        assert_eq!(blocks[0].attr("x"), Attr::Known(&json!(1)));
        assert_eq!(blocks[0].attr("y"), Attr::Unknown);
        assert!(view.blocks("f").is_none());
        assert_eq!(view.blocks("none").map(|it| it.len()), Some(0));
    }

    #[test]
    fn what_is_sensitive_is_unknown_only_where_it_would_be_written() {
        let (values, sensitive) = (json!({"a": "x"}), json!({"a": true}));
        let view = |redact| View::new(&values, &Value::Null, &sensitive, redact).attr("a");
        assert_eq!(view(false).text(), Some("x"));
        assert_eq!(view(true), Attr::Unknown);
    }
}
