//! Somebody is told when the organization changes.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-organizations-changes",
    title: "An alarm should exist for changes to AWS Organizations",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "When an account leaves the organization or an SCP is detached, the controls of the organization no longer \
          apply to the account.",
    fix: "Create a metric filter for the eighteen calls on accounts, organizational units, handshakes and \
          policies with one pattern on `$.eventSource = organizations.amazonaws.com` and their `$.eventName`. Create \
          an alarm on its metric (Sum >= 1 in one period) with a topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all calls that change the organization; an alarm on that filter's \
             own metric that triggers on one event, enabled actions, and a topic with a confirmed subscription. An \
             enabled EventBridge rule with a working target that matches the same events is accepted, and reported. \
             Otherwise it fails, and names the broken link.",
    alike: &[
        "The same terms in another order or spelling match the same events and pass; a pattern that excludes some of \
         the events fails.",
        "A confirmed subscription passes; a pending one receives nothing, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_security_incident-response.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::ORGANIZATIONS_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::ORGANIZATIONS_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::ORGANIZATIONS_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
