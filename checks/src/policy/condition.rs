//! Conditions, and whether one holds in a request.

use std::cmp::Ordering;
use std::sync::Arc;

use super::cidr::Cidr;
use super::context::{Context, Seen, Tri, Value, View};
use super::document::Effect;
use super::instant;
use super::matcher::{Matcher, boolean, number};
use super::operator::{Operator, Quantifier, Test};
use super::template::{Filled, Incomplete, Template};
use crate::text::Glob;

/// One operator, one key, and the values of which one must do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The operator as written.
    pub operator_name: String,
    /// The key, in lower case: IAM ignores its case.
    pub key: String,
    /// The key as written.
    pub key_name: String,
    /// The values as written; JSON booleans and numbers as text.
    pub values: Vec<String>,
    templates: Vec<Template>,
    malformed: bool,
    fixed: Fixed,
}

/// What the values compile to, where they have no variables: the same in every request. It follows from the other
/// fields, so it adds nothing to a comparison.
#[derive(Debug, Clone, Default)]
struct Fixed(Option<Arc<Compiled>>);

impl PartialEq for Fixed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Fixed {}

impl PartialOrd for Fixed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fixed {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl Condition {
    /// `variables`: whether the document's version knows policy variables.
    #[must_use]
    pub fn new(operator: &str, key: &str, values: Vec<String>, variables: bool) -> Self {
        let operator_name = operator.to_owned();
        let operator = Operator::parse(operator);
        let (wildcards, variables) = match operator.test {
            Test::StringLike | Test::Arn => (true, variables),
            Test::StringEquals | Test::StringEqualsIgnoreCase | Test::Bool => (false, variables),
            Test::Numeric(_)
            | Test::Date(_)
            | Test::IpAddress
            | Test::Null
            | Test::BinaryEquals
            | Test::Unknown(_) => (false, false),
        };
        let templates: Vec<Template> = values
            .iter()
            .map(|value| Template::parse(value, wildcards, variables))
            .collect();
        let mut condition = Self {
            malformed: is_malformed(&operator, &values, &templates),
            operator,
            operator_name,
            key: key.to_lowercase(),
            key_name: key.to_owned(),
            values,
            templates,
            fixed: Fixed::default(),
        };
        if condition.variables().next().is_none() {
            let compiled = condition.fill(&View::of(&Context::new()));
            condition.fixed = Fixed(Some(Arc::new(compiled)));
        }
        condition
    }

    /// IAM would not have stored it: an unknown operator, or a value that is none of its type. It never holds.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Whether another condition holds in the same requests, by how it is written.
    pub(super) fn means_same(&self, other: &Self) -> bool {
        self.operator == other.operator
            && self.key == other.key
            && self.templates == other.templates
    }

    /// The keys whose values it needs: its own, and those of the variables in its values.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str()).chain(self.variables())
    }

    /// The keys of the variables in its values.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().flat_map(Template::keys)
    }

    /// Whether it holds in a request, as part of a statement with this effect.
    #[must_use]
    pub fn holds(&self, effect: Effect, context: &Context) -> Tri {
        self.holds_in(effect, &View::of(context))
    }

    pub(super) fn holds_in(&self, effect: Effect, view: &View<'_>) -> Tri {
        let operator = &self.operator;
        if self.malformed_values() {
            return Tri::No;
        }
        let value = match view.get(&self.key) {
            Seen::Unknown => return Tri::Undecided,
            Seen::Absent => None,
            Seen::Value(value) => Some(value),
        };
        if operator.test == Test::Null {
            let wants_absent = self.values.iter().any(|v| boolean(v) == Some(true));
            let wants_present = self.values.iter().any(|v| boolean(v) == Some(false));
            return Tri::from(if value.is_none() {
                wants_absent
            } else {
                wants_present
            });
        }
        let Some(value) = value else {
            return self.holds_when_absent(effect, view);
        };
        let values = match (operator.quantifier, value) {
            // A multi-valued key needs a quantifier, even if it holds one value.
            (Quantifier::None, Value::Many(_)) => return Tri::No,
            (_, value) => value.all(),
        };
        let compiled = self.compile(view);
        let matchers = match compiled.as_ref() {
            Compiled::Broken => return Tri::No,
            Compiled::Undecided => return Tri::Undecided,
            Compiled::Matchers(matchers) => matchers,
        };
        let mut passes = values.iter().map(|value| self.passes(matchers, value));
        Tri::from(match operator.quantifier {
            Quantifier::None | Quantifier::ForAllValues => passes.all(|pass| pass),
            Quantifier::ForAnyValue => passes.any(|pass| pass),
        })
    }

    fn holds_when_absent(&self, effect: Effect, view: &View<'_>) -> Tri {
        let operator = &self.operator;
        match (operator.quantifier, operator.if_exists) {
            (Quantifier::ForAllValues, _) | (Quantifier::None, true) => Tri::Yes,
            // Open in AWS's documentation: read so that no problem is hidden.
            (Quantifier::ForAnyValue, true) => Tri::from(effect == Effect::Allow),
            (Quantifier::ForAnyValue, false) => Tri::No,
            (Quantifier::None, false) if !operator.negated => Tri::No,
            (Quantifier::None, false) => match self.compile(view).as_ref() {
                Compiled::Broken => Tri::No,
                Compiled::Undecided => Tri::Undecided,
                Compiled::Matchers(_) => Tri::Yes,
            },
        }
    }

    fn malformed_values(&self) -> bool {
        match &self.operator.test {
            Test::Unknown(_) => true,
            Test::Numeric(_) | Test::Date(_) | Test::IpAddress | Test::Null => self.is_malformed(),
            Test::StringEquals
            | Test::StringEqualsIgnoreCase
            | Test::StringLike
            | Test::Arn
            | Test::Bool
            | Test::BinaryEquals => false,
        }
    }

    /// What the values compile to.
    fn compile(&self, view: &View<'_>) -> Arc<Compiled> {
        match &self.fixed.0 {
            Some(compiled) => compiled.clone(),
            None => Arc::new(self.fill(view)),
        }
    }

    /// Fills in the variables. A value that cannot be filled in never matches; a negated condition is then broken.
    fn fill(&self, view: &View<'_>) -> Compiled {
        let mut matchers = Vec::with_capacity(self.values.len());
        let mut undecided = false;
        for (text, template) in self.values.iter().zip(&self.templates) {
            let matcher = match &self.operator.test {
                Test::Numeric(order) => number(text).map(|n| Matcher::Number(*order, n)),
                Test::Date(order) => instant::parse(text).map(|at| Matcher::Date(*order, at)),
                Test::IpAddress => Cidr::parse(text).map(Matcher::Ip),
                Test::BinaryEquals => Some(Matcher::Text(Glob::literal(text, false))),
                Test::Null | Test::Unknown(_) => None,
                test @ (Test::StringEquals
                | Test::StringEqualsIgnoreCase
                | Test::StringLike
                | Test::Arn
                | Test::Bool) => {
                    let ignore_case = matches!(test, Test::StringEqualsIgnoreCase | Test::Bool);
                    let filled = if *test == Test::Arn {
                        template.fill_arn(view, Incomplete::FillIfWildcard)
                    } else {
                        template.fill(view, ignore_case)
                    };
                    match filled {
                        Filled::Glob(glob) if *test == Test::Arn => Some(Matcher::Arn(glob)),
                        Filled::Glob(glob) if *test == Test::Bool => Matcher::bool(glob),
                        Filled::Glob(glob) => Some(Matcher::Text(glob)),
                        Filled::Never => None,
                        Filled::Undecided => {
                            undecided = true;
                            continue;
                        }
                    }
                }
            };
            match matcher {
                Some(matcher) => matchers.push(matcher),
                None if self.operator.negated => return Compiled::Broken,
                None => {}
            }
        }
        if undecided {
            return Compiled::Undecided;
        }
        Compiled::Matchers(matchers)
    }

    /// One request value against all values of the policy: any of them, or, negated, none of them.
    fn passes(&self, matchers: &[Matcher], value: &str) -> bool {
        let mut any = false;
        for matcher in matchers {
            match matcher.matches(value) {
                Some(matched) => any |= matched,
                // The request's value is none of the type: the comparison fails either way.
                None => return false,
            }
        }
        any != self.operator.negated
    }

    /// Its list has this value, whatever the operator makes of that. A lone `*` lists nothing in particular.
    pub(super) fn lists(&self, value: &Value, view: &View<'_>) -> bool {
        if self.operator.test == Test::Null || self.values.iter().any(|it| it == "*") {
            return false;
        }
        let matchers = self.matchers(view).unwrap_or_default();
        let matches = |text: &String| {
            let mut each = matchers.iter();
            each.any(|it| it.matches(text) == Some(true))
        };
        value.all().iter().any(matches)
    }

    /// The ranges of addresses that it lists.
    pub(super) fn ranges(&self, view: &View<'_>) -> Vec<Cidr> {
        let matchers = self.matchers(view).unwrap_or_default().into_iter();
        let range = |matcher: Matcher| {
            let Matcher::Ip(range) = matcher else {
                return None;
            };
            Some(range)
        };
        matchers.filter_map(range).collect()
    }

    pub(super) fn matchers(&self, view: &View<'_>) -> Option<Vec<Matcher>> {
        match self.compile(view).as_ref() {
            Compiled::Matchers(matchers) => Some(matchers.clone()),
            Compiled::Broken | Compiled::Undecided => None,
        }
    }
}

fn is_malformed(operator: &Operator, values: &[String], templates: &[Template]) -> bool {
    let bad = |value: &String| match &operator.test {
        Test::Numeric(_) => number(value).is_none(),
        Test::Date(_) => instant::parse(value).is_none(),
        Test::IpAddress => Cidr::parse(value).is_none(),
        Test::Null => boolean(value).is_none(),
        Test::Bool => boolean(value).is_none() && !value.contains("${"),
        Test::Unknown(_) => true,
        Test::StringEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringLike
        | Test::Arn
        | Test::BinaryEquals => false,
    };
    matches!(operator.test, Test::Unknown(_))
        || values.iter().any(bad)
        || !templates.iter().all(Template::is_sound)
}

#[derive(Debug)]
enum Compiled {
    Matchers(Vec<Matcher>),
    Broken,
    Undecided,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, values: &[&str], context: &Context) -> Tri {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Condition::new(operator, "k", values, true).holds(Effect::Allow, context)
    }

    #[test]
    fn single_values() {
        let table: &[(&str, &[&str], &str, bool)] = &[
            ("StringEquals", &["a", "b"], "b", true),
            ("StringEquals", &["a*"], "ab", false),
            ("StringEquals", &["a"], "A", false),
            ("StringEqualsIgnoreCase", &["AbC"], "aBc", true),
            ("StringNotEquals", &["a", "b"], "b", false),
            ("StringNotEquals", &["a", "b"], "c", true),
            ("StringLike", &["a*"], "ab", true),
            ("StringLike", &["A*"], "ab", false),
            ("StringNotLike", &["a*", "b*"], "bx", false),
            ("ArnEquals", &["arn:aws:s3:::x*"], "arn:aws:s3:::xy", true),
            ("ArnLike", &["arn:*:x"], "arn:aws:s3:::x", false),
            ("ArnNotLike", &["arn:aws:s3:::x"], "arn:aws:s3:::y", true),
            ("ArnNotLike", &["arn:aws:s3:::x"], "no arn", false),
            ("NumericLessThan", &["10"], "9.5", true),
            ("NumericLessThan", &["10"], "10", false),
            ("NumericGreaterThanEquals", &["10"], "1e1", true),
            ("NumericNotEquals", &["10"], "10.0", false),
            ("NumericEquals", &["ten"], "10", false),
            ("NumericNotEquals", &["ten"], "10", false),
            (
                "DateLessThan",
                &["2026-01-01T00:00:00Z"],
                "1767225599",
                true,
            ),
            (
                "DateGreaterThan",
                &["2026-01-01T00:00:00Z"],
                "2026-01-01T01:00:00+02:00",
                false,
            ),
            ("Bool", &["TRUE"], "true", true),
            ("Bool", &["true"], "yes", false),
            ("IpAddress", &["10.0.0.7/8"], "10.9.9.9", true),
            ("IpAddress", &["0.0.0.0/0"], "::1", false),
            ("NotIpAddress", &["10.0.0.0/8"], "::1", true),
            ("IpAddress", &["2001:db8::/32"], "2001:db8::1", true),
            ("IpAddress", &["10.0.0.1"], "10.0.0.2", false),
            ("NotIpAddress", &["10.0.0.0/33"], "11.0.0.1", false),
            ("BinaryEquals", &["QQ=="], "QQ==", true),
            ("StringLikes", &["*"], "a", false),
            ("Null", &["false"], "a", true),
            ("Null", &["true"], "a", false),
        ];
        for (operator, values, value, expected) in table {
            let context = Context::new().with("K", value);
            assert_eq!(
                holds(operator, values, &context),
                (*expected).into(),
                "{operator} {values:?} {value}"
            );
        }
    }

    #[test]
    fn absent_keys() {
        let none = Context::new();
        for (operator, expected) in [
            ("StringEquals", Tri::No),
            ("StringNotEquals", Tri::Yes),
            ("StringEqualsIfExists", Tri::Yes),
            ("ForAnyValue:StringEquals", Tri::No),
            ("ForAnyValue:StringNotEquals", Tri::No),
            ("ForAllValues:StringEquals", Tri::Yes),
            ("ForAnyValue:StringEqualsIfExists", Tri::Yes),
        ] {
            assert_eq!(holds(operator, &["a"], &none), expected, "{operator}");
        }
        let open = Condition::new(
            "ForAnyValue:StringLikeIfExists",
            "k",
            vec!["a".into()],
            true,
        );
        assert_eq!(open.holds(Effect::Deny, &none), Tri::No);
        assert_eq!(holds("Null", &["true"], &none), Tri::Yes);
        assert_eq!(
            holds("StringEquals", &["a"], &Context::unknown()),
            Tri::Undecided
        );
    }

    #[test]
    fn several_values() {
        let two = Context::new().with_list("k", ["a", "b"]);
        for (operator, values, expected) in [
            ("StringEquals", ["a", "b"], false),
            ("StringNotEquals", ["x", "y"], false),
            ("ForAnyValue:StringEquals", ["a", "x"], true),
            ("ForAnyValue:StringEquals", ["x", "y"], false),
            ("ForAllValues:StringEquals", ["a", "b"], true),
            ("ForAllValues:StringEquals", ["a", "x"], false),
            ("ForAnyValue:StringNotEquals", ["a", "x"], true),
            ("ForAllValues:StringNotEquals", ["a", "x"], false),
        ] {
            assert_eq!(
                holds(operator, &values, &two),
                expected.into(),
                "{operator} {values:?}"
            );
        }
        let empty = Context::new().with_list("k", []);
        assert_eq!(holds("ForAllValues:StringEquals", &["a"], &empty), Tri::Yes);
        assert_eq!(holds("Null", &["true"], &empty), Tri::Yes);
    }

    #[test]
    fn variables_without_a_value() {
        let context = Context::new().with("k", "a");
        assert_eq!(holds("StringEquals", &["${none}", "a"], &context), Tri::Yes);
        assert_eq!(
            holds("StringNotEquals", &["${none}", "b"], &context),
            Tri::No
        );
        assert_eq!(holds("StringEquals", &["${none, 'a'}"], &context), Tri::Yes);
        assert_eq!(
            holds("StringNotEquals", &["${none}"], &Context::new()),
            Tri::No
        );
        assert_eq!(
            holds("StringEquals", &["${*}"], &Context::new().with("k", "*")),
            Tri::Yes
        );
    }
}
