//! The confused deputy: for whose trails CloudTrail may use a bucket or a key of ours.
//!
//! CloudTrail writes for every customer under one name. A statement that lets it in must say for which trails, or
//! a stranger's trail gets in with it.

use std::collections::BTreeSet;

use crate::calls;
use crate::catalog::gap;
use crate::check::{Outcome, Verdict};
use crate::context::Context;
use crate::fact::{Fact, Gaps, Reason};
use crate::ids::AccountId;
use crate::inventory::facts::Facts as _;
use crate::policy::Statement;
use crate::policy::posture::{Found, SourceScope, Sources, source_scope};

/// The service that asks for access.
pub(super) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// Who may be let in: trails and stores by ARN, and the organization.
#[derive(Debug)]
pub(super) struct Ours<'a> {
    sources: Sources<'a>,
    ctx: &'a Context<'a>,
}

impl<'a> Ours<'a> {
    /// These ARNs, their accounts, and the organization.
    pub(super) fn new(arns: impl Iterator<Item = &'a str>, ctx: &'a Context<'a>) -> Self {
        let arns: Vec<&str> = arns.collect();
        let accounts = arns.iter().filter_map(|arn| account_in(arn)).collect();
        let organization = match &ctx.inventory.organization {
            Fact::Known(Some(it)) => Some(it.id.as_str()),
            Fact::Known(None) | Fact::Unknown(_) => None,
        };
        let sources = Sources {
            arns,
            accounts,
            organization,
        };
        Self { sources, ctx }
    }

    /// Whether a statement lets in nobody else, by its conditions on the source. If not: whom.
    ///
    /// A trail that could not be seen may be one of ours: an account that may hide one leaves the answer open.
    pub(super) fn admits_only_us(&self, statement: &Statement) -> Result<Result<(), String>, Gaps> {
        let scope = source_scope(statement, &self.sources);
        let Some(others) = strangers(scope) else {
            return Ok(Ok(()));
        };
        let named = named_in(statement);
        let mut widest = self.sources.clone();
        let mut gaps = Vec::new();
        for account in named.accounts {
            if let Some(hidden) = hidden_trails(self.ctx, &AccountId::from(account)) {
                widest.accounts.push(account);
                gaps.push(hidden);
            }
        }
        if let Some(unknown) = self.ctx.inventory.organization.gap() {
            widest.organization = named.organization;
            gaps.push(Gaps::from(unknown.clone()));
        }
        match (
            strangers(source_scope(statement, &widest)),
            Gaps::collect(gaps),
        ) {
            (None, Some(gaps)) => Err(gaps),
            (None | Some(_), _) => Ok(Err(others)),
        }
    }
}

/// The verdict on all statements that let CloudTrail in, each judged by `judge`.
pub(super) fn verdict(
    statements: &[Found<'_>],
    judge: impl Fn(&Statement) -> Result<Result<(), String>, Gaps>,
) -> Outcome {
    if statements.is_empty() {
        return Ok(Verdict::not_applicable(
            "no statement grants access to CloudTrail",
        ));
    }
    let (mut open, mut gaps) = (Vec::new(), Vec::new());
    for found in statements {
        match judge(found.statement) {
            Ok(Ok(())) => {}
            Ok(Err(others)) => open.push(format!("{}: {others}", found.label())),
            Err(gap) => gaps.push(gap),
        }
    }
    let verdict = Verdict::pass_if(
        open.is_empty(),
        "the policy grants access to CloudTrail only for the organization's trails",
        format!(
            "the policy grants access to CloudTrail for trails of external accounts: {}",
            open.join("; ")
        ),
    );
    verdict
        .saw("Statement", open)
        .unless_open(Gaps::collect(gaps))
}

/// Whom a scope lets in beyond us.
fn strangers(scope: SourceScope) -> Option<String> {
    match scope {
        SourceScope::Arns | SourceScope::Accounts | SourceScope::Organization => None,
        SourceScope::Wider(values) => Some(values.join(", ")),
        SourceScope::Anyone => Some("trails of any account (no source condition)".to_owned()),
    }
}

struct Named<'a> {
    accounts: BTreeSet<&'a str>,
    organization: Option<&'a str>,
}

/// Accounts and organization in the values of the statement's conditions.
fn named_in(statement: &Statement) -> Named<'_> {
    let mut named = Named {
        accounts: BTreeSet::new(),
        organization: None,
    };
    for condition in &statement.conditions {
        let mut values = condition.values.iter().map(String::as_str);
        match condition.key.as_str() {
            "aws:sourcearn" => named.accounts.extend(values.filter_map(account_in)),
            "aws:sourceaccount" | "aws:sourceowner" => named.accounts.extend(values),
            "aws:sourceorgid" => named.organization = values.next_back(),
            "aws:sourceorgpaths" => {
                named.organization = values.filter_map(|it| it.split('/').next()).next_back();
            }
            _ => {}
        }
    }
    named
}

fn account_in(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|it| !it.is_empty())
}

/// What may hide a trail of this account from us.
pub(super) fn hidden_trails(ctx: &Context<'_>, id: &AccountId) -> Option<Gaps> {
    let inventory = ctx.inventory;
    let Some(account) = inventory.accounts.get(id) else {
        return match &inventory.organization {
            Fact::Known(Some(it)) => it.accounts.known().err(),
            Fact::Known(None) => None,
            Fact::Unknown(gap) => Some(Gaps::from(gap.clone())),
        };
    };
    let not_asked =
        |region, detail| gap::gap(calls::DESCRIBE_TRAILS, id, region, Reason::NotAsked, detail);
    if account.excluded {
        return Some(not_asked(
            &ctx.home(),
            "the account is excluded from the scan",
        ));
    }
    let mut gaps = Vec::from_iter(account.session.known().err());
    match account.regions.known() {
        Err(gap) => gaps.push(gap),
        Ok(switches) => {
            for switch in switches.iter().filter(|it| it.enabled) {
                gaps.extend(match ctx.region(id, &switch.name) {
                    Some(view) => view.trails.known().err(),
                    None => Some(not_asked(&switch.name, "the region was not assessed")),
                });
            }
        }
    }
    let own = inventory
        .trails
        .values()
        .filter(|trail| trail.account == *id);
    gaps.extend(own.filter_map(|trail| trail.configuration.missing()));
    Gaps::collect(gaps)
}
