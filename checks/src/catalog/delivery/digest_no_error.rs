//! The last digest file could be written.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-digest-no-error",
    title: "The last delivery of digest files should have no error",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "Digests are delivered to a prefix of their own, and their delivery can fail while log files arrive. Log \
          files of that hour can then not be verified.",
    fix: "Correct what the error names. The bucket policy must also cover AWSLogs/ACCOUNT/CloudTrail-Digest/ \
          (PutBucketPolicy). The key policy must allow CloudTrail kms:GenerateDataKey: `aws kms put-key-policy \
          --key-id KEY_ARN --policy file://policy.json --region REGION`.",
    judged: "GetTrailStatus must report no delivery error for digest files.",
    alike: &[
        "A trail without log file validation is not applicable: see trail-log-file-validation.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_TRAIL_STATUS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    if !*trail.configuration.log_file_validation.known()? {
        return Ok(Verdict::not_applicable(
            "log file validation is disabled: no digest files are delivered",
        ));
    }
    let error = &trail.status.digest.known()?.error;
    let verdict = match error.as_deref().filter(|error| !error.is_empty()) {
        None => Verdict::pass("the last delivery of digest files had no error"),
        Some(error) => Verdict::fail(format!("the last delivery of digest files failed: {error}")),
    };
    Ok(verdict.saw("LatestDigestDeliveryError", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set =
            |error: &str| trail(|it| known(&mut status(it).digest).error = Some(error.to_owned()));
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, set("")),
                (Fail, set("AccessDenied")),
                (
                    NotApplicable,
                    set("AccessDenied").and(|inventory| {
                        let trail = inventory.trails.values_mut().next().unwrap();
                        configuration(trail).log_file_validation = Known(false);
                    }),
                ),
                (
                    Pass,
                    trail(|trail| {
                        known(&mut status(trail).delivery).error = Some("AccessDenied".to_owned())
                    }),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
