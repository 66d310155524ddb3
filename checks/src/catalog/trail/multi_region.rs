//! One trail for every region, also for those switched on later.

use super::judging;
use crate::prelude::*;
use crate::selectors::{self, Events};

pub(super) const CHECK: Check = Check {
    id: "trail-multi-region",
    title: "Trails should log events in all regions",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "A single-region trail does not log events of other regions, or of regions that are enabled later.",
    fix: "Make the trail a multi-region trail, in its home region: `aws cloudtrail update-trail --name TRAIL \
          --is-multi-region-trail --region REGION` (Terraform: `is_multi_region_trail = true` of `aws_cloudtrail`). \
          It then applies to all enabled regions.",
    judged: "Passes when the trail is multi-region; not applicable to a stopped trail whose events a running \
             organization trail logs, and to a trail without management events (see trail-data-events-*). Coverage of \
             the account is evaluated by organization-all-accounts-covered.",
    alike: &["Two single-region trails for management events both fail."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html",
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
    let multi = *trail.configuration.multi_region.known()?;
    // Where data events of one region go is their own question; management events may be recorded by another trail.
    if !multi {
        let sets = selectors::recorded(trail)?;
        if !sets.is_empty() && !sets.iter().any(Events::has_management) {
            return Ok(Verdict::not_applicable(
                "the trail logs no management events; trail-data-events-* evaluate the regions of its data events",
            ));
        }
        // A trail that was left over when the organization got one of its own hides nothing.
        if let Some(other) = judging::replaced_by(trail, ctx)? {
            return Ok(judging::replaced(other));
        }
    }
    let verdict = Verdict::pass_if(
        multi,
        "the trail logs events in all regions",
        format!(
            "the trail logs events in {} only: it is a single-region trail",
            trail.home_region
        ),
    );
    Ok(verdict.saw("IsMultiRegionTrail", multi).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn left_over_beside_the_organizations() {
        let left_over = |logging: bool, of_organization: fn(&mut Trail)| {
            inventory(|inventory| {
                of_organization(inventory.trails.values_mut().next().unwrap());
                add_trail(inventory, ACCOUNT, HOME, "old", |trail| {
                    status(trail).logging = Known(logging);
                    configuration(trail).organization = Known(false);
                    configuration(trail).multi_region = Known(false);
                });
            })
        };
        table_on(
            &CHECK,
            "arn:aws:cloudtrail:us-east-1:111111111111:trail/old",
            [
                (NotApplicable, left_over(false, |_| {})),
                (Fail, left_over(true, |_| {})),
                (
                    Fail,
                    left_over(false, |it| status(it).logging = Known(false)),
                ),
                (
                    Fail,
                    left_over(false, |it| configuration(it).organization = Known(false)),
                ),
                (
                    Fail,
                    left_over(false, |it| {
                        it.selectors = Known(classic_selectors("WriteOnly", true, &[]));
                    }),
                ),
                // Whether it is stopped decides.
                (
                    Unknown,
                    left_over(false, |_| {}).and(|inventory| {
                        let old = inventory
                            .trails
                            .values_mut()
                            .find(|it| it.name == "old")
                            .unwrap();
                        old.status = denied(calls::GET_TRAIL_STATUS);
                    }),
                ),
            ],
        );
    }

    #[test]
    fn verdicts() {
        let set = |multi| trail(|it| configuration(it).multi_region = Known(multi));
        let selecting = |multi, list: &[&[&str]]| {
            let list = selectors(list);
            trail(|trail| {
                configuration(trail).multi_region = Known(multi);
                trail.selectors = Known(list);
            })
        };
        table(
            &CHECK,
            [
                (Pass, set(true)),
                (Fail, set(false)),
                (
                    NotApplicable,
                    selecting(false, &[&["eventCategory = Data"]]),
                ),
                (Pass, selecting(true, &[&["eventCategory = Data"]])),
                (
                    Fail,
                    selecting(
                        false,
                        &[&["eventCategory = Data"], &["eventCategory = Management"]],
                    ),
                ),
                (
                    Unknown,
                    set(false).and(|inventory| {
                        inventory.trails.values_mut().next().unwrap().selectors =
                            denied(calls::GET_EVENT_SELECTORS);
                    }),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
