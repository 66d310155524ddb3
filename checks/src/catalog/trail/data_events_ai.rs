//! What agents and models were asked to do, and by whom.

use super::judging;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-ai",
    title: "Trail records data events of Bedrock and of Bedrock AgentCore",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "InvokeModel is a management event, but what agents do is not: their invocations, their queries of knowledge \
          bases, their memory and the tools behind a gateway are data events. A stolen credential spends money there, \
          and reads what the agent may read.",
    fix: "Add a data event selector for each resources.type that the message names, such as AWS::Bedrock::AgentAlias, \
          AWS::Bedrock::KnowledgeBase or AWS::BedrockAgentCore::Runtime (`aws cloudtrail put-event-selectors \
          --advanced-event-selectors`). Where nobody uses Bedrock, switch this check off in the settings, and say so.",
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
    judging::records_everywhere(trail, &asked, ctx)
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
