//! A policy document as a typed model.

use super::condition::Condition;
use super::context::{Context, Tri, View};
use super::json::Json;
use super::parse::ParseError;
use super::principal::PrincipalSet;
use super::template::{Filled, Incomplete, Template};
use crate::text::Glob;

/// So many characters a document has at most, white space not counted: the quota of key policies (32 kB, KMS Developer
/// Guide, "Resource quotas"), the largest of all policies here but the resource policy of an organization (40,000).
const LARGEST: usize = 32_768;

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`, also without any: no policy variables.
    V2008,
    /// `2012-10-17`
    V2012,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Forbids, whatever others grant.
    Deny,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Document {
    /// Version of the language.
    pub version: Version,
    /// `Id`
    pub id: Option<String>,
    /// The statements, in the order of the text.
    pub statements: Vec<Statement>,
}

/// One statement. It applies if all of its parts match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// `Sid`
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; identity policies have neither.
    pub principals: Option<PrincipalSet>,
    /// `Action` or `NotAction`
    pub actions: Actions,
    /// `Resource` or `NotResource`; trust policies have neither.
    pub resources: Option<Resources>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// The `Action` or `NotAction` element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actions {
    /// `NotAction`
    pub negated: bool,
    /// The patterns.
    pub patterns: Vec<ActionPattern>,
}

impl Actions {
    /// Whether an action, such as `cloudtrail:StopLogging`, is meant.
    #[must_use]
    pub fn matches(&self, action: &str) -> bool {
        self.matches_lower(&crate::text::lower(action))
    }

    /// The same, for an action whose case was folded once for many patterns.
    pub(super) fn matches_lower(&self, action: &[char]) -> bool {
        self.patterns.iter().any(|p| p.glob.matches_chars(action)) != self.negated
    }
}

/// A pattern of actions: one text, case ignored, `*` and `?` anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionPattern {
    /// As written.
    pub text: String,
    /// Compiled.
    pub glob: Glob,
}

impl ActionPattern {
    /// Compiles a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            glob: Glob::wild(text, true),
        }
    }
}

/// The `Resource` or `NotResource` element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resources {
    /// `NotResource`
    pub negated: bool,
    /// The patterns.
    pub patterns: Vec<ResourcePattern>,
}

/// A pattern of resources: six fields of an ARN, or `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourcePattern {
    /// As written.
    pub text: String,
    template: Template,
    /// Compiled once, where it means the same in every policy and request: whole, and without variables.
    fixed: Option<Glob>,
}

impl ResourcePattern {
    /// `variables`: whether the document's version knows policy variables.
    #[must_use]
    pub fn new(text: &str, variables: bool) -> Self {
        let template = Template::parse(text, true, variables);
        let fixed = match template.fill_arn(&View::of(&Context::new()), Incomplete::Reject) {
            Filled::Glob(glob) if template.keys().next().is_none() => Some(glob),
            Filled::Glob(_) | Filled::Never | Filled::Undecided => None,
        };
        Self {
            text: text.to_owned(),
            template,
            fixed,
        }
    }

    /// `*`
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.template.is_everything()
    }

    /// The compiled pattern; nothing if it holds variables or can never match.
    #[must_use]
    pub fn glob(&self) -> Option<Glob> {
        match self.fill(&View::of(&Context::unknown()), Incomplete::FillIfWildcard) {
            Filled::Glob(glob) => Some(glob),
            Filled::Never | Filled::Undecided => None,
        }
    }

    /// The compiled pattern, where it is the same in every policy and request.
    pub(super) fn fixed(&self) -> Option<&Glob> {
        self.fixed.as_ref()
    }

    pub(super) fn fill(&self, view: &View<'_>, incomplete: Incomplete) -> Filled {
        match &self.fixed {
            Some(glob) => Filled::Glob(glob.clone()),
            None => self.template.fill_arn(view, incomplete),
        }
    }

    /// The same, where a request or a world settles it without a copy.
    pub(super) fn matches(&self, arn: &str, view: &View<'_>, incomplete: Incomplete) -> Tri {
        if let Some(glob) = &self.fixed {
            return Tri::from(glob.matches(arn));
        }
        match self.template.fill_arn(view, incomplete) {
            Filled::Glob(glob) => Tri::from(glob.matches(arn)),
            Filled::Never => Tri::No,
            Filled::Undecided => Tri::Undecided,
        }
    }

    /// The context keys that it is filled in from, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.template.keys()
    }

    pub(super) fn wild_type_word(&self) -> bool {
        self.template.wild_type_word()
    }

    fn is_sound(&self) -> bool {
        self.template.is_sound()
    }
}

impl Document {
    /// Reads a document, plain or URL-encoded.
    ///
    /// An unknown condition operator or a value of the wrong type is kept: such a condition never holds, and
    /// [`Statement::is_malformed`] tells of it.
    ///
    /// # Errors
    /// If the text is not a policy document. What it says is then unknown.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_about(text, &|_| true)
    }

    /// The same, and of statements whose actions are of no interest only the place is kept: they match nothing. An
    /// account holds thousands of documents, and few of their statements are about any one question.
    ///
    /// # Errors
    /// If the text is not a policy document, wherever that shows.
    pub fn parse_about(text: &str, keep: &dyn Fn(&Actions) -> bool) -> Result<Self, ParseError> {
        Self::from_json(&Json::read(text)?, keep)
    }

    /// Refuses a text that is larger than any policy of a principal or of a resource that AWS stores.
    ///
    /// For whoever asks thousands of questions about each part of a document: 20,000 principals of one policy would
    /// each be asked about 20,000 names. A key policy has at most 32 kB, a bucket policy 20 kB. Only the delegation
    /// policy of AWS Organizations may have more, 40,000 characters ("Quotas for AWS Organizations", AWS Organizations
    /// User Guide): one of over 32 kB is not evaluated.
    ///
    /// # Errors
    /// If it is larger.
    pub fn fits(text: &str) -> Result<(), ParseError> {
        let size = text.bytes().filter(|it| !it.is_ascii_whitespace()).count();
        if size > LARGEST {
            Err(ParseError::TooLarge(size))
        } else {
            Ok(())
        }
    }

    /// Statements that allow.
    pub fn allows(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(|s| s.effect == Effect::Allow)
    }

    /// Statements that deny.
    pub fn denies(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(|s| s.effect == Effect::Deny)
    }
}

impl Statement {
    /// It holds something that IAM would not have stored: an operator or a variable that we cannot read.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.conditions.iter().any(Condition::is_malformed)
            || self
                .resources
                .iter()
                .flat_map(|resources| &resources.patterns)
                .any(|pattern| !pattern.is_sound())
    }

    /// Whether all conditions hold.
    #[must_use]
    pub fn conditions_hold(&self, context: &Context) -> Tri {
        self.conditions
            .iter()
            .map(|condition| condition.holds(self.effect, context))
            .fold(Tri::Yes, Tri::and)
    }
}
