//! Something of every account and region lies in the bucket.

use super::chains::READS;
use crate::digest::Cause;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-account-region-prefixes-present",
    title: "Log buckets should hold objects of every account and region that trails cover",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "A trail can be configured for all accounts and regions while no log files of one of them arrive. A policy \
          condition, a deleted prefix or a delivery error can be the cause.",
    fix: "Check the status of the trail in that region: `aws cloudtrail get-trail-status --name TRAIL_ARN --region \
          AFFECTED_REGION`. Check the conditions of the bucket policy and key policy, which may exclude the \
          account. Restore deleted objects from their versions: `aws s3api list-object-versions --bucket BUCKET \
          --prefix PREFIX`.",
    judged: "The log bucket must hold objects under the prefix of each account and region that the trail covers.",
    alike: &[
        "An inactive account still gets a digest file each hour, so an empty prefix means that delivery does not \
         work.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html",
    ],
    reads: READS,
    run: Run::Chain(run),
};

fn run(it: &VerifiedChain, _: &Context<'_>) -> Outcome {
    let listed = [&it.digests_listed, &it.logs_listed];
    let objects: u64 = listed.iter().filter_map(|it| it.ok()).sum();
    if objects > 0 {
        return Ok(
            Verdict::pass("the log bucket holds objects of the account and region")
                .saw("objects", objects),
        );
    }
    let (digests, logs) = (it.digests_listed.known(), it.logs_listed.known());
    if let Some(gaps) = Gaps::collect(digests.err().into_iter().chain(logs.err())) {
        return Err(gaps);
    }
    let mut hours = it.chain.hours.iter();
    if hours.all(|hour| hour.cause.is_some_and(Cause::is_expected)) {
        return Ok(Verdict::not_applicable(
            "no objects are due in the time range",
        ));
    }
    let window = it.chain.window;
    let verdict = Verdict::fail(
        "the log bucket holds no objects of the account and region in the time range",
    );
    Ok(verdict
        .saw("objects", 0)
        .expected(format!("objects from {} to {}", window.start, window.end)))
}

#[cfg(test)]
mod tests {
    use super::super::chains::cases::chain;
    use super::*;
    use crate::testing::*;

    fn listed(digests: Fact<u64>, logs: Fact<u64>) -> Case {
        chain(|it| (it.digests_listed, it.logs_listed) = (digests, logs))
    }

    #[test]
    fn verdicts() {
        let lost = || denied(calls::LIST_OBJECTS);
        let nothing_due = chain(|it| {
            (it.digests_listed, it.logs_listed) = (Known(0), Known(0));
            for hour in &mut it.chain.hours {
                hour.cause = Some(Cause::NotStarted);
            }
        });
        table(
            &CHECK,
            [
                (Pass, listed(Known(2), Known(4))),
                (Pass, listed(Known(0), Known(1))),
                (Pass, listed(Known(1), lost())),
                (Fail, listed(Known(0), Known(0))),
                (NotApplicable, nothing_due),
                (Unknown, listed(Known(0), lost())),
                (Unknown, listed(lost(), Known(0))),
            ],
        );
    }
}
