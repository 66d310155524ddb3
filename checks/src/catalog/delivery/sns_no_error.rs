//! The last announcement could be made.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-sns-no-error",
    title: "The last SNS notification of a delivery should have no error",
    severity: Severity::Low,
    question: Some(Question::Delivered),
    why: "Tools that wait for notifications do not process log files if the topic denies them.",
    fix: "Allow cloudtrail.amazonaws.com sns:Publish in the topic policy, with the ARN of this trail as \
          aws:SourceArn: `aws sns set-topic-attributes --topic-arn TOPIC_ARN --attribute-name Policy \
          --attribute-value file://policy.json --region REGION`. If the topic is encrypted, its key policy must \
          allow CloudTrail kms:GenerateDataKey and kms:Decrypt.",
    judged: "GetTrailStatus must report no notification error. Not applicable without a topic.",
    alike: &["A deleted topic fails here and in trail-sns-notifications."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_TRAIL_STATUS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    if trail.configuration.sns_topic.known()?.is_none() {
        return Ok(Verdict::not_applicable("the trail has no SNS topic"));
    }
    let error = &trail.status.notification.known()?.error;
    let verdict = match error.as_deref().filter(|error| !error.is_empty()) {
        None => Verdict::pass("the last SNS notification had no error"),
        Some(error) => Verdict::fail(format!("the last SNS notification failed: {error}")),
    };
    Ok(verdict.saw("LatestNotificationError", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |error: &str| {
            trail(|it| known(&mut status(it).notification).error = Some(error.to_owned()))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, set("")),
                (Fail, set("AuthorizationError")),
                (
                    Pass,
                    trail(|trail| {
                        known(&mut status(trail).log_group).error = Some("AccessDenied".to_owned())
                    }),
                ),
                (
                    NotApplicable,
                    set("NotFound").and(|inventory| {
                        configuration(inventory.trails.values_mut().next().unwrap()).sns_topic =
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
