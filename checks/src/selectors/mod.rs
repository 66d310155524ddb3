//! Which events a trail or a store records: the selectors modelled, not searched.
//!
//! Both of CloudTrail's languages become sets of [`Events`]: within a set every condition holds (AND), and
//! what is recorded is what lies in any of the sets (OR). [`judge`] answers whether the sets together hold
//! all of what is asked.

mod cover;
mod field;
mod hole;
mod known;
mod language;

#[cfg(test)]
mod tests;

pub use cover::{judge, overlap};
pub use field::Field;
pub use hole::{Hole, Part};
pub use language::{collected, recorded, sets};

use crate::fact::Gaps;
use crate::ids::{AccountId, Region};

/// The events that meet every condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Events {
    /// On fields of the event; none at all: every event.
    pub conditions: Vec<Condition>,
    /// Why it cannot be told whether these events, or all of them, are really recorded.
    pub doubt: Option<Gaps>,
    whose: Whose,
}

/// The account and region whose selectors say so, for what is told of them: sets are equal whoever records them.
#[derive(Debug, Clone, Default)]
struct Whose(Option<(AccountId, Region)>);

impl PartialEq for Whose {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Whose {}

/// What one field of an event must be like.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The field.
    pub field: Field,
    /// One of these matches; empty: anything does.
    pub any_of: Vec<Pattern>,
    /// None of these matches.
    pub none_of: Vec<Pattern>,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// The whole value.
    Equals(String),
    /// Its beginning.
    StartsWith(String),
    /// Its end.
    EndsWith(String),
}

/// Whether all events that are asked for are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// They are.
    Covers,
    /// Some are not, whatever else is unknown.
    Lacks(Hole),
    /// It depends on what is not known.
    CannotTell(Gaps),
}

impl Events {
    /// Every management event.
    #[must_use]
    pub fn management() -> Self {
        Self::default().with(Field::EventCategory, ["Management"].map(Pattern::equals))
    }

    /// Every data event of one type of resource, such as `AWS::S3::Object`.
    #[must_use]
    pub fn data(kind: &str) -> Self {
        Self::default()
            .with(Field::EventCategory, ["Data"].map(Pattern::equals))
            .with(Field::ResourceType, [Pattern::equals(kind)])
    }

    /// Those that only read, or those that write.
    #[must_use]
    pub fn reading(self, reading: bool) -> Self {
        let value = if reading { "true" } else { "false" };
        self.with(Field::ReadOnly, [Pattern::equals(value)])
    }

    /// Those whose field matches one of these.
    #[must_use]
    pub fn with(mut self, field: Field, any_of: impl IntoIterator<Item = Pattern>) -> Self {
        self.conditions.push(Condition {
            field,
            any_of: any_of.into_iter().collect(),
            none_of: Vec::new(),
        });
        self
    }

    /// Those whose field matches none of these.
    #[must_use]
    pub fn except(mut self, field: Field, none_of: impl IntoIterator<Item = Pattern>) -> Self {
        self.conditions.push(Condition {
            field,
            any_of: Vec::new(),
            none_of: none_of.into_iter().collect(),
        });
        self
    }

    /// The same, but it cannot be told whether they are recorded.
    #[must_use]
    pub fn in_doubt(mut self, gaps: Gaps) -> Self {
        self.doubt = Some(match self.doubt.take() {
            Some(before) => before.and(gaps),
            None => gaps,
        });
        self
    }

    fn of(mut self, account: &AccountId, region: &Region) -> Self {
        self.whose = Whose(Some((account.clone(), region.clone())));
        self
    }

    /// Those that meet the conditions of another set too; in doubt where either is.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.conditions.extend(other.conditions.iter().cloned());
        match &other.doubt {
            Some(gaps) => self.in_doubt(gaps.clone()),
            None => self,
        }
    }

    /// The same without the conditions on these fields.
    #[must_use]
    pub fn regardless_of(mut self, fields: &[Field]) -> Self {
        self.conditions.retain(|it| !fields.contains(&it.field));
        self
    }

    /// The same with what is excluded by name put back; read, write, category and type stay as they are.
    #[must_use]
    pub fn with_exclusions_undone(mut self) -> Self {
        for condition in &mut self.conditions {
            if !condition.field.is_coarse() {
                condition.none_of.clear();
            }
        }
        self
    }

    /// The same with these sources put back, where they are excluded by their whole name.
    #[must_use]
    pub fn with_sources_put_back(mut self, sources: &[&str]) -> Self {
        for condition in &mut self.conditions {
            if condition.field == Field::EventSource {
                condition.none_of.retain(
                    |it| !matches!(it, Pattern::Equals(name) if sources.contains(&name.as_str())),
                );
            }
        }
        self
    }

    /// Management events are among them.
    #[must_use]
    pub fn has_management(&self) -> bool {
        self.has_category("Management")
    }

    /// Events of this category, such as `Data`, are among them.
    #[must_use]
    pub fn has_category(&self, name: &str) -> bool {
        self.accepts(Field::EventCategory, name)
    }

    /// Every condition on this field is met by this value.
    fn accepts(&self, field: Field, value: &str) -> bool {
        self.on(field).all(|condition| condition.accepts(value))
    }

    fn on(&self, field: Field) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |it| it.field == field)
    }
}

impl Condition {
    fn accepts(&self, value: &str) -> bool {
        let wanted = self.any_of.is_empty() || self.any_of.iter().any(|it| it.matches(value));
        wanted && !self.none_of.iter().any(|it| it.matches(value))
    }
}

impl Pattern {
    /// The whole value.
    pub fn equals(value: impl Into<String>) -> Self {
        Self::Equals(value.into())
    }

    /// The beginning of the value.
    pub fn starts_with(value: impl Into<String>) -> Self {
        Self::StartsWith(value.into())
    }

    fn matches(&self, value: &str) -> bool {
        match self {
            Pattern::Equals(it) => value == it,
            Pattern::StartsWith(it) => value.starts_with(it.as_str()),
            Pattern::EndsWith(it) => value.ends_with(it.as_str()),
        }
    }

    fn text(&self) -> &str {
        match self {
            Pattern::Equals(it) | Pattern::StartsWith(it) | Pattern::EndsWith(it) => it,
        }
    }
}
