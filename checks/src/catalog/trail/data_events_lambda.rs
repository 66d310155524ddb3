//! Who called which function.

use super::{judging, objects};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-lambda",
    title: "Trails should log invocations of all, or of the required, Lambda functions",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "Invoke is a data event. Without it the logs do not show who called a function, with which role and how \
          often.",
    fix: "Add a selector with eventCategory Data and resources.type AWS::Lambda::Function, and keep the present \
          ones: `aws cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors \
          file://selectors.json --region REGION`. Or list the functions that matter in \
          `required_data_event_resources`.",
    judged: "The selectors must include invocations of all functions, or of the required functions.",
    alike: &[
        "`arn:aws:lambda` selects all functions and passes. A selector of one function fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let asked = objects::asked(trail, "AWS::Lambda::Function", "lambda", ctx);
    let what = objects::named_in_messages("data events of Lambda functions", "lambda", ctx);
    judging::records_everywhere(trail, &asked, &what, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Selectors;
    use crate::inventory::trail::{DataResource, EventSelector};
    use crate::testing::*;

    const ONE: &str = "arn:aws:lambda:us-east-1:111111111111:function:pay";

    fn advanced(more: &[&str]) -> Case {
        let test = [
            &[
                "eventCategory = Data",
                "resources.type = AWS::Lambda::Function",
            ],
            more,
        ]
        .concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    fn classic(read_write: &str, value: &str) -> Case {
        let selector = EventSelector {
            read_write: read_write.to_owned(),
            management: true,
            excluded_sources: Vec::new(),
            data: vec![DataResource {
                kind: "AWS::Lambda::Function".to_owned(),
                values: vec![value.to_owned()],
            }],
        };
        trail(|it| it.selectors = Known(Selectors::Classic(vec![selector])))
    }

    #[test]
    fn verdicts() {
        let one = format!("resources.ARN = {ONE}");
        let need_one =
            |case: Case| case.with(|it| it.required_data_event_resources = vec![ONE.to_owned()]);
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, advanced(&[])),
                (Fail, advanced(&["readOnly = true"])),
                (Fail, advanced(&[&one])),
                (Pass, need_one(advanced(&[&one]))),
                (Fail, need_one(advanced(&[&format!("{one}2")]))),
                (Pass, classic("All", "arn:aws:lambda")),
                (Fail, classic("WriteOnly", "arn:aws:lambda")),
                (Fail, classic("All", ONE)),
                // Data events, but of another service.
                (
                    Fail,
                    trail(|it| it.selectors = Known(classic_objects("All", "arn:aws:s3"))),
                ),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Fail,
                    trail(|it| configuration(it).multi_region = Known(false)),
                ),
                (Unknown, advanced(&["userAgent = curl"])),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }
}
