//! Only signed requests write to the trail's log group.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-bearer-token",
    title: "Log groups of trails should not accept bearer tokens",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "With bearer token authentication, a token is sufficient to write events to the log group without a signed \
          AWS request. Forged events cause false alarms that hide real ones.",
    fix: "Disable it: `aws logs put-bearer-token-authentication --log-group-identifier GROUP_ARN \
          --no-bearer-token-authentication-enabled --region REGION`. CloudTrail does not use it.",
    judged: "Fails if bearer token authentication is enabled for the log group that a trail delivers to.",
    alike: &["A log group without this setting was never changed, and passes."],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutBearerTokenAuthentication.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::DESCRIBE_LOG_GROUPS],
    run: Run::LogGroup(run),
};

fn run(group: &LogGroup, _: &Context<'_>) -> Outcome {
    let Some(set) = group.configuration.known()? else {
        return Ok(gone());
    };
    // An answer without the field is one of a log group on which it was never turned on.
    let on = set.bearer_token.known()?.unwrap_or(false);
    let verdict = Verdict::pass_if(
        !on,
        "bearer token authentication is disabled",
        "bearer token authentication is enabled: events can be written without a signed request",
    );
    Ok(verdict
        .saw("bearerTokenAuthenticationEnabled", on)
        .expected(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |on: Fact<Option<bool>>| {
            log_group(|it| known(&mut it.configuration).as_mut().unwrap().bearer_token = on)
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, set(Known(None))),
                (Fail, set(Known(Some(true)))),
                (Unknown, set(denied(calls::DESCRIBE_LOG_GROUPS))),
                (
                    NotApplicable,
                    log_group(|it| it.configuration = Known(None)),
                ),
                (
                    Unknown,
                    log_group(|it| it.configuration = denied(calls::DESCRIBE_LOG_GROUPS)),
                ),
            ],
        );
    }
}
