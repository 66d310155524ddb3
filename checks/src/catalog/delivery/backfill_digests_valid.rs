//! What was delivered late is proved as well.

use super::chains::{Means, READS, judge, of_backfill, weigh};
use crate::digest::Problem;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-backfill-digests-valid",
    title: "Every backfill digest in the window is valid",
    severity: Severity::High,
    question: Some(Question::Unaltered),
    why: "Logs that CloudTrail delivers late are listed by backfill digests alone. No hourly digest names those, so a \
          forged one could vouch for forged logs, and many tools never look at them.",
    fix: "Treat the logs that only this backfill digest lists as unproved; restore the digest from its versions, or \
          ask AWS Support for the delivery of that hour.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-backfill.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, _: &Context<'_>) -> Outcome {
    judge(chain, means, || match chain.backfills {
        0 => Verdict::not_applicable("there is no backfill digest in the window"),
        count => Verdict::pass("every backfill digest holds").saw("backfill digests", count),
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
