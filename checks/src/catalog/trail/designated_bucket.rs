//! Log files go where they are meant to go.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-designated-bucket",
    title: "Trails should deliver to an approved bucket",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Principals with cloudtrail:UpdateTrail can change the bucket of a trail. A list of approved buckets makes \
          such a change visible.",
    fix: "Set one of `approved_buckets`: `aws cloudtrail update-trail --name TRAIL --s3-bucket-name BUCKET --region \
          REGION` (Terraform: `s3_bucket_name` of `aws_cloudtrail`). If the present bucket is intended, add it to \
          `approved_buckets` in the settings.",
    judged: "The trail's bucket must be in `approved_buckets`. Not applicable without that setting.",
    alike: &["Names are compared exactly: a name that differs in one letter fails."],
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
        format!("bucket {bucket} of the trail is approved"),
        format!("the trail delivers to bucket {bucket}, which is not in `approved_buckets`"),
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
