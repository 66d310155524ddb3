//! From text to a typed document; what is not a policy is refused, never guessed at.

use serde::de::{Deserialize, Deserializer, Error as _};

use super::condition::Condition;
use super::document::{
    ActionPattern, Actions, Document, Effect, ResourcePattern, Resources, Statement, Version,
};
use super::json::Json;
use super::principal::PrincipalSet;

/// Why a text is no policy document. What it allows is then unknown, not nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No JSON at all.
    #[error("not JSON: {0}")]
    Json(String),
    /// URL encoding that does not end, or that is no UTF-8.
    #[error("broken URL encoding")]
    Encoding,
    /// IAM stores no document with a key twice, and the last one need not be the one that counts.
    #[error("key {0:?} is there twice")]
    DuplicateKey(String),
    /// An element has a shape that IAM does not accept.
    #[error("{0} has a shape that no policy has")]
    Shape(&'static str),
    /// An element is missing, or two that exclude each other are there.
    #[error("{0}")]
    Elements(&'static str),
    /// A key that the policy language does not have.
    #[error("{place} has an unknown element {key:?}")]
    UnknownElement {
        /// Where it was found.
        place: &'static str,
        /// Its name.
        key: String,
    },
    /// `Effect` is neither `Allow` nor `Deny`; its case counts.
    #[error("Effect is {0:?}, not Allow or Deny")]
    Effect(String),
    /// A version of the language that does not exist.
    #[error("Version is {0:?}, not 2012-10-17 or 2008-10-17")]
    Version(String),
    /// More bytes than any document that AWS stores.
    #[error("{0} bytes are more than a policy can have")]
    TooLarge(usize),
    /// Deeper than any document that AWS stores.
    #[error("nested deeper than a policy can be")]
    TooDeep,
}

impl ParseError {
    /// The text is too much to be read, and nothing else is wrong with it as far as is known.
    #[must_use]
    pub fn is_size(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }

    pub(super) fn unexpected(place: &'static str, key: &str) -> Self {
        Self::UnknownElement {
            place,
            key: key.to_owned(),
        }
    }
}

impl Document {
    pub(super) fn from_json(
        json: &Json,
        keep: &dyn Fn(&Actions) -> bool,
    ) -> Result<Self, ParseError> {
        let Json::Object(entries) = json else {
            return Err(ParseError::Shape("the document"));
        };
        let mut version = Version::V2008;
        let mut id = None;
        let mut statements = None;
        for (key, value) in entries {
            match key.as_str() {
                "Version" => version = parse_version(value)?,
                "Id" => id = Some(text("Id", value)?.to_owned()),
                "Statement" => statements = Some(value),
                _ => return Err(ParseError::unexpected("the document", key)),
            }
        }
        let variables = version == Version::V2012;
        let statements = match statements {
            None => return Err(ParseError::Elements("there is no Statement")),
            Some(Json::List(items)) => items
                .iter()
                .map(|item| Statement::from_json(item, variables, keep))
                .collect::<Result<_, _>>()?,
            Some(single) => vec![Statement::from_json(single, variables, keep)?],
        };
        Ok(Self {
            version,
            id,
            statements,
        })
    }
}

impl<'de> Deserialize<'de> for Document {
    /// From a JSON object, not from a text that holds one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        json.check().map_err(D::Error::custom)?;
        Self::from_json(&json, &|_| true).map_err(D::Error::custom)
    }
}

impl Statement {
    /// In the place of one that nobody asks about.
    fn left_out(effect: Effect) -> Self {
        Self {
            sid: None,
            effect,
            principals: None,
            actions: Actions {
                negated: false,
                patterns: Vec::new(),
            },
            resources: None,
            conditions: Vec::new(),
        }
    }

    fn from_json(
        json: &Json,
        variables: bool,
        keep: &dyn Fn(&Actions) -> bool,
    ) -> Result<Self, ParseError> {
        let Json::Object(entries) = json else {
            return Err(ParseError::Shape("Statement"));
        };
        let (mut sid, mut effect) = (None, None);
        let (mut principals, mut actions, mut resources) = (Vec::new(), Vec::new(), Vec::new());
        let mut conditions = Vec::new();
        for (key, value) in entries {
            match key.as_str() {
                "Action" => actions.push(parse_actions(value, false)?),
                "NotAction" => actions.push(parse_actions(value, true)?),
                _ => {}
            }
        }
        let kept = actions.iter().any(keep);
        for (key, value) in entries {
            match key.as_str() {
                "Sid" => sid = Some(text("Sid", value)?.to_owned()),
                "Effect" => effect = Some(parse_effect(value)?),
                "Principal" => principals.push(PrincipalSet::parse(value, false)?),
                "NotPrincipal" => principals.push(PrincipalSet::parse(value, true)?),
                "Action" | "NotAction" => {}
                "Resource" | "NotResource" => {
                    let negated = key == "NotResource";
                    resources.push(parse_resources(value, negated, variables, kept)?);
                }
                "Condition" => conditions = parse_conditions(value, variables)?,
                _ => return Err(ParseError::unexpected("Statement", key)),
            }
        }
        if principals.len() > 1 || actions.len() > 1 || resources.len() > 1 {
            return Err(ParseError::Elements(
                "an element and its negation exclude each other",
            ));
        }
        let effect = effect.ok_or(ParseError::Elements("a statement has no Effect"))?;
        let actions = actions
            .pop()
            .ok_or(ParseError::Elements("a statement has no Action"))?;
        if !kept {
            return Ok(Self::left_out(effect));
        }
        Ok(Self {
            sid,
            effect,
            principals: principals.pop(),
            actions,
            resources: resources.pop(),
            conditions,
        })
    }
}

/// Patterns are compiled only where somebody asks for them.
fn parse_resources(
    json: &Json,
    negated: bool,
    variables: bool,
    kept: bool,
) -> Result<Resources, ParseError> {
    let texts = non_empty_texts("Resource", json)?;
    let texts = texts.into_iter().filter(|_| kept);
    let patterns = texts.map(|text| ResourcePattern::new(text, variables));
    Ok(Resources {
        negated,
        patterns: patterns.collect(),
    })
}

fn parse_version(json: &Json) -> Result<Version, ParseError> {
    match text("Version", json)? {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        other => Err(ParseError::Version(other.to_owned())),
    }
}

fn parse_effect(json: &Json) -> Result<Effect, ParseError> {
    match text("Effect", json)? {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(ParseError::Effect(other.to_owned())),
    }
}

fn parse_actions(json: &Json, negated: bool) -> Result<Actions, ParseError> {
    let patterns = non_empty_texts("Action", json)?
        .into_iter()
        .map(ActionPattern::new);
    Ok(Actions {
        negated,
        patterns: patterns.collect(),
    })
}

fn non_empty_texts<'a>(place: &'static str, json: &'a Json) -> Result<Vec<&'a str>, ParseError> {
    let texts = texts(place, json)?;
    if texts.is_empty() {
        return Err(ParseError::Shape(place));
    }
    Ok(texts)
}

fn parse_conditions(json: &Json, variables: bool) -> Result<Vec<Condition>, ParseError> {
    let Json::Object(operators) = json else {
        return Err(ParseError::Shape("Condition"));
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Json::Object(keys) = keys else {
            return Err(ParseError::Shape("Condition"));
        };
        for (key, values) in keys {
            let values = scalars(values)?;
            conditions.push(Condition::new(operator, key, values, variables));
        }
    }
    Ok(conditions)
}

fn text<'a>(place: &'static str, json: &'a Json) -> Result<&'a str, ParseError> {
    match json {
        Json::Text(text) => Ok(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            Err(ParseError::Shape(place))
        }
    }
}

/// A text, or a list of them.
pub(super) fn texts<'a>(place: &'static str, json: &'a Json) -> Result<Vec<&'a str>, ParseError> {
    if let Json::List(items) = json {
        return items.iter().map(|item| text(place, item)).collect();
    }
    Ok(vec![text(place, json)?])
}

/// Condition values: texts, booleans and numbers, one or a list.
fn scalars(json: &Json) -> Result<Vec<String>, ParseError> {
    let scalar = |json: &Json| match json {
        Json::Text(text) | Json::Number(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => Err(ParseError::Shape("Condition")),
    };
    if let Json::List(items) = json {
        return items.iter().map(scalar).collect();
    }
    Ok(vec![scalar(json)?])
}

#[cfg(test)]
mod tests {
    use super::super::context::{Context, Tri};
    use super::*;

    fn statement(body: &str) -> Result<Document, ParseError> {
        Document::parse(&format!(
            r#"{{"Version":"2012-10-17","Statement":{{{body}}}}}"#
        ))
    }

    #[test]
    fn scalars_and_lists_are_the_same() {
        let one = statement(r#""Effect":"Allow","Action":"a:B","Resource":"*""#).unwrap();
        let list = Document::parse(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:B"],"Resource":["*"]}]}"#,
        )
        .unwrap();
        assert_eq!(one, list);
    }

    #[test]
    fn statements_of_no_interest_keep_their_place_and_must_be_sound() {
        let about = |actions: &Actions| actions.matches("a:B");
        let text = |resource: &str| {
            format!(
                r#"{{"Statement":[{{"Effect":"Deny","Action":"c:*","Resource":{resource}}},{{"Effect":"Allow","Action":"a:*","Resource":"*"}}]}}"#
            )
        };
        let document = Document::parse_about(&text(r#""*""#), &about).unwrap();
        let matching = |action: &str| -> Vec<bool> {
            let statements = document.statements.iter();
            statements.map(|it| it.actions.matches(action)).collect()
        };
        assert_eq!(matching("a:B"), [false, true]);
        assert_eq!(matching("c:D"), [false, false]);
        assert!(Document::parse_about(&text("1"), &about).is_err());
    }

    #[test]
    fn condition_values_become_text() {
        let document = statement(
            r#""Effect":"Deny","Action":"*","Resource":"*",
               "Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"s3:TlsVersion":[1.2,"1.3"]}}"#,
        )
        .unwrap();
        let values: Vec<_> = document.statements[0]
            .conditions
            .iter()
            .map(|c| c.values.clone())
            .collect();
        assert_eq!(
            values,
            [
                vec!["false".to_owned()],
                vec!["1.2".to_owned(), "1.3".to_owned()]
            ]
        );
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let allow = r#""Effect":"Allow""#;
        for body in [
            format!(r#"{allow},"Resource":"*""#),
            r#""Action":"*","Resource":"*""#.to_owned(),
            r#""Effect":"allow","Action":"*","Resource":"*""#.to_owned(),
            r#""Effect":["Allow"],"Action":"*","Resource":"*""#.to_owned(),
            format!(r#"{allow},"Action":"*","NotAction":"a:*","Resource":"*""#),
            format!(r#"{allow},"Action":"*","Resource":"*","NotResource":"*""#),
            format!(r#"{allow},"Action":[],"Resource":"*""#),
            format!(r#"{allow},"Action":"*","Resource":[]"#),
            format!(r#"{allow},"Action":1,"Resource":"*""#),
            format!(r#"{allow},"Action":"*","Resource":null"#),
            format!(r#"{allow},"Action":"*","Resource":"*","Actions":"*""#),
            format!(r#"{allow},"Action":"*","Principal":"arn:aws:iam::111122223333:root""#),
            format!(r#"{allow},"Action":"*","Principal":{{"aws":"*"}}"#),
            format!(r#"{allow},"Action":"*","Principal":{{}}"#),
            format!(r#"{allow},"Action":"*","Resource":"*","Condition":{{"Bool":"true"}}"#),
            format!(r#"{allow},"Action":"*","Resource":"*","Condition":{{"Bool":{{"k":null}}}}"#),
            format!(r#"{allow},"Action":"*","Resource":"*","Condition":[]"#),
            format!(r#"{allow},"Action":"*","Action":"*","Resource":"*""#),
        ] {
            assert!(statement(&body).is_err(), "{body}");
        }
        for text in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"Version":"2012-10-18","Statement":[]}"#,
            r#"{"statement":[]}"#,
        ] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn unknown_operators_are_kept_and_told() {
        let document = statement(
            r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"aws:x":"y"}}"#,
        )
        .unwrap();
        let statement = &document.statements[0];
        assert!(statement.is_malformed());
        assert_eq!(statement.conditions_hold(&Context::unknown()), Tri::No);
    }

    #[test]
    fn actions_ignore_case_and_not_action_inverts() {
        let document =
            statement(r#""Effect":"Allow","NotAction":["IAM:*","s3:Get?bject"],"Resource":"*""#)
                .unwrap();
        let actions = &document.statements[0].actions;
        assert!(actions.matches("cloudtrail:StopLogging"));
        assert!(!actions.matches("iam:CreateUser"));
        assert!(!actions.matches("S3:GetObject"));
        assert!(actions.matches("s3:GetBObject"));
    }
}
