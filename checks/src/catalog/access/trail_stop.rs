//! Nobody can stop a trail.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-stop",
    title: "Nobody can stop a trail",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "One StopLogging call and nothing that follows is recorded. Who can make it is a matter of all \
          policies together, not of one.",
    fix: "Take cloudtrail:StopLogging from the principals that the finding names, or deny it to all but a \
          break-glass role in a service control policy (`aws organizations create-policy --name NAME --type \
          SERVICE_CONTROL_POLICY --description TEXT --content file://scp.json`). `trailaudit access --explain` \
          writes the statement.",
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::Access(run),
};

const ACTIONS: &[&str] = &["cloudtrail:StopLogging"];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "may stop the trail")
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
