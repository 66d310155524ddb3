//! Every key of a multi-region key decrypts what the others encrypted.

use super::{described, not_public, policy_cross_account};
use crate::catalog::gap;
use crate::context::not_seen;
use crate::fact::Reason;
use crate::finding::Status;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-replicas",
    title: "Replicas of multi-Region keys that encrypt logs should not grant access to external principals",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "The primary and replica keys of a multi-Region key share their key material, so each of them can decrypt \
          the log files. Each has its own key policy, which a review of the trail's key does not show.",
    fix: "Correct the key policy of the replica that the message names: `aws kms put-key-policy --key-id REPLICA_ARN \
          --policy-name default --policy file://policy.json --region REPLICA_REGION`. Or encrypt with a \
          single-Region key: `aws cloudtrail update-trail --name TRAIL_ARN --kms-key-id KEY_ARN --region \
          TRAIL_REGION`.",
    judged: "Evaluates the policies of all related keys of a multi-Region key, and fails if one of them grants access \
             to the public or to external principals. Not applicable to single-Region keys.",
    alike: &[
        "A primary key with a restrictive policy passes its own checks; a replica that grants kms:Decrypt to a \
         partner account fails here.",
        "A replica whose policy could not be read makes it unknown.",
    ],
    references: &[
        "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_MultiRegionConfiguration.html",
    ],
    reads: &[
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    let metadata = match described(key)? {
        Ok(metadata) => metadata,
        Err(gone) => return Ok(gone),
    };
    if !*metadata.multi_region.known()? {
        let text = "the key is a single-Region key";
        return Ok(Verdict::not_applicable(text).saw("MultiRegion", false));
    }
    let replicas = metadata.replicas.known()?;
    let (mut open, mut gaps) = (Vec::new(), Vec::new());
    for arn in replicas {
        let Some(replica) = ctx.inventory.keys.get(arn) else {
            let (account, region) = (arn.account(), arn.region());
            gaps.push(not_seen(calls::GET_KEY_POLICY, &account, &region, ctx).into());
            continue;
        };
        for judge in [not_public::run, policy_cross_account::run] {
            match judge(replica, ctx) {
                Ok(verdict) if verdict.status == Status::Fail => {
                    open.push(format!("{arn}: {}", verdict.message));
                }
                // The list names it, and the call for it found none: it was not looked at.
                Ok(verdict) if verdict.status == Status::NotApplicable => {
                    gaps.push(gap::gap(
                        calls::DESCRIBE_KEY,
                        &replica.account,
                        &replica.region,
                        Reason::Malformed,
                        format!("{arn} is listed as a replica, but DescribeKey does not find it"),
                    ));
                }
                Ok(_) => {}
                Err(missing) => gaps.push(missing),
            }
        }
    }
    let verdict = match replicas.len() {
        0 => Verdict::pass("the multi-Region key has no replicas"),
        n => Verdict::pass_if(
            open.is_empty(),
            format!(
                "the key policies of {n} related multi-Region keys grant no access to external principals"
            ),
            open.join("; "),
        ),
    };
    verdict
        .saw("MultiRegionConfiguration", replicas)
        .unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const REPLICA: &str = "arn:aws:kms:eu-west-1:111111111111:key/mrk-1";

    fn replicated(replica: impl FnOnce(&mut Key)) -> Case {
        key(|key| {
            let set = known(&mut key.metadata).as_mut().unwrap();
            set.multi_region = Known(true);
            set.replicas = Known(vec![Arn::from(REPLICA)]);
        })
        .and(|inventory| {
            let mut copy = inventory.keys[&Arn::from(KEY_ARN)].clone();
            copy.arn = Arn::from(REPLICA);
            copy.region = Region::from("eu-west-1");
            replica(&mut copy);
            inventory.keys.insert(copy.arn.clone(), copy);
        })
    }

    fn admits(principal: &str) -> Case {
        let policy = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"kms:Decrypt","Resource":"*"}}}}"#
        );
        replicated(|it| it.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (NotApplicable, inventory(|_| {})),
                (Pass, replicated(|_| {})),
                (Pass, admits("111111111111")),
                (Fail, admits("*")),
                (Fail, admits("999999999999")),
                (Fail, admits("arn:aws:iam::999999999999:role/reader")),
                (
                    Unknown,
                    replicated(|it| it.policy = denied(calls::GET_KEY_POLICY)),
                ),
                // Listed, and not there when it was called for.
                (Unknown, replicated(|it| it.metadata = Known(None))),
                // Named, and never read.
                (
                    Unknown,
                    replicated(|_| {}).and(|inventory| {
                        inventory.keys.remove(&Arn::from(REPLICA));
                    }),
                ),
                // A file from before replicas were read.
                (
                    Unknown,
                    replicated(|_| {}).and(|inventory| {
                        let key = inventory.keys.get_mut(&Arn::from(KEY_ARN)).unwrap();
                        known(&mut key.metadata).as_mut().unwrap().replicas =
                            denied(calls::DESCRIBE_KEY);
                    }),
                ),
                (
                    Pass,
                    key(|it| known(&mut it.metadata).as_mut().unwrap().multi_region = Known(true)),
                ),
                (NotApplicable, key(|it| it.metadata = Known(None))),
                (Unknown, key(|it| it.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
    }
}
