//! What both languages become: tests on fields, joined by and and or, with three answers.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::language::Texts;
use crate::text::{Tri, fold};

/// A condition on an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Every one of them; of none: always.
    All(Vec<Expr>),
    /// At least one of them; of none: never.
    Any(Vec<Expr>),
    /// A test on one field.
    Test(Test),
    /// It is not known whether it holds: what would tell.
    Unknown(String),
}

/// A test on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The field.
    pub path: Path,
    /// What it must be.
    pub is: Is,
}

/// What a field must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Is {
    /// A text of this language.
    Like(Texts),
    /// A text outside of it. Whether a field that is missing counts is not documented.
    Unlike(Texts),
    /// There, but none of these (EventBridge).
    AnythingBut(Vec<Is>),
    /// A number that compares so.
    Number(Order, f64),
    /// JSON's null.
    Null,
    /// JSON's true or false.
    Bool(bool),
    /// There.
    Present,
    /// Not there.
    Absent,
    /// An address within first and last.
    Address(IpAddr, IpAddr),
}

/// How numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Order {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => same(left, right),
            Self::NotEqual => !same(left, right),
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

fn same(left: f64, right: f64) -> bool {
    left.partial_cmp(&right) == Some(std::cmp::Ordering::Equal)
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// There is no such field.
    Absent,
    /// JSON's null.
    Null,
    /// JSON's true or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// An object or a list.
    Nested,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("(missing)"),
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Nested => f.write_str("(an object)"),
        }
    }
}

/// Where a field is: keys, and positions in lists. One text, as paths are compared more often than taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(String);

/// Before each further step of a path.
const STEP: char = '\u{1}';
/// Before a position in a list.
const INDEX: char = '\u{2}';

impl Path {
    /// A path of keys, separated by dots.
    #[must_use]
    pub fn of(dotted: &str) -> Self {
        Self(dotted.replace('.', "\u{1}"))
    }

    /// The path to the event itself, to be followed by a key.
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    pub(super) fn key(&self, key: &str) -> Self {
        if self.0.is_empty() {
            return Self(key.to_owned());
        }
        Self(format!("{}{STEP}{key}", self.0))
    }

    pub(super) fn index(&self, index: u32) -> Self {
        self.key(&format!("{INDEX}{index}"))
    }

    pub(super) fn depth(&self) -> usize {
        self.0.split(STEP).count()
    }

    /// The objects and lists that hold it.
    pub(super) fn holders(&self) -> impl Iterator<Item = Self> {
        let ends = self.0.match_indices(STEP).map(|(at, _)| at);
        ends.filter_map(|at| self.0.get(..at).map(|it| Self(it.to_owned())))
    }

    pub(super) fn holds(&self, inner: &Self) -> bool {
        let rest = inner.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.starts_with(STEP))
    }

    fn find(&self, event: &serde_json::Value) -> Value {
        let mut steps = self.0.split(STEP);
        let found = steps.try_fold(event, |at, step| match step.strip_prefix(INDEX) {
            Some(index) => at.get(index.parse::<usize>().ok()?),
            None => at.get(step),
        });
        match found {
            None => Value::Absent,
            Some(serde_json::Value::Null) => Value::Null,
            Some(serde_json::Value::Bool(value)) => Value::Bool(*value),
            Some(serde_json::Value::Number(it)) => it.as_f64().map_or(Value::Nested, Value::Number),
            Some(serde_json::Value::String(text)) => Value::Text(text.clone()),
            Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => Value::Nested,
        }
    }

    fn under(self, key: &str) -> Self {
        Self(format!("{key}{STEP}{}", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.split(STEP).enumerate() {
            match step.strip_prefix(INDEX) {
                Some(index) => write!(f, "[{index}]")?,
                None if at == 0 => f.write_str(step)?,
                None => write!(f, ".{step}")?,
            }
        }
        Ok(())
    }
}

impl Expr {
    /// What always holds.
    pub const ALWAYS: Self = Self::All(Vec::new());
    /// What never holds.
    pub const NEVER: Self = Self::Any(Vec::new());

    /// A test on the field at a dotted path.
    #[must_use]
    pub fn test(path: &str, is: Is) -> Self {
        let path = Path::of(path);
        Self::Test(Test { path, is })
    }

    /// The field is one of these texts.
    #[must_use]
    pub fn one_of<'a>(path: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let test = |text| Self::test(path, Is::Like(Texts::exact(text)));
        Self::Any(texts.into_iter().map(test).collect())
    }

    /// The same about an event that lies in a field of another, as CloudTrail's records do in EventBridge.
    #[must_use]
    pub fn under(self, key: &str) -> Self {
        let all = |list: Vec<Self>| list.into_iter().map(|it| it.under(key)).collect();
        match self {
            Self::All(list) => Self::All(all(list)),
            Self::Any(list) => Self::Any(all(list)),
            Self::Test(Test { path, is }) => Self::Test(Test {
                path: path.under(key),
                is,
            }),
            Self::Unknown(why) => Self::Unknown(why),
        }
    }

    /// Whether an event of which `value` tells the fields matches; a field it does not tell is open.
    #[must_use]
    pub fn eval<'v>(&self, value: &impl Fn(&Path) -> Option<&'v Value>) -> Tri {
        match self {
            Self::All(list) => fold(list.iter().map(|it| it.eval(value)), Tri::No),
            Self::Any(list) => fold(list.iter().map(|it| it.eval(value)), Tri::Yes),
            Self::Test(test) => {
                value(&test.path).map_or(Tri::Undecided, |value| test.is.eval(value))
            }
            Self::Unknown(_) => Tri::Undecided,
        }
    }

    /// Whether an event, given as JSON, matches.
    #[must_use]
    pub fn matches(&self, event: &serde_json::Value) -> Tri {
        match self {
            Self::All(list) => fold(list.iter().map(|it| it.matches(event)), Tri::No),
            Self::Any(list) => fold(list.iter().map(|it| it.matches(event)), Tri::Yes),
            Self::Test(test) => test.is.eval(&test.path.find(event)),
            Self::Unknown(_) => Tri::Undecided,
        }
    }

    /// What every test on one of these fields makes of its value, in order: events that differ in these fields alone
    /// and by which no answer differs are treated alike.
    #[must_use]
    pub fn answers(&self, fields: &[(Path, Value)]) -> Vec<Tri> {
        let mut tests = Vec::new();
        self.tests(&mut tests);
        let answer = |test: &&Test| {
            let field = fields.iter().find(|(path, _)| *path == test.path);
            field.map(|(_, value)| test.is.eval(value))
        };
        tests.iter().filter_map(answer).collect()
    }

    /// The texts one of which the field must be wherever this holds; none: it may be anything.
    #[must_use]
    pub fn texts_of(&self, path: &Path) -> Option<BTreeSet<&str>> {
        match self {
            Self::Test(test) => {
                let text = test.is.exactly().filter(|_| test.path == *path)?;
                Some([text].into())
            }
            Self::All(list) => {
                let each = list.iter().filter_map(|it| it.texts_of(path));
                each.reduce(|all, more| &all & &more)
            }
            Self::Any(list) => list.iter().try_fold(BTreeSet::new(), |mut all, it| {
                all.extend(it.texts_of(path)?);
                Some(all)
            }),
            Self::Unknown(_) => None,
        }
    }

    pub(super) fn tests<'a>(&'a self, found: &mut Vec<&'a Test>) {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().for_each(|it| it.tests(found)),
            Self::Test(test) => found.push(test),
            Self::Unknown(_) => {}
        }
    }

    /// What would tell, of all that is not known.
    pub(super) fn unknowns<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().for_each(|it| it.unknowns(found)),
            Self::Test(_) => {}
            Self::Unknown(why) => found.push(why),
        }
    }
}

impl Is {
    /// Whether a value is so.
    #[must_use]
    pub fn eval(&self, value: &Value) -> Tri {
        match (self, value) {
            (Self::Absent, value) => Tri::from(*value == Value::Absent),
            (Self::Null, value) => Tri::from(*value == Value::Null),
            (Self::Bool(wanted), value) => Tri::from(*value == Value::Bool(*wanted)),
            (Self::Present, Value::Absent) => Tri::No,
            // EventBridge looks at leaves only; whether null is one is not said.
            (Self::Present, Value::Nested | Value::Null) => Tri::Undecided,
            (Self::Present, _) => Tri::Yes,
            (Self::Like(texts), Value::Text(text)) => texts.matches(text),
            (Self::Unlike(texts), Value::Text(text)) => texts.matches(text).not(),
            (Self::Like(_), Value::Absent | Value::Null | Value::Nested) => Tri::No,
            (Self::Like(_), Value::Number(_) | Value::Bool(_)) | (Self::Unlike(_), _) => {
                Tri::Undecided
            }
            (Self::Number(order, right), Value::Number(left)) => {
                Tri::from(order.holds(*left, *right))
            }
            // Whether "5" counts as 5 is not documented.
            (Self::Number(..), Value::Text(text)) if text.parse::<f64>().is_ok() => Tri::Undecided,
            (Self::Number(Order::NotEqual, _), _) => Tri::Undecided,
            (Self::Number(..), _) => Tri::No,
            (Self::Address(first, last), Value::Text(text)) => {
                let inside =
                    |it: IpAddr| it.is_ipv4() == first.is_ipv4() && *first <= it && it <= *last;
                Tri::from(text.parse().is_ok_and(inside))
            }
            (Self::Address(..), _) => Tri::No,
            (Self::AnythingBut(_), Value::Absent) => Tri::No,
            (Self::AnythingBut(_), Value::Null | Value::Bool(_) | Value::Nested) => Tri::Undecided,
            (Self::AnythingBut(list), value) => {
                fold(list.iter().map(|it| it.in_list(value)), Tri::Yes).not()
            }
        }
    }

    /// The one text that is so.
    pub(super) fn exactly(&self) -> Option<&str> {
        match self {
            Self::Like(texts) => texts.exactly(),
            Self::Unlike(_)
            | Self::AnythingBut(_)
            | Self::Number(..)
            | Self::Null
            | Self::Bool(_)
            | Self::Present
            | Self::Absent
            | Self::Address(..) => None,
        }
    }

    /// What a test of a text of this length costs at most, in steps of work.
    pub(super) fn cost(&self, length: usize) -> usize {
        match self {
            Self::Like(texts) | Self::Unlike(texts) => texts.cost(length),
            Self::AnythingBut(list) => list.iter().map(|it| it.cost(length)).sum(),
            Self::Number(..)
            | Self::Null
            | Self::Bool(_)
            | Self::Present
            | Self::Absent
            | Self::Address(..) => 1,
        }
    }

    /// In a list of EventBridge a text never equals a number.
    fn in_list(&self, value: &Value) -> Tri {
        match (self, value) {
            (Self::Like(_), Value::Number(_)) | (Self::Number(..), Value::Text(_)) => Tri::No,
            _ => self.eval(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::parse_filter;

    #[test]
    fn the_texts_that_a_field_must_be() {
        let of = |text: &str| {
            let expr = parse_filter(text).unwrap();
            let found = expr.texts_of(&Path::of("eventName"));
            found.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let some = |all: &[&str]| Some(all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(of("{ $.eventName = A }"), some(&["A"]));
        assert_eq!(
            of("{ $.eventName = A || $.eventName = B }"),
            some(&["A", "B"])
        );
        assert_eq!(
            of("{ $.eventSource = x && ($.eventName = A || $.eventName = B) }"),
            some(&["A", "B"])
        );
        assert_eq!(of("{ $.eventName = A && $.eventName = B }"), some(&[]));
        // Anything else may be met by any name.
        for any in [
            "{ $.eventName = A* }",
            "{ $.eventName != A }",
            "{ $.eventName = A || $.eventSource = x }",
            "{ $.eventName = A || $.eventName = B* }",
            "{ $.requestParameters.eventName = A }",
            "{ $.eventName NOT EXISTS }",
            "{ $.eventName = 1 }",
        ] {
            assert_eq!(of(any), None, "{any}");
        }
    }
}
