//! Whom the policy of a resource names, and whether they are ours.

use super::ours;
use crate::evaluate::Context;
use crate::fact::Gaps;
use crate::ids::AccountId;
use crate::policy::{Condition, Principal, PrincipalSet, Statement, posture};

/// Whether a statement may let in somebody who is not of the organization, or of the account where there is none.
///
/// AWS services are no outsiders here: whom they act for is another question. Of a canonical id it cannot be seen whose
/// it is: that is the gap `whose`.
pub(super) fn lets_outsiders_in(
    statement: &Statement,
    ctx: &Context<'_>,
    whose: &Gaps,
) -> Result<bool, Gaps> {
    let Some(principals) = &statement.principals else {
        return Ok(false);
    };
    let mut open = Vec::new();
    if wide(principals) {
        for condition in &statement.conditions {
            match keeps_outsiders_out(condition, ctx) {
                Ok(true) => return Ok(false),
                Ok(false) => {}
                Err(gaps) => open.push(gaps),
            }
        }
        return match Gaps::collect(open) {
            Some(gaps) => Err(gaps),
            None => Ok(true),
        };
    }
    for member in principals.members.iter().filter(|it| !it.is_deleted()) {
        let account = match member {
            Principal::Account(_) | Principal::Aws(_) => member.account(),
            // A provider of an account; a public one is everybody's.
            Principal::Federated(id) => id.split(':').nth(4),
            Principal::CanonicalUser(_) => {
                open.push(whose.clone());
                continue;
            }
            Principal::Everyone | Principal::Service(_) => continue,
        };
        let ours = match account {
            Some(id) => ours::is_ours(&AccountId::from(id), ctx),
            None => Ok(false),
        };
        match ours {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            Err(gaps) => open.push(gaps),
        }
    }
    match Gaps::collect(open) {
        Some(gaps) => Err(gaps),
        None => Ok(false),
    }
}

/// Everyone, or everyone but some.
pub(super) fn wide(principals: &PrincipalSet) -> bool {
    principals.negated || principals.members.contains(&Principal::Everyone)
}

fn keeps_outsiders_out(condition: &Condition, ctx: &Context<'_>) -> Result<bool, Gaps> {
    if !posture::pins(condition) {
        return Ok(false);
    }
    match condition.key.as_str() {
        "aws:principalorgid" | "aws:sourceorgid" => {
            let ours = ctx.organization()?.map(|it| it.id.as_str());
            Ok(condition.values.iter().all(|it| Some(it.as_str()) == ours))
        }
        "aws:principalorgpaths" | "aws:sourceorgpaths" => {
            let ours = ctx.organization()?.map(|it| format!("{}/", it.id));
            let ours = ours.unwrap_or_default();
            Ok(!ours.is_empty() && condition.values.iter().all(|it| it.starts_with(&ours)))
        }
        "aws:principalaccount" | "aws:sourceaccount" | "kms:calleraccount" => {
            all_ours(condition.values.iter().map(String::as_str), ctx)
        }
        "aws:principalarn" | "aws:sourcearn" => {
            let accounts = condition.values.iter();
            all_ours(
                accounts.map(|it| it.split(':').nth(4).unwrap_or_default()),
                ctx,
            )
        }
        // Networks: who is in them, they know.
        _ => Ok(true),
    }
}

fn all_ours<'a>(ids: impl Iterator<Item = &'a str>, ctx: &Context<'_>) -> Result<bool, Gaps> {
    for id in ids {
        if !ours::is_ours(&AccountId::from(id), ctx)? {
            return Ok(false);
        }
    }
    Ok(true)
}
