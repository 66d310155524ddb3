//! `trailaudit access`: who can tamper with the record, on which target, by which path.

mod command;
mod rows;

use std::collections::BTreeMap;
use std::path::Path;

use trailaudit_checks::access::{Access, Analysis, Simulation};
use trailaudit_checks::context::Context;
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::policy::Verdict;
use trailaudit_checks::settings::Settings;
use trailaudit_reports::access::{Answered, Listing};

use crate::cli::Simulate;
use crate::demo;
use crate::exit::Stop;
use crate::snapshot::{Snapshot, Source};

pub use rows::Question;

/// The inventory to look at; none for a live run.
#[must_use]
pub fn source(demo: bool, inventory: Option<&Path>) -> Option<Source> {
    match (demo, inventory) {
        (true, _) => Some(demo::source()),
        (false, Some(path)) if path == Path::new("-") => Some(Source::Stdin),
        (false, Some(path)) => Some(Source::File(path.to_owned())),
        (false, None) => None,
    }
}

/// Analyses an inventory and picks the rows that are asked for.
pub fn listing(
    question: &Question,
    snapshot: &Snapshot,
    settings: &Settings,
) -> anyhow::Result<Listing> {
    let inventory = &snapshot.inventory;
    let context = Context::new(inventory, settings, inventory.header.taken_at);
    let mut analysis = Analysis::new(&context);
    let mut seen = Vec::new();
    snapshot.each_iam(|iam| {
        seen.push(iam.account.clone());
        let details = iam.details.into_known();
        analysis.account(&iam.account, details.as_ref().map_err(Clone::clone));
    })?;
    let access: Access = analysis.finish();
    let (mut holders, mut unknown) = (Vec::new(), Vec::new());
    access.each(question.wanted(), |row| {
        if question.asks(&row) {
            match row.verdict {
                Verdict::Unknown => unknown.push(row),
                Verdict::Allowed | Verdict::Conditional | Verdict::Denied => holders.push(row),
            }
        }
    });
    trailaudit_checks::access::sort(&mut holders);
    trailaudit_checks::access::sort(&mut unknown);
    let mut unread: BTreeMap<AccountId, String> = access
        .unread
        .iter()
        .map(|(account, gaps)| (account.clone(), gaps.to_string()))
        .collect();
    for account in inventory.accounts.values().filter(|it| !it.excluded) {
        if !seen.contains(&account.id) {
            let gap = account.session.gap().map(ToString::to_string);
            let words =
                gap.unwrap_or_else(|| "its IAM documents are not in the inventory".to_owned());
            unread.entry(account.id.clone()).or_insert(words);
        }
    }
    let mut harmless = access.harmless();
    harmless.retain(|it| question.asks_of(&it.principal.id, it.action, &it.target));
    Ok(Listing {
        holders,
        unknown,
        harmless,
        unread,
        coverage: Coverage::of(inventory),
        view: question.view(),
    })
}

/// Answers one request.
pub fn simulate(
    flags: &Simulate,
    snapshot: &Snapshot,
    settings: &Settings,
) -> Result<Answered, Stop> {
    if !flags.action.contains(':') {
        let words = format!(
            "an action is SERVICE:NAME, such as cloudtrail:StopLogging, not {:?}",
            flags.action
        );
        return Err(Stop::usage(words));
    }
    let digits = |it: &str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
    let is_arn = flags.principal.starts_with("arn:") && flags.principal.split(':').count() >= 6;
    if !is_arn && !digits(&flags.principal) {
        let words = format!(
            "a principal is the ARN of a user, role or account, or an account's 12 digits, not {:?}",
            flags.principal
        );
        return Err(Stop::usage(words));
    }
    let is_arn = flags.resource.starts_with("arn:") && flags.resource.split(':').count() >= 6;
    if flags.resource != "*" && !is_arn {
        let words = format!("a resource is an ARN, or *, not {:?}", flags.resource);
        return Err(Stop::usage(words));
    }
    let inventory = &snapshot.inventory;
    let context = Context::new(inventory, settings, inventory.header.taken_at);
    let accounts = [&flags.principal, &flags.resource].map(|arn| Arn::from(arn.as_str()).account());
    let mut records = Vec::new();
    snapshot
        .each_iam(|iam| {
            if accounts.contains(&iam.account) {
                records.push(iam);
            }
        })
        .map_err(Stop::Usage)?;
    let pairs = flags.context.iter();
    let request = Simulation {
        principal: &flags.principal,
        action: &flags.action,
        resource: &flags.resource,
        context: pairs
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect(),
    };
    let Some(simulated) = trailaudit_checks::access::simulate(&request, &records, &context) else {
        return Err(Stop::usage(format!(
            "the inventory has no principal {}",
            flags.principal
        )));
    };
    Ok(Answered::of(
        &flags.principal,
        &flags.action,
        &flags.resource,
        &simulated,
    ))
}
