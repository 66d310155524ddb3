//! The logs are those that the digests list.

use super::chains::{Means, READS, judge, weigh};
use crate::digest::{Kind, Problem};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-log-file-hash-valid",
    title: "Log files that digests list should exist and have the listed hash",
    severity: Severity::Critical,
    question: Some(Question::Unaltered),
    why: "A log file with another hash was changed after delivery. A missing one was deleted. Attackers do this to \
          remove traces of their actions.",
    fix: "Restore the log file from an older version (`aws s3api list-object-versions --bucket BUCKET --prefix \
          KEY`), a replica or a backup. Find out in S3 data events who wrote or deleted the object.",
    judged: "Reads each log file that valid digests list and compares its SHA-256. Files that are altered, missing, \
             listed twice, in another bucket or under an unexpected key fail.",
    alike: &["A file that cannot be read is unknown. A deleted file fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    judge(chain, means, || {
        if chain.chain.digests.valid == 0 {
            return Verdict::not_applicable("no valid digest in the time range lists log files");
        }
        Verdict::pass("all listed log files exist and match their digests")
            .saw("logs", chain.chain.logs.valid)
    })
}

fn means(problem: &Problem) -> Means {
    match problem.kind {
        Kind::LogHashMismatch
        | Kind::LogMissing
        | Kind::LogCorrupt
        | Kind::LogTrailingData
        | Kind::LogListedTwice
        | Kind::LogForeignBucket
        | Kind::LogKeySuspicious => Means::Fails,
        Kind::LogUnverified => weigh(problem),
        Kind::LogUnlisted
        | Kind::DigestMissing
        | Kind::DigestSignatureInvalid
        | Kind::DigestSignatureMissing
        | Kind::DigestKeyUnknown
        | Kind::DigestMoved
        | Kind::DigestFormat
        | Kind::DigestTrailingData
        | Kind::DigestUnverified
        | Kind::ChainMissing
        | Kind::ChainRestart
        | Kind::ChainGap
        | Kind::ChainTimeDiscontinuity
        | Kind::ChainLinkMismatch
        | Kind::ChainTailMissing
        | Kind::ObjectUncompressed => Means::Nothing,
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
                (NotApplicable, chain(|it| it.chain.digests.valid = 0)),
                (Fail, with(Kind::LogHashMismatch, Some(Of::Invalid))),
                (Fail, with(Kind::LogMissing, Some(Of::Missing))),
                (Fail, with(Kind::LogCorrupt, Some(Of::Invalid))),
                (Fail, with(Kind::LogTrailingData, Some(Of::Invalid))),
                (Fail, with(Kind::LogListedTwice, None)),
                (Fail, with(Kind::LogForeignBucket, Some(Of::Unverified))),
                (Fail, with(Kind::LogKeySuspicious, Some(Of::Invalid))),
                (Unknown, with(Kind::LogUnverified, Some(Of::Unverified))),
                (Pass, with(Kind::LogUnlisted, Some(Of::Unlisted))),
                (
                    Unknown,
                    chain(|it| it.digests_listed = denied(calls::LIST_OBJECTS)),
                ),
            ],
        );
    }
}
