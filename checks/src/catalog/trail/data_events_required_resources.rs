//! What the settings call sensitive is recorded, wherever it lies.

use std::collections::BTreeMap;

use super::objects;
use crate::catalog::{gap, recording};
use crate::fact::Reason;
use crate::prelude::*;
use crate::selectors::{Events, Field};

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-required-resources",
    title: "Data events of all resources in `required_data_event_resources` should be logged",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "The settings list the resources whose data events are required. If no trail logs them in the resource's \
          account and region, reads and changes are not logged.",
    fix: "Add a selector (eventCategory Data, resources.type, resources.ARN) for the resources that the message \
          names to a trail of their account or to the organization trail: `aws cloudtrail put-event-selectors \
          --trail-name TRAIL --advanced-event-selectors file://selectors.json --region HOME_REGION`. Then verify \
          that the trail is logging: `aws cloudtrail get-trail-status --name TRAIL --region HOME_REGION`.",
    judged: "Every ARN of `required_data_event_resources` must be logged by a running trail of its account and \
             region. Not applicable without that setting.",
    alike: &[
        "A prefix that ends in `/` selects all objects under it. Without the slash, only that name is selected.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOCATION,
    ],
    run: Run::Account(run),
};

/// The type of data event by the service in an ARN.
const KINDS: [(&str, &str); 7] = [
    ("cognito-identity", "AWS::Cognito::IdentityPool"),
    ("dynamodb", "AWS::DynamoDB::Table"),
    ("lambda", "AWS::Lambda::Function"),
    ("s3", "AWS::S3::Object"),
    ("sns", "AWS::SNS::Topic"),
    ("sqs", "AWS::SQS::Queue"),
    ("states", "AWS::StepFunctions::StateMachine"),
];

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let required = &ctx.settings.required_data_event_resources;
    if required.is_empty() {
        let unset = "`required_data_event_resources` is not set";
        return Ok(Verdict::not_applicable(unset));
    }
    let (mut gaps, mut missing, mut judged) = (Vec::new(), BTreeMap::new(), 0_usize);
    for arn in required.iter().map(|it| Arn::from(it.as_str())) {
        match judge(&arn, account, ctx) {
            Ok(None) => continue,
            Ok(Some(Ok(()))) => {}
            Ok(Some(Err(why))) => drop(missing.insert(arn, why)),
            Err(gap) => gaps.push(gap),
        }
        judged += 1;
    }
    let verdict = match missing.first_key_value() {
        Some((arn, why)) => Verdict::fail(format!(
            "data events of {} of {judged} required resources are not logged, such as {arn} {why}",
            missing.len()
        ))
        .saw("not logged", &missing),
        None if judged == 0 => {
            Verdict::not_applicable("none of the required resources is in this account")
        }
        None => Verdict::pass(format!(
            "data events of all {judged} required resources are logged"
        )),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

/// None: it lies elsewhere. Otherwise whether it is recorded, or where it is not.
fn judge(
    arn: &Arn,
    account: &Account,
    ctx: &Context<'_>,
) -> Result<Option<Result<(), String>>, Gaps> {
    let kind = KINDS.iter().find(|(service, _)| *service == arn.service());
    let Some((_, kind)) = kind else {
        let detail = format!("this version does not know the data event type of {arn}");
        let (call, home) = (calls::GET_EVENT_SELECTORS, ctx.home());
        return Err(gap::gap(
            call,
            &account.id,
            &home,
            Reason::Malformed,
            detail,
        ));
    };
    // The ARN of a bucket does not say whose it is, nor where.
    let bucket = arn
        .resource()
        .split('/')
        .next()
        .and_then(|it| ctx.bucket(it));
    let bucket = bucket.filter(|_| arn.service() == "s3");
    let of_bucket = bucket.and_then(|it| it.owner.ok().cloned().flatten());
    let owner = of_bucket.unwrap_or_else(|| arn.account());
    if !owner.as_str().is_empty() && owner != account.id {
        return Ok(None);
    }
    let region = bucket.and_then(|it| it.region.ok().cloned());
    let region = region.unwrap_or_else(|| arn.region());
    account.regions.known()?;
    let asked = Events::data(kind).with(Field::ResourceArn, [objects::named(arn)]);
    let (mut gaps, mut regions) = (Vec::new(), 0_usize);
    for switch in recording::in_scope(account) {
        if !region.as_str().is_empty() && region != switch.name {
            continue;
        }
        regions += 1;
        match recording::unrecorded(&asked, account, &switch.name, ctx) {
            Ok(None) => {}
            Ok(Some(hole)) => return Ok(Some(Err(format!("in {}: {hole}", switch.name)))),
            Err(gap) => gaps.push(gap),
        }
    }
    // A region that is off or out of scope: nothing to judge there.
    let recorded = (regions > 0).then_some(Ok(()));
    Gaps::collect(gaps).map_or(Ok(recorded), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn need(arns: &[&str], case: Case) -> Case {
        let arns = arns.iter().map(ToString::to_string).collect();
        case.with(|it| it.required_data_event_resources = arns)
    }

    fn data(kind: &str, more: &[&str]) -> Case {
        let kind = format!("resources.type = {kind}");
        let test = [&["eventCategory = Data", kind.as_str()], more].concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    #[test]
    fn verdicts() {
        let function = "arn:aws:lambda:us-east-1:111111111111:function:pay";
        let elsewhere = "arn:aws:lambda:us-east-1:222222222222:function:pay";
        let (lambda, object) = ("AWS::Lambda::Function", "AWS::S3::Object");
        let one = |kind, arn: &str| data(kind, &[&format!("resources.ARN = {arn}")]);
        table(
            &CHECK,
            [
                (NotApplicable, inventory(|_| {})),
                (NotApplicable, need(&[elsewhere], data(lambda, &[]))),
                (Pass, need(&[function], data(lambda, &[]))),
                (Pass, need(&[function], one(lambda, function))),
                (
                    Fail,
                    need(
                        &[function],
                        one(
                            lambda,
                            "arn:aws:lambda:us-east-1:111111111111:function:pay2",
                        ),
                    ),
                ),
                (Fail, need(&[function], data(object, &[]))),
                (
                    Fail,
                    need(&[function, "arn:aws:s3:::cards"], data(lambda, &[])),
                ),
                (
                    Pass,
                    need(
                        &["arn:aws:s3:::cards"],
                        data(object, &["resources.ARN ^ arn:aws:s3:::cards/"]),
                    ),
                ),
                (
                    Fail,
                    need(
                        &["arn:aws:s3:::cards"],
                        data(object, &["resources.ARN ^ arn:aws:s3:::cards/a"]),
                    ),
                ),
                (
                    Pass,
                    need(
                        &["arn:aws:s3:::cards/a/*"],
                        data(object, &["resources.ARN ^ arn:aws:s3:::cards/a"]),
                    ),
                ),
                (Fail, need(&[function], data(lambda, &["readOnly = true"]))),
                (
                    Fail,
                    need(&[function], trail(|it| status(it).logging = Known(false))),
                ),
                (
                    Unknown,
                    need(
                        &[function],
                        trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                    ),
                ),
                (
                    Unknown,
                    need(
                        &["arn:aws:chess:us-east-1:111111111111:game/1"],
                        inventory(|_| {}),
                    ),
                ),
                (
                    Fail,
                    need(
                        &["arn:aws:chess:us-east-1:111111111111:game/1", function],
                        data(object, &[]),
                    ),
                ),
                (
                    Unknown,
                    need(
                        &[function],
                        account(|it| it.regions = denied(calls::LIST_REGIONS)),
                    ),
                ),
            ],
        );
    }

    #[test]
    fn a_bucket_that_is_seen_is_its_owners_affair() {
        let case = need(
            &["arn:aws:s3:::logs"],
            trail(|it| status(it).logging = Known(false)),
        );
        let case = case.and(|it| member(it, "222222222222", &[HOME]));
        let of = |case: &Case| {
            statuses(&CHECK, case)
                .into_iter()
                .map(|it| it.1)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&case), [Fail, NotApplicable]);
        let unseen = case.and(|it| it.buckets.clear());
        assert_eq!(of(&unseen), [Fail, Fail]);
    }
}
