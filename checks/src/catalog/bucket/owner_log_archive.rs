//! The log files lie where nobody works.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-owner-log-archive",
    title: "Log buckets should belong to a log archive account",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Administrators of the account that owns the bucket can read and delete log files. A separate log archive \
          account without workloads keeps administrators of workload accounts and of the management account away \
          from them.",
    fix: "Create a bucket in one of the `log_archive_accounts` with a bucket policy for CloudTrail, and deliver to \
          it: `aws cloudtrail update-trail --name TRAIL_ARN --s3-bucket-name NEW_BUCKET --region TRAIL_REGION`. Keep \
          the old bucket until its retention ends.",
    judged: "The owner must be in `log_archive_accounts`. Not applicable without that setting.",
    alike: &[
        "A member account that holds only this bucket still fails unless the settings name it.",
    ],
    references: &[
        "https://docs.aws.amazon.com/prescriptive-guidance/latest/security-reference-architecture/log-archive.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::HEAD_BUCKET],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let archives = &ctx.settings.log_archive_accounts;
    if archives.is_empty() {
        return Ok(Verdict::not_applicable(
            "the setting `log_archive_accounts` is not set",
        ));
    }
    let owner = bucket.owner.known()?.as_ref();
    let verdict = match owner {
        Some(owner) if archives.contains(owner) => {
            Verdict::pass(format!("the bucket belongs to log archive account {owner}"))
        }
        Some(owner) => Verdict::fail(format!(
            "the bucket belongs to account {owner}, which is not one of \
            `log_archive_accounts`"
        )),
        None => Verdict::fail(
            "the bucket belongs to none of the assessed accounts, so not to one of \
            `log_archive_accounts`",
        ),
    };
    Ok(verdict.saw("Owner", owner).expected(archives))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let archives = |ids: &[&str], case: Case| {
            let ids = ids.iter().copied().map(AccountId::from).collect();
            case.with(|it| it.log_archive_accounts = ids)
        };
        let owned = |by: Option<&str>| bucket(|b| b.owner = Known(by.map(AccountId::from)));
        let of = |ids: &[&str], by: &str| archives(ids, owned(Some(by)));
        table(
            &CHECK,
            [
                (NotApplicable, inventory(|_| {})),
                (Pass, of(&["222222222222"], "222222222222")),
                (Fail, of(&["222222222222"], ACCOUNT)),
                (Pass, of(&["222222222222", ACCOUNT], ACCOUNT)),
                (Fail, archives(&["222222222222"], owned(None))),
                (
                    Unknown,
                    archives(&[ACCOUNT], bucket(|b| b.owner = denied(calls::HEAD_BUCKET))),
                ),
                (
                    NotApplicable,
                    archives(&[ACCOUNT], bucket(|b| b.exists = Known(false))),
                ),
            ],
        );
    }
}
