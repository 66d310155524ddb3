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
//! - `s3:GetBucketAcl` carries no key about an object: no ACL, no encryption.
//! - Its network addresses are AWS's own: in none of the ranges that a policy names one by one.
//! - RCPs over the account that owns the bucket or key bind service principals too.

use crate::catalog::confused_deputy::CLOUDTRAIL;
use crate::context::Context;
use crate::control_policies::Control;
use crate::fact::{Fact, Gap, Gaps};
use crate::ids::{AccountId, Region};
use crate::inventory::{ControlPolicyKind, Trail};
use crate::policy::{
    self, AtomTest, Caller, Document, Key, Layer, Layers, Level, Policy, Request, Target, Value,
    Verdict, decide, posture,
};

/// What the policies say to a request of CloudTrail.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is allowed.
    Allowed,
    /// It is not, or only on a part of what is asked: why.
    Refused(String),
    /// It depends on what is not known of the request: this.
    Open(String),
    /// A policy over it could not be read.
    Unread(Gaps),
}

/// The RCPs over the account that owns a bucket, a key or a role.
pub(super) struct Above<'c> {
    levels: Option<Vec<Level<'c, Gap>>>,
    management: Option<String>,
}

impl<'c> Above<'c> {
    /// Where no RCP reaches.
    pub(super) fn nothing() -> Self {
        Self {
            levels: None,
            management: None,
        }
    }

    /// Those over an account. While the organization is not known, it may have some.
    pub(super) fn over(owner: &AccountId, ctx: &'c Context<'_>) -> Self {
        match ctx.control() {
            Ok(control) => Self::of(control, owner, ctx),
            Err(gaps) => Self {
                levels: Some(vec![unread_level(owner, &gaps)]),
                management: None,
            },
        }
    }

    /// `control`: the policies of the organization; none for an account without one.
    pub(super) fn of(
        control: Option<&'c Control<'_>>,
        owner: &AccountId,
        ctx: &Context<'_>,
    ) -> Self {
        let account = ctx.inventory.accounts.get(owner);
        let kind = ControlPolicyKind::ResourceControlPolicy;
        let levels = control.zip(account);
        Self {
            levels: levels.and_then(|(control, account)| control.levels(kind, account)),
            management: control.map(|it| it.management_account().to_string()),
        }
    }
}

/// Control policies that are not known.
pub(super) fn unread_level<'c>(account: &AccountId, gaps: &Gaps) -> Level<'c, Gap> {
    let missing = |gap: &Gap| Policy::missing("control policies", gap.clone());
    Level {
        target: account.to_string(),
        policies: gaps.iter().map(missing).collect(),
    }
}

/// Evaluates a policy, and the RCPs above it, for one call of CloudTrail.
pub(super) fn ask(
    policy: &Document,
    above: &Above<'_>,
    action: &str,
    target: Target,
    owner: &AccountId,
    context: policy::Context,
) -> Answer {
    let caller = Caller::service(CLOUDTRAIL);
    ask_as(caller, policy, above, action, target, owner, context)
}

/// Evaluates a policy, and the RCPs above it, for one call of anybody.
pub(super) fn ask_as(
    caller: Caller,
    policy: &Document,
    above: &Above<'_>,
    action: &str,
    target: Target,
    owner: &AccountId,
    context: policy::Context,
) -> Answer {
    let request = Request {
        caller,
        action: action.to_owned(),
        target,
        resource_account: owner.to_string(),
        context,
    };
    let layers: Layers<'_, Gap> = Layers {
        resource: Some(&Policy::new(POLICY, policy)),
        rcps: above.levels.as_deref(),
        management_account: above.management.as_deref(),
        ..Layers::default()
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
    let layers: Layers<'_, Gap> = Layers {
        identity: &[Policy::new("role", &all)],
        resource: Some(&Policy::new(POLICY, policy)),
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

/// Evaluates all policies that have a say in a request.
pub(super) fn answer(request: &Request, layers: &Layers<'_, Gap>) -> Answer {
    let decision = decide(request, layers);
    match decision.verdict {
        Verdict::Allowed => Answer::Allowed,
        Verdict::Denied => Answer::Refused(refusal(&decision)),
        Verdict::Unknown if !decision.missing.is_empty() => {
            let missing = decision.missing.iter();
            let gaps = missing.map(|it| Gaps::from(it.reason.clone()));
            Gaps::collect(gaps).map_or_else(|| Answer::Open(TOO_MUCH.to_owned()), Answer::Unread)
        }
        Verdict::Conditional | Verdict::Unknown => match conditions(&decision) {
            Some(keys) => Answer::Open(keys),
            None => Answer::Refused(refusal(&decision)),
        },
    }
}

/// How the evaluation calls the policy of the bucket or key.
const POLICY: &str = "policy";

const TOO_MUCH: &str = "conditions too complex to evaluate";

fn refusal(decision: &policy::Decision<Gap>) -> String {
    let denies = decision.statements.iter();
    let mut denies = denies.filter(|it| it.effect == policy::Effect::Deny);
    match denies.next() {
        Some(it) => {
            let sid = it.sid.as_deref().filter(|sid| !sid.is_empty());
            let sid = sid.map_or_else(String::new, |sid| format!(" (Sid {sid})"));
            let name = &it.policy;
            let of = match it.layer {
                Layer::Rcp => format!(" of RCP {name}"),
                Layer::Scp => format!(" of SCP {name}"),
                Layer::Boundary => format!(" of the permissions boundary {name}"),
                Layer::Identity | Layer::Session => format!(" of policy {name}"),
                Layer::Resource | Layer::KeyGrant | Layer::Acl => String::new(),
            };
            format!("denied by statement {}{sid}{of}", it.index + 1)
        }
        None => match decision.blocked_by.first() {
            Some(Layer::Boundary) => "its permissions boundary does not allow it".to_owned(),
            Some(Layer::Scp) => "no SCP allows it".to_owned(),
            Some(_) | None => "no statement allows it".to_owned(),
        },
    }
}

/// The condition keys that it depends on; none where it depends on the resource alone.
fn conditions(decision: &policy::Decision<Gap>) -> Option<String> {
    let Some(residual) = &decision.residual else {
        return Some(TOO_MUCH.to_owned());
    };
    if residual.truncated || decision.approximate {
        return Some(TOO_MUCH.to_owned());
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
    let what = format!("whether requests by CloudTrail meet the policy's condition on {keys}");
    Gaps::from(Gap::not_modelled(what, account, region))
}

/// Trails whose deliveries count: a stopped one loses nothing by a refusal, unless all of them are stopped.
pub(super) fn delivering<'a>(trails: &[&'a Trail]) -> Vec<&'a Trail> {
    let running = trails.iter().copied();
    let running = running.filter(|it| it.status.logging.ok() != Some(&false));
    let running: Vec<&Trail> = running.collect();
    match running.is_empty() {
        true => trails.to_vec(),
        false => running,
    }
}

/// The same request about a bucket, not an object in it.
pub(super) fn of_bucket(mut it: policy::Context) -> policy::Context {
    for key in [
        "s3:x-amz-acl",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    ] {
        it.set(key, Key::Absent);
    }
    it
}

/// What is known of CloudTrail's requests for a trail.
pub(super) fn context(trail: &Trail, ctx: &Context<'_>) -> policy::Context {
    let it = of_service(CLOUDTRAIL, trail.arn.as_str(), &trail.account, ctx)
        .with("s3:x-amz-acl", "bucket-owner-full-control");
    let mut it = of_s3(it);
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
    let it = posture::direct_call(service)
        .with("aws:SourceArn", source)
        .with("aws:SourceAccount", account.as_str())
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false")
        .with("aws:CurrentTime", &ctx.taken_at().to_string())
        .with("aws:EpochTime", &ctx.taken_at().as_second().to_string())
        // An address that RFC 5737 keeps out of every network.
        .with("aws:SourceIp", "192.0.2.1")
        .with_list("aws:PrincipalServiceNamesList", [service]);
    organization(it, account, ctx)
}

/// The organization of the account on whose behalf a service calls.
fn organization(
    mut it: policy::Context,
    account: &AccountId,
    ctx: &Context<'_>,
) -> policy::Context {
    match &ctx.inventory.organization {
        Fact::Known(Some(organization)) => {
            it = it.with("aws:SourceOrgID", &organization.id);
            let account = ctx.inventory.accounts.get(account);
            let control = ctx.control().ok().flatten();
            if let Some(path) = account
                .zip(control)
                .and_then(|(it, control)| control.org_path(it))
            {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::testing::{ACCOUNT, TRAIL_ARN, inventory};

    fn answer(condition: &str, effect: &str) -> Answer {
        answer_to(r#""Principal":"*""#, condition, effect)
    }

    fn answer_to(principal: &str, condition: &str, effect: &str) -> Answer {
        let case = inventory(|_| {});
        let settings = Settings::default();
        let ctx = Context::new(&case.inventory, &settings, crate::testing::taken_at());
        let trail = case.inventory.trails.values().next().unwrap();
        assert_eq!(trail.arn.as_str(), TRAIL_ARN);
        let allow = r#"{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:*","Resource":"*"}"#;
        let other = format!(
            r#"{{"Effect":"{effect}",{principal},"Action":"s3:*","Resource":"*","Condition":{{{condition}}}}}"#
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
            &Above::of(None, &owner, &ctx),
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
            // Their headers, and the perimeter as AWS's samples draw it.
            (r#""Null":{"s3:x-amz-acl":"true"}"#, false),
            (r#""Null":{"s3:x-amz-acl":"false"}"#, true),
            (
                r#""StringNotEqualsIfExists":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:us-east-1:111111111111:key/other"}"#,
                true,
            ),
            (
                r#""StringNotEqualsIfExists":{"aws:SourceOrgID":"o-test"},"Null":{"aws:SourceAccount":"false"},"Bool":{"aws:PrincipalIsAWSService":"true"}"#,
                false,
            ),
            (
                r#""StringNotEqualsIfExists":{"aws:SourceOrgID":"o-else"},"Null":{"aws:SourceAccount":"false"},"Bool":{"aws:PrincipalIsAWSService":"true"}"#,
                true,
            ),
            (
                r#""ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"o-test/*"}"#,
                true,
            ),
            (
                r#""ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-test/*"}"#,
                false,
            ),
            (
                r#""StringNotEquals":{"aws:PrincipalServiceName":"cloudtrail.amazonaws.com"}"#,
                false,
            ),
            (
                r#""StringNotEqualsIfExists":{"aws:PrincipalServiceName":"config.amazonaws.com"}"#,
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

    /// Whom a Deny names, or spares, by its principal.
    #[test]
    fn principals_of_denies() {
        for (principal, refused) in [
            (r#""Principal":{"AWS":"999999999999"}"#, false),
            (r#""Principal":{"Service":"config.amazonaws.com"}"#, false),
            (
                r#""Principal":{"Service":["config.amazonaws.com","cloudtrail.amazonaws.com"]}"#,
                true,
            ),
            // All but some principals are the services, too.
            (
                r#""NotPrincipal":{"AWS":["111111111111","arn:aws:iam::111111111111:role/glass"]}"#,
                true,
            ),
            (r#""NotPrincipal":{"Service":"config.amazonaws.com"}"#, true),
            (
                r#""NotPrincipal":{"Service":"cloudtrail.amazonaws.com"}"#,
                false,
            ),
        ] {
            let answer = answer_to(principal, "", "Deny");
            assert_eq!(
                matches!(answer, Answer::Refused(_)),
                refused,
                "{principal}: {answer:?}"
            );
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
