//! The sample organization's chains: the real verifier's word on trees that are made for it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trailaudit::objects::{About, Folder, Listed, Lock, Sink, Source, Storage, Unread};
use trailaudit::verify::{Depth, Keys, Progress, Request, Vouched, Wanted, find, verify};
use trailaudit_checks::digest::{DigestKey, KeyRing, Kind, Limits, LogKey, ObjectRef};
use trailaudit_checks::inventory::{RetentionMode, VerifiedChain};

use crate::demo::trails::{KEPT_DAYS, KEY};
use crate::tree::Tree;
use crate::tree::spec::Spec;

/// The day before the sample was taken.
pub(crate) fn chains() -> Vec<VerifiedChain> {
    let spec = crate::demo::day::spec();
    let tree = Tree::new(&spec);
    let keys = KeyRing::from_json(tree.public_keys().to_string().as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    super::write(folder.path(), &tree, &spec.bucket);
    let mut source = Bucket {
        folder: Folder::open(folder.path(), None).unwrap(),
        altered: None,
    };
    let problems = walked(&source, &keys, &spec).into_iter();
    let mut problems = problems.flat_map(|it| it.problems);
    let altered = problems.find(|it| it.kind == Kind::LogHashMismatch);
    source.altered = altered.and_then(|it| it.key);
    walked(&source, &keys, &spec)
}

fn walked(source: &dyn Source, keys: &KeyRing, spec: &Spec) -> Vec<VerifiedChain> {
    let request = Request {
        bucket: spec.bucket.clone(),
        trail: None,
        since: Some(spec.start),
        until: "2026-11-16T04:00:00Z".parse().unwrap(),
        depth: Depth::Logs,
        expected: Vec::new(),
        anchors: BTreeMap::new(),
        vouched: Vouched::default(),
        limits: Limits::default(),
        ramp_up: std::time::Duration::ZERO,
        locks: true,
        tell_empty: true,
        unlisted: Vec::new(),
        named: Vec::new(),
    };
    let wanted = Wanted {
        search: true,
        ..Wanted::default()
    };
    let found = find(source, &wanted);
    let chains = std::sync::Mutex::new(Vec::new());
    verify(
        source,
        &found.scopes,
        &|_| Keys::from(keys.clone()),
        &request,
        &Progress::new(false),
        None,
        &|verified| {
            chains
                .lock()
                .unwrap()
                .extend(verified.into_iter().map(|it| it.record));
        },
    )
    .unwrap();
    chains.into_inner().unwrap()
}

/// The tree as S3 would keep it: the logs under the trail's key, all of it locked as the bucket's default says. Whoever
/// altered the log wrote it without the key.
struct Bucket {
    folder: Folder,
    altered: Option<String>,
}

impl Source for Bucket {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        self.folder.folders(prefix)
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        self.folder.list(prefix, after, page)
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        let about = self.folder.read(key, sink)?;
        let log = LogKey::parse(key);
        let digest = DigestKey::parse(&ObjectRef {
            bucket: String::new(),
            key: key.to_owned(),
        });
        let delivered = digest.map(|it| it.end);
        let delivered = delivered.or_else(|| log.as_ref().map(|it| it.delivered.1));
        let encrypted = log.is_some() && self.altered.as_deref() != Some(key);
        let storage = Storage {
            encryption: Some(if encrypted { "aws:kms" } else { "AES256" }.to_owned()),
            key: encrypted.then(|| KEY.to_owned()),
            lock: Some(Lock {
                mode: Some(RetentionMode::Governance),
                until: delivered
                    .map(|it| it + SignedDuration::from_hours(24 * i64::from(KEPT_DAYS))),
            }),
            modified: delivered,
        };
        Ok(about.map(|about| About {
            storage: Some(storage),
            ..about
        }))
    }

    fn lock(&self, _: &str) -> Result<Option<Lock>, Unread> {
        Ok(None)
    }

    fn history(&self, key: &str) -> Option<String> {
        self.folder.history(key)
    }

    fn readers(&self) -> usize {
        self.folder.readers()
    }
}

#[test]
fn the_sample_shows_each_kind_of_damage() {
    let place = crate::binary::Place::new();
    let audit = place.run(&["scan", "--demo", "-f", "json"]).code(1).json();
    let kinds = super::kinds(&audit);
    for kind in ["log-hash-mismatch", "log-missing", "digest-missing"] {
        assert_eq!(kinds[kind], 1, "{kinds:?}");
    }
    // The organization trail was stopped in two accounts and two regions; the other trail was not.
    assert_eq!(kinds["chain-gap"], 4, "{kinds:?}");
    assert_eq!(audit["chains"].as_array().unwrap().len(), 6);
    let findings = audit["findings"].as_array().unwrap();
    let unencrypted = findings.iter().filter(|it| {
        it["check"] == "delivery-objects-encrypted-as-configured" && it["status"] == "fail"
    });
    assert_eq!(unencrypted.count(), 1, "the log that was written again");
    assert_eq!(
        super::status(&audit, "delivery-no-unlisted-log-files"),
        "pass"
    );
}

/// What is within the program for `events --demo` is the bucket that the sample's chains were verified in.
#[test]
fn the_sample_bucket_holds_what_the_sample_says_of_it() {
    let demo = trailaudit::events::demo::Demo::open().unwrap();
    let spec = crate::demo::day::spec();
    assert_eq!(demo.bucket, spec.bucket);
    // They are handed out as they are done, in any order.
    let told = |chains: &[VerifiedChain]| {
        let problems = chains.iter().flat_map(|it| &it.problems);
        let problems = problems.map(|it| format!("{:?} {:?} {:?}", it.kind, it.key, it.account));
        problems.collect::<std::collections::BTreeSet<_>>()
    };
    let within = walked(&demo, &demo.keys, &spec);
    let sample = chains();
    assert_eq!(within.len(), 6);
    assert_eq!(told(&within), told(&sample));
    let counts = |chains: &[VerifiedChain]| {
        let chains = chains.iter().map(|it| (it.id(), &it.chain));
        let counts = chains.map(|(id, it)| (id, (it.digests.valid, it.logs.valid)));
        counts.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(counts(&within), counts(&sample));
}
