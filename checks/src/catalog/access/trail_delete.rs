//! Nobody can delete a trail.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-delete",
    title: "Only approved principals should be able to delete trails",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "A deleted trail does not log events, and its configuration is lost. The permission is often granted \
          indirectly, by `cloudtrail:D*`, `NotAction` or a group.",
    fix: "Remove cloudtrail:DeleteTrail from the principals, or deny it in an SCP that exempts a break-glass role.",
    judged: "Fails for every principal that can delete a trail that exists. A member account cannot touch an \
             organization's trail, whatever its policies allow.",
    alike: &[
        "cloudtrail:DeleteTrail in a member on the organization's trail passes; on the account's own trail it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &["cloudtrail:DeleteTrail"];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can delete trails")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (
                    Fail,
                    may(
                        "cloudtrail:DeleteTrail",
                        "arn:aws:cloudtrail:*:111111111111:trail/*",
                    ),
                ),
                (
                    Pass,
                    may(
                        "cloudtrail:DescribeTrails",
                        "arn:aws:cloudtrail:*:111111111111:trail/*",
                    ),
                ),
                (
                    Pass,
                    may(
                        "cloudtrail:DeleteTrail",
                        "arn:aws:cloudtrail:*:222222222222:trail/*",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded("cloudtrail:DeleteTrail", "cloudtrail:DescribeTrails"),
                ),
                (
                    Fail,
                    bounded("cloudtrail:DeleteTrail", "cloudtrail:DeleteTrail"),
                ),
                (Fail, with_mfa("cloudtrail:DeleteTrail")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
                (
                    Unknown,
                    role(|r| r.boundary = Some(Arn::from("arn:aws:iam::111111111111:policy/gone")))
                        .and_iam(|it| it.roles.last_mut().unwrap().inline.push(inline(ALL))),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
