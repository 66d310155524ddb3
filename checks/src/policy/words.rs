//! Residual conditions in words.

use std::fmt;

use super::atoms::AtomTest;
use super::operator::{Operator, Order, Quantifier, Test};
use super::residual::{Literal, Residual};

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.alternatives.iter().enumerate() {
            if index > 0 {
                f.write_str("; or ")?;
            }
            for (index, literal) in term.iter().enumerate() {
                let and = if index > 0 { " and " } else { "" };
                write!(f, "{and}{literal}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            AtomTest::Resource(pattern) if self.holds => write!(f, "on resources {pattern}"),
            AtomTest::Resource(pattern) => write!(f, "on resources other than {pattern}"),
            AtomTest::Condition {
                operator,
                key,
                values,
            } => self.condition(&Operator::parse(operator), operator, (key, values), f),
        }
    }
}

impl Literal {
    /// A condition on the values of a key that has several.
    fn quantified(
        &self,
        operator: &Operator,
        key: &str,
        all: &str,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let all = negated(operator, all);
        match (operator.quantifier, self.holds) {
            (Quantifier::ForAllValues, true) => write!(f, "{key} has no value but {all}"),
            (Quantifier::ForAllValues, false) => write!(f, "{key} has a value other than {all}"),
            (Quantifier::ForAnyValue, true) => write!(f, "{key} has the value {all}"),
            (Quantifier::ForAnyValue, false) => write!(f, "{key} has no value {all}"),
            (Quantifier::None, _) => Ok(()),
        }
    }

    fn condition(
        &self,
        operator: &Operator,
        name: &str,
        (key, values): (&str, &[String]),
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        // Whether the request's value must be one of these, and whether it may be absent.
        let is = self.holds != operator.negated;
        let absent = self.may_be_absent
            && match (operator.negated, self.holds) {
                (false, holds) => operator.if_exists == holds,
                (true, holds) => holds,
            };
        if let Some(words) = short(operator, key, values, (is, absent)) {
            return f.write_str(words);
        }
        let all = values.join(" or ");
        if operator.quantifier != Quantifier::None {
            return self.quantified(operator, key, &all, f);
        }
        let absent = if absent { " absent or" } else { "" };
        match &operator.test {
            Test::Null => {
                let wants = values.iter().any(|it| it.eq_ignore_ascii_case("true"));
                let there = if wants == self.holds {
                    "absent"
                } else {
                    "present"
                };
                write!(f, "{key} is {there}")
            }
            Test::Numeric(order) => write!(f, "{key} is{absent} {} {all}", number(*order, is)),
            Test::Date(order) => write!(f, "{key} is{absent} {} {all}", date(*order, is)),
            Test::IpAddress if is => write!(f, "{key} is{absent} in {all}"),
            Test::IpAddress => write!(f, "{key} is{absent} not in {all}"),
            Test::StringEquals
            | Test::StringEqualsIgnoreCase
            | Test::StringLike
            | Test::Arn
            | Test::Bool
            | Test::BinaryEquals
                if is =>
            {
                write!(f, "{key} is{absent} {all}")
            }
            Test::StringEquals
            | Test::StringEqualsIgnoreCase
            | Test::StringLike
            | Test::Arn
            | Test::Bool
            | Test::BinaryEquals => write!(f, "{key} is{absent} not {all}"),
            Test::Unknown(_) => write!(f, "{name} {key} {all}"),
        }
    }
}

fn negated(operator: &Operator, all: &str) -> String {
    match operator.negated {
        true => format!("not {all}"),
        false => all.to_owned(),
    }
}

/// The conditions that people know by a name. `is`: the value is one of these, `absent`: or there is none.
fn short(
    operator: &Operator,
    key: &str,
    values: &[String],
    (is, absent): (bool, bool),
) -> Option<&'static str> {
    let [value] = values else { return None };
    let value = value.eq_ignore_ascii_case("true");
    if operator.test != Test::Bool {
        return None;
    }
    match (key.to_ascii_lowercase().as_str(), is == value, absent) {
        ("aws:multifactorauthpresent", true, true) => {
            Some("with access keys (no MFA information), or with MFA")
        }
        ("aws:multifactorauthpresent", true, false) => Some("with MFA"),
        ("aws:multifactorauthpresent", false, _) => Some("without MFA"),
        ("aws:securetransport", true, _) => Some("only over TLS"),
        ("aws:securetransport", false, _) => Some("without TLS"),
        ("aws:viaawsservice", true, _) => Some("through an AWS service"),
        ("aws:viaawsservice", false, _) => Some("not through an AWS service"),
        _ => None,
    }
}

fn number(order: Order, is: bool) -> &'static str {
    match (order, is) {
        (Order::Equal, true) => "equal to",
        (Order::Equal, false) => "not equal to",
        (Order::Less, true) | (Order::GreaterOrEqual, false) => "less than",
        (Order::LessOrEqual, true) | (Order::Greater, false) => "at most",
        (Order::Greater, true) | (Order::LessOrEqual, false) => "more than",
        (Order::GreaterOrEqual, true) | (Order::Less, false) => "at least",
    }
}

fn date(order: Order, is: bool) -> &'static str {
    match (order, is) {
        (Order::Equal, true) => "at",
        (Order::Equal, false) => "not at",
        (Order::Less, true) | (Order::GreaterOrEqual, false) => "before",
        (Order::LessOrEqual, true) | (Order::Greater, false) => "at or before",
        (Order::Greater, true) | (Order::LessOrEqual, false) => "after",
        (Order::GreaterOrEqual, true) | (Order::Less, false) => "at or after",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(operator: &str, key: &str, value: &str, holds: bool, may_be_absent: bool) -> String {
        let test = AtomTest::Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: vec![value.to_owned()],
        };
        let literal = Literal {
            test,
            holds,
            may_be_absent,
            statements: Vec::new(),
        };
        literal.to_string()
    }

    #[test]
    fn conditions_in_words() {
        let mfa = "aws:MultiFactorAuthPresent";
        let keys = "with access keys (no MFA information), or with MFA";
        for (operator, value, holds, absent, expected) in [
            ("Bool", "false", false, true, keys),
            ("Bool", "false", false, false, "with MFA"),
            ("BoolIfExists", "false", false, true, "with MFA"),
            ("BoolIfExists", "true", true, true, keys),
            ("Bool", "true", true, true, "with MFA"),
            ("Bool", "true", false, false, "without MFA"),
        ] {
            assert_eq!(words(operator, mfa, value, holds, absent), expected);
        }
        for (operator, key, value, holds, expected) in [
            (
                "Bool",
                "aws:SecureTransport",
                "false",
                false,
                "only over TLS",
            ),
            (
                "StringNotEquals",
                "aws:SourceVpce",
                "vpce-1",
                true,
                "aws:SourceVpce is absent or not vpce-1",
            ),
            (
                "StringNotEquals",
                "aws:SourceVpce",
                "vpce-1",
                false,
                "aws:SourceVpce is vpce-1",
            ),
            (
                "StringEqualsIfExists",
                "aws:SourceVpce",
                "vpce-1",
                true,
                "aws:SourceVpce is absent or vpce-1",
            ),
            (
                "NotIpAddress",
                "aws:SourceIp",
                "192.0.2.0/24",
                false,
                "aws:SourceIp is in 192.0.2.0/24",
            ),
            (
                "Null",
                "aws:SourceIp",
                "true",
                true,
                "aws:SourceIp is absent",
            ),
            (
                "Null",
                "aws:SourceIp",
                "true",
                false,
                "aws:SourceIp is present",
            ),
            (
                "DateLessThan",
                "aws:TokenIssueTime",
                "2025-01-01",
                false,
                "aws:TokenIssueTime is absent or at or after 2025-01-01",
            ),
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                "3600",
                true,
                "aws:MultiFactorAuthAge is less than 3600",
            ),
            (
                "ForAllValues:StringEquals",
                "aws:TagKeys",
                "team",
                true,
                "aws:TagKeys has no value but team",
            ),
        ] {
            assert_eq!(words(operator, key, value, holds, true), expected);
        }
    }
}
