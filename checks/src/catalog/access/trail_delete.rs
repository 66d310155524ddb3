//! Nobody can delete a trail.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-delete",
    title: "Nobody can delete a trail",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "A deleted trail records nothing, and its settings are gone with it. The right often hides in \
          `cloudtrail:D*`, `NotAction` or a group.",
    fix: "Take cloudtrail:DeleteTrail from the principals that the finding names, or deny it in a service \
          control policy on the account.",
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::Access(run),
};

const ACTIONS: &[&str] = &["cloudtrail:DeleteTrail"];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "may delete the trail")
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
