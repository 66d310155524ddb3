//! Somebody is told when bucket policies, ACLs and life cycles change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-s3-policy-changes",
    title: "Somebody is told when bucket policies, ACLs and life cycles change",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "One call opens a log bucket to the world, or lets its objects expire the next day.",
    fix: "Count the nine PutBucket and DeleteBucket calls for ACL, policy, CORS, life cycle and \
          replication with one filter on `$.eventSource = s3.amazonaws.com` and their `$.eventName`, put \
          an alarm on its metric (Sum >= 1 in one period) and a topic with a confirmed subscription behind \
          it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::S3_POLICY_CHANGES, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, filter(&any_of(events::S3_POLICY_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::S3_POLICY_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
