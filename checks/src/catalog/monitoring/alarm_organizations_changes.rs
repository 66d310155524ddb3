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
