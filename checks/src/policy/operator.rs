//! Condition operators, taken apart.

/// How a value is compared, without negation, quantifier and `IfExists`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// `StringEquals`
    StringEquals,
    /// `StringEqualsIgnoreCase`
    StringEqualsIgnoreCase,
    /// `StringLike`
    StringLike,
    /// `ArnEquals` and `ArnLike`, which are the same.
    Arn,
    /// `Numeric…`
    Numeric(Order),
    /// `Date…`
    Date(Order),
    /// `Bool`
    Bool,
    /// `IpAddress`
    IpAddress,
    /// `Null`
    Null,
    /// `BinaryEquals`
    BinaryEquals,
    /// An operator that IAM does not have: its condition never holds.
    Unknown(String),
}

/// How numbers and dates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// `…Equals`
    Equal,
    /// `…LessThan`
    Less,
    /// `…LessThanEquals`
    LessOrEqual,
    /// `…GreaterThan`
    Greater,
    /// `…GreaterThanEquals`
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds(self, ordering: Option<std::cmp::Ordering>) -> bool {
        ordering.is_some_and(|ordering| match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        })
    }
}

/// How the values of a multi-valued key count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantifier {
    /// No prefix: the key has one value.
    None,
    /// `ForAnyValue:`
    ForAnyValue,
    /// `ForAllValues:`, true without any value.
    ForAllValues,
}

/// A condition operator, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operator {
    /// What is compared, and how.
    pub test: Test,
    /// `…Not…`
    pub negated: bool,
    /// `ForAnyValue:` or `ForAllValues:`
    pub quantifier: Quantifier,
    /// `…IfExists`
    pub if_exists: bool,
}

impl Operator {
    /// Total: what IAM does not know becomes [`Test::Unknown`].
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("foranyvalue", rest)) => (Quantifier::ForAnyValue, rest),
            Some(("forallvalues", rest)) => (Quantifier::ForAllValues, rest),
            Some(_) | None => (Quantifier::None, lower.as_str()),
        };
        let (base, if_exists) = match rest.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (test, negated) = match base {
            "stringequals" => (Test::StringEquals, false),
            "stringnotequals" => (Test::StringEquals, true),
            "stringequalsignorecase" => (Test::StringEqualsIgnoreCase, false),
            "stringnotequalsignorecase" => (Test::StringEqualsIgnoreCase, true),
            "stringlike" => (Test::StringLike, false),
            "stringnotlike" => (Test::StringLike, true),
            "arnequals" | "arnlike" => (Test::Arn, false),
            "arnnotequals" | "arnnotlike" => (Test::Arn, true),
            "bool" => (Test::Bool, false),
            "ipaddress" => (Test::IpAddress, false),
            "notipaddress" => (Test::IpAddress, true),
            "binaryequals" => (Test::BinaryEquals, false),
            "null" if !if_exists && quantifier == Quantifier::None => (Test::Null, false),
            _ => match (base.strip_prefix("numeric"), base.strip_prefix("date")) {
                (Some(order), _) => ordered(order, Test::Numeric),
                (_, Some(order)) => ordered(order, Test::Date),
                (None, None) => None,
            }
            .unwrap_or_else(|| (Test::Unknown(name.to_owned()), false)),
        };
        Self {
            test,
            negated,
            quantifier,
            if_exists,
        }
    }
}

fn ordered(name: &str, test: fn(Order) -> Test) -> Option<(Test, bool)> {
    let (order, negated) = match name {
        "equals" => (Order::Equal, false),
        "notequals" => (Order::Equal, true),
        "lessthan" => (Order::Less, false),
        "lessthanequals" => (Order::LessOrEqual, false),
        "greaterthan" => (Order::Greater, false),
        "greaterthanequals" => (Order::GreaterOrEqual, false),
        _ => return None,
    };
    Some((test(order), negated))
}
