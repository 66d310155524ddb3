//! Digest follows digest, hour by hour.

use super::chains::{Means, READS, judge, weigh};
use crate::digest::{Kind, Problem};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-digest-chain-unbroken",
    title: "The chain of digests covers the window without a hole",
    severity: Severity::Critical,
    question: Some(Question::Unaltered),
    why: "Each digest names the one before it by hash and signature. A missing digest, a restart or a chain that ends \
          early leaves hours in which logs can have been deleted or replaced, and nothing would show it.",
    fix: "Look for the cause in the hours that are named (StopLogging, UpdateTrail, DeleteObject events); restore \
          deleted digests from their versions, and keep log file validation and logging on (`update-trail \
          --enable-log-file-validation`, `start-logging`).",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-cli.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    judge(chain, means, || {
        let window = chain.chain.window;
        let hours = chain.chain.hours.len();
        Verdict::pass(format!("unbroken from {} to {}", window.start, window.end))
            .saw("hours", hours)
    })
}

fn means(problem: &Problem) -> Means {
    match problem.kind {
        Kind::DigestMissing
        | Kind::ChainMissing
        | Kind::ChainRestart
        | Kind::ChainGap
        | Kind::ChainTimeDiscontinuity
        | Kind::ChainLinkMismatch
        | Kind::ChainTailMissing => Means::Fails,
        Kind::DigestUnverified | Kind::DigestKeyUnknown => match weigh(problem) {
            Means::Open => Means::Open,
            Means::Fails | Means::Nothing => Means::Nothing,
        },
        Kind::DigestSignatureInvalid
        | Kind::DigestSignatureMissing
        | Kind::DigestMoved
        | Kind::DigestFormat
        | Kind::DigestTrailingData
        | Kind::LogHashMismatch
        | Kind::LogMissing
        | Kind::LogCorrupt
        | Kind::LogTrailingData
        | Kind::LogUnlisted
        | Kind::LogListedTwice
        | Kind::LogForeignBucket
        | Kind::LogKeySuspicious
        | Kind::LogUnverified => Means::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::chains::cases::{chain, with};
    use super::*;
    use crate::digest::Verdict as Of;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, chain(|_| {})),
                (Fail, with(Kind::DigestMissing, Some(Of::Missing))),
                (Fail, with(Kind::ChainMissing, None)),
                (Fail, with(Kind::ChainRestart, None)),
                (Fail, with(Kind::ChainGap, None)),
                (Fail, with(Kind::ChainTimeDiscontinuity, None)),
                (Fail, with(Kind::ChainLinkMismatch, None)),
                (Fail, with(Kind::ChainTailMissing, None)),
                (Unknown, with(Kind::DigestUnverified, Some(Of::Unverified))),
                (Unknown, with(Kind::DigestKeyUnknown, Some(Of::Unverified))),
                (Pass, with(Kind::DigestKeyUnknown, Some(Of::Invalid))),
                (Pass, with(Kind::LogMissing, Some(Of::Missing))),
                (
                    Unknown,
                    chain(|it| it.digests_listed = denied(calls::LIST_OBJECTS)),
                ),
            ],
        );
    }
}
