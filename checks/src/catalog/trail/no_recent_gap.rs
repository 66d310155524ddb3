//! Running now is not running all the time.

use jiff::Timestamp;

use super::judging;
use crate::catalog::gap;
use crate::fact::Reason;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-no-recent-gap",
    title: "Trails should not have been stopped within `gap_window`",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "A trail that was stopped and started again looks like any other trail. Events of the time between are \
          missing from the logs for good.",
    fix: "Find the StopLogging event in the trail's home region: `aws cloudtrail lookup-events --lookup-attributes \
          AttributeKey=EventName,AttributeValue=StopLogging --region REGION`. The missing events cannot be \
          recovered: use other sources for that time, such as VPC flow logs and S3 server access logs.",
    judged: "Compares the last start and the last stop of the trail. Fails where it was stopped within `gap_window` \
             (90 days) before the scan, unless another running trail of the same scope logged the same events \
             throughout. GetTrailStatus reports the last stop only. Not applicable to a trail that is stopped now.",
    alike: &[
        "A trail that was stopped for 22 days and started again an hour ago fails; one that was created an hour ago \
         passes.",
        "A gap in an account's trail passes if the organization trail was logging throughout. It fails if that trail \
         was started during the gap.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
        calls::HEAD_BUCKET,
    ],
    run: Run::Trail(run),
};

// GetTrailStatus gives the most recent StartLogging and StopLogging alone (API reference, StartLoggingTime and
// StopLoggingTime): a stop before the last one is not visible here. `monitoring-recent-tampering` looks for it.
fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let (logging, started, stopped) = (
        *trail.status.logging.known()?,
        *trail.status.started.known()?,
        *trail.status.stopped.known()?,
    );
    let verdict = |verdict: Verdict| {
        verdict
            .saw("IsLogging", logging)
            .saw("StartLoggingTime", started)
            .saw("StopLoggingTime", stopped)
    };
    if !logging {
        let text = "the trail is stopped (see trail-is-logging)";
        return Ok(verdict(Verdict::not_applicable(text)));
    }
    let Some(started) = started else {
        let text = "the trail is logging but GetTrailStatus returned no StartLoggingTime";
        return Err(unreadable(trail, text));
    };
    let Some(stopped) = stopped else {
        let text = format!("the trail has been logging since {started}; no stop is reported");
        return Ok(verdict(Verdict::pass(text)));
    };
    if stopped > started {
        let text = format!(
            "the trail is logging but StopLoggingTime {stopped} is later than StartLoggingTime"
        );
        return Err(unreadable(trail, &text));
    }
    let window = ctx.settings.gap_window;
    let since = ctx.taken_at().saturating_sub(window.get());
    if since.is_ok_and(|since| started <= since) || started == stopped {
        let text =
            format!("the trail has been logging since {started}: no stop in the last {window}");
        return Ok(verdict(Verdict::pass(text)));
    }
    let gap = format!(
        "the trail was not logging from {stopped} to {started} ({})",
        length(stopped, started)
    );
    let meanwhile = judging::recorded_meanwhile(trail, stopped, ctx);
    let of = |text: String| verdict(Verdict::fail(text));
    match meanwhile {
        Ok(Some(other)) => {
            let text = format!(
                "{gap}; trail {} logged the same events in that time",
                other.arn
            );
            Ok(verdict(Verdict::pass(text)).saw("TrailARN", &other.arn))
        }
        Ok(None) => Ok(of(gap)),
        Err(gaps) => Err(gaps),
    }
}

fn unreadable(trail: &Trail, text: &str) -> Gaps {
    gap::gap(
        calls::GET_TRAIL_STATUS,
        &trail.account,
        &trail.home_region,
        Reason::Malformed,
        text,
    )
}

fn length(from: Timestamp, to: Timestamp) -> String {
    let whole = to.duration_since(from);
    match (whole.as_hours() / 24, whole.as_hours(), whole.as_mins()) {
        (0, 0, 0) => "under a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0 | 1, hours, _) => format!("{hours} h"),
        (days, _, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Days;
    use crate::testing::*;

    fn times(started: i64, stopped: Option<i64>) -> Case {
        trail(|trail| {
            status(trail).started = Known(Some(hours_ago(started)));
            status(trail).stopped = Known(stopped.map(hours_ago));
        })
    }

    #[test]
    fn verdicts() {
        let days = |days: u32, case: Case| case.with(|it| it.gap_window = Days::new(days).unwrap());
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                // Created an hour ago: nobody stopped it.
                (Pass, times(1, None)),
                (Fail, times(1, Some(22 * 24))),
                // A minute is enough for what an intruder does.
                (Fail, times(1, Some(2))),
                // Before the window, and at its edge.
                (Pass, times(91 * 24, Some(120 * 24))),
                (Pass, times(90 * 24, Some(120 * 24))),
                (Fail, times(89 * 24, Some(120 * 24))),
                (Pass, days(7, times(8 * 24, Some(9 * 24)))),
                (Fail, days(7, times(6 * 24, Some(9 * 24)))),
                (Pass, times(5, Some(5))),
                // The clock of the file is behind: a start in its future is no start long ago.
                (Fail, times(-1, Some(48))),
                (
                    NotApplicable,
                    times(48, Some(1)).and(|inventory| {
                        status(inventory.trails.values_mut().next().unwrap()).logging =
                            Known(false);
                    }),
                ),
                // Contradictions.
                (Unknown, times(48, Some(1))),
                (Unknown, trail(|it| status(it).started = Known(None))),
                (
                    Unknown,
                    trail(|it| status(it).stopped = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
            ],
        );
    }

    #[test]
    fn another_trail_in_the_meantime() {
        let beside = |started: i64, stopped: Option<i64>, change: fn(&mut Trail)| {
            times(1, Some(22 * 24)).and(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "other", |trail| {
                    status(trail).started = Known(Some(hours_ago(started)));
                    status(trail).stopped = Known(stopped.map(hours_ago));
                    change(trail);
                });
            })
        };
        table_on(
            &CHECK,
            TRAIL_ARN,
            [
                (Pass, beside(9000, None, |_| {})),
                (Pass, beside(9000, Some(9001), |_| {})),
                // It was started too late, or has a gap of its own.
                (Fail, beside(21 * 24, None, |_| {})),
                (Fail, beside(10, Some(11), |_| {})),
                (
                    Fail,
                    beside(9000, None, |it| status(it).logging = Known(false)),
                ),
                (
                    Fail,
                    beside(9000, None, |it| {
                        it.selectors = Known(classic_selectors("WriteOnly", true, &[]));
                    }),
                ),
                (
                    Fail,
                    beside(9000, None, |it| {
                        configuration(it).multi_region = Known(false)
                    }),
                ),
                (
                    Fail,
                    beside(9000, None, |it| {
                        configuration(it).organization = Known(false)
                    }),
                ),
                (
                    Unknown,
                    beside(9000, None, |it| {
                        it.selectors = denied(calls::GET_EVENT_SELECTORS);
                    }),
                ),
            ],
        );
    }
}
