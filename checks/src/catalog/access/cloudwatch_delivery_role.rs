//! The role by which CloudTrail writes to CloudWatch Logs exists, can do that, and nothing else.
//!
//! Assumed about AWS ("Role policy document for CloudTrail to use CloudWatch Logs for monitoring", AWS CloudTrail User
//! Guide): CloudTrail assumes the role by its own name, with `aws:SourceArn` of the trail; it creates the log streams
//! ACCOUNT_CloudTrail_REGION, and for members of an organization ORGANIZATION_ACCOUNT_CloudTrail_REGION, REGION being the
//! trail's home region, and puts events into them.

use super::policies::Held;
use crate::catalog::confused_deputy::CLOUDTRAIL;
use crate::catalog::gap;
use crate::catalog::roles::{self, Source, Worker};
use crate::check::{DeliveryRole, Roles};
use crate::context::log_group_arn;
use crate::fact::{Gap, Reason};
use crate::policy::{Document, Effect, Glob, Target};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-cloudwatch-delivery-role",
    title: "The role that delivers to CloudWatch Logs should trust only CloudTrail and be able to write only to the trail's log group",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Without a role that CloudTrail can assume and that can write to the log group, no events arrive and no \
          alarm is triggered. Any other principal that can assume the role can write forged events to the log group. \
          Delivery needs no other permissions.",
    fix: "In the role's trust policy, name only cloudtrail.amazonaws.com: `aws iam update-assume-role-policy \
          --role-name ROLE --policy-document file://trust.json`. Allow only logs:CreateLogStream and \
          logs:PutLogEvents on the trail's log group: `aws iam put-role-policy --role-name ROLE --policy-name POLICY \
          --policy-document file://policy.json`. If the role does not exist, recreate it under the same name \
          (CreateRole).",
    judged: "Evaluates the role that a trail names for CloudWatch Logs: it must exist; its trust policy must allow \
             cloudtrail.amazonaws.com to assume it for the trail, and name no other principal; with its permissions \
             boundary, SCPs and RCPs it must be allowed to create the log streams of the trail (and, of an \
             organization trail, of each member) and to put events into them; and its policies must allow nothing \
             else. Not applicable where no trail delivers by a role of the account.",
    alike: &[
        "logs:PutLogEvents on the trail's log group passes; on every log group it fails.",
        "A role with logs:PutLogEvents and without logs:CreateLogStream delivers nothing, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html",
    ],
    reads: &[
        calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::DeliveryRole(run),
};

/// What delivery takes, and what looking for the stream takes.
const NEEDED: [&str; 3] = [
    "logs:createlogstream",
    "logs:putlogevents",
    "logs:describelogstreams",
];

fn run(named: &DeliveryRole<'_>, all: &Roles, ctx: &Context<'_>) -> Outcome {
    let arn = named.arn;
    let trails: Vec<&str> = named.trails.iter().map(|it| it.name.as_str()).collect();
    let Some((role, details)) = roles::named(arn, all, ctx)? else {
        let verdict = Verdict::fail(format!(
            "role {arn} does not exist, so trail {} cannot deliver to CloudWatch Logs",
            trails.join(", ")
        ));
        return Ok(verdict.saw("CloudWatchLogsRoleArn", arn));
    };
    let account = arn.account();
    let (mut wrong, mut gaps) = (Vec::new(), Vec::new());
    let worker = Worker::of(role, &account, details, ctx);
    let mut groups = Some(Vec::new());
    for trail in &named.trails {
        match trail.configuration.log_group.known() {
            Ok(Some(group)) => {
                let group = log_group_arn(group);
                delivers(&worker, trail, &group, ctx, &mut wrong, &mut gaps);
                groups.iter_mut().for_each(|it| it.push(group.clone()));
            }
            Ok(None) => {}
            // Which of the permissions are too many is known once every group is.
            Err(missing) => {
                groups = None;
                gaps.push(missing);
            }
        }
    }
    match Document::parse(&role.trust) {
        Ok(trust) => wrong.extend(others(&trust)),
        Err(error) => gaps.push(gap::gap(
            calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
            &account,
            &ctx.home(),
            Reason::Malformed,
            format!("the trust policy cannot be parsed: {error}"),
        )),
    }
    let principal = Principal {
        account: &account,
        identity: Identity::Role(role),
        details,
    };
    if let Some(groups) = groups {
        beyond(&principal, &groups, ctx, &mut wrong, &mut gaps);
    }
    wrong.dedup();
    let verdict = match wrong.as_slice() {
        [] => Verdict::pass("the role can deliver to the log group, and has no other permissions"),
        [first, more @ ..] => {
            let more = match more.len() {
                0 => String::new(),
                count => format!(" (and {count} more)"),
            };
            Verdict::fail(format!("role {}: {first}{more}", role.name)).saw("Role", &wrong)
        }
    };
    verdict.unless_open(Gaps::collect(gaps))
}

/// Whether CloudTrail can assume the role for the trail, and the role write to its log group.
fn delivers(
    worker: &Worker<'_>,
    trail: &Trail,
    group: &Arn,
    ctx: &Context<'_>,
    wrong: &mut Vec<String>,
    gaps: &mut Vec<Gaps>,
) {
    let name = &trail.name;
    let mut told = |answer, what: String| match roles::refusal(answer, &what, &trail.account, ctx) {
        Ok(None) => false,
        Ok(Some(why)) => {
            wrong.push(format!("trail {name} cannot deliver events: {why}"));
            true
        }
        Err(missing) => {
            gaps.push(missing);
            true
        }
    };
    let source = Source {
        arn: trail.arn.as_str(),
        account: &trail.account,
        documented: true,
    };
    let assumed = worker.trusts(CLOUDTRAIL, source);
    if told(assumed, format!("sts:AssumeRole for {CLOUDTRAIL}")) {
        return;
    }
    let owner = group.account();
    if owner != worker.account {
        let what = format!(
            "how role {} writes to {group}, which is in another account",
            worker.role.name
        );
        gaps.push(Gap::not_modelled(what, &owner, &group.region()).into());
        return;
    }
    let stream = |of: &str| format!("{group}:log-stream:{of}_CloudTrail_{}", trail.home_region);
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        let target = stream(trail.account.as_str());
        let answer = worker.may(action, Target::One(target.clone()), &owner, None);
        if told(answer, format!("{action} on {target}")) {
            return;
        }
    }
    if trail.configuration.organization.ok() == Some(&false) {
        return;
    }
    let organization = match ctx.organization() {
        Ok(Some(organization)) => organization,
        Ok(None) => return,
        Err(missing) => return gaps.push(missing),
    };
    let members = match trail.configuration.organization.known() {
        Ok(_) => organization.accounts.known(),
        Err(missing) => Err(missing),
    };
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        let all = Target::Matching(format!("{group}:log-stream:{}_*", organization.id));
        if matches!(
            worker.may(action, all, &owner, None),
            crate::catalog::admits::Answer::Allowed
        ) {
            continue;
        }
        let members = match &members {
            Ok(members) => members,
            Err(missing) => return gaps.push(missing.clone()),
        };
        for member in members.iter().filter(|it| **it != trail.account) {
            let target = stream(&format!("{}_{member}", organization.id));
            let answer = worker.may(action, Target::One(target.clone()), &owner, None);
            let what = format!("{action} on {target}");
            match roles::refusal(answer, &what, &trail.account, ctx) {
                Ok(None) => {}
                Ok(Some(why)) => {
                    return wrong.push(format!(
                        "trail {name} cannot deliver events of account {member}: {why}"
                    ));
                }
                Err(missing) => return gaps.push(missing),
            }
        }
    }
}

/// What else it may do.
fn beyond(
    principal: &Principal<'_>,
    groups: &[Arn],
    ctx: &Context<'_>,
    wrong: &mut Vec<String>,
    gaps: &mut Vec<Gaps>,
) {
    let held = Held::by(principal);
    let mut read = held
        .inline(principal, ctx)
        .and(held.managed(principal, ctx, |_| true));
    gaps.append(&mut read.gaps);
    for policy in &read.policies {
        for statement in policy.allows() {
            let narrow = !statement.actions.negated
                && statement
                    .actions
                    .patterns
                    .iter()
                    .all(|it| NEEDED.contains(&it.text.to_lowercase().as_str()));
            let here = statement.resources.as_ref().is_some_and(|resource| {
                !resource.negated && resource.patterns.iter().all(|it| is_of(&it.text, groups))
            });
            if !narrow || !here {
                wrong.push(format!(
                    "policy {} allows more than delivery to the log group requires",
                    policy.name
                ));
            }
        }
    }
}

/// Whom the trust policy names beside CloudTrail.
fn others(trust: &Document) -> Vec<String> {
    let cloudtrail = crate::policy::Principal::Service("cloudtrail.amazonaws.com".to_owned());
    let allows = trust
        .statements
        .iter()
        .filter(|it| it.effect == Effect::Allow);
    let alone = |statement: &&crate::policy::Statement| {
        let principals = statement.principals.as_ref();
        !principals.is_some_and(|principal| {
            !principal.negated && principal.members.iter().all(|it| *it == cloudtrail)
        })
    };
    let others = allows.filter(alone);
    others
        .map(|_| "its trust policy names principals other than cloudtrail.amazonaws.com".to_owned())
        .collect()
}

/// The pattern names streams of one of the groups and nothing beyond.
fn is_of(pattern: &str, groups: &[Arn]) -> bool {
    let pattern = Glob::wild(pattern, false);
    groups.iter().any(|group| {
        Glob::wild(&format!("{group}:*"), false).covers(&pattern)
            || Glob::literal(group.as_str(), false).covers(&pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::iam::Role;
    use crate::testing::*;

    const CLOUDTRAIL_ALONE: &str = r#"{"Service":"cloudtrail.amazonaws.com"}"#;

    fn changed(change: impl FnOnce(&mut Role)) -> Case {
        inventory(|_| {}).and_iam(|document| {
            change(
                document
                    .roles
                    .iter_mut()
                    .find(|it| it.arn.as_str() == DELIVERY_ROLE)
                    .unwrap(),
            );
        })
    }

    fn delivery(principal: &str, document: &str) -> Case {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
        );
        changed(|role| {
            role.trust = trust;
            role.inline = vec![inline(document)];
        })
    }

    fn to(resource: &str) -> Case {
        delivery(
            CLOUDTRAIL_ALONE,
            &TO_LOGS.replace(
                "arn:aws:logs:us-east-1:111111111111:log-group:trail:log-stream:*",
                resource,
            ),
        )
    }

    #[test]
    fn verdicts() {
        let both = r#"{"Service":["cloudtrail.amazonaws.com","ec2.amazonaws.com"]}"#;
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, delivery(CLOUDTRAIL_ALONE, TO_LOGS)),
                (Fail, delivery(both, TO_LOGS)),
                (
                    Fail,
                    delivery(CLOUDTRAIL_ALONE, &TO_LOGS.replace("PutLogEvents", "*")),
                ),
                (
                    Fail,
                    delivery(
                        CLOUDTRAIL_ALONE,
                        &TO_LOGS.replace("log-group:trail:", "log-group:*:"),
                    ),
                ),
                (
                    Fail,
                    delivery(
                        CLOUDTRAIL_ALONE,
                        &TO_LOGS.replace(r#""Action""#, r#""NotAction""#),
                    ),
                ),
                (Fail, delivery(both, "{")),
            ],
        );
        table_on(
            &CHECK,
            DELIVERY_ROLE,
            [(Unknown, delivery(CLOUDTRAIL_ALONE, "{"))],
        );
    }

    /// The role is there and delivers nothing, one thing changed each time.
    #[test]
    fn a_role_that_cannot_deliver() {
        let deny = |action: &str| {
            let deny = format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"*"}},"#);
            TO_LOGS.replace(r#""Statement":["#, &format!(r#""Statement":[{deny}"#))
        };
        let with = |document: &str| delivery(CLOUDTRAIL_ALONE, document);
        let trusted = |condition: &str| {
            let trust = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{CLOUDTRAIL_ALONE},"Action":"sts:AssumeRole","Condition":{condition}}}}}"#
            );
            changed(|it| it.trust = trust)
        };
        let stream = "arn:aws:logs:us-east-1:111111111111:log-group:trail:log-stream:";
        let bounded = |document: &str| {
            let arn = "arn:aws:iam::111111111111:policy/boundary";
            changed(|it| it.boundary = Some(Arn::from(arn)))
                .and_iam(|it| it.policies.push(managed(arn, document)))
        };
        let lambda = r#"{"Service":"lambda.amazonaws.com"}"#;
        table(
            &CHECK,
            [
                // No such role.
                (
                    Fail,
                    inventory(|_| {}).and_iam(|document| {
                        document.roles.retain(|it| it.arn.as_str() != DELIVERY_ROLE)
                    }),
                ),
                (
                    Fail,
                    trail(|trail| {
                        let other = "arn:aws:iam::111111111111:role/gone";
                        configuration(trail).log_group_role = Known(Some(Arn::from(other)));
                    }),
                ),
                // One without a policy, or with half of what it takes.
                (Fail, changed(|it| it.inline.clear())),
                (Fail, with(&TO_LOGS.replace(r#","logs:PutLogEvents""#, ""))),
                (
                    Fail,
                    with(&TO_LOGS.replace(r#""logs:CreateLogStream","#, "")),
                ),
                // Denied again, by name or by pattern.
                (Fail, with(&deny("logs:PutLogEvents"))),
                (Fail, with(&deny("logs:*"))),
                (
                    Fail,
                    with(&deny("logs:DeleteLogGroup").replace(
                        r#""Action":"logs:DeleteLogGroup""#,
                        r#""NotAction":"logs:CreateLogStream""#,
                    )),
                ),
                // The log group of another name, region, account; a stream of another name.
                (
                    Fail,
                    to("arn:aws:logs:us-east-1:111111111111:log-group:other:log-stream:*"),
                ),
                (
                    Fail,
                    to("arn:aws:logs:eu-west-1:111111111111:log-group:trail:log-stream:*"),
                ),
                (
                    Fail,
                    to("arn:aws:logs:us-east-1:222222222222:log-group:trail:log-stream:*"),
                ),
                (
                    Fail,
                    to("arn:aws-cn:logs:us-east-1:111111111111:log-group:trail:log-stream:*"),
                ),
                (
                    Fail,
                    to(&format!("{stream}222222222222_CloudTrail_us-east-1*")),
                ),
                // The group itself, without its streams.
                (
                    Fail,
                    to("arn:aws:logs:us-east-1:111111111111:log-group:trail"),
                ),
                // CloudTrail cannot assume it.
                (Fail, delivery(lambda, TO_LOGS)),
                (
                    Fail,
                    trusted(
                        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/gone"}}"#,
                    ),
                ),
                (
                    Fail,
                    trusted(r#"{"StringEquals":{"aws:SourceAccount":"222222222222"}}"#),
                ),
                (
                    Pass,
                    trusted(
                        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111111111111:trail/*"}}"#,
                    ),
                ),
                // A boundary that leaves it out; one that does not.
                (
                    Fail,
                    bounded(
                        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
                    ),
                ),
                (Pass, bounded(ALL)),
            ],
        );
        table_on(
            &CHECK,
            DELIVERY_ROLE,
            [
                // A boundary whose document is not there.
                (
                    Unknown,
                    changed(|role| {
                        role.boundary = Some(Arn::from("arn:aws:iam::111111111111:policy/lost"))
                    }),
                ),
                (
                    Unknown,
                    trusted(r#"{"StringEquals":{"sts:ExternalId":"x"}}"#),
                ),
            ],
        );
    }

    /// The policy in AWS's guide for a trail, and for an organization trail.
    #[test]
    fn the_policies_of_the_guide() {
        let stream = "arn:aws:logs:us-east-1:111111111111:log-group:trail:log-stream:";
        let own = format!("{stream}111111111111_CloudTrail_us-east-1*");
        let one = |resource: &str| delivery(CLOUDTRAIL_ALONE, &two(resource, None));
        let two_of = |more: &str| delivery(CLOUDTRAIL_ALONE, &two(&own, Some(more)));
        let with_member = |case: Case| case.and(|it| member(it, "222222222222", &[HOME]));
        let of_the_account = |case: Case| {
            case.and(|inventory| {
                configuration(inventory.trails.values_mut().next().unwrap()).organization =
                    Known(false);
            })
        };
        let members = format!("{stream}o-test_*");
        let other = format!("{stream}o-test_333333333333_*");
        let exact = format!("{stream}o-test_222222222222_CloudTrail_us-east-1");
        table_on(
            &CHECK,
            DELIVERY_ROLE,
            [
                (Fail, with_member(one(&own))),
                (Fail, with_member(two_of(&other))),
            ],
        );
        table_on(
            &CHECK,
            ACCOUNT,
            [
                (Pass, of_the_account(one(&own))),
                (Pass, of_the_account(with_member(one(&own)))),
                (Pass, with_member(two_of(&members))),
                (Pass, with_member(two_of(&exact))),
                // The organization has no other account.
                (Pass, one(&own)),
            ],
        );
    }

    fn two(first: &str, second: Option<&str>) -> String {
        let second = second.map_or_else(String::new, |it| format!(r#","{it}""#));
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["{first}"{second}]}}}}"#
        )
    }

    /// Control policies bind the role of a member, and none that of the management account.
    #[test]
    fn control_policies() {
        const MEMBER: &str = "222222222222";
        let of_member = |statement: &str| {
            let case = scp(statement).and(|inventory| {
                let set = configuration(inventory.trails.values_mut().next().unwrap());
                let arn = DELIVERY_ROLE.replace(ACCOUNT, MEMBER);
                set.log_group_role = Known(Some(Arn::from(arn)));
                let group = "arn:aws:logs:us-east-1:222222222222:log-group:trail:*";
                set.log_group = Known(Some(Arn::from(group)));
            });
            let mut case = case;
            let mut theirs = case.iam[0].clone();
            theirs.account = AccountId::from(MEMBER);
            for role in details(&mut theirs).roles.iter_mut() {
                role.arn = Arn::from(role.arn.as_str().replace(ACCOUNT, MEMBER));
                for policy in &mut role.inline {
                    policy.document = policy.document.replace(ACCOUNT, MEMBER);
                }
            }
            case.iam.push(theirs);
            case
        };
        let deny = r#"{"Effect":"Deny","Action":"logs:PutLogEvents","Resource":"*"}"#;
        let other = r#"{"Effect":"Deny","Action":"logs:DeleteLogGroup","Resource":"*"}"#;
        let role = DELIVERY_ROLE.replace(ACCOUNT, MEMBER);
        table_on(&CHECK, &role, [(Fail, of_member(deny))]);
        table_on(&CHECK, MEMBER, [(Pass, of_member(other))]);
        // The organization has another member now, whose streams the policy must name: it names all.
        table_on(&CHECK, ACCOUNT, [(Pass, scp(deny))]);
    }

    #[test]
    fn what_is_not_known() {
        let hidden = |case: Case| {
            case.and(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "hidden", |trail| {
                    configuration(trail).log_group_role = denied(calls::DESCRIBE_TRAILS);
                });
            })
        };
        table_on(
            &CHECK,
            DELIVERY_ROLE,
            [
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
                (
                    Unknown,
                    trail(|it| configuration(it).log_group = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    inventory(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
                // A log group of another account than the role's.
                (
                    Unknown,
                    trail(|trail| {
                        let group = "arn:aws:logs:us-east-1:222222222222:log-group:trail:*";
                        configuration(trail).log_group = Known(Some(Arn::from(group)));
                    })
                    .and_iam(|document| {
                        for policy in document.roles.iter_mut().flat_map(|it| &mut it.inline) {
                            policy.document = policy.document.replace(ACCOUNT, "222222222222");
                        }
                    }),
                ),
                // What is too much is not known while a group is not.
                (
                    Unknown,
                    inventory(|inventory| {
                        add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                            configuration(trail).log_group = denied(calls::DESCRIBE_TRAILS);
                        });
                    }),
                ),
                (Fail, hidden(changed(|it| it.inline.clear()))),
            ],
        );
        let elsewhere = "arn:aws:iam::999999999999:role/theirs";
        table_on(
            &CHECK,
            elsewhere,
            [(
                Unknown,
                trail(|it| configuration(it).log_group_role = Known(Some(Arn::from(elsewhere)))),
            )],
        );
        // Nobody delivers by a role: no question, and no pass.
        table(
            &CHECK,
            [
                (
                    NotApplicable,
                    trail(|it| configuration(it).log_group_role = Known(None)),
                ),
                (
                    NotApplicable,
                    trail(|it| configuration(it).log_group = Known(None)),
                ),
            ],
        );
        let findings = hidden(inventory(|_| {})).findings(&[&CHECK]);
        assert!(
            findings.iter().any(|it| it.status == Unknown),
            "{findings:#?}"
        );
    }
}
