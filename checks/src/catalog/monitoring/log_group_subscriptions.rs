//! What subscribes to the log group stays in the organization.

use super::gone;
use crate::catalog::own_accounts;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-subscriptions",
    title: "Subscription filters of trail log groups should send only to destinations in the organization",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A subscription filter sends every matching event to its destination within seconds. A destination in an \
          external account receives a copy of the logs that no bucket or key policy shows.",
    fix: "Delete the filter: `aws logs delete-subscription-filter --log-group-name GROUP --filter-name FILTER \
          --region REGION`. Then deny logs:PutSubscriptionFilter on the log group to the principal that created it.",
    judged: "Every subscription filter of a log group that a trail delivers to must send to an account of the \
             organization. Not applicable if the log group does not exist.",
    alike: &["A function in a member account passes; a destination of an external account fails."],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeSubscriptionFilters.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_LOG_GROUPS,
        calls::DESCRIBE_SUBSCRIPTION_FILTERS,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::LogGroup(run),
};

fn run(group: &LogGroup, ctx: &Context<'_>) -> Outcome {
    if let Known(None) = group.configuration {
        return Ok(gone());
    }
    let filters = group.subscription_filters.known()?;
    let (mut foreign, mut gaps) = (
        Vec::new(),
        Vec::from_iter(group.configuration.known().err()),
    );
    for filter in filters {
        let to = &filter.destination;
        match own_accounts::is_ours(&to.account(), ctx) {
            Ok(true) => {}
            Ok(false) => foreign.push(format!("filter {} sends to {to}", filter.name)),
            Err(missing) => gaps.push(missing),
        }
    }
    let verdict = match (foreign.as_slice(), filters.as_slice()) {
        ([], []) => Verdict::pass("the log group has no subscription filters"),
        ([], _) => Verdict::pass("all subscription filters send to accounts of the organization"),
        _ => Verdict::fail(format!(
            "subscription filters send events to external accounts: {}",
            foreign.join("; ")
        )),
    };
    let destinations: Vec<&Arn> = filters.iter().map(|it| &it.destination).collect();
    verdict
        .saw("Destinations", destinations)
        .unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::monitoring::SubscriptionFilter;
    use crate::testing::*;

    fn sends(to: &[&str]) -> Case {
        let filters = to.iter().map(|arn| SubscriptionFilter {
            name: "all".to_owned(),
            pattern: String::new(),
            destination: Arn::from(*arn),
        });
        let filters = filters.collect();
        log_group(|it| it.subscription_filters = Known(filters))
    }

    #[test]
    fn verdicts() {
        let ours = "arn:aws:lambda:us-east-1:111111111111:function:read";
        let of_member = "arn:aws:logs:us-east-1:222222222222:destination:central";
        let theirs = "arn:aws:logs:us-east-1:999999999999:destination:central";
        table(
            &CHECK,
            [
                (Pass, log_group(|_| {})),
                (Pass, sends(&[])),
                (Pass, sends(&[ours])),
                (Fail, sends(&[theirs])),
                (Fail, sends(&[ours, theirs])),
                (Fail, sends(&[of_member])),
                (
                    Pass,
                    sends(&[of_member]).and(|it| member(it, "222222222222", &[HOME])),
                ),
                (
                    Fail,
                    sends(&["arn:aws:kinesis:us-east-1:999999999999:stream/theirs"]),
                ),
                (Fail, sends(&[ours.replace("111111111111", "").as_str()])),
                (
                    Unknown,
                    log_group(|group| {
                        group.subscription_filters = denied(calls::DESCRIBE_SUBSCRIPTION_FILTERS);
                    }),
                ),
                (
                    NotApplicable,
                    log_group(|it| it.configuration = Known(None)),
                ),
                (
                    Unknown,
                    log_group(|it| it.configuration = denied(calls::DESCRIBE_LOG_GROUPS)),
                ),
            ],
        );
        let unlisted = sends(&[of_member]).and(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.accounts = denied(calls::LIST_ACCOUNTS);
        });
        let group = "arn:aws:logs:us-east-1:111111111111:log-group:trail";
        table_on(&CHECK, group, [(Unknown, unlisted)]);
    }
}
