//! One trail for all accounts, those of tomorrow included.

use crate::catalog::recording;
use crate::context::not_seen;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-trail",
    title: "The organization should have a multi-region organization trail that is logging",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "An organization trail covers every account, including new ones, and member accounts cannot stop or change \
          it. Trails of single accounts are controlled by administrators of these accounts.",
    fix: "In the management account or the delegated administrator: `aws organizations enable-aws-service-access \
          --service-principal cloudtrail.amazonaws.com`, then `aws cloudtrail create-trail --name TRAIL \
          --s3-bucket-name BUCKET --is-organization-trail --is-multi-region-trail --region HOME_REGION` and `aws \
          cloudtrail start-logging --name TRAIL --region HOME_REGION` (Terraform: `is_organization_trail = true` of \
          `aws_cloudtrail`).",
    judged: "An organization trail must exist that is multi-region and running, and whose bucket exists. Unknown \
             where no region of the management account is in scope.",
    alike: &["A stopped or single-region trail fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
    ],
    run: Run::Organization(judge),
};

/// Whether one is running; other checks lean on it.
pub(in crate::catalog) fn judge(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let (mut gaps, mut weak) = (Vec::new(), Vec::new());
    for trail in ctx.inventory.trails.values() {
        let set = &trail.configuration;
        match (
            set.organization.known(),
            set.multi_region.known(),
            trail.status.logging.known(),
        ) {
            (Ok(false), ..) => {}
            (_, Ok(false), _) => {
                if set.organization.ok().is_some() {
                    weak.push(format!(
                        "organization trail {} logs events in one region only",
                        trail.arn
                    ));
                }
            }
            (Ok(true), _, Ok(false)) => {
                weak.push(format!("organization trail {} is stopped", trail.arn))
            }
            (Ok(true), Ok(true), Ok(true)) => match recording::bucket_is_gone(trail, ctx) {
                Err(gap) => gaps.push(gap),
                Ok(true) => weak.push(format!(
                    "the bucket of organization trail {} does not exist",
                    trail.arn
                )),
                Ok(false) => {
                    let verdict =
                        Verdict::pass(format!("organization trail {} is logging", trail.arn));
                    return Ok(verdict.saw("TrailARN", &trail.arn));
                }
            },
            (organization, regions, logging) => {
                let missing = [organization.err(), regions.err(), logging.err()];
                gaps.extend(missing.into_iter().flatten());
            }
        }
    }
    gaps.extend(unseen(organization, ctx));
    let verdict = if weak.is_empty() {
        Verdict::fail("the organization has no organization trail")
    } else {
        Verdict::fail(weak.join("; ")).saw("OrganizationTrails", weak)
    };
    Gaps::collect(gaps).map_or(Ok(verdict), Err)
}

/// Nothing of the management account was seen. Any one of its regions shows every multi-region trail.
fn unseen(organization: &Organization, ctx: &Context<'_>) -> Option<Gaps> {
    let id = &organization.management_account;
    let Some(management) = ctx.inventory.accounts.get(id) else {
        return Some(not_seen(calls::DESCRIBE_TRAILS, id, &ctx.home(), ctx).into());
    };
    if let Err(gaps) = management.regions.known() {
        return Some(gaps);
    }
    let mut gaps = Vec::new();
    if recording::in_scope(management).next().is_none() {
        return Some(
            recording::left_out(management, ctx)
                .unwrap_or_else(|| not_seen(calls::DESCRIBE_TRAILS, id, &ctx.home(), ctx).into()),
        );
    }
    for switch in recording::in_scope(management) {
        match recording::trails_in(management, &switch.name, ctx) {
            Ok(sight) => {
                let unread = sight.trails.into_iter().filter_map(Result::err);
                return Gaps::collect(unread.chain(sight.hidden));
            }
            Err(gap) => gaps.push(gap),
        }
    }
    Gaps::collect(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn none() -> Case {
        inventory(|inventory| {
            inventory.trails.clear();
            for view in inventory.regions.values_mut() {
                view.trails = Known(Vec::new());
            }
        })
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Fail,
                    trail(|it| configuration(it).multi_region = Known(false)),
                ),
                (
                    Fail,
                    trail(|it| configuration(it).organization = Known(false)),
                ),
                (Fail, none()),
                (NotApplicable, inventory(|it| it.organization = Known(None))),
                (
                    Unknown,
                    inventory(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Fail,
                    trail(|trail| {
                        configuration(trail).multi_region = Known(false);
                        trail.status = denied(calls::GET_TRAIL_STATUS);
                    }),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    none().and(|inventory| {
                        let view = inventory.regions.values_mut().next().unwrap();
                        view.trails = denied(calls::DESCRIBE_TRAILS);
                    }),
                ),
                (
                    Unknown,
                    none().and(|inventory| {
                        let management = inventory.accounts.values_mut().next().unwrap();
                        management.regions = denied(calls::LIST_REGIONS);
                    }),
                ),
                (Unknown, inventory(|it| it.trails.clear())),
                // A bucket that is gone keeps nothing.
                (Fail, bucket(|b| b.exists = Known(false))),
                (Unknown, bucket(|b| b.exists = denied(calls::HEAD_BUCKET))),
                // No region of the management account was looked at.
                (
                    Unknown,
                    none().and(|inventory| {
                        inventory.regions.clear();
                        let management = inventory.accounts.values_mut().next().unwrap();
                        known(&mut management.regions)[0].excluded = true;
                    }),
                ),
                // One region of the management account that answers shows it all.
                (
                    Fail,
                    none().and(|inventory| {
                        add_region(inventory, ACCOUNT, "eu-west-1");
                        for view in inventory.regions.values_mut() {
                            view.trails = Known(Vec::new());
                        }
                        let view = inventory.regions.values_mut().next().unwrap();
                        view.trails = denied(calls::DESCRIBE_TRAILS);
                    }),
                ),
                (
                    Unknown,
                    none().and(|inventory| {
                        let Known(Some(of)) = &mut inventory.organization else {
                            return;
                        };
                        of.management_account = AccountId::from("999999999999");
                    }),
                ),
            ],
        );
    }
}
