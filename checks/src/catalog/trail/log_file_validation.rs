//! Digest files prove that log files were not altered.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-log-file-validation",
    title: "Trail writes signed digest files",
    severity: Severity::High,
    question: Some(Question::Unaltered),
    why: "Without digest files nobody can prove that a log file is the one that CloudTrail delivered, \
          nor that one is missing.",
    fix: "Call UpdateTrail with EnableLogFileValidation: \
          `aws cloudtrail update-trail --name TRAIL --enable-log-file-validation`.",
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
        "digest files are written",
        "no digest files are written",
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
