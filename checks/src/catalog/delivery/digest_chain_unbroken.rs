//! Digest follows digest, hour by hour.

use super::chains::{Means, READS, judge, weigh};
use crate::digest::{Kind, Problem, Severity as Weight, Verdict as Of};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-digest-chain-unbroken",
    title: "Digest chains should be unbroken",
    severity: Severity::Critical,
    question: Some(Question::Unaltered),
    why: "Each digest names the hash and signature of the previous one. During hours without a digest, log files can \
          be deleted or replaced without detection.",
    fix: "Find the cause in CloudTrail logs of the hours that the message names (StopLogging, UpdateTrail, \
          DeleteObject). Restore deleted digests from their versions. Keep log file validation enabled (`aws \
          cloudtrail update-trail --name TRAIL --enable-log-file-validation --region HOME_REGION`) and the trail \
          logging (`aws cloudtrail start-logging --name TRAIL --region HOME_REGION`).",
    judged: "Follows the hourly chain: each digest must name the previous one. A missing digest, a gap, a restart or \
             a wrong link fails. A digest that could not be read is unknown.",
    alike: &[
        "The first digest of a trail has no previous digest and passes. A later digest without one is a restart and \
         fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-cli.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    judge(chain, means, || {
        let window = chain.chain.window;
        if chain.chain.digests.valid == 0 {
            return nothing_read(chain);
        }
        let hours = chain.chain.hours.iter();
        let hours: usize = hours.map(|it| usize::from(it.count.get())).sum();
        Verdict::pass(format!(
            "the digest chain is unbroken from {} to {}",
            window.start, window.end
        ))
        .saw("hours", hours)
    })
}

/// No digest of the window was read, and nothing fails: that is no proof of anything.
fn nothing_read(chain: &VerifiedChain) -> Verdict {
    let note = chain.problems.iter().find(|problem| problem.key.is_none());
    let window = chain.chain.window;
    Verdict::not_applicable(match note {
        Some(note) => note.detail.clone(),
        None => format!(
            "no digest of this chain is due between {} and {}",
            window.start, window.end
        ),
    })
}

fn means(problem: &Problem) -> Means {
    match problem.kind {
        // A note: the chain goes on elsewhere, or other chains cover the hours after a stop.
        Kind::ChainGap | Kind::ChainTailMissing if problem.severity == Weight::Info => {
            Means::Nothing
        }
        Kind::ChainGap if problem.verdict == Some(Of::Unverified) => Means::Open,
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
        | Kind::LogUnverified
        | Kind::ObjectUncompressed => Means::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::chains::cases::{chain, problem, with};
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, chain(|_| {})),
                (NotApplicable, chain(|it| it.chain.digests.valid = 0)),
                // Another trail covers the hours after the stop.
                (
                    Pass,
                    chain(|it| {
                        let mut note = problem(Kind::ChainGap, None);
                        note.severity = Weight::Info;
                        it.problems.push(note);
                    }),
                ),
                // It may, but was not read.
                (Unknown, with(Kind::ChainGap, Some(Of::Unverified))),
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
