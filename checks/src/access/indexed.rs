//! A document, and which actions of the table each of its statements names: found once, then only looked up.

use super::actions::table;
use crate::fact::SharedGap;
use crate::policy::{ActionSet, Actions, Condition, Document, Effect, ParseError, Principal};

/// A parsed document with its index.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) document: Document,
    pub(super) by_statement: Vec<ActionSet>,
    /// What some Allow names.
    pub(super) allowed: ActionSet,
    /// Sessions of roles, and federated users, that it names.
    pub(super) sessions: Vec<String>,
    /// Its resources are named by tags of the caller.
    text_has_tags: bool,
}

/// A document, or why it cannot be read.
pub(super) type Read = Result<Indexed, SharedGap>;

impl Indexed {
    pub(super) fn new(document: Document) -> Self {
        let by_statement = table().index.by_statement(&document);
        let mut allowed = ActionSet::default();
        for (statement, set) in document.statements.iter().zip(&by_statement) {
            if statement.effect == Effect::Allow {
                allowed.add(set);
            }
        }
        let named = document
            .statements
            .iter()
            .filter_map(|it| it.principals.as_ref());
        let members = named.flat_map(|it| &it.members);
        let sessions = members.filter_map(|it| {
            let Principal::Aws(arn) = it else { return None };
            arn.contains(":sts:").then(|| arn.clone())
        });
        Self {
            sessions: sessions.collect(),
            document,
            by_statement,
            allowed,
            text_has_tags: false,
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, ParseError> {
        Self::read_about(text, &|_| true)
    }

    /// What it says of these actions.
    pub(super) fn read_about(
        text: &str,
        keep: &dyn Fn(&Actions) -> bool,
    ) -> Result<Self, ParseError> {
        Document::fits(text)?;
        let document = Document::parse_about(text, keep)?;
        Ok(Self {
            text_has_tags: text.contains("${")
                && text.to_ascii_lowercase().contains("${aws:principaltag/"),
            ..Self::new(document)
        })
    }

    /// Some Deny of it names an action of the table.
    pub(super) fn denies(&self) -> bool {
        let mut each = self.document.statements.iter().zip(&self.by_statement);
        each.any(|(statement, set)| statement.effect == Effect::Deny && !set.is_empty())
    }

    /// Some condition looks at tags of resources.
    pub(super) fn looks_at_tags(&self) -> bool {
        let of_resources = ["aws:resourcetag/", "s3:buckettag/", "s3:existingobjecttag/"];
        self.conditions()
            .any(|it| of_resources.iter().any(|prefix| it.key.starts_with(prefix)))
    }

    /// Some condition looks at tags of the caller, or some text is made of them.
    pub(super) fn looks_at_own_tags(&self) -> bool {
        const TAG: &str = "aws:principaltag/";
        self.text_has_tags
            || self.conditions().any(|it| {
                let values = it.values.iter().map(|value| value.to_ascii_lowercase());
                it.key.starts_with(TAG) || values.into_iter().any(|value| value.contains(TAG))
            })
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let statements = self.document.statements.iter();
        statements.flat_map(|it| &it.conditions)
    }
}
