//! Somebody is told when a public access block is taken away.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-public-access-block-changes",
    title: "Somebody is told when a public access block is taken away",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "The block of a bucket or an account is the last thing between a careless policy and the \
          internet. The console removes it with a Put call, the command line with a Delete call.",
    fix: "Count PutBucketPublicAccessBlock, DeleteBucketPublicAccessBlock, PutAccountPublicAccessBlock and \
          DeleteAccountPublicAccessBlock with one filter of `$.eventName` terms joined by `||`, put an \
          alarm on its metric (Sum >= 1 in one period) and a topic with a confirmed subscription behind \
          it.",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::PUBLIC_ACCESS_BLOCK_CHANGES, ctx)
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
                (
                    Pass,
                    filter(&any_of(events::PUBLIC_ACCESS_BLOCK_CHANGES.names)),
                ),
                (
                    Fail,
                    filter(&any_of(
                        events::PUBLIC_ACCESS_BLOCK_CHANGES
                            .names
                            .split_last()
                            .unwrap()
                            .1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
