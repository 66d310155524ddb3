//! An account that is read in windows of days is judged as one that is read at once: every tree that the digests are
//! tested with, cut at every hour.

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use trailaudit::objects::{About, Listed, Lock, Sink, Source, Storage, Unread};
use trailaudit::shard::{Again, Missing, Noting, Unit, joined};
use trailaudit::verify::{
    Depth, Found, Keys, Progress, Request, Scope, Verified, Vouched, Wanted, find, settle_all,
    verify,
};
use trailaudit_checks::digest::{HourVerdict, KeyRing, Limits, Problem, Window};
use trailaudit_checks::inventory::VerifiedChain;

use crate::tree::Tree;
use crate::tree::spec::Spec;

const CASES: [&str; 5] = [
    include_str!("../checks/tests/digest/cases/ends.json"),
    include_str!("../checks/tests/digest/cases/clean.json"),
    include_str!("../checks/tests/digest/cases/logs.json"),
    include_str!("../checks/tests/digest/cases/digests.json"),
    include_str!("../checks/tests/digest/cases/chains.json"),
];

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default = "Case::plain")]
    tree: Value,
}

impl Case {
    fn plain() -> Value {
        Value::Object(Map::new())
    }

    /// The tree, so many hours later: also the times that its faults name.
    fn later(&self, by: SignedDuration) -> Spec {
        let mut tree = self.tree.clone();
        shift(&mut tree, by);
        let mut spec: Spec = serde_json::from_value(tree).unwrap();
        if self.tree.get("start").is_none() {
            spec.start += by;
        }
        spec
    }
}

/// Times as text, and as keys have them: these within their day, since most say no day.
fn shift(value: &mut Value, by: SignedDuration) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|it| shift(it, by)),
        Value::Array(list) => list.iter_mut().for_each(|it| shift(it, by)),
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(time) => *text = (time + by).to_string(),
            Err(_) => *text = in_keys(text, by.as_hours()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `T0220Z` and `T022000Z`, three hours later: `T0520Z` and `T052000Z`.
fn in_keys(text: &str, by: i64) -> String {
    let mut parts = text.split('T');
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let hour = part.get(..2).filter(|_| digits == 4 || digits == 6);
        match hour.and_then(|it| it.parse::<i64>().ok()) {
            Some(hour) => all += &format!("T{:02}{}", (hour + by).rem_euclid(24), &part[2..]),
            None => all += &format!("T{part}"),
        }
    }
    all
}

/// The objects that a tree has in one bucket.
struct Bucket(BTreeMap<String, (Vec<u8>, About)>);

impl Bucket {
    fn of(tree: &Tree, bucket: &str) -> Self {
        let objects = tree.objects.iter().filter(|((at, _), _)| at == bucket);
        let objects = objects.map(|((_, key), object)| {
            let about = About {
                metadata: object.metadata.clone().into_iter().collect(),
                storage: Some(Storage {
                    encryption: Some("AES256".to_owned()),
                    key: None,
                    lock: None,
                    modified: Timestamp::from_second(object.bytes.len() as i64).ok(),
                }),
            };
            (key.clone(), (object.bytes.clone(), about))
        });
        Self(objects.collect())
    }
}

impl Source for Bucket {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        let below = self
            .0
            .keys()
            .filter_map(|key| key.strip_prefix(prefix)?.split_once('/'));
        let mut names: Vec<String> = below.map(|(name, _)| name.to_owned()).collect();
        names.dedup();
        Ok(names)
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        let below = self
            .0
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after);
        let listed = below.map(|(key, (bytes, _))| Listed {
            key: key.clone(),
            size: bytes.len() as u64,
            regular: true,
        });
        // Short pages: the caller may have seen enough in the midst.
        let listed: Vec<Listed> = listed.collect();
        let _ = listed.chunks(3).all(page);
        Ok(())
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        let Some((bytes, about)) = self.0.get(key) else {
            return Ok(None);
        };
        sink.begin();
        sink.piece(bytes);
        Ok(Some(about.clone()))
    }

    fn lock(&self, _: &str) -> Result<Option<Lock>, Unread> {
        Ok(None)
    }

    fn history(&self, key: &str) -> Option<String> {
        // Of a backfill digest that another window misses, no shard asks for versions.
        let known = !key.contains("backfill");
        known.then(|| format!("{} versions", key.len() % 7))
    }

    fn readers(&self) -> usize {
        1
    }
}

fn look(source: &dyn Source, account: &str) -> Found {
    let wanted = Wanted {
        search: true,
        accounts: vec![account.to_owned()],
        ..Wanted::default()
    };
    let mut found = find(source, &wanted);
    // An account that was asked for by name is told, also where nothing is there.
    if found.scopes.is_empty() {
        found.scopes.push(Scope {
            prefix: String::new(),
            account: account.to_owned(),
            region: "*".to_owned(),
            services: BTreeMap::new(),
        });
    }
    found
}

fn request(window: Window) -> Request {
    Request {
        bucket: "logs".to_owned(),
        trail: None,
        since: Some(window.start),
        until: window.end,
        depth: Depth::Logs,
        expected: Vec::new(),
        anchors: BTreeMap::new(),
        vouched: Vouched::default(),
        limits: Limits::default(),
        ramp_up: Duration::ZERO,
        locks: false,
        tell_empty: true,
        unlisted: Vec::new(),
        named: Vec::new(),
    }
}

fn verified(
    source: &dyn Source,
    found: &Found,
    keys: &dyn Fn(Option<Timestamp>) -> Keys,
    window: Window,
) -> Vec<Verified> {
    let all: Mutex<Vec<Verified>> = Mutex::default();
    let keep = |it: Vec<Verified>| all.lock().unwrap().extend(it);
    let (request, progress) = (request(window), Progress::new(false));
    verify(
        source,
        &found.scopes,
        keys,
        &request,
        &progress,
        None,
        &keep,
    )
    .unwrap();
    let mut all = all.into_inner().unwrap();
    all.sort_by(|one, other| one.record.chain.id.cmp(&other.record.chain.id));
    all
}

/// What is told at the end, chain by chain.
fn told(mut all: Vec<Verified>) -> Vec<VerifiedChain> {
    settle_all(&mut all);
    all.into_iter().map(|it| it.record).collect()
}

/// A tree, and what verifies it.
struct Cut {
    bucket: Bucket,
    keys: Keys,
    account: String,
    whole: Window,
}

impl Cut {
    fn of(spec: &Spec, tree: &Tree, account: &str) -> Self {
        let ring = KeyRing::from_json(tree.public_keys().to_string().as_bytes()).unwrap();
        Self {
            bucket: Bucket::of(tree, "logs"),
            keys: Keys::from(ring),
            account: account.to_owned(),
            whole: Window {
                start: spec.start,
                end: spec.end(),
            },
        }
    }

    fn at_once(&self) -> Vec<Verified> {
        let found = look(&self.bucket, &self.account);
        verified(&self.bucket, &found, &|_| self.keys.clone(), self.whole)
    }

    /// Reads each day by itself, as shards do.
    fn noted(&self, folder: &Path) -> Vec<(Window, PathBuf)> {
        let units = Unit::in_days(&self.account, self.whole, 1).into_iter();
        let noted = units.enumerate().map(|(at, unit)| {
            let window = unit.window.unwrap();
            let found = look(&self.bucket, &self.account);
            let mut lines = Vec::new();
            let noting = Noting::new(&self.bucket, &found, &mut lines);
            let keys = |_| {
                noting.keys(&self.keys);
                self.keys.clone()
            };
            verified(&noting, &found, &keys, window);
            noting.finish().unwrap();
            let path = folder.join(format!("{at}.jsonl"));
            std::fs::write(&path, lines).unwrap();
            (window, path)
        });
        noted.collect()
    }

    fn again(&self, parts: &[(Window, PathBuf)]) -> Vec<Verified> {
        let again = Again::open(parts).unwrap();
        let window = Window {
            start: parts.first().unwrap().0.start,
            end: parts.last().unwrap().0.end,
        };
        verified(&again, &again.found(), &|_| again.keys.clone(), window)
    }
}

/// The tree, so many hours before a midnight: the day is cut after these hours of it.
fn each_cut(mut each: impl FnMut(&str, usize, &Cut)) {
    for case in CASES
        .iter()
        .flat_map(|it| serde_json::from_str::<Vec<Case>>(it).unwrap())
    {
        let hours = case.later(SignedDuration::ZERO).hours;
        // Every second one here, all of them in `.ci/full`: the faults lie in the midst of six hours.
        let step = if std::env::var_os("TRAILAUDIT_FULL").is_some() {
            1
        } else {
            2
        };
        for hour in (1..=hours).step_by(step) {
            // They begin at a midnight, or two hours before one.
            let spec = case.later(SignedDuration::from_hours(24 - hour as i64));
            // One fault names the day that a digest lies in: it is in another one then.
            let Ok(tree) = catch_unwind(|| Tree::new(&spec)) else {
                assert_eq!(case.name, "a digest moved to another day's folder");
                continue;
            };
            for account in &spec.accounts {
                each(&case.name, hour, &Cut::of(&spec, &tree, account));
            }
        }
    }
}

#[test]
fn windows_are_judged_as_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut cuts = 0;
    each_cut(|name, hour, cut| {
        let parts = cut.noted(folder.path());
        let (one, other) = (cut.at_once(), cut.again(&parts));
        let ends = |all: &[Verified]| all.iter().map(|it| it.ends.clone()).collect::<Vec<_>>();
        assert_eq!(ends(&one), ends(&other), "{name}, cut after hour {hour}");
        assert_eq!(told(one), told(other), "{name}, cut after hour {hour}");
        cuts += usize::from(parts.len() > 1);
    });
    assert!(cuts > 400, "{cuts}");
}

/// Of each hour, and of each chain: what is not delivered makes nothing better.
#[test]
fn a_window_that_is_missing_makes_nothing_better() {
    let folder = tempfile::tempdir().unwrap();
    each_cut(|name, hour, cut| {
        let parts = cut.noted(folder.path());
        if parts.len() < 2 {
            return;
        }
        let whole = told(cut.at_once());
        for lost in 0..parts.len() {
            let missing = Missing {
                window: parts[lost].0,
                words: "shard 1 of 2 did not deliver".to_owned(),
            };
            let runs = [&parts[..lost], &parts[lost + 1..]];
            let runs = runs.into_iter().filter(|it| !it.is_empty());
            let runs = runs.map(|it| cut.again(it)).collect();
            let all = told(joined(runs, cut.whole, std::slice::from_ref(&missing)));
            for it in &all {
                let what = format!("{name}, cut after hour {hour}, without {lost}: {}", it.id());
                assert!(it.chain.verdict >= HourVerdict::Unverified, "{what}");
                assert_eq!(it.chain.window, cut.whole, "{what}");
                let mut laid = cut.whole.start;
                for hour in &it.chain.hours {
                    assert_eq!(hour.start, laid, "{what}");
                    laid = hour.end;
                    let lost = hour.start < missing.window.end && hour.end > missing.window.start;
                    assert!(!lost || hour.verdict == HourVerdict::Unverified, "{what}");
                }
                assert_eq!(laid, cut.whole.end, "{what}");
                let seam = |it: &&Problem| {
                    it.window == Some(missing.window) && it.detail.starts_with("shard 1 of 2")
                };
                assert_eq!(it.problems.iter().filter(seam).count(), 1, "{what}");
                if let Some(before) = whole.iter().find(|other| other.id() == it.id()) {
                    assert!(
                        it.chain.digests.valid <= before.chain.digests.valid,
                        "{what}"
                    );
                    assert!(it.chain.logs.valid <= before.chain.logs.valid, "{what}");
                }
            }
        }
    });
}
