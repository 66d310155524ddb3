//! The bucket policy itself denies deleting and reconfiguring.

use super::gone;
use crate::access::{Control, Kind, TamperAction, table as tamper_actions};
use crate::bound::{self, Exemptions, Home, Left, Probe};
use crate::catalog::gap;
use crate::fact::Reason;
use crate::policy::{self, Document, Effect, Layers, Policy, Request, Target, decide};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-denies-delete",
    title: "The log bucket policy should deny deletion and reconfiguration, except to a break-glass role",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Without a Deny in the bucket policy, an identity policy in the bucket's account that grants s3:* is \
          sufficient to delete the logs.",
    fix: "Add a Deny with `\"Principal\": \"*\"` on s3:DeleteObject, s3:DeleteObjectVersion, \
          s3:PutLifecycleConfiguration, s3:PutBucketPolicy, s3:DeleteBucketPolicy and s3:DeleteBucket, for the \
          bucket and its objects: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json`. Exempt \
          one role by its full ARN with `ArnNotEquals` on aws:PrincipalArn. A wildcard, a path or a tag would exempt \
          every principal that can create such a role.",
    judged: "Evaluates the Denies of the policy for all kinds of principals (root user, IAM users, federated users, \
             roles of any name, path and tag) of the owner's account: each of the six actions that delete log files \
             or replace the policy must be denied. A principal that is exempt by its ARN passes and is reported; an \
             exemption by wildcard, path, tag, account or type of principal fails. The owner's root user can always \
             replace the bucket policy, as the evidence states.",
    alike: &[
        "`ArnNotEquals` with `arn:aws:iam::*:role/break-glass` passes, `ArnNotLike` with \
         `arn:aws:iam::*:role/*Admin*` fails.",
        "A Deny on s3:PutBucketPolicy without s3:DeleteBucketPolicy fails: the Deny itself can be deleted.",
        "A Deny with `StringNotEquals` aws:PrincipalAccount and the owner's account binds external principals only, \
         and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::DESCRIBE_ORGANIZATION,
    ],
    run: Run::Bucket(run),
};

/// A placeholder: nobody's account.
const NOBODY: &str = "000000000000";

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(mut policy) = gap::bucket_policy(bucket, ctx)? else {
        return Ok(Verdict::fail("the bucket has no policy"));
    };
    // Everybody is granted everything already: what the policy allows changes nothing.
    policy.statements.retain(|it| it.effect == Effect::Deny);
    let actions: Vec<&TamperAction> = tamper_actions().denied_by(Control::BucketPolicy).collect();
    let names: Vec<&str> = actions.iter().map(|it| it.action.as_str()).collect();
    let exempt = Exemptions::of([&policy], &names, false);
    let owner = bucket.owner.known();
    let account = match &owner {
        Ok(Some(owner)) => owner.as_str(),
        Ok(None) | Err(_) => NOBODY,
    };
    let probes = probes(account, &policy, &exempt, ctx);
    let mut open = Vec::new();
    for action in actions {
        let left = left(bucket, account, &policy, &probes, action, &exempt);
        match left.verdict {
            policy::Verdict::Denied => {}
            policy::Verdict::Allowed | policy::Verdict::Conditional | policy::Verdict::Unknown => {
                let kinds: Vec<&str> = left.kinds.iter().map(|it| it.words()).collect();
                open.push(format!("{} (to {})", action.action, kinds.join(", ")));
            }
        }
    }
    let root =
        "can always read, replace and delete the bucket policy, unless an SCP or RCP denies it";
    let mut verdict = match open.as_slice() {
        [] => Verdict::pass("the bucket policy denies deletion and reconfiguration"),
        [first, more @ ..] => {
            let more = match more.len() {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            Verdict::fail(format!("the bucket policy does not deny {first}{more}"))
                .saw("not denied", &open)
                .expected(&names)
        }
    };
    if !exempt.named.is_empty() {
        verdict = verdict.saw("exempt by ARN", some(&exempt));
    }
    if !open.is_empty() && !exempt.wide.is_empty() {
        let wide: Vec<&String> = exempt.wide.iter().take(25).collect();
        verdict = verdict.saw("exempt by wildcard, path or tag", wide);
    }
    let verdict = verdict.saw("the owner's root user", root);
    if open.is_empty() && owner.as_ref().is_ok_and(|it| it.is_none()) {
        let detail = "the owner is not among the accounts in scope, so it cannot be determined which \
            principals the policy applies to";
        let call = calls::HEAD_BUCKET;
        return Err(gap::of_bucket(
            bucket,
            ctx,
            call,
            Reason::Malformed,
            detail.to_owned(),
        ));
    }
    verdict.unless_open(owner.err())
}

fn some(exempt: &Exemptions) -> Vec<&String> {
    exempt.named.iter().take(25).collect()
}

fn probes(account: &str, policy: &Document, exempt: &Exemptions, ctx: &Context<'_>) -> Vec<Probe> {
    let organization = ctx.inventory.organization.ok().and_then(Option::as_ref);
    let home = Home {
        partition: &ctx.inventory.header.scope.partition,
        account,
        organization: organization.map(|it| it.id.as_str()),
        external: false,
        path: None,
    };
    home.probes(&bound::OF_AN_ACCOUNT, exempt, &bound::unnamed([policy]))
}

/// To principals of the owner's account who may do everything there.
fn left(
    bucket: &Bucket,
    account: &str,
    policy: &Document,
    probes: &[Probe],
    action: &TamperAction,
    exempt: &Exemptions,
) -> Left {
    // No bucket policy binds the owner's root user there. To exempt it by name adds nothing: it can remove the Deny.
    let skips_root = exempt.root || action.action.ends_with("BucketPolicy");
    bound::left(probes, |probe| {
        if skips_root && probe.kind == bound::Kind::Root {
            return policy::Verdict::Denied;
        }
        let request = Request {
            caller: probe.caller.clone(),
            action: action.action.clone(),
            target: match action.on.contains(&Kind::Objects) {
                true => Target::Matching(format!("{}/*", bucket.arn)),
                false => Target::One(bucket.arn.to_string()),
            },
            resource_account: account.to_owned(),
            context: probe.context.clone(),
        };
        let layers: Layers<'_> = Layers {
            identity: &[Policy::new("everything", &probe.everything)],
            resource: Some(&Policy::new("bucket policy", policy)),
            ..Layers::default()
        };
        decide(&request, &layers).verdict
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fail, NotApplicable, Pass, Unknown, bucket, table};

    fn deny(principal: &str, actions: &str, condition: &str) -> crate::testing::Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny",{principal},"Action":{actions},"Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]{condition}}}}}"#
        );
        bucket(|b| b.policy = Known(Some(policy)))
    }

    /// Denies all six actions to everyone but under this condition.
    fn exempting(condition: &str) -> crate::testing::Case {
        let all = r#"["s3:DeleteObject*","s3:DeleteBucket*","s3:Put*"]"#;
        deny(
            r#""Principal":"*""#,
            all,
            &format!(r#","Condition":{condition}"#),
        )
    }

    /// Whom a Deny must bind: each kind of principal, of any name, path and tag.
    #[test]
    fn exemptions() {
        let arn = |operator: &str, value: &str| {
            exempting(&format!(
                r#"{{"{operator}":{{"aws:PrincipalArn":{value}}}}}"#
            ))
        };
        let glass = r#""arn:aws:iam::111111111111:role/glass""#;
        let name_and_root = r#"["arn:aws:iam::*:role/glass","arn:aws:iam::111111111111:root"]"#;
        table(
            &CHECK,
            [
                (Pass, arn("ArnNotEquals", glass)),
                (Pass, arn("StringNotEquals", glass)),
                (Pass, arn("ArnNotLike", name_and_root)),
                (
                    Pass,
                    arn("ArnNotLike", r#""arn:aws:iam::*:role/ops/glass""#),
                ),
                // A literal star in StringNotEquals exempts nobody.
                (
                    Pass,
                    arn("StringNotEquals", r#""arn:aws:iam::111111111111:role/*""#),
                ),
                (
                    Pass,
                    exempting(r#"{"StringNotLike":{"aws:userid":"AROAEXAMPLEEXAMPLE00:*"}}"#),
                ),
                (Fail, arn("ArnNotLike", r#""arn:aws:iam::*:role/*""#)),
                (Fail, arn("ArnNotLike", r#""arn:aws:iam::*:user/*""#)),
                (Fail, arn("ArnNotLike", r#""arn:aws:iam::*:role/ops/*""#)),
                (Fail, arn("ArnNotLike", r#""arn:aws:iam::*:role/*Admin*""#)),
                (
                    Fail,
                    arn(
                        "ArnNotLike",
                        r#""arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*""#,
                    ),
                ),
                (
                    Fail,
                    arn("StringNotLike", r#""arn:aws:iam::111111111111:*""#),
                ),
                (Fail, arn("ArnLike", r#""arn:aws:iam::*:role/*""#)),
                (
                    Fail,
                    arn(
                        "ArnLike",
                        r#"["arn:aws:iam::*:role/*","arn:aws:iam::*:user/*"]"#,
                    ),
                ),
                (
                    Fail,
                    exempting(r#"{"StringNotEquals":{"aws:PrincipalTag/team":"sec"}}"#),
                ),
                (
                    Fail,
                    exempting(r#"{"StringNotEquals":{"aws:PrincipalAccount":"111111111111"}}"#),
                ),
                (
                    Fail,
                    exempting(r#"{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}"#),
                ),
                (
                    Fail,
                    exempting(r#"{"StringNotLike":{"aws:userid":"AROA*"}}"#),
                ),
            ],
        );
    }

    /// Two Denies exempt together only those whom both exempt.
    #[test]
    fn exemptions_of_two_statements() {
        let two = |first: &str, second: &str| {
            let deny = |role: &str| {
                format!(
                    r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"arn:aws:iam::*:role/{role}"}}}}}}"#
                )
            };
            let (first, second) = (deny(first), deny(second));
            let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{first},{second}]}}"#);
            bucket(|b| b.policy = Known(Some(policy)))
        };
        table(
            &CHECK,
            [
                (Pass, two("Audit*", "Break*")),
                (Fail, two("Audit*", "*Glass")),
                (Pass, two("Audit*", "glass")),
            ],
        );
    }

    /// Remediation and evaluation come from one table.
    #[test]
    fn the_fix_names_every_action() {
        let actions: Vec<_> = table_of_actions().collect();
        assert_eq!(actions.len(), 6);
        for action in actions {
            assert!(CHECK.fix.contains(&action.action), "{}", action.action);
        }
    }

    /// A Deny that leaves out any one of them leaves a way.
    #[test]
    fn each_action_counts() {
        let all: Vec<&str> = table_of_actions().map(|it| it.action.as_str()).collect();
        let of = |actions: &[&str]| {
            let actions = serde_json::to_string(actions).unwrap();
            let case = deny(r#""Principal":"*""#, &actions, "");
            crate::testing::statuses(&CHECK, &case)[0].1
        };
        assert_eq!(of(&all), Pass);
        for left_out in &all {
            let rest: Vec<&str> = all.iter().copied().filter(|it| it != left_out).collect();
            assert_eq!(of(&rest), Fail, "{left_out}");
        }
    }

    fn table_of_actions() -> impl Iterator<Item = &'static TamperAction> {
        crate::access::table().denied_by(Control::BucketPolicy)
    }

    #[test]
    fn verdicts() {
        let all = r#"["s3:DeleteObject*","s3:DeleteBucket*","s3:Put*"]"#;
        let everyone = r#""Principal":"*""#;
        let glass = r#","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/glass"}}"#;
        let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#;
        table(
            &CHECK,
            [
                (Pass, deny(everyone, all, "")),
                (Pass, deny(everyone, all, glass)),
                (Fail, deny(everyone, all, mfa)),
                (
                    Fail,
                    deny(
                        everyone,
                        r#"["s3:DeleteObject","s3:DeleteBucket*","s3:Put*"]"#,
                        "",
                    ),
                ),
                // The Deny itself can be deleted.
                (
                    Fail,
                    deny(
                        everyone,
                        r#"["s3:DeleteObject*","s3:DeleteBucket","s3:Put*"]"#,
                        "",
                    ),
                ),
                (
                    Unknown,
                    deny(everyone, all, "").and(|inventory| {
                        let bucket = inventory
                            .buckets
                            .get_mut(&Arn::bucket("aws", "logs"))
                            .unwrap();
                        bucket.owner = crate::testing::denied(calls::HEAD_BUCKET);
                    }),
                ),
                (
                    Unknown,
                    deny(everyone, all, "").and(|inventory| {
                        let bucket = inventory
                            .buckets
                            .get_mut(&Arn::bucket("aws", "logs"))
                            .unwrap();
                        bucket.owner = Known(None);
                    }),
                ),
                (
                    Fail,
                    deny(
                        r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/x"}"#,
                        all,
                        "",
                    ),
                ),
                (
                    Pass,
                    deny(
                        r#""NotPrincipal":{"AWS":["111111111111","arn:aws:iam::111111111111:role/glass"]}"#,
                        all,
                        "",
                    ),
                ),
                (Fail, bucket(|_| {})),
                (Fail, bucket(|b| b.policy = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.policy = crate::testing::denied(calls::GET_BUCKET_POLICY)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
