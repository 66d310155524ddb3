//! Every digest carries CloudTrail's signature over its own bytes.

use super::chains::{Means, READS, judge, weigh};
use crate::digest::{Kind, Problem};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-digest-signature-valid",
    title: "Every digest in the window has CloudTrail's signature, and lies where it was delivered",
    severity: Severity::Critical,
    question: Some(Question::Unaltered),
    why: "A digest proves its logs only by CloudTrail's signature. One that does not fit, or whose key CloudTrail does \
          not list, was altered or forged: whoever could write it could rewrite the logs that it vouches for.",
    fix: "Restore the digest from an older version or a replica (`aws s3api list-object-versions`), find out who wrote \
          the object (S3 data events, access logs), and lock the bucket (`put-object-lock-configuration`).",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    judge(chain, means, || {
        let count = chain.chain.digests.valid;
        if count == 0 {
            return Verdict::not_applicable("there is no new digest in the window");
        }
        Verdict::pass("every signature holds").saw("digests", count)
    })
}

fn means(problem: &Problem) -> Means {
    match problem.kind {
        Kind::DigestSignatureInvalid
        | Kind::DigestSignatureMissing
        | Kind::DigestKeyUnknown
        | Kind::DigestMoved
        | Kind::DigestFormat
        | Kind::DigestTrailingData
        | Kind::DigestUnverified => weigh(problem),
        Kind::LogHashMismatch
        | Kind::LogMissing
        | Kind::LogCorrupt
        | Kind::LogTrailingData
        | Kind::LogUnlisted
        | Kind::LogListedTwice
        | Kind::LogForeignBucket
        | Kind::LogKeySuspicious
        | Kind::LogUnverified
        | Kind::DigestMissing
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
                (Fail, with(Kind::DigestSignatureInvalid, Some(Of::Invalid))),
                (Fail, with(Kind::DigestSignatureMissing, Some(Of::Invalid))),
                // The successor proves it: a note.
                (Pass, with(Kind::DigestSignatureMissing, None)),
                (Fail, with(Kind::DigestMoved, Some(Of::Invalid))),
                (Fail, with(Kind::DigestFormat, Some(Of::Invalid))),
                (Fail, with(Kind::DigestTrailingData, Some(Of::Invalid))),
                (Fail, with(Kind::DigestKeyUnknown, Some(Of::Invalid))),
                (Unknown, with(Kind::DigestKeyUnknown, Some(Of::Unverified))),
                (Unknown, with(Kind::DigestUnverified, Some(Of::Unverified))),
                (Pass, with(Kind::LogMissing, Some(Of::Missing))),
                (
                    Unknown,
                    chain(|it| it.digests_listed = denied(calls::LIST_OBJECTS)),
                ),
                (
                    Fail,
                    with(Kind::DigestMoved, Some(Of::Invalid)).and(|it| {
                        let chain = it.chains.values_mut().next().unwrap();
                        chain.digests_listed = denied(calls::LIST_OBJECTS);
                    }),
                ),
            ],
        );
    }
}
