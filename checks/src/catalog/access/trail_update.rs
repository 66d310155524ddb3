//! Nobody can change a trail.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-update",
    title: "Nobody can change a trail",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "UpdateTrail sends the record to another bucket, drops its encryption and validation, or narrows \
          it to one region, while the trail still looks alive.",
    fix: "Take cloudtrail:UpdateTrail from the principals that the finding names; let infrastructure code \
          change trails by one role of its own.",
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::Access(run),
};

const ACTIONS: &[&str] = &["cloudtrail:UpdateTrail"];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "may change the trail")
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
                (Fail, may("cloudtrail:UpdateTrail", "*")),
                (Pass, may("cloudtrail:GetTrail", "*")),
                (
                    Pass,
                    may(
                        "cloudtrail:UpdateTrail",
                        "arn:aws:cloudtrail:eu-west-1:*:trail/main",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded("cloudtrail:UpdateTrail", "cloudtrail:GetTrail"),
                ),
                (
                    Fail,
                    bounded("cloudtrail:UpdateTrail", "cloudtrail:UpdateTrail"),
                ),
                (Fail, with_mfa("cloudtrail:UpdateTrail")),
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
