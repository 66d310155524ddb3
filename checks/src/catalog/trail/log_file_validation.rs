//! Digest files prove that log files were not altered.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-log-file-validation",
    title: "Trails should have log file validation enabled",
    severity: Severity::High,
    question: Some(Question::Unaltered),
    why: "Without digest files it cannot be verified that a log file is unchanged since delivery, or that none is \
          missing.",
    fix: "Enable it: `aws cloudtrail update-trail --name TRAIL --enable-log-file-validation --region REGION` \
          (Terraform: `enable_log_file_validation = true` of `aws_cloudtrail`). Log files delivered before are not \
          covered.",
    judged: "LogFileValidationEnabled must be true.",
    alike: &["Earlier digest files in the bucket do not pass."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let on = *trail.configuration.log_file_validation.known()?;
    let verdict = Verdict::pass_if(
        on,
        "log file validation is enabled",
        "log file validation is disabled: the trail delivers no digest files",
    );
    Ok(verdict.saw("LogFileValidationEnabled", on).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |on| trail(|t| configuration(t).log_file_validation = Known(on));
        table(
            &CHECK,
            [
                (Pass, set(true)),
                (Fail, set(false)),
                (
                    Unknown,
                    trail(|t| t.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
