//! The log files lie where nobody works.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-owner-log-archive",
    title: "Log bucket belongs to a log archive account",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Administrators of the account that owns the bucket can open it, and empty it. In an account of its own, where \
          nobody runs workloads, neither those who are watched nor those who pay the bills can.",
    fix: "Make a bucket in one of `log_archive_accounts` with a policy for the trail, and deliver there: `aws \
          cloudtrail update-trail --name TRAIL --s3-bucket-name NEW_BUCKET --region HOME_REGION`. Keep the old \
          bucket until its retention is over.",
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
        return Ok(Verdict::not_applicable("`log_archive_accounts` is not set"));
    }
    let owner = bucket.owner.known()?.as_ref();
    let verdict = match owner {
        Some(owner) if archives.contains(owner) => Verdict::pass("a log archive account owns it"),
        Some(owner) => Verdict::fail(format!("account {owner} owns it, which is no log archive")),
        None => Verdict::fail("no account in sight owns it"),
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
