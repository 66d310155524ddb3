//! The files that were delivered are locked as the bucket's default retention says.

use super::stored::{Means, judge, missing};
use crate::inventory::{ObjectKind, Stored};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-objects-locked-as-configured",
    title: "Log and digest files should be locked as the bucket's default retention requires",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A default retention applies to later deliveries only, and principals that can write to the bucket can set \
          a shorter one. The retention of each object decides.",
    fix: "Set the retention of the objects that the message names. In COMPLIANCE mode this cannot be undone: no principal \
          can shorten or remove it. `aws s3api put-object-retention --bucket BUCKET --key KEY --retention \
          Mode=COMPLIANCE,RetainUntilDate=DATE` (S3 Batch Operations for many objects).",
    judged: "Each log and digest file that was read during verification must be locked in the mode and for the days \
             of the bucket's default retention, counted from its delivery. Longer or stricter locks pass. For buckets \
             without default retention, see `bucket-object-lock-default-retention`.",
    alike: &[
        "Files that are not read (digest missing, invalid, or none lists them) make the result unknown.",
        "S3 omits the lock from responses to callers without permission to read it. It is then requested separately, \
         and a denied call is unknown.",
        "A default that was set yesterday does not lock the files of last week.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_OBJECT_LOCK,
        calls::LIST_OBJECTS,
        calls::GET_OBJECT,
        // Only what a valid digest lists is read.
        calls::LIST_PUBLIC_KEYS,
        calls::GET_OBJECT_RETENTION,
    ],
    run: Run::Chain(run),
};

fn run(chain: &VerifiedChain, ctx: &Context<'_>) -> Outcome {
    let Some(bucket) = ctx.inventory.bucket(&chain.chain.id.bucket) else {
        let (call, why) = (calls::GET_OBJECT_LOCK, "the log bucket was not assessed");
        return Err(missing(chain, call, why));
    };
    let Some(retention) = *bucket.default_retention.known()? else {
        return Ok(Verdict::not_applicable(
            "the bucket has no default retention (see bucket-object-lock-default-retention)",
        ));
    };
    judge(
        chain,
        &[ObjectKind::Digest, ObjectKind::Log],
        |it| weigh(it, retention),
        "all log and digest files are locked as the default retention of the bucket requires",
    )
}

fn weigh(it: &Stored, wanted: Retention) -> Result<Means, Gaps> {
    let Some(lock) = it.lock.known()? else {
        return Ok(Means::Wrong("not locked".to_owned()));
    };
    let weaker = (wanted.mode, lock.mode) == (RetentionMode::Compliance, RetentionMode::Governance);
    if weaker {
        let why = "locked in governance mode (default retention of the bucket: compliance mode)";
        return Ok(Means::Wrong(why.to_owned()));
    }
    let (days, least) = (lock.days, wanted.in_days());
    Ok(if days < least {
        Means::Wrong(format!(
            "locked for {days} days from delivery (default retention of the bucket: {least} days)"
        ))
    } else {
        Means::Right
    })
}

#[cfg(test)]
mod tests {
    use super::super::chains::cases::{chain, with_chain};
    use super::super::stored::cases::encrypted;
    use super::*;
    use crate::inventory::ObjectKind::{Digest, Log};
    use crate::inventory::ObjectLock;
    use crate::testing::*;

    fn locked(kind: ObjectKind, mode: RetentionMode, days: u32) -> Stored {
        let lock = Known(Some(ObjectLock { mode, days }));
        Stored {
            lock,
            ..encrypted(kind, "AES256", None)
        }
    }

    #[test]
    fn verdicts() {
        use RetentionMode::{Compliance, Governance};
        let with = |stored: Vec<Stored>| chain(|it| it.stored = stored);
        let log = || locked(Log, Compliance, 400);
        table(
            &CHECK,
            [
                (Pass, with(vec![log(), locked(Digest, Compliance, 500)])),
                (Fail, with(vec![locked(Log, Governance, 400)])),
                (Fail, with(vec![locked(Log, Compliance, 399)])),
                // A default that was set yesterday does not lock the files of last week.
                (Fail, with(vec![log(), encrypted(Log, "AES256", None)])),
                (Fail, with(vec![log(), encrypted(Digest, "AES256", None)])),
                (Unknown, with(vec![])),
                (
                    // S3 leaves the lock out of its answer to those who may not read it.
                    Unknown,
                    with(vec![Stored {
                        lock: denied(calls::GET_OBJECT_RETENTION),
                        ..log()
                    }]),
                ),
                (Unknown, chain(|it| it.chain.digests.unverified = 1)),
                (Unknown, chain(|it| it.chain.logs.unlisted = 1)),
                (Unknown, chain(|it| it.chain.id.bucket = "other".to_owned())),
                (
                    NotApplicable,
                    with_chain(bucket(|it| it.default_retention = Known(None))),
                ),
                (
                    Unknown,
                    with_chain(bucket(|bucket| {
                        bucket.default_retention = denied(calls::GET_OBJECT_LOCK)
                    })),
                ),
            ],
        );
    }

    #[test]
    fn a_stricter_lock_is_as_good() {
        let wanted = Retention {
            mode: RetentionMode::Governance,
            days: None,
            years: Some(1),
        };
        let lock = locked(Log, RetentionMode::Compliance, 400);
        assert!(matches!(weigh(&lock, wanted), Ok(Means::Right)));
    }
}
