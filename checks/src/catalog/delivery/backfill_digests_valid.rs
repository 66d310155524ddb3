//! What was delivered late is proved as well.

use super::chains::{Means, READS, judge, of_backfill, weigh};
use crate::digest::Problem;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-backfill-digests-valid",
    title: "Backfill digests should be valid",
    severity: Severity::High,
    question: Some(Question::Unaltered),
    why: "Log files that CloudTrail delivers late are listed in backfill digests only, which no hourly digest refers \
          to. A forged backfill digest can make forged log files look valid.",
    fix: "Treat log files that only this backfill digest lists as unverified. Restore the digest from an older \
          version (`aws s3api list-object-versions --bucket BUCKET --prefix KEY`), or ask AWS Support for the \
          deliveries of that hour.",
    judged: "Backfill digests must have their timestamp, a valid signature and the hashes of their files.",
    alike: &[
        "A backfill digest is signed like the others; one without its timestamp is malformed.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-backfill.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    judge(chain, means, || match chain.backfills {
        0 => Verdict::not_applicable("no backfill digest was delivered in the time range"),
        count => Verdict::pass("all backfill digests are valid").saw("backfill digests", count),
    })
}

fn means(problem: &Problem) -> Means {
    match of_backfill(problem) {
        true => weigh(problem),
        false => Means::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::chains::cases::{chain, problem};
    use super::*;
    use crate::digest::{Kind, Verdict as Of};
    use crate::testing::*;

    fn flawed(verdict: Of, end: &str) -> Case {
        chain(|it| {
            let mut problem = problem(Kind::DigestSignatureInvalid, Some(verdict));
            problem.key = Some(format!("AWSLogs/digest{end}"));
            it.problems.push(problem);
            it.backfills = 1;
        })
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (NotApplicable, chain(|_| {})),
                (Pass, chain(|it| it.backfills = 1)),
                (Fail, flawed(Of::Invalid, "_backfill.json.gz")),
                (Pass, flawed(Of::Invalid, ".json.gz")),
                (Unknown, flawed(Of::Unverified, "_backfill.json.gz")),
                (
                    Unknown,
                    chain(|it| it.digests_listed = denied(calls::LIST_OBJECTS)),
                ),
            ],
        );
    }
}
