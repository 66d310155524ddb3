//! In which account and region each resource of a plan is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::address::path;
use super::config::references;
use super::plan::{Plan, Resource, Side};
use crate::ids::{AccountId, Arn, Region};

/// Stands in the place of what the plan does not say.
pub(super) const NOT_TOLD: &str = "unknown";

/// Where a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// None where the plan does not say.
    pub(super) account: Option<AccountId>,
    pub(super) region: Option<Region>,
    pub(super) partition: String,
}

impl Place {
    pub(super) fn account(&self) -> AccountId {
        let known = self.account.clone();
        known.unwrap_or_else(|| AccountId::from(NOT_TOLD))
    }

    pub(super) fn region(&self) -> Region {
        let known = self.region.clone();
        known.unwrap_or_else(|| Region::from(NOT_TOLD))
    }

    /// An ARN in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> Arn {
        let (account, region) = (self.account(), self.region());
        Arn::from(format!(
            "arn:{}:{service}:{region}:{account}:{resource}",
            self.partition
        ))
    }

    /// An ARN in this account, of a service without regions.
    pub(super) fn global(&self, service: &str, resource: &str) -> Arn {
        let account = self.account();
        Arn::from(format!(
            "arn:{}:{service}::{account}:{resource}",
            self.partition
        ))
    }
}

/// What the user says of where the plan acts.
#[derive(Debug, Clone, Default)]
pub struct Where {
    /// The account.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Option<Region>,
}

/// Where each provider acts.
#[derive(Debug)]
pub(super) struct Places {
    of_provider: BTreeMap<String, Place>,
    default: Place,
}

/// What is found of one provider.
#[derive(Debug, Default)]
struct Clues {
    accounts: BTreeSet<String>,
    identities: BTreeSet<String>,
    regions: BTreeSet<String>,
    named: BTreeSet<String>,
    partitions: BTreeSet<String>,
}

impl Places {
    pub(super) fn of(plan: &Plan, given: &Where) -> Self {
        let mut clues: BTreeMap<String, Clues> = BTreeMap::new();
        for resource in &plan.resources {
            let key = provider(plan, resource);
            let clues = clues.entry(key).or_default();
            for side in [Side::Before, Side::After] {
                let view = resource.view(side, false);
                let text = |name: &str| view.attr(name).text();
                match resource.label().strip_prefix("data.") {
                    Some(_) if resource.kind == "aws_caller_identity" => {
                        clues
                            .identities
                            .extend(text("account_id").map(str::to_owned));
                    }
                    Some(_) if resource.kind == "aws_region" => {
                        let name = text("name").or(text("region")).or(text("id"));
                        clues.named.extend(name.map(str::to_owned));
                    }
                    Some(_) if resource.kind == "aws_partition" => {
                        clues
                            .partitions
                            .extend(text("partition").map(str::to_owned));
                    }
                    // Data may be of other accounts.
                    Some(_) => {}
                    None => {
                        let Some(arn) = text("arn").filter(|it| it.starts_with("arn:")) else {
                            continue;
                        };
                        let arn = Arn::from(arn);
                        clues.partitions.insert(arn.partition().to_owned());
                        if is_account(arn.account().as_str()) {
                            clues.accounts.insert(arn.account().to_string());
                        }
                        let region = arn.region().to_string();
                        if !region.is_empty() {
                            clues.regions.insert(region);
                        }
                    }
                }
            }
        }
        let mut of_provider = BTreeMap::new();
        let keys = plan.config.providers.keys().chain(clues.keys());
        for key in keys.cloned().collect::<BTreeSet<String>>() {
            let place = place(plan, &key, clues.get(&key), given);
            of_provider.insert(key, place);
        }
        let default = of_provider.get("aws").cloned();
        let default = default.unwrap_or_else(|| place(plan, "aws", None, given));
        Self {
            of_provider,
            default,
        }
    }

    /// Where a resource is, by its own words first.
    pub(super) fn at(&self, plan: &Plan, resource: &Resource, side: Side) -> Place {
        let found = self.of_provider.get(&provider(plan, resource));
        let mut place = found.unwrap_or(&self.default).clone();
        let view = resource.view(side, false);
        if let Some(arn) = view.attr("arn").text().filter(|it| it.starts_with("arn:")) {
            let arn = Arn::from(arn);
            if is_account(arn.account().as_str()) {
                place.account = Some(arn.account());
            }
            if !arn.region().as_str().is_empty() {
                place.region = Some(arn.region());
            }
            place.partition = arn.partition().to_owned();
        }
        // From provider 6 on, resources name their region.
        if let Some(region) = view.attr("region").text() {
            place.region = Some(Region::from(region));
        }
        place
    }

    pub(super) fn default(&self) -> &Place {
        &self.default
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())
}

/// The provider that a resource belongs to, by its key in the configuration.
fn provider(plan: &Plan, resource: &Resource) -> String {
    let declared = plan
        .config
        .declared(&path(&resource.modules), &resource.label());
    match declared {
        Some(declared) if !declared.provider.is_empty() => declared.provider.clone(),
        Some(_) | None => "aws".to_owned(),
    }
}

fn place(plan: &Plan, key: &str, clues: Option<&Clues>, given: &Where) -> Place {
    // A module's own provider stands under the module's path; one that is handed down under the root's name.
    let short = key.rsplit(':').next().unwrap_or(key);
    let provider = plan
        .config
        .providers
        .get(key)
        .or_else(|| plan.config.providers.get(short));
    let constant = |it: &Value| -> Option<String> {
        if let Some(value) = it.get("constant_value") {
            return value.as_str().map(str::to_owned);
        }
        match references(it).as_slice() {
            [one] => {
                let name = one.strip_prefix("var.")?;
                plan.config.variables.get(name)?.as_str().map(str::to_owned)
            }
            _ => None,
        }
    };
    let one = |of: &BTreeSet<String>| match of.len() {
        1 => of.first().cloned(),
        _ => None,
    };
    let role = provider.and_then(|it| constant(&it.role));
    let role = role
        .map(|it| Arn::from(it).account().to_string())
        .filter(|it| is_account(it));
    let allowed = provider.and_then(|it| it.accounts.get("constant_value")?.as_array());
    let allowed = match allowed.map(Vec::as_slice) {
        Some([one]) => one.as_str().map(str::to_owned),
        Some(_) | None => None,
    };
    let account = given
        .account
        .as_ref()
        .map(|it| it.to_string())
        .or_else(|| one(&clues?.identities))
        .or(role)
        .or(allowed)
        .or_else(|| one(&clues?.accounts))
        .filter(|it| is_account(it));
    let region = provider
        .and_then(|it| constant(&it.region))
        .or_else(|| one(&clues?.named))
        .or_else(|| one(&clues?.regions))
        .or_else(|| given.region.as_ref().map(|it| it.to_string()));
    let partition = clues.and_then(|it| one(&it.partitions));
    let partition = partition.or_else(|| partition_of(region.as_deref()?).map(str::to_owned));
    Place {
        account: account.map(AccountId::from),
        region: region.map(Region::from),
        partition: partition.unwrap_or_else(|| "aws".to_owned()),
    }
}

fn partition_of(region: &str) -> Option<&'static str> {
    let starts = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let found = starts
        .into_iter()
        .find(|(start, _)| region.starts_with(start));
    found.map(|(_, partition)| partition)
}
