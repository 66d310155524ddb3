//! Statements that do not do what they seem to do.

use super::super::condition::Condition;
use super::super::document::{Document, Effect, Statement};
use super::super::operator::{Quantifier, Test};
use super::Found;

/// What is deceptive about a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pitfall {
    /// An Allow whose only word on a key is `ForAllValues`: it grants to requests without the key as well. Add
    /// `"Null": {key: "false"}`.
    ForAllValuesWithoutKey,
    /// A Deny without MFA by `Bool … false`: long-term access keys carry no MFA key at all, so it does not stop them.
    /// Use `BoolIfExists`.
    MfaDenyMissesAccessKeys,
    /// An Allow with `NotPrincipal`: everyone else, anonymous callers included.
    AllowNotPrincipal,
    /// It holds what IAM would not have stored. Such a condition is never true.
    Malformed,
    /// It names a deleted principal, which matches nobody.
    DeletedPrincipal,
}

/// All pitfalls of a document, statement by statement.
#[must_use]
pub fn pitfalls(document: &Document) -> Vec<(Found<'_>, Pitfall)> {
    let mut all = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        let tests: [(bool, Pitfall); 5] = [
            (
                for_all_values_without_key(statement),
                Pitfall::ForAllValuesWithoutKey,
            ),
            (
                mfa_deny_misses_access_keys(statement),
                Pitfall::MfaDenyMissesAccessKeys,
            ),
            (allow_not_principal(statement), Pitfall::AllowNotPrincipal),
            (statement.is_malformed(), Pitfall::Malformed),
            (names_deleted(statement), Pitfall::DeletedPrincipal),
        ];
        let found = Found { index, statement };
        all.extend(
            tests
                .iter()
                .filter(|(hit, _)| *hit)
                .map(|(_, pitfall)| (found, *pitfall)),
        );
    }
    all
}

fn for_all_values_without_key(statement: &Statement) -> bool {
    // Another condition on the key that fails without it: a positive one, or Null false.
    let demands = |other: &Condition| match &other.operator.test {
        Test::Null => !other
            .values
            .iter()
            .any(|value| value.eq_ignore_ascii_case("true")),
        Test::StringEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringLike
        | Test::Arn
        | Test::Numeric(_)
        | Test::Date(_)
        | Test::Bool
        | Test::IpAddress
        | Test::BinaryEquals
        | Test::Unknown(_) => {
            other.operator.quantifier != Quantifier::ForAllValues
                && !other.operator.if_exists
                && (!other.operator.negated || other.operator.quantifier == Quantifier::ForAnyValue)
        }
    };
    statement.effect == Effect::Allow
        && statement
            .conditions
            .iter()
            .filter(|condition| condition.operator.quantifier == Quantifier::ForAllValues)
            .any(|own| {
                !statement
                    .conditions
                    .iter()
                    .any(|other| other.key == own.key && demands(other))
            })
}

fn mfa_deny_misses_access_keys(statement: &Statement) -> bool {
    statement.effect == Effect::Deny
        && statement.conditions.iter().any(|condition| {
            condition.key == "aws:multifactorauthpresent"
                && condition.operator.test == Test::Bool
                && !condition.operator.if_exists
                && condition
                    .values
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case("false"))
        })
}

fn allow_not_principal(statement: &Statement) -> bool {
    statement.effect == Effect::Allow
        && statement.principals.as_ref().is_some_and(|set| set.negated)
}

fn names_deleted(statement: &Statement) -> bool {
    let members = statement.principals.iter().flat_map(|set| &set.members);
    members.into_iter().any(|member| member.is_deleted())
}

#[cfg(test)]
mod tests {
    use super::super::policy_of;
    use super::*;

    #[test]
    fn each_with_its_near_miss() {
        let allow =
            |rest: &str| format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*",{rest}}}"#);
        let deny =
            |rest: &str| format!(r#"{{"Effect":"Deny","Action":"*","Resource":"*",{rest}}}"#);
        let all = r#""ForAllValues:StringEquals":{"aws:TagKeys":"a"}"#;
        for (statement, expected) in [
            (
                allow(&format!(r#""Condition":{{{all}}}"#)),
                Some(Pitfall::ForAllValuesWithoutKey),
            ),
            (
                allow(&format!(
                    r#""Condition":{{{all},"Null":{{"aws:tagkeys":"false"}}}}"#
                )),
                None,
            ),
            (
                allow(&format!(
                    r#""Condition":{{{all},"Null":{{"aws:tagkeys":"true"}}}}"#
                )),
                Some(Pitfall::ForAllValuesWithoutKey),
            ),
            (
                allow(&format!(
                    r#""Condition":{{{all},"Null":{{"aws:other":"false"}}}}"#
                )),
                Some(Pitfall::ForAllValuesWithoutKey),
            ),
            (
                allow(&format!(
                    r#""Condition":{{{all},"ForAnyValue:StringLike":{{"aws:TagKeys":"*"}}}}"#
                )),
                None,
            ),
            (deny(&format!(r#""Condition":{{{all}}}"#)), None),
            (
                deny(r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#),
                Some(Pitfall::MfaDenyMissesAccessKeys),
            ),
            (
                deny(r#""Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#),
                None,
            ),
            (
                deny(r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
                None,
            ),
            (
                allow(r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#),
                None,
            ),
            (
                allow(r#""NotPrincipal":{"AWS":"111122223333"}"#),
                Some(Pitfall::AllowNotPrincipal),
            ),
            (deny(r#""NotPrincipal":{"AWS":"111122223333"}"#), None),
            (
                allow(r#""Condition":{"StringIs":{"aws:x":"a"}}"#),
                Some(Pitfall::Malformed),
            ),
            (allow(r#""Condition":{"StringEquals":{"aws:x":"a"}}"#), None),
            (
                allow(r#""Principal":{"AWS":"AROAEXAMPLE"}"#),
                Some(Pitfall::DeletedPrincipal),
            ),
            (
                allow(r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/AROAEXAMPLE"}"#),
                None,
            ),
        ] {
            let document = policy_of(&statement);
            let found: Vec<Pitfall> = pitfalls(&document).into_iter().map(|(_, p)| p).collect();
            assert_eq!(found, Vec::from_iter(expected), "{statement}");
        }
    }
}
