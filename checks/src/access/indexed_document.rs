//! A document, and which actions of the table each of its statements names: found once, then only looked up.

use super::actions::table;
use crate::fact::Gap;
use crate::policy::{
    ActionSet, Actions, Condition, Document, Effect, ParseError, Principal, ResourcePattern,
};

/// A parsed document with its index.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) document: Document,
    pub(super) by_statement: Vec<ActionSet>,
    /// What some Allow names.
    pub(super) allowed: ActionSet,
    /// Sessions of roles, and federated users, that it names.
    pub(super) sessions: Vec<String>,
    /// How it tells callers apart.
    pub(super) about: About,
    /// Its resources are named by tags of the caller.
    text_has_tags: bool,
}

/// What a document looks at to tell the principals of one account apart.
#[derive(Debug, Default)]
pub(super) struct About {
    /// Conditions on the caller's ARN, and nothing else of the caller, by statement and place in it.
    arns: Vec<(usize, usize)>,
    /// Tags of the caller, in conditions or as variables.
    pub(super) tags: bool,
    /// Anything else that only one principal has, in conditions or as variables.
    pub(super) more: bool,
}

impl About {
    pub(super) fn of(document: &Document) -> Self {
        let mut all = Self::default();
        for (place, statement) in document.statements.iter().enumerate() {
            let resources = statement.resources.iter().flat_map(|it| &it.patterns);
            for key in resources.flat_map(ResourcePattern::keys) {
                all.look(key);
            }
            for (at, condition) in statement.conditions.iter().enumerate() {
                let mut keys = condition.keys();
                if keys.next() == Some(ARN) {
                    all.arns.push((place, at));
                } else {
                    all.look(&condition.key);
                }
                keys.for_each(|key| all.look(key));
            }
        }
        all
    }

    fn look(&mut self, key: &str) {
        if key.starts_with(TAG) {
            self.tags = true;
        } else if [ARN, "aws:userid", "aws:username"].contains(&key) {
            self.more = true;
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.arns.is_empty() && !self.tags && !self.more
    }

    /// The conditions on the caller's ARN.
    pub(super) fn arns<'d>(
        &self,
        document: &'d Document,
    ) -> impl Iterator<Item = (&'d Condition, Effect)> {
        self.arns.iter().filter_map(|(statement, at)| {
            let statement = document.statements.get(*statement)?;
            Some((statement.conditions.get(*at)?, statement.effect))
        })
    }
}

/// Keys in lower case, as conditions have them.
const ARN: &str = "aws:principalarn";
const TAG: &str = "aws:principaltag/";

/// A document, or why it cannot be read.
pub(super) type Read = Result<Indexed, Gap>;

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
        let sessions = members.filter_map(|member| {
            let Principal::Aws(arn) = member else {
                return None;
            };
            arn.contains(":sts:").then(|| arn.clone())
        });
        Self {
            sessions: sessions.collect(),
            about: About::of(&document),
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
        self.conditions().any(|condition| {
            of_resources
                .iter()
                .any(|prefix| condition.key.starts_with(prefix))
        })
    }

    /// Some condition looks at tags of the caller, or some text is made of them.
    pub(super) fn looks_at_own_tags(&self) -> bool {
        self.text_has_tags
            || self.conditions().any(|condition| {
                let values = condition
                    .values
                    .iter()
                    .map(|value| value.to_ascii_lowercase());
                condition.key.starts_with(TAG)
                    || values.into_iter().any(|value| value.contains(TAG))
            })
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let statements = self.document.statements.iter();
        statements.flat_map(|it| &it.conditions)
    }
}
