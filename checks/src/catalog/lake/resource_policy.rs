//! Stores and channels are not for strangers.

use super::configured;
use crate::catalog::{gap, outsiders};
use crate::context::not_seen;
use crate::fact::Reason;
use crate::policy::posture::Found;
use crate::policy::{Document, Effect};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-resource-policy",
    title: "Policies of Lake event data stores and channels should not grant access to external principals",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "With access to the event data store, external principals can query all of its events. With access to a \
          channel, they can write events.",
    fix: "Remove the statements that the message names: `aws cloudtrail put-resource-policy --resource-arn STORE_ARN \
          --resource-policy file://policy.json --region REGION`. Or delete the whole policy: `aws cloudtrail \
          delete-resource-policy --resource-arn STORE_ARN --region REGION`. For a channel give the channel's ARN.",
    judged: "Reads the resource policies of the store and of the region's channels: fails when they grant external \
             principals access to query the store or to write to it.",
    alike: &["A policy for accounts of the organization passes; one for everyone fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security_iam_resource-based-policy-examples.html",
    ],
    reads: &[
        calls::LIST_EVENT_DATA_STORES,
        calls::LIST_CHANNELS,
        calls::GET_LAKE_RESOURCE_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::EventDataStore(run),
};

fn run(store: &EventDataStore, ctx: &Context<'_>) -> Outcome {
    let set = configured(store);
    if let Ok(Err(leaving)) = set {
        return Ok(leaving);
    }
    let (mut open, mut gaps) = (Vec::new(), Vec::from_iter(set.err()));
    let mut look = |name: &str, policy: &Fact<Option<String>>| match policy {
        Fact::Known(None) => {}
        Fact::Known(Some(text)) => match outsiders(text, store, ctx, &mut gaps) {
            Ok(found) => open.extend(found.into_iter().map(|it| format!("{it} of {name}"))),
            Err(missing) => gaps.push(missing),
        },
        Fact::Unknown(gap) => gaps.push(Gaps::from(gap.clone())),
    };
    look(&store.name, &store.policy);
    let channels = ctx
        .region(&store.account, &store.region)
        .map(|it| &it.channels);
    match channels {
        Some(Fact::Known(channels)) => {
            for channel in channels {
                look(&channel.name, &channel.policy);
            }
        }
        Some(Fact::Unknown(gap)) => gaps.push(Gaps::from(gap.clone())),
        None => {
            let call = calls::LIST_CHANNELS;
            gaps.push(not_seen(call, &store.account, &store.region, ctx).into());
        }
    }
    let verdict = match open.as_slice() {
        [] => Verdict::pass(
            "no policy of the event data store or its channels grants access to external principals",
        ),
        _ => Verdict::fail(format!(
            "policies grant access to external principals: {}",
            open.join("; ")
        ))
        .saw("Statement", &open),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

fn outsiders(
    text: &str,
    store: &EventDataStore,
    ctx: &Context<'_>,
    gaps: &mut Vec<Gaps>,
) -> Result<Vec<String>, Gaps> {
    let unreadable = |detail: &str| {
        let call = calls::GET_LAKE_RESOURCE_POLICY;
        let (account, region) = (&store.account, &store.region);
        gap::gap(call, account, region, Reason::Malformed, detail)
    };
    let policy = Document::parse(text).map_err(|error| unreadable(&error.to_string()))?;
    let whose =
        unreadable("the policy names a canonical user id, and its account cannot be determined");
    let mut open = Vec::new();
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect != Effect::Allow {
            continue;
        }
        match outsiders::lets_outsiders_in(statement, ctx, &whose) {
            Ok(true) => open.push(Found { index, statement }.label()),
            Ok(false) => {}
            Err(missing) => gaps.push(missing),
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::store::Channel;
    use crate::testing::*;

    fn policy(principal: &str) -> Fact<Option<String>> {
        Known(Some(format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"cloudtrail:StartQuery","Resource":"*"}}}}"#
        )))
    }

    fn store(policy: Fact<Option<String>>) -> Case {
        inventory(|inventory| add_store(inventory, ACCOUNT, HOME, |store| store.policy = policy))
    }

    fn channel(policy: Fact<Option<String>>) -> Case {
        store(Known(None)).and(|inventory| {
            inventory.regions.values_mut().next().unwrap().channels = Known(vec![Channel {
                arn: Arn::from("arn:aws:cloudtrail:us-east-1:111111111111:channel/x"),
                name: "x".to_owned(),
                source: Known("Custom".to_owned()),
                policy,
            }]);
        })
    }

    #[test]
    fn verdicts() {
        let (ours, stranger) = (r#"{"AWS":"111111111111"}"#, r#"{"AWS":"999999999999"}"#);
        let gap = || denied(calls::GET_LAKE_RESOURCE_POLICY);
        table(
            &CHECK,
            [
                (Pass, store(Known(None))),
                (Pass, store(policy(ours))),
                (Fail, store(policy(stranger))),
                (Fail, store(policy(r#""*""#))),
                (Pass, channel(policy(ours))),
                (Fail, channel(policy(stranger))),
                (Unknown, store(gap())),
                (Unknown, channel(gap())),
                (Unknown, store(Known(Some("{".to_owned())))),
            ],
        );
        // A region that was left out is reported as that.
        let excluded = store(Known(None)).and(|inventory| {
            inventory.regions.clear();
            known(&mut inventory.accounts.values_mut().next().unwrap().regions)[0].excluded = true;
        });
        let findings = excluded.findings(&[&CHECK]);
        let told = format!("{:?}", findings[0].evidence);
        assert!(
            told.contains("excluded") && !told.contains("the run ended"),
            "{told}"
        );
    }
}
