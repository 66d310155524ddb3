//! A bucket for log files holds log files.

use std::collections::BTreeSet;

use super::{gone, places};
use crate::catalog::recording;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-dedicated",
    title: "Log buckets should contain only the prefixes that trails deliver to",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "Principals with access to the other data in the bucket can often access the log files as well. A bucket \
          policy for two purposes is harder to keep restrictive.",
    fix: "Move the prefixes that the message names to another bucket: `aws s3 mv s3://BUCKET/PREFIX \
          s3://OTHER_BUCKET/PREFIX --recursive`. Then remove their readers and writers from the log bucket policy.",
    judged: "Evaluates the bucket's top-level prefixes: passes when all of them are prefixes that trails deliver to.",
    alike: &["AWSLogs/ and the trails' own prefixes pass; any other prefix fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::LIST_OBJECTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let logs = places::of_logs(bucket, ctx);
    let tops: BTreeSet<&str> = logs
        .iter()
        .filter_map(|prefix| prefix.split_inclusive('/').next())
        .collect();
    let seen = bucket.prefixes.known()?;
    let other: Vec<&str> = seen
        .iter()
        .map(String::as_str)
        .filter(|it| !tops.contains(it))
        .collect();
    if other.is_empty() {
        return Ok(Verdict::pass("the bucket contains only log prefixes").saw("Prefixes", tops));
    }
    // What looks strange may be the prefix of a hidden trail.
    if let Some(gaps) = recording::hidden_anywhere(ctx) {
        return Err(gaps);
    }
    let few: Vec<&str> = other.iter().copied().take(5).collect();
    let verdict = Verdict::fail(format!(
        "the bucket contains prefixes that no trail delivers to: {}",
        few.join(", ")
    ));
    Ok(verdict.saw("Prefixes", other).expected(tops))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn holds(prefixes: &[&str]) -> Case {
        let prefixes = prefixes.iter().map(ToString::to_string).collect();
        bucket(|b| b.prefixes = Known(prefixes))
    }

    #[test]
    fn verdicts() {
        let of_trail = |case: Case| {
            case.and(|inventory| {
                let set = configuration(inventory.trails.values_mut().next().unwrap());
                set.prefix = Known(Some("org/trail".to_owned()));
            })
        };
        table(
            &CHECK,
            [
                (Pass, holds(&["AWSLogs/"])),
                (Pass, holds(&[])),
                (Fail, holds(&["AWSLogs/", "backups/"])),
                (Fail, holds(&["AWSLogs/", "AWSLogs"])),
                (Pass, of_trail(holds(&["org/"]))),
                (Fail, of_trail(holds(&["org/", "AWSLogs/"]))),
                (
                    Unknown,
                    bucket(|b| b.prefixes = denied(calls::LIST_OBJECTS)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
        let hidden = |case: Case| {
            case.and(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "hidden", |trail| {
                    trail.configuration = denied(calls::DESCRIBE_TRAILS);
                });
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Unknown, hidden(holds(&["AWSLogs/", "org/"]))),
                (Pass, hidden(holds(&["AWSLogs/"]))),
            ],
        );
    }
}
