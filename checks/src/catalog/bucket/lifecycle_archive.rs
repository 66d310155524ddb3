//! Old log files are kept cheaply.

use super::{gone, places};
use crate::catalog::recording;
use crate::inventory::bucket::LifecycleRule;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-lifecycle-archive",
    title: "Log buckets should move log files to an archive storage class within the retention period",
    severity: Severity::Info,
    question: Some(Question::Guarded),
    why: "Log files of the last months are searched often, older ones rarely. An archive storage class costs a \
          fraction of STANDARD, which makes long retention affordable.",
    fix: "Add a lifecycle rule for the log prefix with a transition to GLACIER_IR, GLACIER or DEEP_ARCHIVE: `aws \
          s3api put-bucket-lifecycle-configuration --bucket BUCKET --lifecycle-configuration file://lifecycle.json \
          --transition-default-minimum-object-size varies_by_storage_class`. Without the last parameter S3 does not \
          move files below 128 KB. The call replaces all lifecycle rules, so include the existing ones.",
    judged: "Some enabled rule must move all log files to an archive class within the required time; rules on other \
             prefixes, tags or sizes do not count.",
    alike: &["A rule on the log prefix passes; the same rule limited to a tag fails."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LIFECYCLE,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let rules = bucket.lifecycle.known()?.as_deref().unwrap_or_default();
    let archiving: Vec<&LifecycleRule> = rules
        .iter()
        .filter(|rule| archives(rule, i64::from(ctx.settings.retention_days)))
        .collect();
    if let Some(rule) = archiving.iter().find(|rule| rule.prefix.is_empty()) {
        let verdict =
            Verdict::pass("a lifecycle rule moves every object to an archive storage class");
        return Ok(verdict.saw("Transitions", classes(rule)));
    }
    let covered = |logs: &String| {
        let mut rules = archiving.iter();
        rules.any(|rule| places::covers(&rule.prefix, logs))
    };
    let logs = places::of_logs(bucket, ctx);
    match logs.iter().find(|logs| !covered(logs)) {
        Some(logs) => {
            let days = ctx.settings.retention_days;
            let verdict = Verdict::fail(format!(
                "no lifecycle rule moves log files under {logs} to an archive \
                storage class within {days} days"
            ));
            Ok(verdict.saw("LifecycleRules", rules.len()))
        }
        // A hidden trail may deliver under another prefix.
        None => Verdict::pass("lifecycle rules move log files to an archive storage class")
            .saw("Prefixes", logs)
            .unless_open(recording::hidden_anywhere(ctx)),
    }
}

/// In force, for all objects of its prefix, and early enough.
fn archives(rule: &LifecycleRule, within: i64) -> bool {
    let mut transitions = rule.transitions.iter();
    rule.enabled
        && !rule.narrowed
        && transitions.any(|transition| {
            let archive =
                ["GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"].contains(&transition.class.as_str());
            archive && transition.days.is_some_and(|days| days <= within)
        })
}

fn classes(rule: &LifecycleRule) -> Vec<&str> {
    rule.transitions
        .iter()
        .map(|it| it.class.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::bucket::Transition;
    use crate::testing::*;

    fn moves(days: Option<i64>, class: &str, change: impl FnOnce(&mut LifecycleRule)) -> Case {
        let class = class.to_owned();
        let mut rule = LifecycleRule {
            enabled: true,
            transitions: vec![Transition { days, class }],
            ..LifecycleRule::default()
        };
        change(&mut rule);
        bucket(|b| b.lifecycle = Known(Some(vec![rule])))
    }

    fn at(prefix: &str) -> Case {
        moves(Some(90), "GLACIER", |it| it.prefix = prefix.to_owned())
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, moves(Some(365), "DEEP_ARCHIVE", |_| {})),
                (Fail, moves(Some(366), "DEEP_ARCHIVE", |_| {})),
                (Fail, moves(None, "DEEP_ARCHIVE", |_| {})),
                (Fail, moves(Some(30), "STANDARD_IA", |_| {})),
                (Fail, moves(Some(30), "GLACIER", |it| it.enabled = false)),
                (Fail, moves(Some(30), "GLACIER", |it| it.narrowed = true)),
                (Pass, at("AWSLogs/")),
                (Fail, at("AWSLogs/111111111111/")),
                (Fail, at("tmp/")),
                (Fail, bucket(|b| b.lifecycle = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.lifecycle = denied(calls::GET_BUCKET_LIFECYCLE)),
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
                (Unknown, hidden(at("AWSLogs/"))),
                (Pass, hidden(at(""))),
                (Fail, hidden(at("tmp/"))),
            ],
        );
    }
}
