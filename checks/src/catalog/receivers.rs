//! Whether what a service sends to a topic arrives there: the topic's policy and its key's, evaluated for the request.
//!
//! Assumed about AWS; docs/assumptions.md has the sources:
//!
//! - CloudWatch, EventBridge, CloudTrail and S3 publish by their own name, with `aws:SourceArn` of the alarm, rule, trail
//!   or bucket and `aws:SourceAccount` of its account. Only CloudWatch carries `aws:SourceOwner` as well, on which the policy rests
//!   that SNS gives a new topic: that policy admits alarms of the topic's account, and neither rules nor trails.
//! - The service itself must be allowed to use the topic's key (kms:GenerateDataKey, kms:Decrypt). The key that AWS
//!   manages for SNS allows principals of the account alone, and its policy cannot be changed.
//! - RCPs over the key's account bind these services as well; SNS itself knows no RCPs.

use super::admits::{self, Above, Answer};
use super::gap;
use crate::calls;
use crate::context::{Context, not_seen};
use crate::fact::{Gaps, Reason};
use crate::ids::{AccountId, Arn};
use crate::inventory::monitoring::{Topic, TopicConfiguration};
use crate::policy::{self, Caller, CallerKind, Document, Key, Target, Value};

/// CloudWatch, as an alarm's action.
pub(super) const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";
/// EventBridge, as a rule's target.
pub(super) const EVENTBRIDGE: &str = "events.amazonaws.com";
/// S3, as the target of a bucket's event notifications.
pub(super) const S3: &str = "s3.amazonaws.com";

/// Who sends, and on whose behalf.
#[derive(Debug, Clone)]
pub(super) struct Sender<'a> {
    /// Such as `the alarm root-usage`.
    pub(super) name: String,
    /// The service that makes the request.
    pub(super) service: &'static str,
    /// The alarm, rule or trail.
    pub(super) source: &'a Arn,
    /// The account that owns it.
    pub(super) account: AccountId,
    /// The role by which a rule may send to another account.
    pub(super) role: Option<&'a Arn>,
}

/// What keeps a message out; none where it is let in.
pub(super) type Refusal = Option<String>;

/// Whether the topic lets the sender publish.
pub(super) fn refuses(
    topic: &Topic,
    set: &TopicConfiguration,
    sender: &Sender<'_>,
    ctx: &Context<'_>,
) -> Result<Refusal, Gaps> {
    // Twenty checks ask about the same alarm.
    let role = sender.role.map(ToString::to_string).unwrap_or_default();
    let source = sender.source.as_str();
    let of = [topic.arn.as_str(), sender.service, source, role.as_str()];
    let kept = ctx.once(&of, || Kept(evaluate(topic, set, sender, ctx)));
    kept.0.clone()
}

/// What was found of a topic and a sender.
struct Kept(Result<Refusal, Gaps>);

fn evaluate(
    topic: &Topic,
    set: &TopicConfiguration,
    sender: &Sender<'_>,
    ctx: &Context<'_>,
) -> Result<Refusal, Gaps> {
    let by_key = key_refuses(topic, set, sender, ctx);
    let by_policy = policy_refuses(topic, set, sender, ctx);
    // What is known to keep it out decides, whatever else is unknown.
    match (by_key, by_policy) {
        (Ok(Some(why)), _) | (_, Ok(Some(why))) => Ok(Some(why)),
        (Err(gaps), Err(more)) => Err(gaps.and(more)),
        (Err(gaps), Ok(None)) | (Ok(None), Err(gaps)) => Err(gaps),
        (Ok(None), Ok(None)) => Ok(None),
    }
}

fn policy_refuses(
    topic: &Topic,
    set: &TopicConfiguration,
    sender: &Sender<'_>,
    ctx: &Context<'_>,
) -> Result<Refusal, Gaps> {
    let (account, region) = (topic.arn.account(), topic.arn.region());
    let service = sender.service;
    let Some(text) = set.policy.known()? else {
        return Ok(Some(format!(
            "the topic has no policy that allows {service} sns:Publish"
        )));
    };
    let policy = Document::parse(text).map_err(|error| {
        let call = calls::GET_TOPIC_ATTRIBUTES;
        gap::gap(
            call,
            &account,
            &region,
            Reason::Malformed,
            error.to_string(),
        )
    })?;
    let target = || Target::One(topic.arn.to_string());
    let request = context(sender, ctx).with("aws:ResourceAccount", account.as_str());
    let caller = Caller::service(service);
    let above = Above::nothing();
    match admits::ask_as(
        caller,
        &policy,
        &above,
        "sns:Publish",
        target(),
        &account,
        request,
    ) {
        Answer::Allowed => Ok(None),
        Answer::Open(keys) => Err(undocumented(service, &keys, &account, &region)),
        Answer::Unread(gaps) => Err(gaps),
        Answer::Refused(why) if sender.account == account || sender.role.is_none() => Ok(Some(
            format!("the topic policy denies {service} sns:Publish ({why})"),
        )),
        // To another account a rule may send by a role: the topic's side of it is here, the role's own in its account.
        Answer::Refused(why) => {
            let role = sender.role.map(Arn::as_str).unwrap_or_default();
            let caller = Caller::new(CallerKind::Role, role, sender.account.as_str());
            match admits::ask_for_role(caller, &policy, "sns:Publish", target(), &account) {
                Answer::Allowed => Ok(None),
                Answer::Open(keys) => Err(undocumented(role, &keys, &account, &region)),
                Answer::Unread(gaps) => Err(gaps),
                Answer::Refused(_) => Ok(Some(format!(
                    "the topic policy denies {service} and role {role} sns:Publish ({why})"
                ))),
            }
        }
    }
}

fn key_refuses(
    topic: &Topic,
    set: &TopicConfiguration,
    sender: &Sender<'_>,
    ctx: &Context<'_>,
) -> Result<Refusal, Gaps> {
    let service = sender.service;
    let Some(id) = set.kms_key.known()?.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    if Topic::is_aws_managed(id) {
        return Ok(Some(format!(
            "the topic is encrypted with alias/aws/sns, which {service} cannot use"
        )));
    }
    let arn = topic.key_arn(id);
    let (account, region) = (arn.account(), arn.region());
    let Some(key) = ctx.inventory.keys.get(&arn) else {
        return Err(not_seen(calls::GET_KEY_POLICY, &account, &region, ctx).into());
    };
    let Some(metadata) = key.metadata.known()? else {
        return Ok(Some(format!("the topic's key {arn} does not exist")));
    };
    let refused = match (metadata.state.known(), metadata.manager.known()) {
        (Ok(state), _) if state != "Enabled" => Some(format!(
            "the topic's key {arn} is in state {state} (expected: Enabled)"
        )),
        (_, Ok(manager)) if manager == "AWS" => Some(format!(
            "the topic's key {arn} is an AWS managed key, which {service} cannot use"
        )),
        (Ok(_), Ok(_)) => None,
        (state, manager) => {
            return Err(Gaps::collect(state.err().into_iter().chain(manager.err()))
                .unwrap_or_else(|| not_seen(calls::DESCRIBE_KEY, &account, &region, ctx).into()));
        }
    };
    if refused.is_some() {
        return Ok(refused);
    }
    let Some(policy) = gap::key_policy(key)? else {
        return Ok(Some(format!("the topic's key {arn} has no policy")));
    };
    let mut request = context(sender, ctx)
        .with("aws:ResourceAccount", account.as_str())
        .with("kms:EncryptionContext:aws:sns:topicArn", topic.arn.as_str())
        .with_list("kms:EncryptionContextKeys", ["aws:sns:topicArn"]);
    request.close("kms:EncryptionContext:");
    // SNS makes the call for the service; whether it says so in this key is documented nowhere.
    let through = format!("sns.{region}.amazonaws.com");
    let through = Some(Value::One(through));
    request.set("kms:ViaService", Key::OneOf(vec![None, through]));
    let above = Above::over(&account, ctx);
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let target = Target::One(arn.to_string());
        let caller = Caller::service(service);
        match admits::ask_as(
            caller,
            &policy,
            &above,
            action,
            target,
            &account,
            request.clone(),
        ) {
            Answer::Allowed => {}
            Answer::Refused(why) => {
                return Ok(Some(format!(
                    "the key policy of the topic's key {arn} denies {service} {action} ({why})"
                )));
            }
            Answer::Open(keys) => return Err(undocumented(service, &keys, &account, &region)),
            Answer::Unread(gaps) => return Err(gaps),
        }
    }
    Ok(None)
}

/// What is known of the sender's request.
fn context(sender: &Sender<'_>, ctx: &Context<'_>) -> policy::Context {
    let source = sender.source.as_str();
    let context = admits::of_service(sender.service, source, &sender.account, ctx);
    match sender.service {
        CLOUDWATCH => context.with("aws:SourceOwner", sender.account.as_str()),
        _ => {
            let mut context = context;
            context.set("aws:SourceOwner", Key::Absent);
            context
        }
    }
}

fn undocumented(who: &str, keys: &str, account: &AccountId, region: &crate::ids::Region) -> Gaps {
    let what = format!("whether requests by {who} meet the policy's condition on {keys}");
    Gaps::from(crate::fact::Gap::not_modelled(what, account, region))
}
