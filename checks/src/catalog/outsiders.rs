//! Whom the policy of a resource names, and whether they are ours.

use super::own_accounts;
use super::partners;
use crate::context::Context;
use crate::fact::Gaps;
use crate::ids::AccountId;
use crate::policy::posture::Found;
use crate::policy::{Condition, Principal, PrincipalSet, Statement, posture};

/// Whether a statement may grant access to a principal outside the organization, or outside the account where there is
/// none.
///
/// AWS services are not external here: whom they act for is another question. Of a canonical user id it cannot be
/// determined whose it is: that is the gap `whose`.
pub(super) fn lets_outsiders_in(
    statement: &Statement,
    ctx: &Context<'_>,
    whose: &Gaps,
) -> Result<bool, Gaps> {
    let Some(principals) = &statement.principals else {
        return Ok(false);
    };
    // Every condition must hold: one that no external principal meets is enough.
    let mut open = Vec::new();
    for condition in &statement.conditions {
        match keeps_outsiders_out(condition, ctx, whose) {
            Ok(true) => return Ok(false),
            Ok(false) => {}
            Err(gaps) => open.push(gaps),
        }
    }
    let named = if wide(principals) {
        Ok(true)
    } else {
        names_outsiders(statement, principals, ctx, whose)
    };
    match (named, Gaps::collect(open)) {
        (Ok(false), _) => Ok(false),
        (Ok(true), None) => Ok(true),
        (Ok(true), Some(gaps)) => Err(gaps),
        (Err(gaps), None) => Err(gaps),
        (Err(gaps), Some(more)) => Err(gaps.and(more)),
    }
}

/// The external principals that a statement names, for a message; all of its principals where none is certainly so.
pub(super) fn outsiders(found: Found<'_>, ctx: &Context<'_>) -> String {
    let statement = found.statement;
    let external = |principal: &&Principal| {
        let account = match principal {
            Principal::Account(_) | Principal::Aws(_) => principal.account(),
            Principal::Federated(id) => id.split(':').nth(4),
            Principal::CanonicalUser(_) | Principal::Everyone | Principal::Service(_) => None,
        };
        let partner = |id: &str| partners::delivers_logs(statement, id);
        !principal.is_deleted()
            && account.is_some_and(|id| {
                !partner(id) && own_accounts::is_ours(&AccountId::from(id), ctx) == Ok(false)
            })
    };
    let members = statement.principals.iter().filter(|it| !wide(it));
    let named: Vec<String> = members
        .flat_map(|it| &it.members)
        .filter(external)
        .map(|it| format!("external {}", words(it)))
        .collect();
    match named.is_empty() {
        true => found.grant(),
        false => found.grants(&few(&named, ", ", 2)),
    }
}

fn words(principal: &Principal) -> String {
    match principal {
        Principal::Aws(arn) => format!("principal {arn}"),
        Principal::Everyone
        | Principal::Account(_)
        | Principal::Service(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_) => principal.words(),
    }
}

/// The first of some words, and how many there are beside them.
pub(super) fn few(words: &[impl AsRef<str>], between: &str, most: usize) -> String {
    let first: Vec<&str> = words.iter().take(most).map(AsRef::as_ref).collect();
    let more = match words.len().saturating_sub(most) {
        0 => String::new(),
        more => format!("{between}and {more} more"),
    };
    format!("{}{more}", first.join(between))
}

fn names_outsiders(
    statement: &Statement,
    principals: &PrincipalSet,
    ctx: &Context<'_>,
    whose: &Gaps,
) -> Result<bool, Gaps> {
    let mut open = Vec::new();
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
        if account.is_some_and(|id| partners::delivers_logs(statement, id)) {
            continue;
        }
        let ours = match account {
            Some(id) => own_accounts::is_ours(&AccountId::from(id), ctx),
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

/// Whether a statement for a service is limited to requests on behalf of accounts of ours.
pub(super) fn acts_for_us_only(statement: &Statement, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let mut open = Vec::new();
    for condition in &statement.conditions {
        let source = matches!(
            condition.key.as_str(),
            "aws:sourcearn"
                | "aws:sourceaccount"
                | "aws:sourceowner"
                | "aws:sourceorgid"
                | "aws:sourceorgpaths"
        );
        if !source || !posture::pins(condition) {
            continue;
        }
        match of_ours(condition, ctx) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(gaps) => open.push(gaps),
        }
    }
    Gaps::collect(open).map_or(Ok(false), Err)
}

/// Whether no principal outside the organization meets a condition.
///
/// A network says from where a request comes, not whose it is: an address, a VPC or an endpoint, be it one of ours,
/// carries requests of any account's principals, and anonymous ones.
fn keeps_outsiders_out(
    condition: &Condition,
    ctx: &Context<'_>,
    whose: &Gaps,
) -> Result<bool, Gaps> {
    if !posture::pins(condition) {
        return Ok(false);
    }
    match condition.key.as_str() {
        // A unique id does not say of which account.
        "aws:userid" => Err(whose.clone()),
        // Only services have one.
        "aws:principalservicename" => Ok(true),
        _ => of_ours(condition, ctx),
    }
}

/// Whether every value of a condition names the organization, or accounts of it.
fn of_ours(condition: &Condition, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let values = || condition.values.iter().map(String::as_str);
    match condition.key.as_str() {
        "aws:principalorgid" | "aws:sourceorgid" => {
            let ours = ctx.organization()?.map(|it| it.id.as_str());
            Ok(values().all(|it| Some(it) == ours))
        }
        "aws:principalorgpaths" | "aws:sourceorgpaths" => {
            let ours = ctx.organization()?.map(|it| format!("{}/", it.id));
            let ours = ours.unwrap_or_default();
            Ok(!ours.is_empty() && values().all(|it| it.starts_with(&ours)))
        }
        "aws:principalaccount"
        | "aws:sourceaccount"
        | "aws:sourceowner"
        | "kms:calleraccount"
        // The access points of an account of ours: their policies are evaluated by themselves.
        | "s3:dataaccesspointaccount" => all_ours(values(), ctx),
        "aws:principalarn" | "aws:sourcearn" => all_ours(
            values().map(|it| posture::account_of(condition, it).unwrap_or_default()),
            ctx,
        ),
        "s3:dataaccesspointarn" => all_ours(
            values().map(|it| it.split(':').nth(4).unwrap_or_default()),
            ctx,
        ),
        _ => Ok(false),
    }
}

fn all_ours<'a>(ids: impl Iterator<Item = &'a str>, ctx: &Context<'_>) -> Result<bool, Gaps> {
    for id in ids {
        if !own_accounts::is_ours(&AccountId::from(id), ctx)? {
            return Ok(false);
        }
    }
    Ok(true)
}
