//! An answer about one principal, action and resource, in the form in which it is kept: values to the last writer.

use std::fmt;

use crate::fact::{Gap, Gaps};
use crate::policy::{Decision, Layer, Residual, StatementRef, Strength, Unread, Verdict};

/// What came out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The verdict. It is unknown exactly where something is missing.
    pub verdict: Verdict,
    /// How hard the condition is to meet.
    pub strength: Option<Strength>,
    /// The condition.
    pub condition: Option<When>,
    /// The statements that decide.
    pub statements: Vec<StatementRef>,
    /// What could not be read.
    pub missing: Vec<Missing>,
    /// Which layers would have to allow it and do not, where no statement forbids it.
    pub blocked: Vec<Layer>,
}

/// How easily something can be done; the later, the harder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Without a condition.
    Allowed,
    /// The caller chooses the condition.
    Choosable,
    /// The condition takes some effort.
    Weak,
    /// The condition takes what an attacker does not have.
    Strong,
    /// Something that is not known may allow it or stop it.
    Unknown,
    /// Not at all.
    Denied,
}

/// When something is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// If this is left of the policies' conditions.
    Policies(Residual),
    /// Under conditions of policies that were not narrowed down.
    NotNarrowed,
    /// If a fact beyond the policies holds.
    Fact(String),
    /// If all of these hold.
    All(Vec<When>),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policies(residual) if residual.truncated => {
                f.write_str("under too many conditions to list")
            }
            Self::Policies(residual) => residual.fmt(f),
            Self::NotNarrowed => f.write_str("under conditions that were not evaluated in detail"),
            Self::Fact(words) => f.write_str(words),
            Self::All(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    let and = if index > 0 { " and " } else { "" };
                    write!(f, "{and}({part})")?;
                }
                Ok(())
            }
        }
    }
}

impl When {
    fn parts(self) -> Vec<Self> {
        match self {
            Self::All(parts) => parts,
            one @ (Self::Policies(_) | Self::NotNarrowed | Self::Fact(_)) => vec![one],
        }
    }

    fn rename(&mut self, names: &Names) {
        match self {
            Self::All(parts) => parts.iter_mut().for_each(|it| it.rename(names)),
            Self::Policies(residual) => {
                let literals = residual.alternatives.iter_mut().flatten();
                for it in literals.flat_map(|it| &mut it.statements) {
                    names.put(&mut it.policy);
                }
            }
            Self::NotNarrowed | Self::Fact(_) => {}
        }
    }

    fn and(self, other: Self) -> Self {
        let mut all = self.parts();
        append(&mut all, other.parts());
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => one,
            (last, _) => {
                all.extend(last);
                Self::All(all)
            }
        }
    }
}

/// Names of policies, and what the same policies are called elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    /// Of two lists of the same policies: those whose names differ.
    pub(super) fn between(from: &[String], to: &[String]) -> Self {
        let pairs = from.iter().zip(to).filter(|(from, to)| from != to);
        let pairs = pairs.map(|(from, to)| (from.clone(), to.clone()));
        Self(pairs.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn put(&self, name: &mut String) {
        if let Some((_, other)) = self.0.iter().find(|(own, _)| own == name) {
            name.clone_from(other);
        }
    }
}

/// A fact that an answer lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The policy that could not be read; none where it is another fact.
    pub policy: Option<String>,
    /// Why.
    pub gap: Gap,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(policy) = &self.policy {
            write!(f, "{policy}: ")?;
        }
        self.gap.fmt(f)?;
        if !self.gap.detail.is_empty() {
            write!(f, ": {}", self.gap.detail)?;
        }
        Ok(())
    }
}

impl From<Unread<Gap>> for Missing {
    fn from(unread: Unread<Gap>) -> Self {
        Self {
            policy: Some(unread.policy),
            gap: unread.reason,
        }
    }
}

/// The gaps behind what is missing; nothing if nothing is.
#[must_use]
pub fn gaps<'m>(missing: impl IntoIterator<Item = &'m Missing>) -> Option<Gaps> {
    let all = missing
        .into_iter()
        .map(|it| Gaps::from(Gap::clone(&it.gap)));
    Gaps::collect(all)
}

impl Answer {
    /// How easily it can be done.
    #[must_use]
    pub fn rank(&self) -> Rank {
        match (self.verdict, self.strength) {
            (Verdict::Allowed, _) => Rank::Allowed,
            (Verdict::Conditional, Some(Strength::Unbound | Strength::Choosable) | None) => {
                Rank::Choosable
            }
            (Verdict::Conditional, Some(Strength::Weak)) => Rank::Weak,
            (Verdict::Conditional, Some(Strength::Strong)) => Rank::Strong,
            (Verdict::Unknown, _) => Rank::Unknown,
            (Verdict::Denied, _) => Rank::Denied,
        }
    }

    pub(super) fn is_denied(&self) -> bool {
        self.verdict == Verdict::Denied
    }

    pub(super) fn denied() -> Self {
        Self {
            verdict: Verdict::Denied,
            strength: None,
            condition: None,
            statements: Vec::new(),
            missing: Vec::new(),
            blocked: Vec::new(),
        }
    }

    /// Allowed by nature, not by a statement.
    pub(super) fn allowed() -> Self {
        Self {
            verdict: Verdict::Allowed,
            ..Self::denied()
        }
    }

    /// Both are needed.
    pub(super) fn and(self, other: &Self) -> Self {
        let (mut worse, better) = if self.rank() >= other.rank() {
            (self, other.clone())
        } else {
            (other.clone(), self)
        };
        worse.condition = match (worse.condition, better.condition) {
            (Some(one), Some(two)) => Some(one.and(two)),
            (one, two) => one.or(two),
        };
        append(&mut worse.statements, better.statements);
        append(&mut worse.missing, better.missing);
        worse
    }

    /// The same of a principal whose policies have other names.
    pub(super) fn renamed(&self, names: &Names) -> Self {
        let mut answer = self.clone();
        for it in &mut answer.statements {
            names.put(&mut it.policy);
        }
        for it in answer
            .missing
            .iter_mut()
            .filter_map(|it| it.policy.as_mut())
        {
            names.put(it);
        }
        if let Some(condition) = &mut answer.condition {
            condition.rename(names);
        }
        answer
    }

    /// One of them is enough.
    pub(super) fn or(self, other: Self) -> Self {
        if other.rank() < self.rank() {
            other
        } else {
            self
        }
    }

    /// Something that is not known may still stop it.
    pub(super) fn unless<'g>(mut self, gaps: impl IntoIterator<Item = &'g Gap>) -> Self {
        if self.is_denied() {
            return self;
        }
        for gap in gaps {
            self.verdict = Verdict::Unknown;
            let missing = Missing {
                policy: None,
                gap: gap.clone(),
            };
            append(&mut self.missing, vec![missing]);
        }
        self
    }

    /// Only if something else is so, which is as hard as this.
    pub(super) fn only_if(self, condition: &str, strength: Strength) -> Self {
        let other = Self {
            verdict: Verdict::Conditional,
            strength: Some(strength),
            condition: Some(When::Fact(condition.to_owned())),
            ..Self::denied()
        };
        if self.is_denied() {
            self
        } else {
            self.and(&other)
        }
    }
}

fn append<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for it in more {
        if !all.contains(&it) {
            all.push(it);
        }
    }
}

impl From<Decision<Gap>> for Answer {
    fn from(decision: Decision<Gap>) -> Self {
        // Where no document is missing, what is open are conditions that were not narrowed down.
        let undecided = decision.verdict == Verdict::Unknown && decision.missing.is_empty();
        // A condition that binds nobody keeps nobody away: it is told, and it is allowed.
        let without_boundary = decision.strength == Some(Strength::Unbound);
        let free =
            decision.verdict == Verdict::Conditional && without_boundary && !decision.approximate;
        let verdict = if undecided {
            Verdict::Conditional
        } else if free {
            Verdict::Allowed
        } else {
            decision.verdict
        };
        let mut condition = decision.residual.map(When::Policies);
        if verdict == Verdict::Conditional && condition.is_none() {
            condition = Some(When::NotNarrowed);
        }
        Self {
            verdict,
            strength: decision.strength.filter(|_| verdict != Verdict::Allowed),
            condition,
            statements: decision.statements,
            missing: decision.missing.into_iter().map(Missing::from).collect(),
            blocked: decision.blocked_by,
        }
    }
}
