//! The last events could be sent to the log group.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-cloudwatch-no-error",
    title: "The last delivery to CloudWatch Logs should have no error",
    severity: Severity::Medium,
    question: Some(Question::Delivered),
    why: "If the log group or the role is deleted, alarms receive no events while log files still arrive in the \
          bucket.",
    fix: "Correct what the error names. The role must trust cloudtrail.amazonaws.com and allow logs:CreateLogStream \
          and logs:PutLogEvents on the log group: `aws iam put-role-policy --role-name ROLE_NAME --policy-name \
          cloudtrail-logs --policy-document file://policy.json`. The log group must exist: `aws logs \
          create-log-group --log-group-name LOG_GROUP --region REGION`.",
    judged: "GetTrailStatus must report no delivery error for CloudWatch Logs.",
    alike: &["An empty error string passes."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_TRAIL_STATUS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    if trail.configuration.log_group.known()?.is_none() {
        return Ok(Verdict::not_applicable(
            "the trail has no CloudWatch Logs log group",
        ));
    }
    let error = &trail.status.log_group.known()?.error;
    let verdict = match error.as_deref().filter(|error| !error.is_empty()) {
        None => Verdict::pass("the last delivery to CloudWatch Logs had no error"),
        Some(error) => Verdict::fail(format!(
            "the last delivery to CloudWatch Logs failed: {error}"
        )),
    };
    Ok(verdict.saw("LatestCloudWatchLogsDeliveryError", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |error: &str| {
            trail(|it| known(&mut status(it).log_group).error = Some(error.to_owned()))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, set("")),
                (Fail, set("Access denied. Verify in IAM")),
                // Files that cannot be written are another matter.
                (
                    Pass,
                    trail(|trail| {
                        known(&mut status(trail).delivery).error = Some("AccessDenied".to_owned())
                    }),
                ),
                (
                    NotApplicable,
                    set("gone").and(|inventory| {
                        configuration(inventory.trails.values_mut().next().unwrap()).log_group =
                            Known(None);
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
