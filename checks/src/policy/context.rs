//! What is known of a request beyond principal, action and resource: its context keys.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::text::Tri;

/// The value of a context key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A key with one value.
    One(String),
    /// A multi-valued key, such as `aws:TagKeys`; also when it holds one value.
    Many(Vec<String>),
}

impl Value {
    /// All values.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// It has this value. A multi-valued key without values counts as absent.
    Known(Value),
    /// The request does not carry it.
    Absent,
    /// One of these; `None` is "absent".
    OneOf(Vec<Option<Value>>),
    /// Any single value that this pattern matches, such as `AROAEXAMPLE:*`.
    Like(String),
    /// This point in time, or any later one.
    From(String),
    /// Any single value but this one, or absent.
    AnyBut(String),
    /// Any single value at all, or, if so marked, absent.
    Any {
        /// Whether the request may lack the key.
        may_be_absent: bool,
    },
}

/// The context keys of a request. Names are kept in lower case: IAM ignores their case.
#[derive(Debug, Clone)]
pub struct Context {
    /// Shared by the requests of one caller.
    keys: Arc<BTreeMap<String, Key>>,
    /// What was set since: it counts before `keys`.
    more: Vec<(String, Key)>,
    /// Prefixes, in lower case, of which all keys that exist were set.
    closed: Vec<String>,
    rest: Key,
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.keys().eq(other.keys()) && self.closed == other.closed && self.rest == other.rest
    }
}

impl Eq for Context {}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl Context {
    /// No key at all.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keys: Arc::default(),
            more: Vec::new(),
            closed: Vec::new(),
            rest: Key::Absent,
        }
    }

    /// Nothing is known: each key may have any value or be absent.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            keys: Arc::default(),
            more: Vec::new(),
            closed: Vec::new(),
            rest: Key::Any {
                may_be_absent: true,
            },
        }
    }

    /// Sets what is known of a key.
    pub fn set(&mut self, name: &str, key: Key) {
        let name = name.to_lowercase();
        if let Some(keys) = Arc::get_mut(&mut self.keys).filter(|_| self.more.is_empty()) {
            keys.insert(name, key);
            return;
        }
        match self.more.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = key,
            None => self.more.push((name, key)),
        }
    }

    /// All keys with this prefix, such as `aws:PrincipalTag/`, were set: the others are absent.
    pub fn close(&mut self, prefix: &str) {
        self.closed.push(prefix.to_lowercase());
    }

    /// With a known key of one value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, Key::Known(Value::One(value.to_owned())));
        self
    }

    /// With a known multi-valued key.
    #[must_use]
    pub fn with_list<'a>(mut self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let values = values.into_iter().map(str::to_owned).collect();
        self.set(name, Key::Known(Value::Many(values)));
        self
    }

    /// Whether requests may lack a key.
    pub(super) fn may_lack(&self, name: &str) -> bool {
        match self.key(name) {
            Key::Absent | Key::AnyBut(_) => true,
            Key::Known(_) | Key::Like(_) | Key::From(_) => false,
            Key::OneOf(states) => states.contains(&None),
            Key::Any { may_be_absent } => *may_be_absent,
        }
    }

    /// The keys that were set, by name.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        let newer = |name: &str| self.more.iter().any(|(own, _)| own == name);
        let older = self.keys.iter().filter(move |(name, _)| !newer(name));
        let mut all: Vec<(&str, &Key)> = older.map(|(name, key)| (name.as_str(), key)).collect();
        all.extend(self.more.iter().map(|(name, key)| (name.as_str(), key)));
        all.sort_by_key(|(name, _)| *name);
        all.into_iter()
    }

    /// What is known of a key; of keys that were never set, what holds for the rest.
    #[must_use]
    pub fn key(&self, name: &str) -> &Key {
        self.lower_key(&name.to_lowercase())
    }

    /// The same, for a name in lower case.
    fn lower_key(&self, name: &str) -> &Key {
        let closed = || {
            self.closed
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
        };
        let newer = self.more.iter().find(|(own, _)| own == name);
        match newer.map(|(_, key)| key).or_else(|| self.keys.get(name)) {
            Some(key) => key,
            None if closed() => &Key::Absent,
            None => &self.rest,
        }
    }
}

/// A context seen from one world, in which some of the unknown keys have a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    context: &'a Context,
    world: &'a [(&'a str, Option<&'a Value>)],
}

/// A key seen from one world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    Absent,
    Value(&'a Value),
    Unknown,
}

/// The value that a policy variable takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    None,
    Value(&'a str),
    Unknown,
}

impl<'a> View<'a> {
    pub(super) fn of(context: &'a Context) -> Self {
        Self {
            context,
            world: &[],
        }
    }

    /// Keys of a world are in lower case.
    pub(super) fn in_world(
        context: &'a Context,
        world: &'a [(&'a str, Option<&'a Value>)],
    ) -> Self {
        Self { context, world }
    }

    /// `key` is in lower case, as parsed policies keep it.
    pub(super) fn get(&self, key: &str) -> Seen<'a> {
        if let Some((_, value)) = self.world.iter().find(|(name, _)| *name == key) {
            return seen(*value);
        }
        match self.context.lower_key(key) {
            Key::Known(value) => seen(Some(value)),
            Key::Absent => Seen::Absent,
            Key::OneOf(states) => match states.as_slice() {
                [] => Seen::Absent,
                [only] => seen(only.as_ref()),
                _ => Seen::Unknown,
            },
            Key::Any { .. } | Key::Like(_) | Key::From(_) | Key::AnyBut(_) => Seen::Unknown,
        }
    }

    /// For a variable: a missing or multi-valued key has no value to put in.
    pub(super) fn single(&self, key: &str) -> Lookup<'a> {
        match self.get(key) {
            Seen::Value(Value::One(value)) => Lookup::Value(value),
            Seen::Absent | Seen::Value(Value::Many(_)) => Lookup::None,
            Seen::Unknown => Lookup::Unknown,
        }
    }
}

fn seen(value: Option<&Value>) -> Seen<'_> {
    match value {
        None => Seen::Absent,
        Some(Value::Many(values)) if values.is_empty() => Seen::Absent,
        Some(value) => Seen::Value(value),
    }
}
