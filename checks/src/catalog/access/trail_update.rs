//! Nobody can change a trail.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-update",
    title: "Only approved principals should be able to change trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "UpdateTrail can change the log bucket, disable encryption and log file validation, or limit the trail to \
          one region. The trail is still reported as logging.",
    fix: "Remove cloudtrail:UpdateTrail from the principals, or deny it in an SCP that exempts a break-glass role. \
          Let infrastructure as code change trails through one dedicated role.",
    judged: "Fails for every principal that can change a trail: its bucket, key, regions, validation or log group.",
    alike: &[
        "cloudtrail:UpdateTrail denied by an SCP passes; denied by a policy that has an exception for the principal \
         it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &["cloudtrail:UpdateTrail"];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can change trails")
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
