//! Nobody can stop a trail.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-stop",
    title: "Only approved principals should be able to stop trails",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "After one StopLogging call, the trail logs no further events. Which principals can make this call depends \
          on all policies together.",
    fix: "Remove cloudtrail:StopLogging from these principals, or deny it in an SCP that exempts a break-glass role: \
          `aws organizations create-policy --name NAME --description TEXT --type SERVICE_CONTROL_POLICY --content \
          file://scp.json`. `trailaudit access --explain` prints a statement.",
    judged: "Fails for every principal that can stop a trail that exists.",
    alike: &["A policy with StopLogging alone fails as cloudtrail:* does."],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &["cloudtrail:StopLogging"];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can stop trails")
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
                        "cloudtrail:StopLogging",
                        "arn:aws:cloudtrail:us-east-1:111111111111:trail/main",
                    ),
                ),
                (
                    Pass,
                    may(
                        "cloudtrail:StartLogging",
                        "arn:aws:cloudtrail:us-east-1:111111111111:trail/main",
                    ),
                ),
                (
                    Pass,
                    may(
                        "cloudtrail:StopLogging",
                        "arn:aws:cloudtrail:us-east-1:111111111111:trail/other",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded("cloudtrail:StopLogging", "cloudtrail:StartLogging"),
                ),
                (
                    Fail,
                    bounded("cloudtrail:StopLogging", "cloudtrail:StopLogging"),
                ),
                (Fail, with_mfa("cloudtrail:StopLogging")),
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
