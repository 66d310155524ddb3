//! Lays down a run of `shard plan` of many accounts, all shards of which have delivered: what `benches/merge.py` merges.
//!
//!     fleet-run FOLDER ACCOUNTS SHARDS
//!
//! Each account is a copy of one of the sample organization's, with every region and its IAM documents. Nothing but
//! `sts:GetCallerIdentity` is left to ask.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use trailaudit::collect::Options;
use trailaudit::demo;
use trailaudit::program::tool;
use trailaudit::shard::{Asks, Delivery, Head, Plan, Planned, Run, SCHEMA, Unit, Work};
use trailaudit::snapshot::{Snapshot, Spool, load};
use trailaudit::store::Place;
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_ALARMS, DESCRIBE_LOG_RESOURCE_POLICIES, DESCRIBE_ORGANIZATION,
    GET_CALLER_IDENTITY, LIST_RULES,
};
use trailaudit_checks::fact::{Gap, Reason, Unknown};
use trailaudit_checks::hex;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{Account, Inventory, Record};

/// An account with no trail of its own, that sees the organization's in every region.
const MODEL: &str = "333333333333";
const FIRST: u64 = 700_000_000_000;

fn gap(call: ApiCall, account: &AccountId, reason: Reason) -> Gap {
    Gap::of_call(
        call,
        account,
        &"us-east-1".into(),
        reason,
        "no selected check needs it",
    )
}

/// The records of the model.
fn model(sample: &Snapshot) -> anyhow::Result<Vec<String>> {
    let of = |it: &AccountId| it.as_str() == MODEL;
    let mut records = Vec::new();
    for record in sample.inventory.records() {
        let account = match &record {
            Record::Account(it) => Some(&it.id),
            Record::Region(it) => Some(&it.account),
            Record::Call(it) => Some(&it.account),
            Record::Header(_)
            | Record::Organization(_)
            | Record::Trail(_)
            | Record::EventDataStore(_)
            | Record::Bucket(_)
            | Record::Key(_)
            | Record::LogGroup(_)
            | Record::Topic(_)
            | Record::Chain(_)
            | Record::Plan(_)
            | Record::Events(_)
            | Record::Iam(_)
            | Record::Trailer(_) => None,
        };
        if account.is_some_and(of) {
            records.push(record);
        }
    }
    sample.each_iam(|it| {
        if of(&it.account) {
            records.push(Record::Iam(Box::new(it)));
        }
    })?;
    let texts = records.iter().map(serde_json::to_string);
    Ok(texts.collect::<Result<_, _>>()?)
}

/// What a shard of these accounts delivers.
fn part(sample: &Inventory, model: &[String], accounts: &[String]) -> anyhow::Result<Snapshot> {
    let caller = sample.header.scope.caller_arn.account();
    let organization = gap(DESCRIBE_ORGANIZATION, &caller, Reason::NotAsked);
    let mut part = Inventory::new(sample.header.clone(), Unknown(organization));
    let mut spool = Spool::new()?;
    for account in accounts {
        for text in model {
            let record: Record = serde_json::from_str(&text.replace(MODEL, account))?;
            if let Some(Record::Iam(iam)) = part.insert(record) {
                spool.append(&iam)?;
            }
        }
    }
    for view in part.regions.values_mut() {
        let not_asked = |call| gap(call, &view.account, Reason::NotAsked);
        view.alarms = Unknown(not_asked(DESCRIBE_ALARMS));
        view.rules = Unknown(not_asked(LIST_RULES));
        view.log_resource_policies = Unknown(not_asked(DESCRIBE_LOG_RESOURCE_POLICIES));
    }
    let listed = part.regions.values().filter_map(|it| it.trails.ok());
    let listed: std::collections::BTreeSet<_> = listed.flatten().cloned().collect();
    let trails = sample
        .trails
        .iter()
        .filter(|(arn, _)| listed.contains(*arn));
    part.trails = trails.map(|(arn, it)| (arn.clone(), it.clone())).collect();
    part.trailer.clone_from(&sample.trailer);
    Ok(Snapshot::live(part, spool))
}

/// What the planning knows.
fn organization(sample: &Inventory, accounts: &[String]) -> anyhow::Result<Snapshot> {
    let of_model = sample.accounts.get(&AccountId::from(MODEL));
    let of_model = of_model.context("the sample has no such account")?;
    let mut planned = Inventory::new(sample.header.clone(), sample.organization.clone());
    for account in accounts {
        let id = AccountId::from(account.as_str());
        let why = gap(LIST_RULES, &id, Reason::NotRun);
        let account = Account {
            id: id.clone(),
            session: Unknown(why.clone()),
            regions: Unknown(why.clone()),
            public_access_block: Unknown(why.clone()),
            summary: Unknown(why),
            ..of_model.clone()
        };
        planned.accounts.insert(id, account);
    }
    planned.trailer.clone_from(&sample.trailer);
    Ok(Snapshot::live(planned, Spool::new()?))
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, accounts, shards] = arguments.as_slice() else {
        anyhow::bail!("fleet-run FOLDER ACCOUNTS SHARDS");
    };
    let (count, of): (u64, usize) = (accounts.parse()?, shards.parse()?);
    ensure!(count > 0 && of > 0, "there is nothing to lay down");
    let accounts: Vec<String> = (FIRST..FIRST + count).map(|it| it.to_string()).collect();
    let mut sample = load(&demo::source())?;
    let model = model(&sample)?;
    let scope = &mut sample.inventory.header.scope;
    scope.caller_arn = format!("arn:aws:sts::{FIRST}:assumed-role/auditor/run").into();
    scope.accounts = accounts.iter().map(|it| it.as_str().into()).collect();
    let sample = sample.inventory;

    let work = tempfile::tempdir()?;
    let place = Place::Folder(PathBuf::from(folder));
    let run = Run::open(&place, None, None)?;
    let seen = work.path().join("organization.jsonl.zst");
    organization(&sample, &accounts)?.save(&seen)?;
    let mut shared = vec![Vec::new(); of];
    for (account, shard) in accounts.into_iter().zip((0..of).cycle()) {
        shared
            .get_mut(shard)
            .context("no such shard")?
            .push(account);
    }
    let units = shared.iter().map(|accounts: &Vec<String>| {
        let units = accounts.iter().map(|it| Unit::account(it));
        units.collect()
    });
    let mut asks = Asks::of(&Options::default());
    asks.calls = [GET_CALLER_IDENTITY].into();
    let plan = Plan {
        schema: SCHEMA,
        id: "0".to_owned(),
        tool: tool(),
        taken_at: sample.header.taken_at,
        work: Work::Collect {
            organization: hex::encode(digest(&SHA256, &std::fs::read(&seen)?).as_ref()),
            asks,
        },
        shards: units.collect(),
    };
    run.keep_organization(&seen)?;
    run.begin(&plan, work.path())?;
    let planned = run
        .plan(None)
        .map_err(|stop| anyhow::anyhow!("{:#}", stop.error()))?;
    for (shard, accounts) in shared.iter().enumerate() {
        deliver(
            &run,
            &planned,
            shard,
            &part(&sample, &model, accounts)?,
            work.path(),
        )?;
    }
    Ok(())
}

fn deliver(
    run: &Run,
    planned: &Planned,
    shard: usize,
    snapshot: &Snapshot,
    work: &Path,
) -> anyhow::Result<()> {
    let head = Head {
        schema: SCHEMA,
        plan: planned.sha256.clone(),
        shard,
        of: planned.plan.shards.len(),
        host: "bench".to_owned(),
        started_at: Timestamp::now(),
        attempt: 1,
    };
    let file = work.join("delivery.jsonl.zst");
    let now = || Ok(Timestamp::now());
    Delivery::write(&file, head, |out| snapshot.write(out), now)?;
    run.deliver(shard, &file)?;
    Ok(())
}
