//! Nobody can change what a trail records.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-selectors",
    title: "Nobody can change what a trail records",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "With other selectors a trail goes on delivering and leaves out exactly the events that matter. \
          No status shows it.",
    fix: "Take cloudtrail:PutEventSelectors and cloudtrail:PutInsightSelectors from the principals that \
          the finding names.",
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::Access(run),
};

const ACTIONS: &[&str] = &[
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "may change what the trail records")
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
                (Fail, may("cloudtrail:PutEventSelectors", "*")),
                (Pass, may("cloudtrail:GetEventSelectors", "*")),
                (
                    Pass,
                    may(
                        "cloudtrail:PutEventSelectors",
                        "arn:aws:cloudtrail:*:*:eventdatastore/*",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded(
                        "cloudtrail:PutEventSelectors",
                        "cloudtrail:GetEventSelectors",
                    ),
                ),
                (
                    Fail,
                    bounded(
                        "cloudtrail:PutEventSelectors",
                        "cloudtrail:PutEventSelectors",
                    ),
                ),
                (Fail, with_mfa("cloudtrail:PutEventSelectors")),
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
