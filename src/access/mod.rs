//! `trailaudit access`: who can tamper with the record, on which target, by which path.

mod rows;

use std::collections::BTreeMap;
use std::path::Path;

use trailaudit_checks::access::{Access, Analysis, Refused, Simulation, collected, names};
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
use crate::suggest::nearest;

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
    if let Err(known) = names::action(&flags.action) {
        let name = &flags.action;
        return Err(unknown(
            "AWS has no action",
            name,
            &known,
            "SERVICE:NAME, such as cloudtrail:StopLogging",
        ));
    }
    for (key, _) in &flags.context {
        if let Err(known) = names::key(key) {
            return Err(unknown(
                "AWS has no context key",
                key,
                &known,
                "SERVICE:NAME, such as aws:SourceIp",
            ));
        }
    }
    let digits = |text: &str| text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
    let is_arn = |it: &str| it.starts_with("arn:") && it.split(':').count() >= 6;
    let principal = flags.principal.as_str();
    let service = principal.contains(".amazonaws.");
    if let Err(known) = names::service(principal)
        && service
    {
        return Err(unknown(
            "AWS has no service principal",
            principal,
            &known,
            "such as cloudtrail.amazonaws.com",
        ));
    }
    if principal != "*" && !service && !is_arn(principal) && !digits(principal) {
        let known = principals(snapshot)?;
        return Err(unknown(
            "not a principal:",
            principal,
            &known,
            "the ARN of a user, role or session, an account's 12 digits, a service such as cloudtrail.amazonaws.com, or *",
        ));
    }
    let inventory = &snapshot.inventory;
    let context = Context::new(inventory, settings, inventory.header.taken_at);
    if flags.resource != "*" && !is_arn(&flags.resource) {
        let known = collected(&context);
        return Err(unknown(
            "not a resource:",
            &flags.resource,
            &known,
            "an ARN, or *",
        ));
    }
    let account = |account: &str| match digits(account) {
        true => AccountId::from(account),
        false => Arn::from(account).account(),
    };
    let accounts = [account(principal), account(&flags.resource)];
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
    let simulated = match trailaudit_checks::access::simulate(&request, &records, &context) {
        Ok(simulated) => simulated,
        Err(Refused::Principal(known)) => {
            let form = "the ARN of a user, role, session or root user";
            return Err(unknown(
                "the inventory has no principal",
                principal,
                &known,
                form,
            ));
        }
        Err(Refused::Resource(known)) => {
            let form = "the ARN of a resource that was collected, or *";
            return Err(unknown(
                "the inventory has no resource",
                &flags.resource,
                &known,
                form,
            ));
        }
    };
    Ok(Answered::of(
        &flags.principal,
        &flags.action,
        &flags.resource,
        &simulated,
    ))
}

/// What stands in a request and is not there, with the nearest that is.
fn unknown(what: &str, name: &str, known: &[String], form: &str) -> Stop {
    let lower = name.to_lowercase();
    let folded: Vec<String> = known.iter().map(|it| it.to_lowercase()).collect();
    // By the whole name, or by what follows the last slash, as people shorten ARNs.
    let last = |it: &str| it.rsplit('/').next().unwrap_or_default().to_owned();
    let ends: Vec<String> = folded.iter().map(|it| last(it)).collect();
    let near = nearest(&lower, folded.iter().map(String::as_str));
    let near = near.and_then(|near| folded.iter().position(|it| it == near));
    let end = || {
        let near = nearest(&last(&lower), ends.iter().map(String::as_str))?.to_owned();
        ends.iter().position(|it| *it == near)
    };
    let found = near.or_else(end).and_then(|at| known.get(at));
    Stop::usage(match found {
        Some(near) => format!("{what} {name}; did you mean `{near}`? (expected: {form})"),
        None => format!("{what} {name}; expected: {form}"),
    })
}

/// The ARNs of all users and roles.
fn principals(snapshot: &Snapshot) -> Result<Vec<String>, Stop> {
    let mut all = Vec::new();
    let each = snapshot.each_iam(|iam| {
        let users = iam.details.users.ok().into_iter().flatten();
        all.extend(users.map(|it| it.arn.to_string()));
        let roles = iam.details.roles.ok().into_iter().flatten();
        all.extend(roles.map(|it| it.arn.to_string()));
    });
    each.map_err(Stop::Usage)?;
    Ok(all)
}
