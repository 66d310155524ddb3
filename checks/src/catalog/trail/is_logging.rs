//! Configured is not running.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-is-logging",
    title: "Trail is running",
    severity: Severity::Critical,
    question: Some(Question::Recorded),
    why: "A stopped trail looks complete in every other respect and records nothing. StopLogging is the first \
          thing that an intruder with the right to it will call.",
    fix: "Find out who stopped it (StopLogging in the event history), then start it in its home region: \
          `aws cloudtrail start-logging --name TRAIL`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &[calls::GET_TRAIL_STATUS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let logging = *trail.status.logging.known()?;
    // Since when, where it is known: a trail that is stopped fails either way.
    let stopped = match trail.status.stopped.ok().copied().flatten() {
        Some(at) => format!("it was stopped at {at}"),
        None => "it has never been started".to_owned(),
    };
    let verdict = Verdict::pass_if(logging, "it is running", stopped);
    Ok(verdict.saw("IsLogging", logging).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |logging| trail(|it| status(it).logging = Known(logging));
        table(
            &CHECK,
            [
                (Pass, set(true)),
                (
                    Pass,
                    trail(|it| status(it).stopped = Known(Some(hours_ago(1)))),
                ),
                (Fail, set(false)),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
            ],
        );
    }
}
