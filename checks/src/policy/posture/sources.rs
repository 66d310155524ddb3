//! Whom does a statement let write through an AWS service?

use super::super::condition::Condition;
use super::super::context::{Context, Key, Tri};
use super::super::document::{Document, Effect, Statement};
use super::super::principal::Caller;
use super::super::template::Incomplete;
use super::{Found, arn_glob, found, organization_of, resources_overlap, restricts};

/// Condition keys about the caller that a request made by a service principal itself does not carry.
///
/// "AWS global condition context keys" (IAM User Guide) describes them as properties of the IAM principal that made the
/// request; a service principal belongs to no account and no organization. `kms:ViaService` is there only where
/// another service forwards the request of a principal ("AWS KMS condition keys", KMS Developer Guide). Assumed for
/// CloudTrail, which calls KMS and S3 by its own name. `kms:CallerAccount` is left open: what it holds for a service
/// principal is not documented, so a statement that rests on it alone counts as open to the service. The keys on VPCs
/// and endpoints are there only for requests that come through an endpoint ("Properties of the network"), those on
/// access points only for requests through one.
const NOT_OF_SERVICES: [&str; 29] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:username",
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:tokenissuetime",
    "aws:federatedprovider",
    "aws:sourceidentity",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourcevpcarn",
    "aws:vpcsourceip",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:ec2instancesourcevpc",
    "aws:ec2instancesourceprivateipv4",
    "ec2:sourceinstancearn",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
    "kms:viaservice",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
    "s3:accesspointnetworkorigin",
];

/// What is known of every request that a service makes by its own name.
#[must_use]
pub fn direct_call(service: &str) -> Context {
    let mut context = Context::of_caller(&Caller::service(service));
    for key in NOT_OF_SERVICES {
        context.set(key, Key::Absent);
    }
    context.close("aws:PrincipalTag/");
    context
}

/// Statements that let a service, such as `cloudtrail.amazonaws.com`, do something on (a part of) a resource.
///
/// A statement whose conditions no direct call of the service can meet lets it do nothing. The conditions on the source
/// are not evaluated: ask [`source_scope`] whom the statement's requests may come from.
#[must_use]
pub fn service_grants<'a>(
    policy: &'a Document,
    service: &str,
    action: &str,
    resource: &str,
) -> Vec<Found<'a>> {
    let caller = Caller::service(service);
    let call = direct_call(service);
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
                && statement.conditions_hold(&call) != Tri::No
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

#[cfg(test)]
mod tests {
    use super::super::policy_of as policy;
    use super::*;

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";

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
    fn a_direct_call_carries_no_key_about_an_iam_principal() {
        let admits = |principal: &str, condition: &str| {
            let policy = policy(&format!(
                r#"{{"Effect":"Allow","Principal":{principal},"Action":"kms:*","Resource":"*","Condition":{{{condition}}}}}"#
            ));
            let grants = service_grants(
                &policy,
                "cloudtrail.amazonaws.com",
                "kms:GenerateDataKey",
                "arn:*:kms:*:*:*",
            );
            !grants.is_empty()
        };
        for (condition, expected) in [
            (r#""StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#, false),
            (r#""StringLike":{"aws:PrincipalOrgID":"*"}"#, false),
            (
                r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/*"}"#,
                false,
            ),
            (
                r#""StringEquals":{"aws:PrincipalAccount":"111122223333"}"#,
                false,
            ),
            (
                r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#,
                false,
            ),
            (
                r#""StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}"#,
                false,
            ),
            (r#""StringEquals":{"aws:PrincipalTag/team":"x"}"#, false),
            (r#""Bool":{"aws:PrincipalIsAWSService":"false"}"#, false),
            (r#""StringEquals":{"aws:SourceVpce":"vpce-1"}"#, false),
            (r#""StringEquals":{"aws:SourceVpc":"vpc-1"}"#, false),
            (r#""StringNotEquals":{"aws:SourceVpce":"vpce-1"}"#, true),
            (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, true),
            (
                r#""StringEquals":{"aws:PrincipalServiceName":"config.amazonaws.com"}"#,
                false,
            ),
            // One change each: these do admit it.
            (
                r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}"#,
                true,
            ),
            (r#""StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}"#, true),
            (
                r#""ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-abc/*"}"#,
                true,
            ),
            (r#""Null":{"aws:PrincipalArn":"true"}"#, true),
            (
                r#""StringEquals":{"kms:CallerAccount":"111122223333"}"#,
                true,
            ),
            (
                r#""StringEquals":{"aws:PrincipalServiceName":"cloudtrail.amazonaws.com"}"#,
                true,
            ),
            (r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#, true),
        ] {
            for principal in [r#""*""#, r#"{"Service":"cloudtrail.amazonaws.com"}"#] {
                assert_eq!(admits(principal, condition), expected, "{condition}");
            }
        }
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
}
