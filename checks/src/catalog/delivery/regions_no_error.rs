//! Each region delivers for itself.

use crate::context::not_seen;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-regions-no-error",
    title: "Log file delivery should have no errors in any region of the trail",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "GetTrailStatus reports on the region in which it is called. If log files of a multi-region trail are \
          denied in one region only, for example by a policy condition, the home region shows no error.",
    fix: "Run `aws cloudtrail get-trail-status --name TRAIL_ARN --region AFFECTED_REGION` for the regions that the \
          message names, and correct what LatestDeliveryError reports. For AccessDenied this is the bucket policy \
          (PutBucketPolicy) or the key policy (PutKeyPolicy).",
    judged: "Calls GetTrailStatus in each region in scope that the trail covers, in the owner's account, and fails \
             where one of them reports a delivery error. A region that could not be called makes it unknown. A \
             stopped trail is not applicable.",
    alike: &[
        "A trail without an error in its home region and with AccessDenied in sa-east-1 fails.",
        "Regions that are excluded from the run are counted in the evidence and not assessed.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    if !*trail.status.logging.known()? {
        let text = "the trail is stopped (see trail-is-logging)";
        return Ok(Verdict::not_applicable(text).saw("IsLogging", false));
    }
    let (mut failed, mut gaps, mut good) = (Vec::new(), Vec::new(), 0_usize);
    let (regions, excluded) = match regions(trail, ctx) {
        Ok(all) => all,
        Err(missing) => {
            gaps.push(missing);
            (vec![&trail.home_region], 0)
        }
    };
    for region in regions {
        let own = trail.regions.iter().find(|it| it.region == *region);
        let delivery = match own {
            Some(status) => status.delivery.known(),
            None if *region == trail.home_region => trail.status.delivery.known(),
            None => {
                let call = calls::GET_TRAIL_STATUS;
                Err(not_seen(call, &trail.account, region, ctx).into())
            }
        };
        match delivery.map(|delivery| delivery.error.as_deref().filter(|error| !error.is_empty())) {
            Ok(None) => good += 1,
            Ok(Some(error)) => failed.push(format!("{region}: {error}")),
            Err(missing) => gaps.push(missing),
        }
    }
    let verdict = Verdict::pass_if(
        failed.is_empty(),
        format!("log file delivery has no errors in {good} regions"),
        format!("log file delivery fails in {}", failed.join(", ")),
    );
    let verdict = verdict
        .saw("LatestDeliveryError", failed)
        .saw("regions without errors", good)
        .saw("regions excluded from the scope", excluded);
    verdict.unless_open(Gaps::collect(gaps))
}

/// The regions that the trail covers and that are in scope, and how many are not in scope.
fn regions<'a>(trail: &'a Trail, ctx: &'a Context<'_>) -> Result<(Vec<&'a Region>, usize), Gaps> {
    if !*trail.configuration.multi_region.known()? {
        return Ok((vec![&trail.home_region], 0));
    }
    let Some(account) = ctx.inventory.accounts.get(&trail.account) else {
        let (call, region) = (calls::LIST_REGIONS, &trail.home_region);
        return Err(not_seen(call, &trail.account, region, ctx).into());
    };
    let enabled = || {
        account
            .regions
            .known()
            .map(|region| region.iter().filter(|it| it.enabled))
    };
    let excluded = enabled()?.filter(|it| it.excluded).count();
    let covered = enabled()?.filter(|it| !it.excluded).map(|it| &it.name);
    let mut covered: Vec<&Region> = covered.collect();
    // Its own region counts even where it was left out of the run: the status is known from there.
    if !covered.contains(&&trail.home_region) {
        covered.push(&trail.home_region);
    }
    Ok((covered, excluded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Delivery;
    use crate::inventory::trail::RegionalStatus;
    use crate::testing::*;

    fn with(there: &[(&str, Fact<Option<&str>>)], change: fn(&mut Trail)) -> Case {
        inventory(|inventory| {
            for region in ["eu-west-1", "sa-east-1"] {
                add_region(inventory, ACCOUNT, region);
            }
            let trail = inventory.trails.values_mut().next().unwrap();
            for (region, error) in there {
                trail.regions.push(RegionalStatus {
                    region: Region::from(*region),
                    delivery: error.clone().map(|error| Delivery {
                        latest: None,
                        error: error.map(str::to_owned),
                    }),
                });
            }
            change(trail);
        })
    }

    #[test]
    fn verdicts() {
        let (eu, sa) = ("eu-west-1", "sa-east-1");
        let refused = || Known(Some("AccessDenied"));
        let lost = || denied(calls::GET_TRAIL_STATUS);
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, with(&[(eu, Known(None)), (sa, Known(None))], |_| {})),
                (
                    Pass,
                    with(&[(eu, Known(Some(""))), (sa, Known(None))], |_| {}),
                ),
                (Fail, with(&[(eu, refused()), (sa, Known(None))], |_| {})),
                // What is known to fail is said whatever else is missing.
                (Fail, with(&[(eu, refused()), (sa, lost())], |_| {})),
                (Unknown, with(&[(eu, Known(None)), (sa, lost())], |_| {})),
                // A region that was not called, as in every file that is older than this fact.
                (Unknown, with(&[(eu, Known(None))], |_| {})),
                (Unknown, with(&[], |it| it.regions.clear())),
                (
                    Fail,
                    with(&[], |trail| {
                        trail.regions.clear();
                        known(&mut status(trail).delivery).error = Some("NoSuchBucket".to_owned());
                    }),
                ),
                // A single-region trail has one region.
                (
                    Pass,
                    with(&[(eu, refused())], |trail| {
                        configuration(trail).multi_region = Known(false);
                    }),
                ),
                (
                    NotApplicable,
                    with(&[(eu, refused())], |it| status(it).logging = Known(false)),
                ),
                (
                    Unknown,
                    with(&[], |it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
            ],
        );
    }

    #[test]
    fn what_was_left_out_of_the_run() {
        let out = |change: fn(&mut Inventory)| {
            with(&[("sa-east-1", Known(None))], |_| {}).and(|inventory| {
                let account = inventory
                    .accounts
                    .get_mut(&AccountId::from(ACCOUNT))
                    .unwrap();
                for switch in known(&mut account.regions) {
                    switch.excluded |= switch.name.as_str() == "eu-west-1";
                }
                change(inventory);
            })
        };
        table_on(
            &CHECK,
            TRAIL_ARN,
            [
                (Pass, out(|_| {})),
                (
                    Unknown,
                    out(|it| {
                        let account = it.accounts.get_mut(&AccountId::from(ACCOUNT)).unwrap();
                        account.regions = denied(calls::LIST_REGIONS);
                    }),
                ),
            ],
        );
    }
}
