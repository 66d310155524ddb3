//! A merge of what shards have collected: the bytes of the inventory that was cut into them, or it says what is wrong.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use trailaudit::collect::Options;
use trailaudit::demo;
use trailaudit::program::tool;
use trailaudit::shard::{Asks, Merge, Plan, Planned, SCHEMA, Unit, Work};
use trailaudit::snapshot::{Joined, Snapshot, Source, Spool, load};
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_ALARMS, DESCRIBE_LOG_RESOURCE_POLICIES, DESCRIBE_ORGANIZATION, LIST_RULES,
};
use trailaudit_checks::fact::{Gap, Known, Reason, Unknown};
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{Account, Iam, Inventory, Trailer};

/// What one process would have seen, had there been no resource to ask about.
struct Whole {
    inventory: Inventory,
    iam: Vec<Iam>,
}

fn gap(call: ApiCall, account: &AccountId, reason: Reason) -> Gap {
    Gap::of_call(call, account, &"us-east-1".into(), reason, "said so")
}

impl Whole {
    fn new() -> Self {
        let sample = load(&demo::source()).unwrap();
        let mut iam = Vec::new();
        sample.each_iam(|it| iam.push(it)).unwrap();
        let mut inventory = sample.inventory;
        inventory.buckets.clear();
        inventory.keys.clear();
        inventory.log_groups.clear();
        inventory.topics.clear();
        inventory.chains.clear();
        for view in inventory.regions.values_mut() {
            let not_asked = |call| gap(call, &view.account, Reason::NotAsked);
            view.alarms = Unknown(not_asked(DESCRIBE_ALARMS));
            view.rules = Unknown(not_asked(LIST_RULES));
            view.log_resource_policies = Unknown(not_asked(DESCRIBE_LOG_RESOURCE_POLICIES));
        }
        inventory.ledger.sort();
        Self { inventory, iam }
    }

    fn accounts(&self) -> Vec<AccountId> {
        self.inventory.accounts.keys().cloned().collect()
    }

    /// The part of some accounts, as a snapshot.
    fn snapshot(&self, accounts: &[AccountId], change: impl FnOnce(&mut Inventory)) -> Snapshot {
        let has = |id: &AccountId| accounts.contains(id);
        let mut part = self.inventory.clone();
        part.accounts.retain(|id, _| has(id));
        part.regions.retain(|(id, _), _| has(id));
        let listed = part.regions.values().filter_map(|it| it.trails.ok());
        let listed: BTreeSet<_> = listed.flatten().cloned().collect();
        part.trails.retain(|arn, _| listed.contains(arn));
        part.event_data_stores.retain(|arn, _| has(&arn.account()));
        part.ledger.retain(|it| has(&it.account));
        let caller = part.header.scope.caller_arn.account();
        part.organization = Unknown(gap(DESCRIBE_ORGANIZATION, &caller, Reason::NotAsked));
        change(&mut part);
        let mut spool = Spool::new().unwrap();
        for iam in self.iam.iter().filter(|it| has(&it.account)) {
            spool.append(iam).unwrap();
        }
        Snapshot::live(part, spool)
    }

    /// What the planning knows.
    fn organization(&self) -> Snapshot {
        let waits = |account: &Account| {
            let why = gap(LIST_RULES, &account.id, Reason::NotRun);
            Account {
                session: Unknown(why.clone()),
                regions: Unknown(why.clone()),
                regions_assumed: false,
                public_access_block: Unknown(why.clone()),
                summary: Unknown(why),
                ..account.clone()
            }
        };
        let mut planned = Inventory::new(
            self.inventory.header.clone(),
            self.inventory.organization.clone(),
        );
        let accounts = self.inventory.accounts.iter();
        planned.accounts = accounts.map(|(id, it)| (id.clone(), waits(it))).collect();
        planned.trailer = self.inventory.trailer.clone();
        Snapshot::live(planned, Spool::new().unwrap())
    }

    fn bytes(&self) -> Vec<u8> {
        let mut spool = Spool::new().unwrap();
        self.iam.iter().for_each(|it| spool.append(it).unwrap());
        let mut bytes = Vec::new();
        let snapshot = Snapshot::live(self.inventory.clone(), spool);
        snapshot.write(&mut bytes).unwrap();
        bytes
    }
}

/// A run of so many shards.
struct Run {
    whole: Whole,
    shards: Vec<Vec<AccountId>>,
    merge: Merge,
    folder: TempDir,
}

impl Run {
    fn new(shards: usize) -> Self {
        let whole = Whole::new();
        let mut accounts = vec![Vec::new(); shards];
        for (number, account) in whole.accounts().into_iter().enumerate() {
            accounts[number % shards].push(account);
        }
        let units = accounts.iter().map(|shard| {
            let units = shard.iter().map(|it| Unit::account(it.as_str()));
            units.collect()
        });
        let plan = Plan {
            schema: SCHEMA,
            id: "0".to_owned(),
            tool: tool(),
            taken_at: whole.inventory.header.taken_at,
            work: Work::Collect {
                organization: String::new(),
                asks: Asks::of(&Options::default()),
            },
            shards: units.collect(),
        };
        let planned = Planned::parse(&serde_json::to_vec(&plan).unwrap()).unwrap();
        Self {
            merge: Merge::new(planned, whole.organization()).unwrap(),
            whole,
            shards: accounts,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn add(&mut self, shard: usize) {
        let delivered = self.whole.snapshot(&self.shards[shard], |_| {});
        self.try_add(shard, &delivered).unwrap();
    }

    fn try_add(&mut self, shard: usize, delivered: &Snapshot) -> anyhow::Result<()> {
        let path = self.folder.path().join("shard.jsonl");
        delivered.save(&path).unwrap();
        self.add_file(shard, &path)
    }

    fn add_file(&mut self, shard: usize, path: &Path) -> anyhow::Result<()> {
        self.merge.add(shard, &Source::File(path.to_owned()))
    }

    fn joined(self) -> Vec<u8> {
        let merged = self.merge.finish();
        let mut inventory = merged.inventory;
        inventory.trailer = self.whole.inventory.trailer.clone();
        let mut bytes = Vec::new();
        let joined = Joined::new(Snapshot::live(inventory, merged.iam), merged.rest);
        joined.write(&mut bytes).unwrap();
        bytes
    }
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect()
}

/// Each order of the numbers below.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let shorter = orders(last);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|at| {
            let mut order = order.clone();
            order.insert(at, last);
            order
        })
    });
    longer.collect()
}

#[test]
fn the_cut_and_the_order_make_no_difference() {
    let whole = Whole::new().bytes();
    for shards in 1..=3 {
        for order in orders(shards) {
            let mut run = Run::new(shards);
            order.iter().for_each(|shard| run.add(*shard));
            assert!(run.joined() == whole, "{shards} shards in order {order:?}");
        }
    }
    // One shard for each account, and some for none.
    for order in [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [7, 6, 5, 4, 3, 2, 1, 0],
        [3, 6, 0, 7, 5, 1, 4, 2],
    ] {
        let mut run = Run::new(8);
        order.iter().for_each(|shard| run.add(*shard));
        assert!(run.joined() == whole, "{order:?}");
    }
}

/// What was denied, failed or asked later is in memory, the rest is not: all of it is written.
#[test]
fn what_the_resources_step_adds_is_written_among_the_rest() {
    let mut run = Run::new(2);
    (0..2).for_each(|it| run.add(it));
    let mut expected = Whole::new();
    let place = expected.inventory.regions.keys().nth(40).unwrap().clone();
    let mut call = expected.inventory.ledger[300].clone();
    call.about = "added".to_owned();
    call.attempts = 3;
    let add = |inventory: &mut Inventory| {
        inventory.regions.get_mut(&place).unwrap().rules = Known(Vec::new());
        inventory.ledger.push(call.clone());
        inventory.ledger.sort();
    };
    add(&mut expected.inventory);
    let Run { merge, whole, .. } = run;
    let mut merged = merge.finish();
    assert!(merged.inventory.ledger.len() < whole.inventory.ledger.len() / 2);
    add(&mut merged.inventory);
    merged.inventory.trailer = whole.inventory.trailer;
    let joined = Joined::new(Snapshot::live(merged.inventory, merged.iam), merged.rest);
    let mut bytes = Vec::new();
    joined.write(&mut bytes).unwrap();
    assert!(bytes == expected.bytes());
}

#[test]
fn a_shard_that_is_missing_is_said_of_its_accounts() {
    for missing in 0..3 {
        let mut run = Run::new(3);
        let lost: Vec<String> = run.shards[missing]
            .iter()
            .map(ToString::to_string)
            .collect();
        (0..3)
            .filter(|it| *it != missing)
            .for_each(|it| run.add(it));
        let merged = lines(&run.joined());
        let whole = lines(&Whole::new().bytes());
        let of = |line: &Value| {
            let value = &line["value"];
            let id = value["account"].as_str().or(value["id"].as_str());
            id.map(str::to_owned)
        };
        let is_lost = |it: &&Value| of(it).is_some_and(|id| lost.contains(&id));
        for kind in ["account", "region", "call", "iam"] {
            let of_kind = |lines: &[Value]| -> Vec<Value> {
                let lines = lines.iter().filter(|it| it["record"] == kind);
                lines.filter(|it| !is_lost(it)).cloned().collect()
            };
            assert_eq!(of_kind(&merged), of_kind(&whole), "{kind}");
        }
        // Another account may see their trails.
        let told = merged.iter().filter(|it| it["record"] != "trail");
        let told: Vec<&Value> = told.filter(is_lost).collect();
        assert_eq!(told.len(), lost.len());
        for account in told {
            assert_eq!(account["record"], "account");
            let why = &account["value"]["session"]["unknown"];
            assert_eq!(why["reason"], "not_run");
            assert_eq!(
                why["detail"],
                format!("shard {missing} of 3 did not deliver")
            );
        }
        let trailer = &merged.last().unwrap()["value"];
        for account in trailer["coverage"]["accounts"].as_array().unwrap() {
            let unreachable = account["status"] == "unreachable";
            let named = lost.contains(&account["id"].as_str().unwrap().to_owned());
            assert!(unreachable || !named, "{account}");
        }
    }
}

type Change = fn(&Whole, &mut Inventory);

/// What no shard delivers, and what is said of it.
const WRONG: [(&str, Change); 12] = [
    ("its header is another one", |_, it| {
        it.header.scope.caller_arn = "arn:aws:sts::1:user/other".into();
    }),
    ("it was interrupted", |_, it| it.trailer = None),
    ("it was interrupted", |_, it| {
        let trailer = it.trailer.take();
        it.trailer = trailer.map(|it| Trailer {
            interrupted: true,
            ..it
        });
    }),
    ("it lacks account", |_, it| drop(it.accounts.pop_first())),
    ("which is not one of its own", |whole, it| {
        it.accounts.clone_from(&whole.inventory.accounts);
    }),
    ("which is not one of its own", |whole, it| {
        it.regions.clone_from(&whole.inventory.regions);
    }),
    ("which is not one of its own", |whole, it| {
        it.ledger.clone_from(&whole.inventory.ledger);
    }),
    ("it did not ask account", |_, it| {
        let account = it.accounts.values_mut().next().unwrap();
        let id = account.id.clone();
        account.session = Unknown(gap(LIST_RULES, &id, Reason::NotRun));
    }),
    ("it holds more than a shard asks for", |_, it| {
        it.organization = Known(None);
    }),
    ("it holds more than a shard asks for", |_, it| {
        let sample = load(&demo::source()).unwrap();
        it.buckets = sample.inventory.buckets;
    }),
    ("it holds more than a shard asks for", |_, it| {
        let sample = load(&demo::source()).unwrap();
        it.chains = sample.inventory.chains;
    }),
    ("it holds more than a shard asks for", |_, it| {
        it.regions.values_mut().next().unwrap().rules = Known(Vec::new());
    }),
];

#[test]
fn what_no_shard_delivers_is_refused_and_leaves_nothing() {
    let whole = Whole::new();
    let bytes = whole.bytes();
    let mut run = Run::new(2);
    for (words, change) in WRONG {
        let delivered = whole.snapshot(&run.shards[1].clone(), |it| change(&whole, it));
        let error = run.try_add(1, &delivered).unwrap_err();
        assert!(format!("{error:#}").contains(words), "{error:#}: {words}");
    }
    // The other shard's, and one of all accounts.
    for accounts in [run.shards[0].clone(), whole.accounts()] {
        let delivered = whole.snapshot(&accounts, |_| {});
        let error = run.try_add(1, &delivered).unwrap_err();
        assert!(error.to_string().contains("not one of its own"), "{error}");
    }
    run.add(1);
    let again = whole.snapshot(&run.shards[1].clone(), |_| {});
    let error = run.try_add(1, &again).unwrap_err();
    assert!(error.to_string().contains("added already"), "{error}");
    run.add(0);
    assert!(run.joined() == bytes);
}

/// Lines that were moved, doubled or lost.
#[test]
fn lines_are_where_a_shard_writes_them() {
    let whole = Whole::new();
    let mut run = Run::new(2);
    let path = run.folder.path().join("lines.jsonl");
    let mut bytes = Vec::new();
    let delivered = whole.snapshot(&run.shards[0].clone(), |_| {});
    delivered.write(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let good: Vec<&str> = text.lines().collect();
    let kinds = ["account", "region", "trail", "call", "iam"].map(|kind| {
        let begins = format!(r#"{{"record":"{kind}""#);
        good.iter().position(|it| it.starts_with(&begins)).unwrap()
    });
    for at in kinds {
        let mut doubled = good.clone();
        doubled.insert(at, good[at]);
        let mut lost = good.clone();
        lost.remove(at);
        // In both cases the trailer counts otherwise.
        for lines in [doubled, lost] {
            std::fs::write(&path, lines.join("\n") + "\n").unwrap();
            assert!(run.add_file(0, &path).is_err(), "{}", good[at]);
        }
    }
    // The trailer counts them, but they are apart, or twice.
    let [_, region, _, call, _] = kinds;
    for at in [region, call] {
        let mut moved = good.clone();
        let line = moved.remove(at);
        moved.insert(good.len() - 2, line);
        std::fs::write(&path, moved.join("\n") + "\n").unwrap();
        let error = run.add_file(0, &path).unwrap_err();
        assert!(error.to_string().contains("in the order"), "{error}");
    }
    for (kind, at) in [("account", kinds[0]), ("region", region), ("iam", kinds[4])] {
        let mut twice = good.clone();
        twice.insert(at, good[at]);
        let last = twice.pop().unwrap();
        let mut trailer: Value = serde_json::from_str(last).unwrap();
        let count = &mut trailer["value"]["counts"][kind];
        *count = json!(count.as_u64().unwrap() + 1);
        let last = trailer.to_string();
        twice.push(&last);
        std::fs::write(&path, twice.join("\n") + "\n").unwrap();
        let error = run.add_file(0, &path).unwrap_err();
        assert!(error.to_string().contains("of one name"), "{error}");
    }
    // Cut off at any line.
    for end in 0..good.len() {
        std::fs::write(&path, good[..end].join("\n") + "\n").unwrap();
        assert!(run.add_file(0, &path).is_err(), "{end}");
    }
    run.add(1);
    std::fs::write(&path, text).unwrap();
    run.add_file(0, &path).unwrap();
    assert!(run.joined() == whole.bytes());
}
