//! The requests by which CloudTrail delivers, and whether a bucket or key policy allows them.
//!
//! Assumed about AWS; docs/policies.md has the sources:
//!
//! - CloudTrail calls as the service principal `cloudtrail.amazonaws.com`, directly: without `aws:PrincipalArn`,
//!   `aws:PrincipalAccount`, `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`, principal tags, MFA, VPC or VPC endpoint,
//!   `aws:CalledVia`, `kms:ViaService`. A Deny with a negated operator on one of them applies to it.
//! - `aws:SourceArn` is the trail, `aws:SourceAccount` the account that owns it, also for log files of members.
//! - Log files and digests are put with `bucket-owner-full-control`, over TLS 1.2 or later, with the trail's key as
//!   `x-amz-server-side-encryption-aws-kms-key-id` where it has one. Whether the header on encryption is sent where it
//!   has none is documented nowhere: a policy that depends on it cannot be evaluated.
//! - Its network addresses are AWS's own: in none of the ranges that a policy names one by one.

use crate::catalog::deputy::CLOUDTRAIL;
use crate::context::Context;
use crate::fact::{Fact, Gap, Gaps};
use crate::ids::{AccountId, Region};
use crate::inventory::Trail;
use crate::policy::{
    self, AtomTest, Caller, Document, Key, Layers, Policy, Request, Target, Value, Verdict, decide,
};
use crate::scp::Control;

/// What a policy says to a request of CloudTrail.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is allowed.
    Allowed,
    /// It is not, or only on a part of what is asked: why.
    Refused(String),
    /// It depends on what is not known of the request: this.
    Open(String),
}

/// Evaluates a policy for one call of CloudTrail.
pub(super) fn ask(
    policy: &Document,
    action: &str,
    target: Target,
    owner: &AccountId,
    context: policy::Context,
) -> Answer {
    let caller = Caller::service(CLOUDTRAIL);
    ask_as(caller, policy, action, target, owner, context)
}

/// Evaluates a policy for one call of anybody.
pub(super) fn ask_as(
    caller: Caller,
    policy: &Document,
    action: &str,
    target: Target,
    owner: &AccountId,
    context: policy::Context,
) -> Answer {
    let layers: Layers<'_> = Layers {
        resource: Some(Policy::new("policy", policy)),
        ..Layers::default()
    };
    let request = Request {
        caller,
        action: action.to_owned(),
        target,
        resource_account: owner.to_string(),
        context,
    };
    answer(&request, &layers)
}

/// Evaluates the policy of a resource for one call of a role whose own policies are taken to allow it.
pub(super) fn ask_for_role(
    caller: Caller,
    policy: &Document,
    action: &str,
    target: Target,
    owner: &AccountId,
) -> Answer {
    const ALL: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let Ok(all) = Document::parse(ALL) else {
        return Answer::Open("the role's own policies".to_owned());
    };
    let layers: Layers<'_> = Layers {
        identity: vec![Policy::new("role", &all)],
        resource: Some(Policy::new("policy", policy)),
        ..Layers::default()
    };
    let context = policy::Context::of_caller(&caller);
    let request = Request {
        caller,
        action: action.to_owned(),
        target,
        resource_account: owner.to_string(),
        context,
    };
    answer(&request, &layers)
}

fn answer(request: &Request, layers: &Layers<'_>) -> Answer {
    let decision = decide(request, layers);
    match decision.verdict {
        Verdict::Allowed => Answer::Allowed,
        Verdict::Denied => Answer::Refused(refusal(&decision)),
        Verdict::Conditional | Verdict::Unknown => match conditions(&decision) {
            Some(keys) => Answer::Open(keys),
            None => Answer::Refused(refusal(&decision)),
        },
    }
}

fn refusal(decision: &policy::Decision) -> String {
    let denies = decision.statements.iter();
    let mut denies = denies.filter(|it| it.effect == policy::Effect::Deny);
    match denies.next() {
        Some(it) => match it.sid.as_deref().filter(|sid| !sid.is_empty()) {
            Some(sid) => format!("denied by statement {} (Sid {sid})", it.index + 1),
            None => format!("denied by statement {}", it.index + 1),
        },
        None => "no statement allows it".to_owned(),
    }
}

/// The condition keys that it depends on; none where it depends on the resource alone.
fn conditions(decision: &policy::Decision) -> Option<String> {
    let Some(residual) = &decision.residual else {
        return Some("too much to evaluate".to_owned());
    };
    if residual.truncated || decision.approximate {
        return Some("too much to evaluate".to_owned());
    }
    let tests = residual.alternatives.iter().flatten().map(|it| &it.test);
    let keys = tests.filter_map(|test| match test {
        AtomTest::Condition { key, .. } => Some(key.as_str()),
        AtomTest::Resource(_) => None,
    });
    let keys: std::collections::BTreeSet<&str> = keys.collect();
    (!keys.is_empty()).then(|| keys.into_iter().collect::<Vec<_>>().join(", "))
}

/// A gap for what depends on something that AWS does not document.
pub(super) fn undocumented(keys: &str, account: &AccountId, region: &Region) -> Gaps {
    let what = format!("whether requests of CloudTrail meet the policy's condition on {keys}");
    Gaps::from(Gap::not_modelled(what, account, region))
}

/// What is known of CloudTrail's requests for a trail.
pub(super) fn context(trail: &Trail, ctx: &Context<'_>) -> policy::Context {
    let mut it = of_service(CLOUDTRAIL, trail.arn.as_str(), &trail.account, ctx)
        .with("s3:x-amz-acl", "bucket-owner-full-control");
    it = of_s3(it);
    it.set("kms:ViaService", Key::Absent);
    if let Fact::Known(Some(key)) = &trail.configuration.kms_key {
        it = it.with("s3:x-amz-server-side-encryption", "aws:kms").with(
            "s3:x-amz-server-side-encryption-aws-kms-key-id",
            key.as_str(),
        );
    }
    it
}

/// What is known of how a service makes its requests to S3.
pub(super) fn of_s3(context: policy::Context) -> policy::Context {
    let mut it = context
        .with("s3:authType", "REST-HEADER")
        .with("s3:signatureversion", "AWS4-HMAC-SHA256");
    let one = |text: &str| Some(Value::One(text.to_owned()));
    it.set("s3:TlsVersion", Key::OneOf(vec![one("1.2"), one("1.3")]));
    it
}

/// What is known of the requests that a service makes directly and by its own name, on behalf of a resource.
pub(super) fn of_service(
    service: &str,
    source: &str,
    account: &AccountId,
    ctx: &Context<'_>,
) -> policy::Context {
    let mut it = policy::Context::of_caller(&Caller::service(service))
        .with("aws:SourceArn", source)
        .with("aws:SourceAccount", account.as_str())
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false")
        .with("aws:CurrentTime", &ctx.taken_at().to_string())
        .with("aws:EpochTime", &ctx.taken_at().as_second().to_string())
        // An address that RFC 5737 keeps out of every network.
        .with("aws:SourceIp", "192.0.2.1")
        .with_list("aws:PrincipalServiceNamesList", [service]);
    for key in ABSENT {
        it.set(key, Key::Absent);
    }
    it.close("aws:PrincipalTag/");
    organization(it, account, ctx)
}

/// The organization of the account on whose behalf the service calls.
fn organization(
    mut it: policy::Context,
    account: &AccountId,
    ctx: &Context<'_>,
) -> policy::Context {
    match &ctx.inventory.organization {
        Fact::Known(Some(organization)) => {
            it = it.with("aws:SourceOrgID", &organization.id);
            let account = ctx.inventory.accounts.get(account);
            let control = Control::of(organization);
            if let Some(path) = account.and_then(|account| control.org_path(account)) {
                it = it.with_list("aws:SourceOrgPaths", [path.as_str()]);
            }
        }
        Fact::Known(None) => {
            it.set("aws:SourceOrgID", Key::Absent);
            it.set("aws:SourceOrgPaths", Key::Absent);
        }
        Fact::Unknown(_) => {}
    }
    it
}

/// Keys that direct calls of a service do not carry.
const ABSENT: &[&str] = &[
    "aws:PrincipalOrgPaths",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:TokenIssueTime",
    "aws:FederatedProvider",
    "aws:SourceIdentity",
    "aws:Ec2InstanceSourceVpc",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "s3:DataAccessPointArn",
    "s3:DataAccessPointAccount",
    "s3:AccessPointNetworkOrigin",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::testing::{ACCOUNT, TRAIL_ARN, inventory};

    fn answer(condition: &str, effect: &str) -> Answer {
        let case = inventory(|_| {});
        let settings = Settings::default();
        let ctx = Context::new(&case.inventory, &settings, crate::testing::taken_at());
        let trail = case.inventory.trails.values().next().unwrap();
        assert_eq!(trail.arn.as_str(), TRAIL_ARN);
        let allow = r#"{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:*","Resource":"*"}"#;
        let other = format!(
            r#"{{"Effect":"{effect}","Principal":"*","Action":"s3:*","Resource":"*","Condition":{{{condition}}}}}"#
        );
        let statements = match effect {
            "Deny" => format!("{allow},{other}"),
            _ => other,
        };
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let policy = Document::parse(&text).unwrap();
        let target = Target::One("arn:aws:s3:::logs/AWSLogs/a".to_owned());
        let owner = AccountId::from(ACCOUNT);
        ask(
            &policy,
            "s3:PutObject",
            target,
            &owner,
            context(trail, &ctx),
        )
    }

    /// By AWS's description of the keys that direct calls of services carry.
    #[test]
    fn denies_without_an_exception_for_services() {
        for (condition, refused) in [
            (r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"}"#, true),
            (
                r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#,
                true,
            ),
            (
                r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#,
                false,
            ),
            (
                r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"},"Null":{"aws:PrincipalOrgID":"false"}"#,
                false,
            ),
            (r#""StringNotEquals":{"aws:SourceVpce":"vpce-1"}"#, true),
            (r#""NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, true),
            (
                r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
                true,
            ),
            (r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#, false),
            (r#""Bool":{"aws:SecureTransport":"false"}"#, false),
            (r#""NumericLessThan":{"s3:TlsVersion":"1.2"}"#, false),
            (
                r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/glass"}"#,
                true,
            ),
            (r#""StringNotEquals":{"aws:SourceOrgID":"o-test"}"#, false),
            (r#""StringNotEquals":{"aws:SourceOrgID":"o-else"}"#, true),
            (
                r#""StringNotEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}"#,
                false,
            ),
            (
                r#""StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}"#,
                false,
            ),
            (
                r#""StringNotEquals":{"s3:x-amz-server-side-encryption":"AES256"}"#,
                true,
            ),
            (
                r#""DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}"#,
                true,
            ),
        ] {
            let answer = answer(condition, "Deny");
            match refused {
                true => assert!(
                    matches!(answer, Answer::Refused(_)),
                    "{condition}: {answer:?}"
                ),
                false => assert!(matches!(answer, Answer::Allowed), "{condition}: {answer:?}"),
            }
        }
    }

    #[test]
    fn allows_that_are_none() {
        for (condition, allowed) in [
            (
                r#""StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"}"#,
                true,
            ),
            (
                r#""StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/*"}"#,
                false,
            ),
            (
                r#""ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/*"}"#,
                true,
            ),
            (r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#, false),
            (
                r#""StringEquals":{"aws:SourceAccount":"111111111111"}"#,
                true,
            ),
            (
                r#""StringEquals":{"aws:SourceAccount":"222222222222"}"#,
                false,
            ),
        ] {
            let answer = answer(condition, "Allow");
            match allowed {
                true => assert!(matches!(answer, Answer::Allowed), "{condition}: {answer:?}"),
                false => assert!(
                    matches!(answer, Answer::Refused(_)),
                    "{condition}: {answer:?}"
                ),
            }
        }
    }

    #[test]
    fn what_is_not_documented_is_open() {
        let open = answer(r#""StringLike":{"aws:UserAgent":"*bot*"}"#, "Deny");
        assert!(matches!(open, Answer::Open(keys) if keys == "aws:UserAgent"));
    }
}
