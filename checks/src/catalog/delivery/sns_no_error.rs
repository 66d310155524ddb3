//! The last announcement could be made.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-sns-no-error",
    title: "The last announcement of a delivery ended without an error",
    severity: Severity::Low,
    question: Some(Question::Delivered),
    why: "Whoever waits for announcements cannot tell a quiet day from a topic that refuses them: log files pile up \
          unread.",
    fix: "Let cloudtrail.amazonaws.com call sns:Publish in the topic's policy, for this trail's ARN (`aws sns \
          set-topic-attributes --attribute-name Policy`); an encrypted topic needs its key's policy to allow it too.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_TRAIL_STATUS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    if trail.configuration.sns_topic.known()?.is_none() {
        return Ok(Verdict::not_applicable("the trail names no topic"));
    }
    let error = &trail.status.notification.known()?.error;
    let verdict = match error.as_deref().filter(|error| !error.is_empty()) {
        None => Verdict::pass("no error is told"),
        Some(error) => Verdict::fail(format!("announcements are refused: {error}")),
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
                    trail(|it| {
                        known(&mut status(it).log_group).error = Some("AccessDenied".to_owned())
                    }),
                ),
                (
                    NotApplicable,
                    set("NotFound").and(|it| {
                        configuration(it.trails.values_mut().next().unwrap()).sns_topic =
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
