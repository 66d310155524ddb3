//! IAM, STS and CloudFront have no region of their own: not every trail sees them.

use super::judging;
use crate::finding::Status;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-global-service-events",
    title: "Trails should log events of global services (IAM, STS, CloudFront)",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "New users, new access keys and assumed roles are IAM and STS events. Events of IAM, CloudFront and the \
          global STS endpoint are logged in us-east-1. A single-region trail in another region does not log them.",
    fix: "Make the trail a multi-region trail, which always includes them: `aws cloudtrail update-trail --name TRAIL \
          --is-multi-region-trail --region REGION` (Terraform: `is_multi_region_trail = true` of `aws_cloudtrail`). \
          A single-region trail must be in us-east-1 and have `include_global_service_events = true`.",
    judged: "A multi-region trail always logs them. A single-region trail logs them only in the region of its \
             partition where IAM has its endpoint (us-east-1, us-gov-west-1, cn-north-1, eusc-de-east-1), with \
             IncludeGlobalServiceEvents.",
    alike: &["IncludeGlobalServiceEvents on a single-region trail in eu-west-1 fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let sources = [
        "iam.amazonaws.com",
        "sts.amazonaws.com",
        "cloudfront.amazonaws.com",
    ];
    let asked = Events::management().with(Field::EventSource, sources.map(Pattern::equals));
    let selected = judging::records(trail, &asked, "events of global services", |it| it, ctx)?;
    if selected.status != Status::Pass {
        return Ok(selected);
    }
    let included = *trail.configuration.include_global_service_events.known()?;
    let verdict = if *trail.configuration.multi_region.known()? {
        Verdict::pass("the multi-region trail logs events of global services")
    } else if !included {
        Verdict::fail("the single-region trail excludes events of global services")
    } else {
        // Assumed for the other partitions after AWS's words on its main one: events of IAM are recorded where its
        // endpoint is.
        let home = ctx.home();
        Verdict::pass_if(
            trail.home_region == home,
            format!(
                "the single-region trail is in {home}, where events of global services are logged"
            ),
            format!(
                "the single-region trail is in {}, but events of global services are logged in {home}",
                trail.home_region
            ),
        )
    };
    let verdict = verdict
        .saw("IsMultiRegionTrail", trail.configuration.multi_region.ok())
        .expected(true);
    Ok(verdict
        .saw("IncludeGlobalServiceEvents", included)
        .expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn single(home: &str, included: bool) -> Case {
        trail(|trail| {
            trail.home_region = Region::from(home);
            configuration(trail).multi_region = Known(false);
            configuration(trail).include_global_service_events = Known(included);
        })
    }

    fn elsewhere(partition: &str, home: &str, included: bool) -> Case {
        single(home, included).and(|it| it.header.scope.partition = partition.to_owned())
    }

    #[test]
    fn verdicts() {
        let advanced = |test: &[&str]| trail(|it| it.selectors = Known(selectors(&[test])));
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (
                    Pass,
                    trail(|it| configuration(it).include_global_service_events = Known(false)),
                ),
                (Pass, single("us-east-1", true)),
                (Fail, single("us-east-1", false)),
                (Fail, single("eu-west-1", true)),
                (Pass, elsewhere("aws-us-gov", "us-gov-west-1", true)),
                (Fail, elsewhere("aws-us-gov", "us-gov-east-1", true)),
                (Fail, elsewhere("aws-us-gov", "us-gov-west-1", false)),
                (Pass, elsewhere("aws-eusc", "eusc-de-east-1", true)),
                (Pass, elsewhere("aws-cn", "cn-north-1", true)),
                (Fail, elsewhere("aws-cn", "cn-northwest-1", true)),
                (
                    Fail,
                    advanced(&[
                        "eventCategory = Management",
                        "eventSource != sts.amazonaws.com",
                    ]),
                ),
                (
                    Pass,
                    advanced(&[
                        "eventCategory = Management",
                        "eventSource != kms.amazonaws.com",
                    ]),
                ),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }
}
