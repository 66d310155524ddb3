//! No log lies in the bucket that CloudTrail did not put there.

use super::chains::{Means, READS, judge, weigh};
use crate::digest::{Kind, Problem};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-no-unlisted-log-files",
    title: "Log files should be listed by a digest",
    severity: Severity::High,
    question: Some(Question::Unaltered),
    why: "A digest lists all log files that its trail delivered in one hour. An unlisted log file was delivered by \
          another trail without log file validation, or it was forged or restored.",
    fix: "Look for a second trail that delivers to the same prefix without log file validation: `aws cloudtrail \
          describe-trails --region REGION`. If there is one, enable validation for it or give it another prefix. If \
          there is none, keep the objects as evidence, find out who wrote them (PutObject data events), and let the \
          bucket policy allow writes by cloudtrail.amazonaws.com only (PutBucketPolicy).",
    judged: "Lists the bucket. A log file from a time that a valid digest covers must be listed in a digest.",
    alike: &["A file of an hour whose digest is missing is unverified, not unlisted."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-additional-considerations.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    let outcome = judge(chain, means, || {
        if chain.chain.digests.valid == 0 {
            return Verdict::not_applicable("no valid digest in the time range lists log files");
        }
        Verdict::pass("all log files are listed by a digest")
    })?;
    let gaps = chain.logs_listed.known().err();
    let seen = chain.logs_listed.ok().copied();
    outcome.unless_open(gaps).map(|verdict| match seen {
        Some(count) => verdict.saw("log objects", count),
        None => verdict,
    })
}

fn means(problem: &Problem) -> Means {
    match problem.kind {
        Kind::LogUnlisted => Means::Fails,
        // No digest was read at all.
        Kind::DigestUnverified if problem.key.is_none() => weigh(problem),
        Kind::DigestUnverified
        | Kind::LogHashMismatch
        | Kind::LogMissing
        | Kind::LogCorrupt
        | Kind::LogTrailingData
        | Kind::LogListedTwice
        | Kind::LogForeignBucket
        | Kind::LogKeySuspicious
        | Kind::LogUnverified
        | Kind::DigestMissing
        | Kind::DigestSignatureInvalid
        | Kind::DigestSignatureMissing
        | Kind::DigestKeyUnknown
        | Kind::DigestMoved
        | Kind::DigestFormat
        | Kind::DigestTrailingData
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
    use super::super::chains::cases::{chain, problem, with};
    use super::*;
    use crate::digest::Verdict as Of;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let whole = || {
            let mut whole = problem(Kind::DigestUnverified, Some(Of::Unverified));
            whole.key = None;
            whole
        };
        table(
            &CHECK,
            [
                (Pass, chain(|_| {})),
                (NotApplicable, chain(|it| it.chain.digests.valid = 0)),
                (Fail, with(Kind::LogUnlisted, Some(Of::Unlisted))),
                (Pass, with(Kind::LogMissing, Some(Of::Missing))),
                (Pass, with(Kind::DigestUnverified, Some(Of::Unverified))),
                (Unknown, chain(|it| it.problems.push(whole()))),
                (
                    Unknown,
                    chain(|it| it.logs_listed = denied(calls::LIST_OBJECTS)),
                ),
                (
                    Unknown,
                    chain(|it| it.digests_listed = denied(calls::LIST_OBJECTS)),
                ),
                (
                    Fail,
                    with(Kind::LogUnlisted, Some(Of::Unlisted)).and(|inventory| {
                        let chain = inventory.chains.values_mut().next().unwrap();
                        chain.logs_listed = denied(calls::LIST_OBJECTS);
                    }),
                ),
            ],
        );
    }
}
