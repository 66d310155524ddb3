//! The units of an organization, and the unit that each account lies in.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::types::{self};
use trailaudit_checks::calls::{LIST_ACCOUNTS_FOR_PARENT, LIST_OUS, LIST_ROOTS};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::organization::Unit;

use super::Member;
use crate::collect::ask::{Ask, Read, Target, malformed, not_asked, pages};

/// No organization has more units; AWS allows some thousands.
const UNITS: usize = 100_000;

/// The tree, roots first; walked once, never per account.
pub(super) async fn units(ask: &Ask, target: &Target, tree: bool) -> Fact<Vec<Unit>> {
    if !(tree || ask.needs(LIST_ROOTS)) {
        return Unknown(not_asked(target, LIST_ROOTS));
    }
    let roots = pages!(
        ask,
        target,
        LIST_ROOTS,
        "",
        &[],
        aws_sdk_organizations,
        |token| ask
            .clients
            .organizations
            .list_roots()
            .set_next_token(token.clone()),
        |out| (out.roots, out.next_token)
    );
    let roots = roots.read((target, LIST_ROOTS), |roots: Vec<types::Root>| {
        roots.into_iter().map(root).collect::<Option<Vec<Unit>>>()
    });
    let mut units = match roots {
        Known(roots) => roots,
        Unknown(gap) => return Unknown(gap),
    };
    let mut at = 0;
    let mut seen = BTreeSet::new();
    while let Some(parent) = units.get(at).map(|unit| unit.id.clone()) {
        // A tree has each unit once; one that comes again has no end.
        if !seen.insert(parent.clone()) || seen.len() > UNITS {
            let what = "the organization's units are no tree that ends";
            return Unknown(malformed(target, LIST_OUS, what));
        }
        match children(ask, target, &parent).await {
            Known(children) => units.extend(children),
            Unknown(gap) => return Unknown(gap),
        }
        at += 1;
    }
    Known(units)
}

fn root(it: types::Root) -> Option<Unit> {
    let on = |it: &types::PolicyTypeSummary| it.status == Some(types::PolicyTypeStatus::Enabled);
    let types = it.policy_types.unwrap_or_default().into_iter().filter(on);
    Some(Unit {
        id: it.id?,
        arn: Arn::from(it.arn?),
        name: it.name.unwrap_or_default(),
        parent: None,
        policy_types: types
            .filter_map(|it| it.r#type)
            .map(|it| it.as_str().to_owned())
            .collect(),
    })
}

async fn children(ask: &Ask, target: &Target, parent: &str) -> Fact<Vec<Unit>> {
    let pages = pages!(
        ask,
        target,
        LIST_OUS,
        parent,
        &[],
        aws_sdk_organizations,
        |token| ask
            .clients
            .organizations
            .list_organizational_units_for_parent()
            .parent_id(parent)
            .set_next_token(token.clone()),
        |out| (out.organizational_units, out.next_token)
    );
    pages.read(
        (target, LIST_OUS),
        |units: Vec<types::OrganizationalUnit>| {
            let unit = |unit: types::OrganizationalUnit| {
                Some(Unit {
                    id: unit.id?,
                    arn: Arn::from(unit.arn?),
                    name: unit.name.unwrap_or_default(),
                    parent: Some(parent.to_owned()),
                    policy_types: Vec::new(),
                })
            };
            units.into_iter().map(unit).collect()
        },
    )
}

/// Fills in the units of accounts whose listing did not say.
pub(super) async fn place(ask: &Ask, target: &Target, units: &[Unit], members: &mut [Member]) {
    if members.iter().all(|it| it.parent.is_some()) {
        return;
    }
    let mut parents: BTreeMap<AccountId, String> = BTreeMap::new();
    for unit in units {
        let pages = pages!(
            ask,
            target,
            LIST_ACCOUNTS_FOR_PARENT,
            unit.id.as_str(),
            &[],
            aws_sdk_organizations,
            |token| ask
                .clients
                .organizations
                .list_accounts_for_parent()
                .parent_id(unit.id.as_str())
                .set_next_token(token.clone()),
            |out| (out.accounts, out.next_token)
        );
        let Known(Some(accounts)) = pages else {
            continue;
        };
        for id in accounts.into_iter().filter_map(|it: types::Account| it.id) {
            parents.insert(AccountId::from(id), unit.id.clone());
        }
    }
    for member in members {
        if member.parent.is_none() {
            member.parent = parents.remove(&member.id);
        }
    }
}
