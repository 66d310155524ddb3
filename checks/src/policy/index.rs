//! Which of a fixed list of actions a document touches: found once per document, then only looked up.
//!
//! An organization has thousands of principals that share few policies. A caller of [`super::decide()`] asks only about
//! the actions that some Allow of the principal, or of the resource, touches at all.

use std::collections::BTreeMap;

use super::document::{ActionPattern, Actions, Document, Effect};
use crate::text::lower;

/// A list of actions, such as those that tamper with a record.
#[derive(Debug, Clone)]
pub struct ActionTable {
    names: Vec<String>,
    /// Their case folded once for all patterns.
    folded: Vec<Vec<char>>,
    /// The places of each service's actions.
    services: BTreeMap<String, Vec<usize>>,
}

/// Some of the actions of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionSet {
    bits: Vec<u64>,
}

impl ActionTable {
    /// A table of these actions, in this order.
    #[must_use]
    pub fn new<'a>(actions: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<String> = actions.into_iter().map(str::to_owned).collect();
        let mut services: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            let service = name.split(':').next().unwrap_or_default();
            let list = services.entry(service.to_lowercase()).or_default();
            list.push(index);
        }
        Self {
            folded: names.iter().map(|name| lower(name)).collect(),
            names,
            services,
        }
    }

    /// Actions that some Allow of the document names, whatever its other parts say. All others it cannot grant.
    #[must_use]
    pub fn allowed(&self, document: &Document) -> ActionSet {
        self.touched(document, Effect::Allow)
    }

    /// Actions that some Deny of the document names. All others it cannot forbid.
    #[must_use]
    pub fn denied(&self, document: &Document) -> ActionSet {
        self.touched(document, Effect::Deny)
    }

    /// The names of a set's actions, in the order of the table.
    pub fn names<'a>(&'a self, set: &'a ActionSet) -> impl Iterator<Item = &'a str> {
        let chosen =
            |(index, name): (usize, &'a String)| set.contains(index).then_some(name.as_str());
        self.names.iter().enumerate().filter_map(chosen)
    }

    /// Some action of the table is among these.
    #[must_use]
    pub fn names_any(&self, actions: &Actions) -> bool {
        !self.named(actions).is_empty()
    }

    /// Per statement of the document, in order, the actions that it names, be it to allow or to deny them.
    #[must_use]
    pub fn by_statement(&self, document: &Document) -> Vec<ActionSet> {
        let statements = document.statements.iter();
        statements.map(|it| self.named(&it.actions)).collect()
    }

    fn touched(&self, document: &Document, effect: Effect) -> ActionSet {
        let mut set = ActionSet::default();
        for statement in &document.statements {
            if statement.effect == effect {
                set.add(&self.named(&statement.actions));
            }
        }
        set
    }

    fn named(&self, actions: &Actions) -> ActionSet {
        let mut set = ActionSet::default();
        for pattern in &actions.patterns {
            self.add_matching(pattern, &mut set);
        }
        if !actions.negated {
            return set;
        }
        let mut others = ActionSet::default();
        for index in (0..self.names.len()).filter(|index| !set.contains(*index)) {
            others.insert(index);
        }
        others
    }

    /// A pattern that spells its service out can match no action of another.
    fn add_matching(&self, pattern: &ActionPattern, set: &mut ActionSet) {
        let text = pattern.text.to_lowercase();
        let service = text.split([':', '*', '?']).next().unwrap_or_default();
        let spelled_out = text
            .get(service.len()..)
            .is_some_and(|rest| rest.starts_with(':'));
        let mut add = |index: usize| {
            let action = self.folded.get(index);
            if action.is_some_and(|action| pattern.glob.matches_chars(action)) {
                set.insert(index);
            }
        };
        match self.services.get(service) {
            Some(indexes) if spelled_out => indexes.iter().copied().for_each(&mut add),
            None if spelled_out => {}
            Some(_) | None => (0..self.folded.len()).for_each(&mut add),
        }
    }
}

impl ActionSet {
    /// Adds the actions of another set of the same table.
    pub fn add(&mut self, other: &Self) {
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        for (own, more) in self.bits.iter_mut().zip(&other.bits) {
            *own |= more;
        }
    }

    /// Whether the action at this place of the table is in it.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.bits
            .get(index / 64)
            .is_some_and(|bits| bits & (1 << (index % 64)) != 0)
    }

    /// Whether it has no action at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }

    /// Whether an action is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.bits.iter().zip(&other.bits).any(|(a, b)| a & b != 0)
    }

    /// Adds the action at this place of the table.
    pub fn insert(&mut self, index: usize) {
        let word = index / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(word) {
            *bits |= 1 << (index % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_and_denies_apart() {
        let names: Vec<String> = (0..130).map(|n| format!("svc:Action{n}")).collect();
        let table = ActionTable::new(names.iter().map(String::as_str));
        let document = Document::parse(
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","Action":["SVC:action12?","svc:Action7"],"Resource":"*"},
                {"Effect":"Deny","NotAction":"svc:Action1*","Resource":"*"}]}"#,
        )
        .unwrap();
        let mut allowed = table.allowed(&document);
        assert_eq!(table.names(&allowed).count(), 11);
        assert!(allowed.contains(7) && allowed.contains(129) && !allowed.contains(12));
        assert!(table.denied(&document).contains(7) && !table.denied(&document).contains(129));
        allowed.add(&table.denied(&document));
        assert!(!allowed.is_empty() && allowed.contains(0));
        assert!(ActionSet::default().is_empty());
        let each = table.by_statement(&document);
        assert!(each[0].contains(7) && !each[0].contains(12) && each[1].contains(20));
        assert!(!each[0].meets(&ActionSet::default()) && each[0].meets(&allowed));
    }
}
