//! Files of a run, spoilt: a plan, what shards deliver, and the merge of what can be read of them.

use jiff::Timestamp;

use trailaudit_checks::digest::Window;
use trailaudit_checks::fact::Reason;

use super::{
    Again, Asks, Chains, Delivery, Head, Merge, Noting, Plan, Planned, Reads, SCHEMA, Unit, Work,
};
use crate::collect::Options;
use crate::demo;
use crate::fuzz::{feed, feed_file};
use crate::objects::{Folder, Sink, Source as _};
use crate::program::tool;
use crate::snapshot::{Source, load};
use crate::verify::{Depth, Found, Keys, Scope};

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
        shards: vec![vec![Unit::account("111111111111")], Vec::new()],
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

/// A plan that leaves out some days of an account, or does some twice, is none.
#[test]
fn windows_of_a_plan_leave_nothing_out() {
    let read = |units: &[&str], work: &Work| {
        let units = units.iter().map(|it| (*it).to_owned().try_into().unwrap());
        let bytes = serde_json::to_vec(&Plan {
            shards: vec![units.collect()],
            work: work.clone(),
            ..plan()
        });
        Planned::parse(&bytes.unwrap())
    };
    let verify = Work::Verify {
        organization: String::new(),
        reads: Reads {
            source: "tree".to_owned(),
            bucket: "logs".to_owned(),
            since: "2026-01-01T00:00:00Z".parse().ok(),
            until: "2026-01-04T00:00:00Z".parse().unwrap(),
            depth: Depth::Logs,
            public_keys: None,
            max_in_flight: 1,
        },
    };
    let day = |from: u8, to: u8| format!("1 2026-01-0{from}T00:00:00Z/2026-01-0{to}T00:00:00Z");
    let days = [day(1, 2), day(2, 4), day(2, 3), day(3, 4)];
    let [first, rest, second, third] = days.each_ref().map(String::as_str);
    for units in [
        [first, rest].as_slice(),
        &[first, second, third],
        &[rest, first, "2"],
    ] {
        assert!(read(units, &verify).is_ok(), "{units:?}");
        assert!(read(units, &plan().work).is_err(), "{units:?}");
    }
    for units in [
        [first, second].as_slice(),
        &[second, third],
        &[first, third],
        &[first, first, rest],
        &["1", first, rest],
        &["1", "1"],
    ] {
        assert!(read(units, &verify).is_err(), "{units:?}");
    }
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
        windows: Vec::new(),
        calls: snapshot.inventory.ledger.into_iter().take(2).collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers");
    let mut seed = Vec::new();
    chains.write(&mut seed).unwrap();
    feed_file(&[&seed], |path| {
        if let Ok(mut read) = Chains::read(path, &answers) {
            drop(read.are_of(&[Unit::account("111111111111")], "b"));
            crate::verify::settle_all(&mut read.chains);
        }
    });
}

/// What was noted of a window, spoilt: refused, or asked without an end or a panic; nobody learns of an object that was
/// not there.
#[test]
fn answers() {
    let folder = tempfile::tempdir().unwrap();
    let key = "AWSLogs/1/CloudTrail-Digest/r/2026/01/02/x.json.gz";
    let path = folder.path().join("tree").join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"{}").unwrap();
    let source = Folder::open(&folder.path().join("tree"), Some("b")).unwrap();
    let mut seed = Vec::new();
    let scope = Scope {
        prefix: String::new(),
        account: "1".to_owned(),
        region: "r".to_owned(),
        services: [(
            "AWSLogs/1/".to_owned(),
            ["CloudTrail-Digest".to_owned()].into(),
        )]
        .into(),
    };
    let found = Found {
        scopes: vec![scope],
        unread: Vec::new(),
    };
    let noting = Noting::new(&source, &found, &mut seed);
    noting.keys(&Keys::default());
    ask(&noting, key);
    noting.finish().unwrap();
    let window = Window {
        start: "2026-01-02T00:00:00Z".parse().unwrap(),
        end: "2026-01-03T00:00:00Z".parse().unwrap(),
    };
    feed_file(&[&seed], |path| {
        if let Ok(again) = Again::open(&[(window, path.to_owned())]) {
            ask(&again, key);
            drop(again.found());
        }
    });
    // What nobody asked is not known: neither that it is there nor that it is not.
    let file = folder.path().join("seed");
    std::fs::write(&file, &seed).unwrap();
    let again = Again::open(&[(window, file.clone())]).unwrap();
    let other = "AWSLogs/1/CloudTrail-Digest/r/2026/01/02/y.json.gz";
    let unread = again.read(other, &mut Nothing).unwrap_err();
    assert_eq!(unread.reason, Reason::NotRun);
    let day = "AWSLogs/1/CloudTrail-Digest/r/2026/01/02/";
    assert!(again.list(day, "", &mut |_| true).is_err());
    assert!(again.folders("AWSLogs/2/").is_err());
    // A folder that was looked for and is not there is empty; where it could not be looked for, nobody knows.
    let other = "AWSLogs/1/CloudTrail/r/";
    assert!(again.list(other, "", &mut |_| true).is_ok());
    let denied = r#"{"answer":"unsearched","value":["AWSLogs/1/CloudTrail/",{"call":"s3:ListObjectsV2","reason":"denied","detail":"","request_id":null}]}"#;
    std::fs::write(&file, [denied.as_bytes(), b"\n", &seed].concat()).unwrap();
    let again = Again::open(&[(window, file)]).unwrap();
    assert!(again.list(other, "", &mut |_| true).is_err());
}

fn ask(source: &dyn crate::objects::Source, key: &str) {
    let folder = "AWSLogs/1/CloudTrail-Digest/r/";
    drop(source.folders("AWSLogs/1/"));
    drop(source.list(folder, "", &mut |_| true));
    drop(source.read(key, &mut Nothing));
    drop(source.history(key));
}

struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self) {}

    fn piece(&mut self, _: &[u8]) -> bool {
        true
    }
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
    assert!(merge.add(0, &demo::source()).is_err());
    let mut lines = Vec::new();
    sample.write(&mut lines).unwrap();
    feed_file(&[&lines[..lines.len().min(20_000)]], |path| {
        assert!(merge.add(0, &Source::File(path.to_owned())).is_err());
    });
    let merged = merge.finish();
    assert!(merged.inventory.accounts.is_empty() && merged.iam.is_empty());
}
