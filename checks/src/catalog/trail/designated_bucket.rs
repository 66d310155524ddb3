//! Log files go where they are meant to go.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-designated-bucket",
    title: "Trail delivers to an approved bucket",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Anyone with UpdateTrail can point a trail at another bucket, and the old one simply stops growing. A list of the \
          buckets that may be used turns that into a finding.",
    fix: "Point the trail at one of `approved_buckets`: `aws cloudtrail update-trail --name TRAIL --s3-bucket-name BUCKET`; or, \
          if the bucket is meant, add its name to the settings.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let approved = &ctx.settings.approved_buckets;
    if approved.is_empty() {
        return Ok(Verdict::not_applicable("`approved_buckets` is not set"));
    }
    let bucket = trail.configuration.bucket.known()?;
    let verdict = Verdict::pass_if(
        approved.contains(bucket),
        "the bucket is approved",
        format!("{bucket} is not among the approved buckets"),
    );
    Ok(verdict.saw("S3BucketName", bucket).expected(approved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let approve = |names: &[&str], case: Case| {
            let names = names.iter().map(ToString::to_string).collect();
            case.with(|it| it.approved_buckets = names)
        };
        let refused = || trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS));
        table(
            &CHECK,
            [
                (NotApplicable, inventory(|_| {})),
                (Pass, approve(&["logs"], inventory(|_| {}))),
                (Pass, approve(&["old", "logs"], inventory(|_| {}))),
                (Fail, approve(&["logs2"], inventory(|_| {}))),
                (Fail, approve(&["log"], inventory(|_| {}))),
                (Unknown, approve(&["logs"], refused())),
                (NotApplicable, refused()),
            ],
        );
    }
}
