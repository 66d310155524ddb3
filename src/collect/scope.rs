//! Who asks, from where, and which accounts are looked at.

use std::collections::BTreeSet;

use anyhow::anyhow;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use trailaudit_checks::calls::{GET_CALLER_IDENTITY, LIST_ACCOUNTS};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::organization::Unit;
use trailaudit_checks::inventory::{Account, AccountState, Organization, Scope};

use super::CollectError;
use super::ask::{Ask, Read, Target, not_asked, send};
use super::organization::{self, Member};
use super::regions;
use super::run::Run;
use crate::suggest::hint;

/// Credentials that are really there: the SDK only looks for them when it signs.
pub(crate) async fn credentials(
    config: &SdkConfig,
    profile: Option<&str>,
) -> Result<SharedCredentialsProvider, CollectError> {
    let none = |why: anyhow::Error| {
        let whose = profile
            .map(|name| format!(" in profile {name:?}"))
            .unwrap_or_default();
        CollectError::NoCredentials(why.context(format!(
            "no AWS credentials{whose}. Name a profile (--profile, AWS_PROFILE), set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, or run `aws sso login`; `trailaudit scan --demo` needs none"
        )))
    };
    let Some(provider) = config.credentials_provider() else {
        return Err(none(anyhow!("the SDK's chain of credentials is empty")));
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(provider),
        Err(error) => Err(none(anyhow::Error::new(error))),
    }
}

/// Who asks.
pub(crate) struct Caller {
    pub(crate) arn: Arn,
    /// The caller's account, in the region where its partition's global services are asked.
    pub(crate) target: Target,
}

/// Asks STS who we are; nothing else makes sense without an answer.
pub(crate) async fn caller(
    ask: &Ask,
    config: &SdkConfig,
    credentials: SharedCredentialsProvider,
) -> Result<Caller, CollectError> {
    let region = config
        .region()
        .map_or("us-east-1", |region| region.as_ref());
    let account = AccountId::from("");
    let target = Target {
        account,
        region: Region::from(region),
        credentials,
    };
    let request = ask.clients.sts.get_caller_identity();
    let answer = send!(
        ask,
        &target,
        GET_CALLER_IDENTITY,
        "",
        &[],
        aws_sdk_sts,
        request
    );
    let identity = answer.read((&target, GET_CALLER_IDENTITY), |out| {
        Some((AccountId::from(out.account?), Arn::from(out.arn?)))
    });
    let (account, arn) = match identity {
        Known(identity) => identity,
        Unknown(gap) => {
            let what = format!("AWS cannot be asked who we are: {gap}: {}", gap.detail);
            return Err(CollectError::Fatal(anyhow!(what)));
        }
    };
    // The partition comes from the caller, never from a region's name.
    let target = Target {
        account,
        region: regions::home(arn.partition()),
        ..target
    };
    Ok(Caller { arn, target })
}

/// An account to be looked at, or told as left out.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) member: Member,
    pub(crate) parent: Fact<Option<String>>,
    pub(crate) management: bool,
    pub(crate) excluded: bool,
}

impl Candidate {
    /// An account as a plan found it.
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            member: Member {
                id: account.id.clone(),
                name: account.name.clone(),
                state: account.state.clone(),
                parent: account.parent.ok().cloned().flatten(),
            },
            parent: account.parent.clone(),
            management: account.management,
            excluded: account.excluded,
        }
    }

    /// It is to be entered.
    pub(crate) fn is_asked(&self) -> bool {
        !self.excluded && is_active(&self.member)
    }
}

/// A part of a run asks with an identity of the account that planned it, which is entered without a role.
pub(crate) fn is_same(planned: &Scope, caller: &Arn) -> Result<(), CollectError> {
    let (ours, theirs) = (caller.account(), planned.caller_arn.account());
    if ours == theirs && caller.partition() == planned.partition {
        return Ok(());
    }
    let what = format!(
        "the run was planned in account {theirs}, and these are credentials of account {ours}: give those of {theirs}"
    );
    Err(CollectError::NoCredentials(anyhow!(what)))
}

/// The organization, and its accounts with what the filters make of them.
pub(crate) async fn accounts(run: &Run) -> Result<Vec<Candidate>, CollectError> {
    run.ask.progress().doing("looking at the organization");
    let tree = !run.options.ous.is_empty();
    let seen = organization::organization(&run.ask, &run.caller, tree).await;
    let organization = seen.organization.ok().and_then(Option::as_ref);
    let units = organization.map(|it| &it.units);
    let candidates: Vec<Candidate> = population(run, &seen, organization)
        .into_iter()
        .map(|member| {
            let parent = parent(run, &member, organization);
            Candidate {
                parent,
                management: organization.is_some_and(|it| it.management_account == member.id),
                excluded: !wanted(run, &member, units),
                member,
            }
        })
        .collect();
    say_left_out(run, &candidates);
    let mut inventory = run.inventory();
    let scope = &mut inventory.header.scope;
    scope.organization = organization.map(|it| it.id.clone());
    scope.management_account = organization.map(|it| it.management_account.clone());
    let included = candidates.iter().filter(|it| !it.excluded);
    scope.accounts = included.map(|it| it.member.id.clone()).collect();
    scope.accounts.sort();
    let empty = scope.accounts.is_empty();
    inventory.organization = seen.organization;
    if empty {
        let what =
            "--accounts, --exclude-accounts and --ou leave none of the accounts that can be seen";
        return Err(CollectError::EmptyScope(anyhow!(what)));
    }
    Ok(candidates)
}

/// Says before anything else is asked that accounts will not be scanned for want of a role: a first run need not be
/// waited for.
fn say_left_out(run: &Run, candidates: &[Candidate]) {
    let wanted: Vec<&Candidate> = candidates.iter().filter(|it| it.is_asked()).collect();
    let without_role = |it: &&&Candidate| !run.may_enter(&it.member.id);
    let left_out = wanted.iter().filter(without_role).count();
    if left_out > 0 {
        let words = format!(
            "{left_out} of {} accounts will not be scanned, because no role was given: --role-name NAME names the role \
             to assume in each, and `trailaudit list permissions --format cloudformation` prints one",
            wanted.len()
        );
        run.ask
            .progress()
            .aside(|| run.options.terminal.warn(&words));
    }
}

fn is_active(member: &Member) -> bool {
    matches!(member.state.ok(), None | Some(AccountState::Active))
}

/// The organization's accounts, or the caller's own where they cannot be listed.
fn population(
    run: &Run,
    seen: &organization::Seen,
    organization: Option<&Organization>,
) -> Vec<Member> {
    if organization.is_some_and(|it| it.accounts.ok().is_some()) {
        return seen.members.clone();
    }
    vec![Member {
        id: run.caller.account.clone(),
        name: None,
        // It has just answered: an account that is not active does not.
        state: Known(AccountState::Active),
        parent: None,
    }]
}

fn parent(run: &Run, member: &Member, organization: Option<&Organization>) -> Fact<Option<String>> {
    match (&member.parent, organization) {
        (Some(parent), _) => Known(Some(parent.clone())),
        (None, None) => Known(None),
        (None, Some(organization)) => match organization.units.gap() {
            Some(gap) => Unknown(gap.clone()),
            None => Unknown(not_asked(&run.caller, LIST_ACCOUNTS)),
        },
    }
}

fn wanted(run: &Run, member: &Member, units: Option<&Fact<Vec<Unit>>>) -> bool {
    let options = &run.options;
    let named = |list: &[String]| list.iter().any(|id| id == member.id.as_str());
    if named(&options.exclude_accounts)
        || !(options.accounts.is_empty() || named(&options.accounts))
    {
        return false;
    }
    options.ous.is_empty()
        || units
            .and_then(Fact::ok)
            .is_some_and(|units| below(member, units, &options.ous))
}

/// The account lies in one of the units, or in one below.
fn below(member: &Member, units: &[Unit], wanted: &[String]) -> bool {
    let mut at = member.parent.as_deref();
    // As many steps as there are units: a tree has no cycle, an answer might.
    for _ in 0..=units.len() {
        let Some(id) = at else { return false };
        if wanted.iter().any(|unit| unit == id) {
            return true;
        }
        at = units
            .iter()
            .find(|unit| unit.id == id)
            .and_then(|unit| unit.parent.as_deref());
    }
    false
}

/// A region that was asked for, and that AWS lists for no account in scope, is a mistake of the caller's: nothing would
/// be looked at, and nothing would be wrong. An account whose list is not known may have it.
pub(crate) fn regions_exist(run: &Run) -> Result<(), CollectError> {
    let inventory = run.inventory();
    let accounts = inventory.accounts.values().filter(|it| !it.excluded);
    unknown_region(&run.options.regions, accounts)
        .map_or(Ok(()), |what| Err(CollectError::EmptyScope(anyhow!(what))))
}

fn unknown_region<'a>(
    wanted: &[String],
    accounts: impl Iterator<Item = &'a Account>,
) -> Option<String> {
    let mut listed = BTreeSet::new();
    for account in accounts {
        match &account.regions {
            Known(switches) if !account.regions_assumed => {
                listed.extend(switches.iter().map(|it| it.name.as_str()));
            }
            Known(_) | Unknown(_) => return None,
        }
    }
    let unknown = wanted.iter().find(|it| !listed.contains(it.as_str()))?;
    let hint = hint(unknown, listed);
    Some(format!(
        "--regions: AWS lists region `{unknown}` for no account in scope{hint}"
    ))
}

#[cfg(test)]
mod tests {
    use trailaudit_checks::calls::LIST_REGIONS;
    use trailaudit_checks::fact::{Gap, Reason};
    use trailaudit_checks::inventory::RegionSwitch;

    use super::*;

    fn account(regions: &[&str]) -> Account {
        let switch = |name: &&str| RegionSwitch {
            name: Region::from(*name),
            enabled: true,
            excluded: false,
        };
        Account {
            id: AccountId::from("111111111111"),
            name: None,
            state: Known(AccountState::Active),
            parent: Known(None),
            management: false,
            excluded: false,
            session: Known(Arn::from("arn:aws:sts::111111111111:assumed-role/a/b")),
            regions: Known(regions.iter().map(switch).collect()),
            regions_assumed: false,
            public_access_block: Known(None),
            summary: Known(std::collections::BTreeMap::new()),
        }
    }

    fn told(wanted: &[&str], accounts: &[Account]) -> Option<String> {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        unknown_region(&wanted, accounts.iter())
    }

    #[test]
    fn a_region_that_nobody_has_is_a_mistake() {
        let two = [account(&["us-east-1"]), account(&["eu-west-1"])];
        assert_eq!(told(&[], &two), None);
        assert_eq!(told(&["eu-west-1"], &two), None);
        let wrong = told(&["eu-wst-1"], &two).unwrap_or_default();
        assert!(
            wrong.contains("eu-wst-1") && wrong.contains("`eu-west-1`"),
            "{wrong}"
        );
        // One of several is enough.
        assert!(told(&["eu-west-1", "mars-1"], &two).is_some());
        // Off is not unknown.
        let mut off = account(&["eu-south-1"]);
        off.regions = off.regions.map(|mut it| {
            it.iter_mut().for_each(|it| it.enabled = false);
            it
        });
        assert_eq!(told(&["eu-south-1"], &[off]), None);
    }

    #[test]
    fn a_list_that_is_not_aws_own_proves_nothing() {
        let mut guessed = account(&["us-east-1"]);
        guessed.regions_assumed = true;
        assert_eq!(
            told(&["eu-wst-1"], &[account(&["us-east-1"]), guessed]),
            None
        );
        let mut lost = account(&[]);
        let (id, region) = (lost.id.clone(), Region::from("us-east-1"));
        lost.regions = Unknown(Gap::of_call(LIST_REGIONS, &id, &region, Reason::Denied, ""));
        assert_eq!(told(&["eu-wst-1"], &[lost]), None);
    }
}
