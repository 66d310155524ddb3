//! What agents and models were asked to do, and by whom.

use super::judging;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-ai",
    title: "Trails should log data events of Amazon Bedrock and Bedrock AgentCore",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "InvokeModel is a management event. Agent invocations, knowledge base queries, memory access and gateway \
          tools are data events. Without them the use of an agent with stolen credentials is not logged.",
    fix: "Add a selector with eventCategory Data for each resources.type that the message names, such as \
          AWS::Bedrock::AgentAlias or AWS::BedrockAgentCore::Runtime. Keep the present selectors, because `aws \
          cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors file://selectors.json \
          --region REGION` replaces all of them. If Bedrock is not used, disable this check in the settings and \
          give the reason.",
    judged: "The selectors must include read and write data events of Amazon Bedrock and Bedrock AgentCore.",
    alike: &["A selector of only one of the two resource types fails."],
    references: &[
        "https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html",
        "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

/// The types whose events show what was asked of an agent, and what it reached.
const KINDS: [&str; 8] = [
    "AWS::Bedrock::AgentAlias",
    "AWS::Bedrock::FlowAlias",
    "AWS::Bedrock::Guardrail",
    "AWS::Bedrock::KnowledgeBase",
    "AWS::Bedrock::Model",
    "AWS::BedrockAgentCore::Gateway",
    "AWS::BedrockAgentCore::Memory",
    "AWS::BedrockAgentCore::Runtime",
];

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let kinds = KINDS.map(Pattern::equals);
    let data = [Pattern::equals("Data")];
    let asked = Events::default()
        .with(Field::EventCategory, data)
        .with(Field::ResourceType, kinds);
    let what = "data events of Amazon Bedrock and Bedrock AgentCore";
    judging::records_everywhere(trail, &asked, what, ctx)
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
                (Pass, inventory(|_| {})),
                (Pass, data_events(&KINDS, &[])),
                (Fail, data_events(&KINDS[1..], &[])),
                (Fail, data_events(&KINDS[..7], &[])),
                (Fail, data_events(&KINDS, &["readOnly = false"])),
                // Bedrock's management events are another matter.
                (
                    Fail,
                    trail(|it| it.selectors = Known(classic_selectors("All", true, &[]))),
                ),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Fail,
                    trail(|it| configuration(it).multi_region = Known(false)),
                ),
                (Unknown, data_events(&KINDS, &["userAgent = curl"])),
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
