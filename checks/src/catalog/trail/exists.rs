//! A trail that runs is there at all.

use std::collections::BTreeSet;

use crate::catalog::recording;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-exists",
    title: "Accounts should have a trail that is logging, their own or the organization's",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "Event history keeps management events for 90 days and no other events. Without a trail there are no older \
          logs for investigations and audits.",
    fix: "Apply an organization trail to the account, or create a trail: `aws cloudtrail create-trail --name TRAIL \
          --s3-bucket-name BUCKET --is-multi-region-trail --region HOME_REGION`, then `aws cloudtrail start-logging \
          --name TRAIL --region HOME_REGION` (Terraform: `aws_cloudtrail`).",
    judged: "The account must have a running trail whose bucket exists, in any region: its own, or the shadow of an \
             organization trail. No trail fails. If regions are excluded from the scan, it is unknown.",
    alike: &[
        "A stopped trail does not pass.",
        "A failed DescribeTrails call is unknown.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let (mut gaps, mut stopped, mut no_bucket) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    gaps.extend(account.regions.known().err());
    // A trail may be there, of that region alone.
    gaps.extend(recording::left_out(account, ctx));
    for switch in recording::in_scope(account) {
        let sight = match recording::trails_in(account, &switch.name, ctx) {
            Ok(sight) => sight,
            Err(gap) => {
                gaps.push(gap);
                continue;
            }
        };
        gaps.extend(sight.hidden);
        for trail in sight.trails {
            match trail.and_then(|trail| Ok((&trail.arn, runs(trail, ctx)?))) {
                Ok((arn, Runs::Yes)) => {
                    let verdict = Verdict::pass(format!("trail {arn} is logging"));
                    return Ok(verdict.saw("TrailARN", arn));
                }
                Ok((arn, Runs::ForNothing)) => {
                    no_bucket.insert(arn);
                }
                Ok((arn, Runs::No)) => {
                    stopped.insert(arn);
                }
                Err(gap) => gaps.push(gap),
            }
        }
    }
    let verdict = if !no_bucket.is_empty() {
        Verdict::fail(format!(
            "all trails in the account that are logging deliver to a bucket that does not exist: {}",
            some(&no_bucket)
        ))
        .saw("trails without a bucket", no_bucket)
    } else if stopped.is_empty() {
        Verdict::fail("the account has no trail in any region")
    } else {
        Verdict::fail(format!(
            "all trails in the account are stopped: {}",
            some(&stopped)
        ))
        .saw("stopped trails", stopped)
    };
    match Gaps::collect(gaps) {
        Some(gaps) => Err(gaps),
        None => Ok(verdict),
    }
}

/// The first of them, and how many more.
fn some(trails: &BTreeSet<&Arn>) -> String {
    let first = trails.first().map_or("", |arn| arn.as_str());
    match trails.len().saturating_sub(1) {
        0 => first.to_owned(),
        more => format!("{first} and {more} more"),
    }
}

enum Runs {
    Yes,
    No,
    /// What it records cannot be delivered.
    ForNothing,
}

fn runs(trail: &Trail, ctx: &Context<'_>) -> Result<Runs, Gaps> {
    if !*trail.status.logging.known()? {
        return Ok(Runs::No);
    }
    Ok(match recording::bucket_is_gone(trail, ctx)? {
        true => Runs::ForNothing,
        false => Runs::Yes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Reason;
    use crate::testing::*;

    fn unlisted() -> Case {
        region(|it| it.trails = Known(Vec::new()))
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, unlisted()),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    region(|it| it.trails = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    account(|it| it.regions = denied(calls::LIST_REGIONS)),
                ),
                (Unknown, inventory(|it| it.regions.clear())),
                (Unknown, inventory(|it| it.trails.clear())),
                (
                    Pass,
                    inventory(|inventory| {
                        add_trail(inventory, ACCOUNT, HOME, "other", |trail| {
                            status(trail).logging = Known(true)
                        });
                        status(inventory.trails.get_mut(&Arn::from(TRAIL_ARN)).unwrap()).logging =
                            Known(false);
                    }),
                ),
                // A bucket that is gone keeps nothing.
                (Fail, bucket(|b| b.exists = Known(false))),
                (Unknown, bucket(|b| b.exists = denied(calls::HEAD_BUCKET))),
                (
                    Pass,
                    bucket(|b| b.exists = gap(calls::HEAD_BUCKET, Reason::NotAsked)),
                ),
                // What was left out may hold a trail.
                (
                    Unknown,
                    unlisted().and(|inventory| {
                        add_region(inventory, ACCOUNT, "eu-west-1");
                        inventory
                            .regions
                            .retain(|(_, region), _| region.as_str() == HOME);
                        let account = inventory.accounts.values_mut().next().unwrap();
                        known(&mut account.regions)[1].excluded = true;
                    }),
                ),
                // A region that is off has nothing to say.
                (
                    Fail,
                    unlisted().and(|inventory| {
                        add_region(inventory, ACCOUNT, "eu-west-1");
                        let account = inventory.accounts.values_mut().next().unwrap();
                        known(&mut account.regions)[1].enabled = false;
                    }),
                ),
                (
                    Pass,
                    unlisted().and(|it| add_region(it, ACCOUNT, "eu-west-1")),
                ),
            ],
        );
    }

    #[test]
    fn behind_a_closed_region_the_organization_trail_counts() {
        let closed = |of: &mut Inventory| {
            member(of, "222222222222", &[HOME]);
            let view = of.regions.values_mut().nth(1).unwrap();
            view.trails = gap(calls::DESCRIBE_TRAILS, Reason::DeniedByScp);
        };
        let of_member = |case: Case| statuses(&CHECK, &case)[1].1;
        assert_eq!(of_member(inventory(closed)), Pass);
        let stopped = trail(|it| status(it).logging = Known(false)).and(closed);
        assert_eq!(of_member(stopped), Fail);
        let not_for_all = trail(|it| configuration(it).organization = Known(false)).and(closed);
        assert_eq!(of_member(not_for_all), Fail);
    }
}
