//! Somebody is told when the organization changes.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-organizations-changes",
    title: "Somebody is told when the organization changes",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "An account that leaves, a control policy that is detached: both take an account out of the guard \
          that the organization gives it.",
    fix: "Count the eighteen calls on accounts, units, handshakes and policies with one filter on \
          `$.eventSource = organizations.amazonaws.com` and their `$.eventName`, put an alarm on its \
          metric (Sum >= 1 in one period) and a topic with a confirmed subscription behind it.",
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
