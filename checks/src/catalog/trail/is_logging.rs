//! Configured is not running.

use super::judging;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-is-logging",
    title: "Trails should be logging",
    severity: Severity::Critical,
    question: Some(Question::Recorded),
    why: "A stopped trail keeps its configuration and logs nothing. Attackers with cloudtrail:StopLogging call it \
          first.",
    fix: "Find out who stopped the trail (StopLogging in event history), then start it in its home region: `aws \
          cloudtrail start-logging --name TRAIL --region REGION` (Terraform: `enable_logging = true` of \
          `aws_cloudtrail`).",
    judged: "GetTrailStatus in the home region must return IsLogging: true. Not applicable to a stopped trail whose \
             events a running organization trail of at least the same scope logs and can deliver.",
    alike: &[
        "A trail that was never started fails.",
        "A stopped trail is not applicable if an organization trail logs its events. If only another trail of the \
         account does, it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
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

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let logging = *trail.status.logging.known()?;
    if !logging {
        // A trail that was left over when the organization got one of its own hides nothing.
        if let Some(other) = judging::stands_in(trail, judging::all_that(trail, ctx), ctx)? {
            return Ok(judging::replaced(other));
        }
    }
    // Since when, where it is known: a trail that is stopped fails either way.
    let stopped = match trail.status.stopped.ok().copied().flatten() {
        Some(at) => format!("the trail is not logging: it was stopped at {at}"),
        None => "the trail is not logging: no stop time is reported".to_owned(),
    };
    let verdict = Verdict::pass_if(logging, "the trail is logging", stopped);
    Ok(verdict.saw("IsLogging", logging).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |logging| trail(|it| status(it).logging = Known(logging));
        // The subject is the stopped trail; the other one is judged by itself.
        let left_over = |old: fn(&mut Trail), of_organization: fn(&mut Trail)| {
            inventory(|inventory| {
                of_organization(inventory.trails.values_mut().next().unwrap());
                add_trail(inventory, ACCOUNT, HOME, "old", |trail| {
                    status(trail).logging = Known(false);
                    configuration(trail).organization = Known(false);
                    old(trail);
                });
                let gone = Bucket {
                    exists: Known(false),
                    ..unseen_bucket("gone")
                };
                inventory.buckets.insert(gone.arn.clone(), gone);
            })
        };
        table_on(
            &CHECK,
            "arn:aws:cloudtrail:us-east-1:111111111111:trail/old",
            [
                // Left over beside a running trail of the organization: that one records its events.
                (NotApplicable, left_over(|_| {}, |_| {})),
                (
                    Fail,
                    left_over(|_| {}, |it| configuration(it).organization = Known(false)),
                ),
                (
                    Fail,
                    left_over(|_| {}, |it| status(it).logging = Known(false)),
                ),
                (
                    Fail,
                    left_over(
                        |_| {},
                        |it| it.selectors = Known(classic_selectors("WriteOnly", true, &[])),
                    ),
                ),
                (
                    Fail,
                    left_over(|_| {}, |it| configuration(it).multi_region = Known(false)),
                ),
                (
                    Fail,
                    left_over(
                        |_| {},
                        |it| configuration(it).bucket = Known("gone".to_owned()),
                    ),
                ),
                (
                    Unknown,
                    left_over(
                        |_| {},
                        |it| it.selectors = denied(calls::GET_EVENT_SELECTORS),
                    ),
                ),
                (
                    Unknown,
                    left_over(
                        |it| it.selectors = denied(calls::GET_EVENT_SELECTORS),
                        |_| {},
                    ),
                ),
            ],
        );
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
