//! Files of a run, spoilt: a plan, what shards deliver, and the merge of what can be read of them.

use jiff::Timestamp;

use super::{Asks, Chains, Delivery, Head, Merge, Plan, Planned, SCHEMA, Work};
use crate::collect::Options;
use crate::demo;
use crate::fuzz::{feed, feed_file};
use crate::program::tool;
use crate::snapshot::{Source, load};

fn plan() -> Plan {
    Plan {
        schema: SCHEMA,
        id: "0".to_owned(),
        tool: tool(),
        taken_at: Timestamp::UNIX_EPOCH,
        work: Work::Collect {
            organization: String::new(),
            asks: Asks::of(&Options::default()),
        },
        shards: vec![vec!["111111111111".to_owned()], Vec::new()],
    }
}

#[test]
fn plans() {
    let seed = serde_json::to_vec(&plan()).unwrap();
    feed(&[&seed], |bytes| {
        if let Ok(planned) = Planned::parse(bytes) {
            let shards = planned.plan.shards.len();
            assert!(shards > 0 && planned.units(shards).is_err());
        }
    });
}

#[test]
fn deliveries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed");
    let head = Head {
        schema: SCHEMA,
        plan: "p".to_owned(),
        shard: 0,
        of: 2,
        host: "h".to_owned(),
        started_at: Timestamp::UNIX_EPOCH,
        attempt: 1,
    };
    let body = |out: &mut dyn std::io::Write| Ok(out.write_all(b"{\"a\":[1]}\n{}\n")?);
    Delivery::write(&path, head, body, || Ok(Timestamp::UNIX_EPOCH)).unwrap();
    let packed = std::fs::read(&path).unwrap();
    let plain = zstd::decode_all(packed.as_slice()).unwrap();
    let to = folder.path().join("to");
    feed_file(&[&packed, &plain], |path| {
        if Delivery::unpack(path, &to).is_ok() {
            // What is sealed is what was written.
            assert_eq!(std::fs::read(&to).unwrap(), b"{\"a\":[1]}\n{}\n");
        }
    });
}

#[test]
fn chains() {
    let snapshot = load(&demo::source()).unwrap();
    let all = snapshot.inventory.chains.into_values();
    let chains = Chains {
        chains: all.take(2).map(crate::verify::Verified::alone).collect(),
        calls: snapshot.inventory.ledger.into_iter().take(2).collect(),
    };
    let mut seed = Vec::new();
    chains.write(&mut seed).unwrap();
    feed_file(&[&seed], |path| {
        if let Ok(mut read) = Chains::read(path) {
            drop(read.are_of(&["111111111111".to_owned()], "b"));
            crate::verify::settle_all(&mut read.chains);
        }
    });
}

/// No inventory is a shard's unless it is one: whatever the sample becomes, none of its accounts gets in.
#[test]
fn merges() {
    let sample = load(&demo::source()).unwrap();
    let mut organization = load(&demo::source()).unwrap();
    organization.inventory.accounts.clear();
    let bytes = serde_json::to_vec(&Plan {
        shards: vec![Vec::new()],
        ..plan()
    });
    let planned = Planned::parse(&bytes.unwrap()).unwrap();
    let mut merge = Merge::new(planned, organization).unwrap();
    assert!(merge.add(0, &sample).is_err());
    let mut lines = Vec::new();
    sample.write(&mut lines).unwrap();
    feed_file(&[&lines[..lines.len().min(20_000)]], |path| {
        if let Ok(snapshot) = load(&Source::File(path.to_owned())) {
            assert!(merge.add(0, &snapshot).is_err());
        }
    });
    let (inventory, iam) = merge.finish();
    assert!(inventory.accounts.is_empty() && iam.is_empty());
}
