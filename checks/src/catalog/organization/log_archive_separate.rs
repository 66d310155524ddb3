//! The record is kept apart from those whom it records.

use crate::inventory::AccountState;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-log-archive-separate",
    title: "Log archive accounts should be active member accounts of the organization",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "SCPs do not apply to the management account, so its administrators can delete log files stored there. AWS \
          deletes the resources of a closed account.",
    fix: "Create an account for logs only (`aws organizations create-account --email EMAIL_ADDRESS --account-name \
          log-archive`), add it to `log_archive_accounts` in the settings, and let the organization trail deliver \
          to a bucket in that account.",
    judged: "Every account of `log_archive_accounts` must be an active member and not the management account. Not \
             applicable without that setting.",
    alike: &["A suspended member fails."],
    references: &[
        "https://docs.aws.amazon.com/prescriptive-guidance/latest/security-reference-architecture/log-archive.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_best-practices_mgmt-acct.html",
    ],
    reads: &[calls::DESCRIBE_ORGANIZATION, calls::LIST_ACCOUNTS],
    run: Run::Organization(run),
};

/// That no workload runs there, no API tells.
fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let archives = &ctx.settings.log_archive_accounts;
    if archives.is_empty() {
        return Ok(Verdict::not_applicable("`log_archive_accounts` is not set"));
    }
    let (mut flaws, mut gaps) = (Vec::new(), Vec::new());
    for id in archives {
        if *id == organization.management_account {
            flaws.push(format!(
                "log archive account {id} is the management account"
            ));
            continue;
        }
        match organization.accounts.known() {
            Ok(accounts) if !accounts.contains(id) => {
                flaws.push(format!(
                    "log archive account {id} is not a member of the organization"
                ));
                continue;
            }
            Ok(_) => {}
            Err(gap) => gaps.push(gap),
        }
        let state = ctx.inventory.accounts.get(id).map(|it| it.state.known());
        match state {
            Some(Ok(AccountState::Active)) | None => {}
            Some(Ok(state)) => {
                flaws.push(format!("log archive account {id} is {}", state.as_str()))
            }
            Some(Err(gap)) => gaps.push(gap),
        }
    }
    let verdict = Verdict::pass_if(
        flaws.is_empty(),
        "all log archive accounts are active member accounts",
        flaws.join("; "),
    );
    verdict
        .saw("log_archive_accounts", archives)
        .unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let archive = "222222222222";
        let set = |ids: &[&str], case: Case| {
            let ids = ids.iter().copied().map(AccountId::from).collect();
            case.with(|it| it.log_archive_accounts = ids)
        };
        let joined = |state: Fact<AccountState>| {
            inventory(|inventory| {
                member(inventory, archive, &[]);
                let account = inventory
                    .accounts
                    .get_mut(&AccountId::from(archive))
                    .unwrap();
                account.state = state;
            })
        };
        let active = || joined(Known(AccountState::Active));
        let alone = |case: Case| case.and(|it| it.organization = Known(None));
        table_on(
            &CHECK,
            "o-test",
            [
                (NotApplicable, active()),
                (Pass, set(&[archive], active())),
                (
                    Fail,
                    set(&[archive], joined(Known(AccountState::Suspended))),
                ),
                (Fail, set(&[archive], inventory(|_| {}))),
                (Fail, set(&[ACCOUNT], active())),
                (Fail, set(&[archive, ACCOUNT], active())),
                (
                    Unknown,
                    set(&[archive], joined(denied(calls::LIST_ACCOUNTS))),
                ),
                (
                    Fail,
                    set(&[archive, ACCOUNT], joined(denied(calls::LIST_ACCOUNTS))),
                ),
                (
                    Unknown,
                    set(
                        &[archive],
                        organization(|it| it.accounts = denied(calls::LIST_ACCOUNTS)),
                    ),
                ),
            ],
        );
        table(
            &CHECK,
            [(NotApplicable, alone(set(&[ACCOUNT], inventory(|_| {}))))],
        );
    }
}
