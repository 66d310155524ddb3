//! Every account with its regions: who lets us in, what is listed there, who may do what.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use tokio::task::JoinSet;
use trailaudit_checks::calls::{self, ASSUME_ROLE};
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Source, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::{Account, EventDataStore, Iam, RegionSwitch, RegionView, Trail};

use super::ask::{Target, gap, of_one_answer};
use super::organization::Member;
use super::run::{Run, later};
use super::scope::Candidate;
use super::{cloudtrail, iam, lookup, organization, regions, s3control, session, stores, watchers};

/// How many accounts are looked at side by side; requests have a bound of their own.
const ACCOUNTS: usize = 32;
/// How many regions of one account are.
const REGIONS: usize = 20;
/// What a planned account is until its shard has delivered.
const NOT_DELIVERED: &str = "its shard has not delivered";

/// Looks at every account.
pub(crate) async fn collect(run: &Arc<Run>, candidates: Vec<Candidate>) {
    let total = candidates.len();
    let mut waiting = candidates.into_iter();
    let mut tasks: JoinSet<()> = JoinSet::new();
    let mut done = 0;
    loop {
        while tasks.len() < ACCOUNTS
            && let Some(candidate) = waiting.next()
        {
            let run = Arc::clone(run);
            tasks.spawn(async move { account(&run, candidate).await });
        }
        run.ask
            .progress()
            .doing(format!("accounts: {done} of {total}"));
        if tasks.join_next().await.is_none() {
            break;
        }
        done += 1;
    }
}

/// The accounts as a plan finds them: what is not to be asked is said, and the rest is for the shards.
pub(crate) fn planned(run: &Run, candidates: Vec<Candidate>) {
    for candidate in candidates {
        let gap = match candidate.is_asked() {
            true => not_reached(&candidate).but(|it| {
                it.reason = Reason::NotRun;
                it.detail = NOT_DELIVERED.to_owned();
            }),
            false => left_out(run, &candidate),
        };
        let account = unseen(candidate, Unknown(gap));
        run.inventory().accounts.insert(account.id.clone(), account);
    }
}

/// The accounts that other processes have seen: they can be asked again, and a role is assumed when one is.
pub(crate) fn enter_again(run: &Arc<Run>) {
    let (entered, views) = {
        let inventory = run.inventory();
        let entered = inventory.accounts.values();
        let entered = entered.filter(|it| it.session.ok().is_some());
        let views = inventory.regions.values().filter_map(|it| {
            let trails = it.trails.ok()?.clone();
            Some((it.account.clone(), trails))
        });
        (
            entered.map(|it| it.id.clone()).collect::<Vec<AccountId>>(),
            views.collect::<Vec<(AccountId, Vec<Arn>)>>(),
        )
    };
    for id in entered {
        if id == run.caller.account {
            run.add_session(&run.caller);
        } else if let Some(role) = role_in(run, &id) {
            run.add_session(&session::of(&run.ask, &run.caller, &id, &run.home, role));
        }
    }
    for (account, trails) in views {
        trails.iter().for_each(|arn| run.sees(&account, arn));
    }
}

/// Settles what takes the answers of all accounts.
pub(crate) async fn settle(run: &Run) {
    settle_denials(run).await;
    let mut inventory = run.inventory();
    let enabled: BTreeSet<Region> = inventory
        .regions
        .values()
        .map(|view| view.region.clone())
        .collect();
    inventory.header.scope.regions = enabled.into_iter().collect();
}

/// A region whose denial names no service control policy may be closed by one all the same: only then, and
/// only where they can be read, the policies are asked for although no check needs them.
async fn settle_denials(run: &Run) {
    let (open, mut members) = {
        let inventory = run.inventory();
        let denied = |view: &RegionView| {
            let reason = view.trails.gap().map(|gap| gap.reason);
            reason == Some(Reason::Denied) && view.account != run.caller.account
        };
        let readable =
            matches!(&inventory.organization, Known(Some(it)) if it.accounts.ok().is_some());
        let members = inventory.accounts.values().map(|account| Member {
            id: account.id.clone(),
            name: account.name.clone(),
            state: account.state.clone(),
            parent: account.parent.ok().cloned().flatten(),
        });
        (
            readable && inventory.regions.values().any(denied),
            members.collect::<Vec<Member>>(),
        )
    };
    if !open {
        return;
    }
    let (units, policies) = organization::control(&run.ask, &run.caller, &mut members).await;
    let mut inventory = run.inventory();
    for member in members {
        if let (Some(parent), Some(account)) =
            (member.parent, inventory.accounts.get_mut(&member.id))
        {
            account.parent = Known(Some(parent));
        }
    }
    if let Known(Some(organization)) = &mut inventory.organization {
        organization.units = units;
        organization.policies = policies;
    }
}

async fn account(run: &Arc<Run>, candidate: Candidate) {
    let id = candidate.member.id.clone();
    let (session, target) = match if candidate.is_asked() {
        enter(run, &candidate).await
    } else {
        Unknown(left_out(run, &candidate))
    } {
        Known((session, target)) => (Known(session), Some(target)),
        Unknown(gap) => (Unknown(gap), None),
    };
    let mut account = unseen(candidate, session);
    let Some(target) = target else {
        run.inventory().accounts.insert(id, account);
        return;
    };
    run.add_session(&target);
    let (switches, assumed) =
        regions::regions(&run.ask, &target, &run.partition, &run.options.regions).await;
    account.regions = Known(switches.clone());
    account.regions_assumed = assumed;
    // Told now, so that an interrupted run knows which regions it did not get to.
    run.inventory().accounts.insert(id.clone(), account.clone());
    let (block, summary, (), ()) = futures::join!(
        s3control::public_access_block(&run.ask, &target),
        iam::summary(&run.ask, &target),
        documents(run, &target),
        all_regions(run, &target, &switches),
    );
    account.public_access_block = block;
    account.summary = summary;
    run.inventory().accounts.insert(id, account);
}

fn unseen(candidate: Candidate, session: Fact<Arn>) -> Account {
    let gap = |call| match session.gap() {
        Some(gap) => gap.clone(),
        None => not_reached(&candidate).but(|it| it.source = Source::Call(call)),
    };
    Account {
        regions: Unknown(gap(calls::LIST_REGIONS)),
        public_access_block: Unknown(gap(calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK)),
        summary: Unknown(gap(calls::GET_ACCOUNT_SUMMARY)),
        id: candidate.member.id,
        name: candidate.member.name,
        state: candidate.member.state,
        parent: candidate.parent,
        management: candidate.management,
        excluded: candidate.excluded,
        regions_assumed: false,
        session,
    }
}

/// What a fact is until it has been asked.
fn not_reached(candidate: &Candidate) -> Gap {
    Gap::of_call(
        ASSUME_ROLE,
        &candidate.member.id,
        &Region::from(""),
        Reason::Interrupted,
        "the run ended before this was asked",
    )
}

fn left_out(run: &Run, candidate: &Candidate) -> Gap {
    let at = Target {
        account: candidate.member.id.clone(),
        ..run.caller.clone()
    };
    gap(
        &at,
        ASSUME_ROLE,
        Reason::NotAsked,
        "the account is not looked at",
    )
}

/// The role that an account is entered with, if one was given.
fn role_in(run: &Run, id: &AccountId) -> Option<session::Role> {
    let name = run.role(id)?;
    let special = run.options.roles.get(id);
    let external = special
        .and_then(|it| it.external_id.as_ref())
        .or(run.options.external_id.as_ref());
    Some(session::Role {
        arn: Arn::from(format!("arn:{}:iam::{id}:role/{name}", run.partition)),
        external_id: external.cloned(),
    })
}

/// The caller's own session in its own account, the account's role everywhere else.
async fn enter(run: &Arc<Run>, candidate: &Candidate) -> Fact<(Arn, Target)> {
    let id = &candidate.member.id;
    if *id == run.caller.account {
        let arn = run.inventory().header.scope.caller_arn.clone();
        return Known((arn, run.caller.clone()));
    }
    let Some(role) = role_in(run, id) else {
        let at = Target {
            account: id.clone(),
            ..run.caller.clone()
        };
        let detail = "no role to assume: give --role-name";
        return Unknown(gap(&at, ASSUME_ROLE, Reason::NotAsked, detail));
    };
    session::assume(&run.ask, &run.caller, id, &run.home, role).await
}

async fn documents(run: &Run, target: &Target) {
    let details = iam::details(&run.ask, target).await;
    run.keep(Iam {
        account: target.account.clone(),
        details: of_one_answer(details.map(Into::into)),
    })
    .await;
}

async fn all_regions(run: &Run, target: &Target, switches: &[RegionSwitch]) {
    let mut targets: Vec<Target> = Vec::new();
    for switch in switches {
        if switch.enabled && !switch.excluded {
            targets.push(target.in_region(&switch.name));
        }
    }
    let all = futures::stream::iter(targets);
    all.for_each_concurrent(REGIONS, |target| region(run, target))
        .await;
}

async fn region(run: &Run, target: Target) {
    let ask = &run.ask;
    let (trails, lake, channels) = futures::join!(
        cloudtrail::trails(ask, &target),
        cloudtrail::stores(ask, &target),
        cloudtrail::channels(ask, &target),
    );
    let (config_recorder, guardduty, (security_hub, security_standards), macie, access_analyzers) = futures::join!(
        watchers::config_recorder(ask, &target),
        watchers::guardduty(ask, &target),
        watchers::security_hub(ask, &target),
        watchers::macie(ask, &target),
        watchers::access_analyzers(ask, &target),
    );
    let target = &target;
    let view = RegionView {
        account: target.account.clone(),
        region: target.region.clone(),
        trails: match &trails {
            Known(trails) => Known(trails.iter().map(|trail| trail.arn.clone()).collect()),
            Unknown(gap) => Unknown(gap.clone()),
        },
        event_data_stores: stores::listed(&lake),
        channels,
        alarms: later(target, calls::DESCRIBE_ALARMS),
        rules: later(target, calls::LIST_RULES),
        log_resource_policies: later(target, calls::DESCRIBE_LOG_RESOURCE_POLICIES),
        config_recorder,
        guardduty,
        security_hub,
        security_standards,
        macie,
        access_analyzers,
        tampering: match run.ask.needs(calls::LOOKUP_EVENTS) {
            true => Unknown(lookup::unfinished(target)),
            false => later(target, calls::LOOKUP_EVENTS),
        },
    };
    keep(run, target, view, &trails, lake);
}

fn keep(
    run: &Run,
    target: &Target,
    view: RegionView,
    trails: &Fact<Vec<Trail>>,
    lake: Fact<Vec<EventDataStore>>,
) {
    let mut inventory = run.inventory();
    for trail in trails.ok().into_iter().flatten() {
        run.sees(&target.account, &trail.arn);
        let own = trail.account == target.account && trail.home_region == target.region;
        inventory.see(trail.clone(), own);
    }
    stores::keep(&mut inventory, lake);
    inventory
        .regions
        .insert((view.account.clone(), view.region.clone()), view);
}
