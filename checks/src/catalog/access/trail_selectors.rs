//! Nobody can change what a trail records.

use super::effective::{TRAILS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-trail-selectors",
    title: "Only approved principals should be able to change the event selectors of trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "With other event selectors, a trail still delivers but omits important events. The trail status does not \
          show this.",
    fix: "Remove cloudtrail:PutEventSelectors and cloudtrail:PutInsightSelectors from the principals, or deny them in \
          an SCP that exempts a break-glass role.",
    judged: "Fails for every principal that can change what a trail logs: event selectors and insight selectors.",
    alike: &["cloudtrail:GetEventSelectors passes; cloudtrail:PutEventSelectors fails."],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    ],
    reads: TRAILS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can change the event selectors of trails")
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
