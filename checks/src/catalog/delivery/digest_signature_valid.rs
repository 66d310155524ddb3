//! Every digest carries CloudTrail's signature over its own bytes.

use super::chains::{Means, READS, judge, weigh};
use crate::digest::{Kind, Problem};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-digest-signature-valid",
    title: "Digests should have a valid CloudTrail signature and be in their original location",
    severity: Severity::Critical,
    question: Some(Question::Unaltered),
    why: "Only the signature of CloudTrail makes a digest trustworthy. A digest with an invalid signature was \
          changed or forged, and so may be the log files that it lists.",
    fix: "Restore the digest from an older version (`aws s3api list-object-versions --bucket BUCKET --prefix KEY`) \
          or a replica. Find out who wrote the object (S3 data events, server access logs). Protect the bucket with \
          Object Lock (PutObjectLockConfiguration).",
    judged: "Verifies each digest's signature with the region's public keys; an altered, moved or unsigned digest \
             fails.",
    alike: &["A lost signature passes where the next digest contains it. An altered digest fails."],
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
            return Verdict::not_applicable("no new digest was delivered in the time range");
        }
        Verdict::pass("all digests have valid signatures").saw("digests", count)
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
                    with(Kind::DigestMoved, Some(Of::Invalid)).and(|inventory| {
                        let chain = inventory.chains.values_mut().next().unwrap();
                        chain.digests_listed = denied(calls::LIST_OBJECTS);
                    }),
                ),
            ],
        );
    }
}
