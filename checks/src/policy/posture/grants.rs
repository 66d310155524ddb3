//! What does an identity policy grant, without condition and on everything?

use super::super::document::{Actions, Document, Effect, Statement};
use super::super::template::Incomplete;
use super::{arn_glob, globs, resources_cover};
use crate::text::{Glob, witnesses};

/// Whether an identity policy grants every action of a pattern, such as `cloudtrail:*`, on all of a resource pattern
/// (`*` is everything), without condition, and without a Deny of its own that takes some away for sure.
#[must_use]
pub fn grants_every(policy: &Document, actions: &str, resource: &str) -> bool {
    let all = policy.statements.iter();
    every(&Plain::of(all, resource, Taken::Plain, |_| true), actions)
}

fn every(plain: &Plain<'_>, actions: &str) -> bool {
    // The common case, without a walk.
    let everything =
        |s: &&Statement| !s.actions.negated && globs(&s.actions).any(Glob::is_everything);
    if plain.denies.is_empty() && plain.allows.iter().any(everything) {
        return true;
    }
    let globs: Vec<&Glob> = plain
        .allows
        .iter()
        .chain(&plain.denies)
        .flat_map(|s| globs(&s.actions))
        .collect();
    // No action has an empty name.
    let target = match actions.strip_suffix(":*") {
        Some(service) => format!("{service}:?*"),
        None => actions.to_owned(),
    };
    witnesses(&globs, &Glob::wild(&target, true))
        .is_some_and(|actions| actions.iter().all(|action| plain.grants(action)))
}

/// Which of these actions an identity policy grants on all of a resource pattern, without condition.
#[must_use]
pub fn granted<'a>(policy: &Document, actions: &[&'a str], resource: &str) -> Vec<&'a str> {
    let all = policy.statements.iter();
    some(all, actions, resource, Taken::Plain)
}

/// The same of statements, where a right that is held under a condition is held all the same: it may be met.
#[must_use]
pub fn held<'a>(statements: &[&Statement], actions: &[&'a str], resource: &str) -> Vec<&'a str> {
    let all = statements.iter().copied();
    some(all, actions, resource, Taken::Held)
}

fn some<'a, 's>(
    statements: impl Iterator<Item = &'s Statement>,
    actions: &[&'a str],
    resource: &str,
    taken: Taken,
) -> Vec<&'a str> {
    // Statements that name none of them make no difference.
    let asked = |own: &Actions| actions.iter().any(|action| own.matches(action));
    let plain = Plain::of(statements, resource, taken, asked);
    actions
        .iter()
        .copied()
        .filter(|action| plain.grants(action))
        .collect()
}

/// Services through which whoever holds all of their actions rules an account or blinds its record.
const WHAT_MATTERS: [&str; 16] = [
    "account",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "config",
    "ec2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "s3",
    "sns",
    "ssm",
    "sts",
];

/// Whether an identity policy is administrator access: `Action *` on `Resource *`, or what comes to the same. A right
/// that is held under a condition is held all the same.
///
/// A grant that leaves out only what neither rules an account nor touches its record is the same, such as
/// `NotAction: aws-portal:*`. `PowerUserAccess` is not: it leaves out IAM. Neither is `iam:*` alone, though it leads
/// there: that is for the escalation graph.
#[must_use]
pub fn is_administrator(statements: &[&Statement]) -> bool {
    let unnamed = ["other-service:Other", "1:1", "z9:Z9"];
    let all = || statements.iter().copied();
    if some(all(), &unnamed, "*", Taken::Held).len() < unnamed.len() {
        return false;
    }
    let plain = Plain::of(all(), "*", Taken::Held, |_| true);
    let mut services = WHAT_MATTERS.iter();
    services.all(|service| every(&plain, &format!("{service}:*")))
}

/// Which statements count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Those without a condition.
    Plain,
    /// Those, and Allows under one.
    Held,
}

/// The statements of an identity policy that apply to a resource whatever the request.
struct Plain<'a> {
    allows: Vec<&'a Statement>,
    denies: Vec<&'a Statement>,
}

impl<'a> Plain<'a> {
    fn of(
        statements: impl Iterator<Item = &'a Statement>,
        resource: &str,
        taken: Taken,
        asked: impl Fn(&Actions) -> bool,
    ) -> Self {
        let resource = arn_glob(if resource == "*" {
            "arn:*:*:*:*:*"
        } else {
            resource
        });
        let applies = |statement: &&Statement| {
            let held = taken == Taken::Held && statement.effect == Effect::Allow;
            (held || statement.conditions.is_empty())
                && asked(&statement.actions)
                && statement.resources.is_some()
                && resource.as_ref().is_some_and(|resource| {
                    resources_cover(statement.resources.as_ref(), resource, Incomplete::Fill)
                })
        };
        let (allows, denies) = statements
            .filter(applies)
            .partition(|it| it.effect == Effect::Allow);
        Self { allows, denies }
    }

    fn grants(&self, action: &str) -> bool {
        self.allows
            .iter()
            .any(|statement| statement.actions.matches(action))
            && !self
                .denies
                .iter()
                .any(|statement| statement.actions.matches(action))
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy_of as policy;
    use super::*;

    #[test]
    fn full_cloudtrail() {
        let allow = |body: &str| format!(r#"{{"Effect":"Allow",{body}}}"#);
        let on_all = r#""Resource":"*""#;
        for (body, expected) in [
            (allow(&format!(r#""Action":"cloudtrail:*",{on_all}"#)), true),
            (
                allow(&format!(r#""Action":"CloudTrail:?*",{on_all}"#)),
                true,
            ),
            (allow(&format!(r#""Action":"cloud*:*",{on_all}"#)), true),
            (allow(&format!(r#""Action":["*"],{on_all}"#)), true),
            (allow(&format!(r#""NotAction":"iam:*",{on_all}"#)), true),
            (allow(r#""Action":"cloudtrail:*","Resource":"arn:*""#), true),
            (
                allow(r#""Action":"cloudtrail:*","Resource":"arn:aws:cloudtrail:*:*:*""#),
                false,
            ),
            (
                allow(&format!(r#""Action":"cloudtrail:S*",{on_all}"#)),
                false,
            ),
            (
                allow(&format!(r#""NotAction":"cloudtrail:StopLogging",{on_all}"#)),
                false,
            ),
            (
                allow(&format!(
                    r#""Action":"cloudtrail:*",{on_all},"Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}}}}"#
                )),
                false,
            ),
            (
                format!(
                    "{},{}",
                    allow(&format!(r#""NotAction":"cloudtrail:*",{on_all}"#)),
                    allow(&format!(r#""Action":"cloudtrail:*",{on_all}"#))
                ),
                true,
            ),
            (
                format!(
                    r#"{},{{"Effect":"Deny","Action":"cloudtrail:Stop*",{on_all}}}"#,
                    allow(&format!(r#""Action":"*",{on_all}"#))
                ),
                false,
            ),
            (
                format!(
                    r#"{},{{"Effect":"Deny","Action":"cloudtrail:Stop*","Resource":"arn:aws:cloudtrail:*:*:trail/x"}}"#,
                    allow(&format!(r#""Action":"*",{on_all}"#))
                ),
                true,
            ),
        ] {
            assert_eq!(
                grants_every(&policy(&body), "cloudtrail:*", "*"),
                expected,
                "{body}"
            );
        }
        let some = policy(r#"{"Effect":"Allow","Action":"cloudtrail:St*","Resource":"*"}"#);
        assert_eq!(
            granted(
                &some,
                &["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"],
                "*"
            ),
            ["cloudtrail:StopLogging"]
        );
        let trails = policy(
            r#"{"Effect":"Allow","Action":"cloudtrail:*","Resource":"arn:aws:cloudtrail:*:*:*"}"#,
        );
        assert!(grants_every(
            &trails,
            "cloudtrail:*",
            "arn:aws:cloudtrail:*:*:*"
        ));
    }

    #[test]
    fn administrators() {
        for (body, expected) in [
            (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, true),
            (
                r#"{"Effect":"Allow","Action":"*:*","Resource":["*"]}"#,
                true,
            ),
            (
                r#"{"Effect":"Allow","Action":["**"],"Resource":"arn:*:*:*:*:*"}"#,
                true,
            ),
            (
                r#"{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}"#,
                true,
            ),
            (
                r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}"#,
                false,
            ),
            (
                r#"{"Effect":"Allow","NotAction":"cloudtrail:StopLogging","Resource":"*"}"#,
                false,
            ),
            (
                r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
                false,
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*"}"#,
                false,
            ),
            (r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, false),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}"#,
                false,
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"aws-portal:*","Resource":"*"}"#,
                true,
            ),
        ] {
            let policy = policy(body);
            let statements: Vec<&Statement> = policy.statements.iter().collect();
            assert_eq!(is_administrator(&statements), expected, "{body}");
        }
    }
}
