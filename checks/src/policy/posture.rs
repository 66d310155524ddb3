//! Questions about one document by itself, without a caller: is it public, whom does it let write, what does it grant.
//!
//! They go by what a document means, not by how it is written: `cloud*:*`, `NotAction` and a grant split over several
//! statements are seen through. Where something cannot be told, the answer is the one that hides no problem: a Deny
//! does not protect, a condition does not restrict.

use super::automaton::witnesses;
use super::condition::{Cidr, Condition, Quantifier, Test};
use super::context::{Context, Tri, View};
use super::document::{Actions, Document, Effect, ResourcePattern, Resources, Statement};
use super::glob::Glob;
use super::principal::{Caller, Principal, PrincipalSet};
use super::template::{Filled, Incomplete};

/// A statement, and where it stands in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Position in the document, from 0.
    pub index: usize,
    /// The statement.
    pub statement: &'a Statement,
}

impl Found<'_> {
    /// Its `Sid`, or its position as people count.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.statement.sid {
            Some(sid) if !sid.is_empty() => sid.clone(),
            Some(_) | None => format!("statement {}", self.index + 1),
        }
    }
}

fn found(document: &Document, effect: Effect) -> impl Iterator<Item = Found<'_>> {
    document
        .statements
        .iter()
        .enumerate()
        .map(|(index, statement)| Found { index, statement })
        .filter(move |found| found.statement.effect == effect)
}

/// Statements of a resource policy that deny `actions` on all of `resource` to everyone, in every request that has
/// these context keys.
///
/// `actions` and `resource` are patterns: `s3:*`, `arn:aws:s3:::logs/*`. What the context leaves open must not matter.
pub fn sure_denies<'a>(
    policy: &'a Document,
    actions: &str,
    resource: &str,
    context: &Context,
) -> Vec<Found<'a>> {
    let Some(resource) = arn_glob(resource) else {
        return Vec::new();
    };
    found(policy, Effect::Deny)
        .filter(|Found { statement, .. }| {
            let everyone = statement
                .principals
                .as_ref()
                .is_some_and(PrincipalSet::is_everyone);
            everyone
                && actions_cover(&statement.actions, actions)
                && resources_cover(
                    statement.resources.as_ref(),
                    &resource,
                    Incomplete::FillIfWildcard,
                )
                && statement.conditions_hold(context) == Tri::Yes
        })
        .collect()
}

/// Where a bucket policy refuses requests without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsDeny {
    /// On the bucket itself.
    pub bucket: bool,
    /// On every object in it.
    pub objects: bool,
}

impl TlsDeny {
    /// On both: only then no request goes without TLS.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.bucket && self.objects
    }
}

/// Whether a bucket policy denies everything to everyone who comes without TLS.
#[must_use]
pub fn denies_plain_http(policy: &Document, bucket_arn: &str) -> TlsDeny {
    let mut plain = Context::unknown().with("aws:SecureTransport", "false");
    // Plain requests have no TLS version.
    plain.set("s3:TlsVersion", super::context::Key::Absent);
    denies_all(policy, bucket_arn, &plain)
}

/// Whether a bucket policy denies everything to everyone who comes with this old TLS version, such as `1.1`.
#[must_use]
pub fn denies_tls_version(policy: &Document, bucket_arn: &str, version: &str) -> TlsDeny {
    let old = Context::unknown()
        .with("aws:SecureTransport", "true")
        .with("s3:TlsVersion", version);
    denies_all(policy, bucket_arn, &old)
}

fn denies_all(policy: &Document, bucket_arn: &str, context: &Context) -> TlsDeny {
    let denied = |arn: &str| !sure_denies(policy, "s3:*", arn, context).is_empty();
    TlsDeny {
        bucket: denied(bucket_arn),
        objects: denied(&format!("{bucket_arn}/*")),
    }
}

/// Statements that let a service, such as `cloudtrail.amazonaws.com`, do something on (a part of) a resource.
///
/// Conditions are not looked at: ask [`source_scope`] whom the statement's requests may come from.
#[must_use]
pub fn service_grants<'a>(
    policy: &'a Document,
    service: &str,
    action: &str,
    resource: &str,
) -> Vec<Found<'a>> {
    let caller = Caller::service(service);
    let Some(resource) = arn_glob(resource) else {
        return Vec::new();
    };
    found(policy, Effect::Allow)
        .filter(|Found { statement, .. }| {
            let named = statement
                .principals
                .as_ref()
                .and_then(|set| set.grant(&caller));
            named.is_some()
                && statement.actions.matches(action)
                && resources_overlap(
                    statement.resources.as_ref(),
                    &resource,
                    Incomplete::FillIfWildcard,
                )
        })
        .collect()
}

/// The sources that a service is meant to act for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources<'a> {
    /// ARNs, such as those of the trails that deliver here.
    pub arns: Vec<&'a str>,
    /// Accounts that own them.
    pub accounts: Vec<&'a str>,
    /// The organization.
    pub organization: Option<&'a str>,
}

/// How far a statement's conditions on the source of a service's request reach; the later, the wider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceScope {
    /// Only the given ARNs.
    Arns,
    /// Any source in the given accounts.
    Accounts,
    /// Any source in the given organization.
    Organization,
    /// Restricted, but these values admit others too.
    Wider(Vec<String>),
    /// Nothing restricts the source: anybody's requests through the service are let in.
    Anyone,
}

/// Whose requests a statement lets in through a service, by `aws:SourceArn`, `aws:SourceAccount`, `aws:SourceOrgID`.
#[must_use]
pub fn source_scope(statement: &Statement, sources: &Sources<'_>) -> SourceScope {
    statement
        .conditions
        .iter()
        .filter(|condition| restricts(condition))
        .map(|condition| scope_of(condition, sources))
        .min()
        .unwrap_or(SourceScope::Anyone)
}

fn scope_of(condition: &Condition, sources: &Sources<'_>) -> SourceScope {
    let all = |wanted: &dyn Fn(&str) -> bool| condition.values.iter().all(|value| wanted(value));
    let wider = || SourceScope::Wider(condition.values.clone());
    match condition.key.as_str() {
        "aws:sourcearn" if all(&|value| sources.arns.contains(&value)) => SourceScope::Arns,
        "aws:sourcearn" if all(&|value| in_account(value, &sources.accounts)) => {
            SourceScope::Accounts
        }
        "aws:sourceaccount" | "aws:sourceowner"
            if all(&|value| sources.accounts.contains(&value)) =>
        {
            SourceScope::Accounts
        }
        "aws:sourceorgid" if all(&|value| sources.organization == Some(value)) => {
            SourceScope::Organization
        }
        "aws:sourceorgpaths" if all(&|value| organization_of(value) == sources.organization) => {
            SourceScope::Organization
        }
        "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceowner" | "aws:sourceorgid"
        | "aws:sourceorgpaths" => wider(),
        _ => SourceScope::Anyone,
    }
}

fn in_account(arn: &str, accounts: &[&str]) -> bool {
    arn.split(':')
        .nth(4)
        .is_some_and(|account| accounts.contains(&account))
}

fn organization_of(path: &str) -> Option<&str> {
    path.split_once('/')
        .map(|(organization, _)| organization)
        .filter(|id| is_fixed(id))
}

/// The condition lets a request pass only with one of its values: no negation, no `IfExists`, and no `ForAllValues`,
/// which all hold for requests without the key.
#[must_use]
pub fn restricts(condition: &Condition) -> bool {
    let positive = match condition.operator.test {
        Test::StringEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringLike
        | Test::Arn
        | Test::IpAddress => !condition.operator.negated,
        Test::Numeric(_)
        | Test::Date(_)
        | Test::Bool
        | Test::Null
        | Test::BinaryEquals
        | Test::Unknown(_) => false,
    };
    positive
        && !condition.operator.if_exists
        && condition.operator.quantifier != Quantifier::ForAllValues
        && !condition.values.is_empty()
}

/// Statements that grant something to the public.
///
/// Follows what S3 Block Public Access calls public ("The meaning of public", Amazon S3 User Guide): an Allow for
/// everyone, unless a condition pins the caller or the source to fixed values, without wildcard or variable. An
/// `aws:SourceIp` wider than /8 (IPv4) or /32 (IPv6) is public too, private ranges aside. `NotPrincipal` with Allow is
/// everyone else. Beyond that list we also take the newer keys of the same kind as restricting (`aws:PrincipalAccount`,
/// `aws:SourceOrgID`, `kms:CallerAccount`, ..), and organization paths whose organization is fixed.
#[must_use]
pub fn public_grants(policy: &Document) -> Vec<Found<'_>> {
    found(policy, Effect::Allow)
        .filter(|Found { statement, .. }| {
            let public = statement
                .principals
                .as_ref()
                .is_some_and(|set| set.negated || set.members.contains(&Principal::Everyone));
            public && !statement.conditions.iter().any(pins)
        })
        .collect()
}

/// Whether a condition keeps the public out.
#[must_use]
pub fn pins(condition: &Condition) -> bool {
    let all = |fixed: fn(&str) -> bool| condition.values.iter().all(|value| fixed(value));
    restricts(condition)
        && match condition.key.as_str() {
            "aws:sourceip" => condition.operator.test == Test::IpAddress && all(is_narrow),
            "aws:principalorgid"
            | "aws:principalaccount"
            | "aws:principalarn"
            | "aws:principalservicename"
            | "aws:sourcearn"
            | "aws:sourcevpc"
            | "aws:sourcevpcarn"
            | "aws:sourcevpce"
            | "aws:sourceowner"
            | "aws:sourceaccount"
            | "aws:sourceorgid"
            | "aws:vpceaccount"
            | "aws:vpceorgid"
            | "kms:calleraccount"
            | "s3:dataaccesspointaccount"
            | "s3:x-amz-server-side-encryption-aws-kms-key-id" => all(is_fixed),
            "aws:userid" => all(|value| is_fixed(value) && !value.ends_with(":*")),
            "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => {
                all(|value| organization_of(value).is_some())
            }
            // The name of the access point may be a wildcard, its account may not.
            "s3:dataaccesspointarn" => all(|value| value.split(':').nth(4).is_some_and(is_fixed)),
            _ => false,
        }
}

fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

fn is_narrow(value: &str) -> bool {
    let Some(range) = Cidr::parse(value) else {
        return false;
    };
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
        .iter()
        .filter_map(|text| Cidr::parse(text))
        .any(|private| private.prefix <= range.prefix && private.contains(range.address));
    let enough = if range.address.is_ipv4() { 8 } else { 32 };
    private || range.prefix >= enough
}

/// Whether an identity policy grants every action of a pattern, such as `cloudtrail:*`, on all of a resource pattern
/// (`*` is everything), without condition, and without a Deny of its own that takes some away for sure.
#[must_use]
pub fn grants_every(policy: &Document, actions: &str, resource: &str) -> bool {
    let plain = Plain::of(policy, resource);
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
    let plain = Plain::of(policy, resource);
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

/// Whether an identity policy is administrator access: `Action *` on `Resource *`, or what comes to the same.
///
/// A grant that leaves out only what neither rules an account nor touches its record is the same, such as
/// `NotAction: aws-portal:*`. `PowerUserAccess` is not: it leaves out IAM. Neither is `iam:*` alone, though it leads
/// there: that is for the escalation graph.
#[must_use]
pub fn is_administrator(policy: &Document) -> bool {
    let unnamed = ["other-service:Other", "1:1", "z9:Z9"];
    granted(policy, &unnamed, "*").len() == unnamed.len()
        && WHAT_MATTERS
            .iter()
            .all(|service| grants_every(policy, &format!("{service}:*"), "*"))
}

/// The statements of an identity policy that apply to a resource whatever the request.
struct Plain<'a> {
    allows: Vec<&'a Statement>,
    denies: Vec<&'a Statement>,
}

impl<'a> Plain<'a> {
    fn of(policy: &'a Document, resource: &str) -> Self {
        let resource = arn_glob(if resource == "*" {
            "arn:*:*:*:*:*"
        } else {
            resource
        });
        let applies = |statement: &&Statement| {
            statement.conditions.is_empty()
                && statement.resources.is_some()
                && resource.as_ref().is_some_and(|resource| {
                    resources_cover(statement.resources.as_ref(), resource, Incomplete::Fill)
                })
        };
        Self {
            allows: policy.allows().filter(applies).collect(),
            denies: policy.denies().filter(applies).collect(),
        }
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

fn globs(actions: &Actions) -> impl Iterator<Item = &Glob> {
    actions.patterns.iter().map(|pattern| &pattern.glob)
}

/// Whether the element means every action of a pattern.
#[must_use]
pub fn actions_cover(actions: &Actions, pattern: &str) -> bool {
    let globs: Vec<&Glob> = globs(actions).collect();
    let pattern = Glob::wild(pattern, true);
    if !actions.negated
        && globs
            .iter()
            .any(|glob| glob.is_everything() || **glob == pattern)
    {
        return true;
    }
    witnesses(&globs, &pattern).is_some_and(|texts| texts.iter().all(|text| actions.matches(text)))
}

fn arn_glob(pattern: &str) -> Option<Glob> {
    ResourcePattern::new(pattern, false).glob()
}

fn compiled(resources: &Resources, incomplete: Incomplete) -> Option<Vec<Glob>> {
    let context = Context::unknown();
    let view = View::of(&context);
    let mut globs = Vec::new();
    for pattern in &resources.patterns {
        match pattern.fill(&view, incomplete) {
            Filled::Glob(glob) => globs.push(glob),
            Filled::Never => {}
            // A variable: it may match more or less than it seems.
            Filled::Undecided if resources.negated => return None,
            Filled::Undecided => {}
        }
    }
    Some(globs)
}

/// A missing element (trust policies) means the resource that the policy hangs on.
fn resources_cover(resources: Option<&Resources>, target: &Glob, incomplete: Incomplete) -> bool {
    let Some(resources) = resources else {
        return true;
    };
    let Some(globs) = compiled(resources, incomplete) else {
        return false;
    };
    if resources.negated {
        !globs.iter().any(|glob| glob.overlaps(target))
    } else {
        super::automaton::union_covers(&globs.iter().collect::<Vec<_>>(), target)
    }
}

fn resources_overlap(resources: Option<&Resources>, target: &Glob, incomplete: Incomplete) -> bool {
    let Some(resources) = resources else {
        return true;
    };
    let variable = resources
        .patterns
        .iter()
        .any(|pattern| pattern.keys().next().is_some());
    let Some(globs) = compiled(resources, incomplete) else {
        return true;
    };
    if resources.negated {
        !super::automaton::union_covers(&globs.iter().collect::<Vec<_>>(), target)
    } else {
        variable || globs.iter().any(|glob| glob.overlaps(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: &str = "arn:aws:s3:::logs";
    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";

    fn policy(statements: &str) -> Document {
        Document::parse(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        ))
        .unwrap()
    }

    fn tls(body: &str) -> (bool, bool) {
        let deny = denies_plain_http(&policy(body), BUCKET);
        (deny.bucket, deny.objects)
    }

    #[test]
    fn plain_http() {
        let deny = |principal: &str, action: &str, resource: &str, condition: &str| {
            format!(
                r#"{{"Effect":"Deny",{principal},{action},"Resource":{resource},"Condition":{condition}}}"#
            )
        };
        let (all, s3) = (r#""Principal":"*""#, r#""Action":"s3:*""#);
        let both = r#"["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#;
        let off = r#"{"Bool":{"aws:SecureTransport":"false"}}"#;
        for (expected, body) in [
            ((true, true), deny(all, s3, both, off)),
            (
                (true, true),
                deny(
                    r#""Principal":{"AWS":["*"]}"#,
                    r#""Action":"*""#,
                    "\"*\"",
                    off,
                ),
            ),
            (
                (true, true),
                deny(
                    all,
                    r#""NotAction":"iam:*""#,
                    r#""arn:aws:s3:::logs*""#,
                    off,
                ),
            ),
            (
                (true, true),
                deny(
                    all,
                    s3,
                    both,
                    r#"{"BoolIfExists":{"AWS:securetransport":false}}"#,
                ),
            ),
            (
                (true, true),
                deny(
                    all,
                    s3,
                    both,
                    r#"{"StringNotEquals":{"aws:SecureTransport":"true"}}"#,
                ),
            ),
            (
                (true, true),
                format!(
                    "{},{}",
                    deny(all, s3, r#""arn:aws:s3:::logs""#, off),
                    deny(all, s3, r#""arn:aws:s3:::logs/*""#, off)
                ),
            ),
            ((true, false), deny(all, s3, r#""arn:aws:s3:::logs""#, off)),
            (
                (false, true),
                deny(all, s3, r#""arn:aws:s3:::logs/*""#, off),
            ),
            (
                (false, false),
                deny(
                    all,
                    s3,
                    r#"["arn:aws:s3:::log","arn:aws:s3:::logs/AWSLogs/*"]"#,
                    off,
                ),
            ),
            (
                (false, false),
                deny(all, r#""Action":"s3:Get*""#, both, off),
            ),
            (
                (false, false),
                deny(all, r#""NotAction":"s3:PutObject""#, both, off),
            ),
            (
                (false, false),
                deny(r#""Principal":{"AWS":"111122223333"}"#, s3, both, off),
            ),
            (
                (false, false),
                deny(r#""NotPrincipal":{"AWS":"111122223333"}"#, s3, both, off),
            ),
            (
                (false, false),
                deny(all, s3, both, r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
            ),
            (
                (false, false),
                deny(all, s3, both, r#"{"Null":{"aws:SecureTransport":"true"}}"#),
            ),
            (
                (false, false),
                deny(
                    all,
                    s3,
                    both,
                    r#"{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
                ),
            ),
            (
                (false, false),
                deny(all, s3, both, off).replace("Deny", "Allow"),
            ),
        ] {
            assert_eq!(tls(&body), expected, "{body}");
        }
    }

    #[test]
    fn old_tls() {
        let policy = policy(
            r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],
                "Condition":{"NumericLessThan":{"s3:TlsVersion":1.2}}}"#,
        );
        assert!(denies_tls_version(&policy, BUCKET, "1.1").is_complete());
        assert!(!denies_tls_version(&policy, BUCKET, "1.2").bucket);
        assert!(!denies_plain_http(&policy, BUCKET).bucket);
    }

    fn write(condition: &str) -> Document {
        policy(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":["cloudtrail.amazonaws.com"]}},"Action":"s3:PutObject",
               "Resource":"arn:aws:s3:::logs/AWSLogs/*"{condition}}}"#
        ))
    }

    #[test]
    fn services() {
        let policy = write("");
        let grants =
            |service, action, resource| service_grants(&policy, service, action, resource).len();
        let objects = "arn:aws:s3:::logs/*";
        assert_eq!(
            grants("cloudtrail.amazonaws.com", "s3:PutObject", objects),
            1
        );
        assert_eq!(
            grants(
                "cloudtrail.amazonaws.com",
                "s3:PutObject",
                "arn:aws:s3:::logs/AWSLogs/1/x"
            ),
            1
        );
        assert_eq!(
            grants(
                "cloudtrail.amazonaws.com",
                "s3:PutObject",
                "arn:aws:s3:::logs/other/x"
            ),
            0
        );
        assert_eq!(
            grants("cloudtrail.amazonaws.com", "s3:GetObject", objects),
            0
        );
        assert_eq!(grants("config.amazonaws.com", "s3:PutObject", objects), 0);
    }

    #[test]
    fn sources() {
        let sources = Sources {
            arns: vec![TRAIL],
            accounts: vec!["111122223333"],
            organization: Some("o-abc"),
        };
        let wider = |value: &str| SourceScope::Wider(vec![value.to_owned()]);
        for (condition, expected) in [
            (String::new(), SourceScope::Anyone),
            (
                format!(r#"{{"StringEquals":{{"AWS:SourceArn":"{TRAIL}"}}}}"#),
                SourceScope::Arns,
            ),
            (
                format!(r#"{{"ArnLike":{{"aws:SourceArn":["{TRAIL}"]}}}}"#),
                SourceScope::Arns,
            ),
            (
                format!(r#"{{"ArnLike":{{"aws:SourceArn":["{TRAIL}","*"]}}}}"#),
                SourceScope::Wider(vec![TRAIL.to_owned(), "*".to_owned()]),
            ),
            (
                format!(r#"{{"StringEqualsIfExists":{{"aws:SourceArn":"{TRAIL}"}}}}"#),
                SourceScope::Anyone,
            ),
            (
                format!(r#"{{"StringNotEquals":{{"aws:SourceArn":"{TRAIL}"}}}}"#),
                SourceScope::Anyone,
            ),
            (
                format!(r#"{{"ForAllValues:StringEquals":{{"aws:SourceArn":"{TRAIL}"}}}}"#),
                SourceScope::Anyone,
            ),
            (
                r#"{"StringLike":{"aws:SourceArn":"*"}}"#.to_owned(),
                wider("*"),
            ),
            (
                r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}"#
                    .to_owned(),
                SourceScope::Accounts,
            ),
            (
                r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:*:trail/main"}}"#.to_owned(),
                wider("arn:aws:cloudtrail:*:*:trail/main"),
            ),
            (
                r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#.to_owned(),
                SourceScope::Accounts,
            ),
            (
                r#"{"StringEquals":{"aws:SourceAccount":"999922223333"}}"#.to_owned(),
                wider("999922223333"),
            ),
            (
                r#"{"StringEquals":{"aws:SourceOrgID":"o-abc"}}"#.to_owned(),
                SourceScope::Organization,
            ),
            (
                r#"{"StringEquals":{"aws:SourceOrgID":"o-xyz"}}"#.to_owned(),
                wider("o-xyz"),
            ),
            (
                r#"{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}"#.to_owned(),
                SourceScope::Anyone,
            ),
            (
                format!(
                    r#"{{"StringEquals":{{"aws:SourceArn":"{TRAIL}","aws:SourceAccount":"111122223333"}}}}"#
                ),
                SourceScope::Arns,
            ),
        ] {
            let body = if condition.is_empty() {
                String::new()
            } else {
                format!(r#","Condition":{condition}"#)
            };
            assert_eq!(
                source_scope(&write(&body).statements[0], &sources),
                expected,
                "{condition}"
            );
        }
    }

    fn public(principal: &str, condition: &str) -> bool {
        let policy = policy(&format!(
            r#"{{"Effect":"Allow",{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*","Condition":{{{condition}}}}}"#
        ));
        !public_grants(&policy).is_empty()
    }

    #[test]
    fn public_by_principal() {
        for (principal, expected) in [
            (r#""Principal":"*""#, true),
            (r#""Principal":{"AWS":"*"}"#, true),
            (r#""Principal":{"AWS":["111122223333","*"]}"#, true),
            (r#""NotPrincipal":{"AWS":"111122223333"}"#, true),
            (r#""Principal":{"AWS":"111122223333"}"#, false),
            (
                r#""Principal":{"Service":"cloudtrail.amazonaws.com"}"#,
                false,
            ),
        ] {
            assert_eq!(public(principal, ""), expected, "{principal}");
        }
        let deny = policy(r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#);
        assert!(public_grants(&deny).is_empty());
    }

    #[test]
    fn public_by_condition() {
        for (condition, expected) in [
            (r#""StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#, false),
            (r#""StringLike":{"aws:PrincipalOrgID":"o-abc"}"#, false),
            (r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#, true),
            (
                r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}"#,
                true,
            ),
            (r#""StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}"#, true),
            (
                r#""ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#,
                true,
            ),
            (
                r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/*"}"#,
                false,
            ),
            (
                r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*"}"#,
                true,
            ),
            (
                r#""StringEquals":{"aws:SourceAccount":["111122223333","${aws:x}"]}"#,
                true,
            ),
            (r#""StringEquals":{"aws:SourceVpce":"vpce-1"}"#, false),
            (r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}"#, true),
            (
                r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}"#,
                false,
            ),
            (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, true),
            (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/7"}"#, true),
            (r#""IpAddress":{"aws:SourceIp":"198.0.0.0/8"}"#, false),
            (
                r#""IpAddress":{"aws:SourceIp":["198.51.100.0/24","::/0"]}"#,
                true,
            ),
            (r#""IpAddress":{"aws:SourceIp":"2001:db8::/32"}"#, false),
            (r#""IpAddress":{"aws:SourceIp":"2000::/31"}"#, true),
            (r#""NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}"#, true),
            (r#""StringEquals":{"aws:SourceIp":"198.51.100.7"}"#, true),
            (r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#, true),
            (r#""StringEquals":{"aws:userid":"AIDAEXAMPLE"}"#, false),
            (
                r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}"#,
                false,
            ),
            (
                r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:*:accesspoint/x"}"#,
                true,
            ),
            (r#""Bool":{"aws:SecureTransport":"true"}"#, true),
            (
                r#""StringEquals":{"aws:Referer":"https://example.org"}"#,
                true,
            ),
            (r#""StringIs":{"aws:PrincipalOrgID":"o-abc"}"#, true),
        ] {
            assert_eq!(
                public(r#""Principal":"*""#, condition),
                expected,
                "{condition}"
            );
        }
    }

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
            assert_eq!(is_administrator(&policy(body)), expected, "{body}");
        }
    }
}
