//! A document, and which actions of the table each of its statements names: found once, then only looked up.

use super::actions::table;
use crate::policy::{ActionSet, Document, Effect};

/// A parsed document with its index.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) document: Document,
    pub(super) by_statement: Vec<ActionSet>,
    /// What some Allow names.
    pub(super) allowed: ActionSet,
}

/// A document, or why it cannot be read.
pub(super) type Read = Result<Indexed, String>;

impl Indexed {
    pub(super) fn new(document: Document) -> Self {
        let by_statement = table().index.by_statement(&document);
        let mut allowed = ActionSet::default();
        for (statement, set) in document.statements.iter().zip(&by_statement) {
            if statement.effect == Effect::Allow {
                allowed.add(set);
            }
        }
        Self {
            document,
            by_statement,
            allowed,
        }
    }

    pub(super) fn read(text: &str) -> Read {
        match Document::parse(text) {
            Ok(document) => Ok(Self::new(document)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Some Deny of it names an action of the table.
    pub(super) fn denies(&self) -> bool {
        let mut each = self.document.statements.iter().zip(&self.by_statement);
        each.any(|(statement, set)| statement.effect == Effect::Deny && !set.is_empty())
    }

    /// Some condition looks at tags of resources.
    pub(super) fn looks_at_tags(&self) -> bool {
        let mut conditions = self
            .document
            .statements
            .iter()
            .flat_map(|it| &it.conditions);
        conditions.any(|it| {
            ["aws:resourcetag/", "s3:buckettag/", "s3:existingobjecttag/"]
                .iter()
                .any(|prefix| it.key.starts_with(prefix))
        })
    }
}
