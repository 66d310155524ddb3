//! Bounded fuzzing, from a seed: whatever is changed, nothing panics and nothing that was changed is called valid.

use trailaudit_checks::digest::{
    DigestKey, HourVerdict, KeyRing, Limits, LogEntry, LogKey, LogOutcome, LogReader, Logging,
    ObjectRef, Signature, Step, Window, join, open,
};

use crate::cases::check_invariants;
use crate::driver::Run;
use crate::tree::random::Random;
use crate::tree::spec::Spec;
use crate::tree::{Object, Tree, gunzip, gzip};

/// Changes some bytes, cuts, doubles or inserts.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1));
        match random.below(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            3 => bytes.insert(at.min(bytes.len()), b"\"{}[],:0\\\xff"[random.below(10)]),
            4 if !bytes.is_empty() => drop(bytes.remove(at)),
            _ => {
                let end = (at + random.below(40)).min(bytes.len());
                let again = bytes[at.min(end)..end].to_vec();
                bytes.splice(end..end, again);
            }
        }
    }
}

fn signature(object: &Object) -> Option<Signature> {
    Signature::from_metadata(
        object
            .metadata
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

fn rounds() -> usize {
    // More can be asked for: TRAILAUDIT_FUZZ_ROUNDS=1000000.
    option_env!("TRAILAUDIT_FUZZ_ROUNDS").map_or(1500, |rounds| rounds.parse().unwrap())
}

#[test]
fn mutated_digests_are_never_valid() {
    let tree = Tree::new(&Spec {
        hours: 2,
        ..Spec::default()
    });
    let keys = KeyRing::from_json(tree.public_keys().to_string().as_bytes()).unwrap();
    let (bucket, key) = tree.chains[0].digests[1].clone();
    let object = &tree.objects[&(bucket.clone(), key.clone())];
    let at = ObjectRef::new(bucket, key);
    let id = DigestKey::parse(&at).unwrap().chain;
    let json = gunzip(&object.bytes);
    let window = Window {
        start: Spec::default().start,
        end: Spec {
            hours: 2,
            ..Spec::default()
        }
        .end(),
    };
    let mut random = Random::new(7);
    for round in 0..rounds() {
        let mut changed = object.clone();
        match round % 3 {
            0 => {
                let mut json = json.clone();
                mutate(&mut json, &mut random);
                changed.bytes = gzip(&json, 1);
            }
            1 => mutate(&mut changed.bytes, &mut random),
            _ => {
                let mut text = changed.metadata["signature"].clone().into_bytes();
                mutate(&mut text, &mut random);
                changed.metadata.insert(
                    "signature".to_owned(),
                    String::from_utf8_lossy(&text).into_owned(),
                );
            }
        }
        let opened = open(
            &at,
            &changed.bytes,
            signature(&changed).as_ref(),
            &keys,
            &Limits::default(),
        );
        let same = opened.is_ok()
            && gunzip(&changed.bytes) == json
            && changed.metadata["signature"].eq_ignore_ascii_case(&object.metadata["signature"]);
        assert!(opened.is_err() || same, "round {round}: {opened:?}");
        let joined = join(&id, vec![Step::from(opened)], window, Logging::Unknown);
        check_invariants(&joined);
        assert!(
            same || joined.chain.verdict == HourVerdict::Invalid,
            "round {round}: {joined:?}"
        );

        // Without its signature, and alone, nothing proves it.
        let opened = open(&at, &changed.bytes, None, &keys, &Limits::default());
        let joined = join(&id, vec![Step::from(opened)], window, Logging::Unknown);
        assert_eq!(joined.chain.digests.valid, 0);
    }
}

#[test]
fn mutated_logs_are_never_valid() {
    let tree = Tree::new(&Spec {
        hours: 1,
        ..Spec::default()
    });
    let object = &tree.objects[&tree.chains[0].logs[0][0]];
    let log = gunzip(&object.bytes);
    let sha256 = ring::digest::digest(&ring::digest::SHA256, &log)
        .as_ref()
        .try_into()
        .unwrap();
    let entry = LogEntry {
        at: ObjectRef::new("", ""),
        sha256,
        range: None,
    };
    let mut reader = LogReader::new(Limits::default().log);
    let mut random = Random::new(11);
    for round in 0..rounds() {
        let mut bytes = object.bytes.clone();
        mutate(&mut bytes, &mut random);
        let size = 1 + random.below(600);
        let _ = bytes.chunks(size).all(|piece| reader.push(piece));
        let (outcome, _) = reader.end(&entry);
        assert!(
            outcome != LogOutcome::Valid || gunzip(&bytes) == log,
            "round {round}"
        );
    }
}

#[test]
fn mutated_keys_and_names_do_no_harm() {
    let tree = Tree::new(&Spec {
        hours: 1,
        prefix: "o-a/b".to_owned(),
        ..Spec::default()
    });
    let keys = tree.public_keys().to_string();
    let mut random = Random::new(13);
    for _ in 0..rounds() {
        let mut json = keys.clone().into_bytes();
        mutate(&mut json, &mut random);
        let _ = KeyRing::from_json(&json);
        for (_, name) in tree.objects.keys() {
            let mut name = name.clone().into_bytes();
            mutate(&mut name, &mut random);
            let at = ObjectRef::new("logs", String::from_utf8_lossy(&name));
            if let Some(key) = DigestKey::parse(&at) {
                assert_eq!(key.object(), at);
            }
            let _ = LogKey::parse(&at.key);
        }
    }
}

/// Whole trees, damaged in several places at once: what differs from what was delivered is never counted as valid, and
/// the chain is never called verified.
#[test]
fn damaged_trees_are_never_verified() {
    let spec = Spec {
        hours: 8,
        backfills: Vec::new(),
        ..Spec::default()
    };
    let clean = Tree::new(&spec);
    let keys = KeyRing::from_json(clean.public_keys().to_string().as_bytes()).unwrap();
    let objects: Vec<_> = clean.objects.keys().cloned().collect();
    let total = objects.len() as u64;
    let mut random = Random::new(17);
    for round in 0..rounds() / 20 {
        let mut tree = Tree {
            objects: clean.objects.clone(),
            chains: clean.chains.clone(),
            ..Tree::default()
        };
        let mut denied = Vec::new();
        let mut damaged = std::collections::BTreeSet::new();
        for _ in 0..=random.below(4) {
            let at = objects[random.below(objects.len())].clone();
            let kind = random.below(5);
            let other = objects[random.below(objects.len())].clone();
            let Some(object) = tree.objects.get_mut(&at) else {
                continue;
            };
            match kind {
                0 => drop(tree.objects.remove(&at)),
                1 => {
                    let mut content = gunzip(&clean.objects[&at].bytes);
                    content.insert(random.below(content.len()), b' ');
                    object.bytes = gzip(&content, 6);
                }
                2 => object.bytes.extend(random.bytes(4)),
                3 => denied.push(at.clone()),
                _ if other != at => object.bytes = clean.objects[&other].bytes.clone(),
                _ => continue,
            }
            damaged.insert(at);
        }
        let window = Window {
            start: spec.start,
            end: spec.end(),
        };
        let (keys, limits) = (keys.clone(), Limits::default());
        let run = Run {
            tree: &tree,
            keys,
            window,
            logging: Logging::Running,
            limits,
            denied,
            anchor: None,
            expected: true,
            buckets: vec![spec.bucket.clone()],
        };
        let outcome = run.verify();
        let again = run.verify();
        for (joined, again) in outcome.joined.iter().zip(&again.joined) {
            check_invariants(joined);
            assert_eq!(joined, again);
            let chain = &joined.chain;
            assert!(
                damaged.is_empty() || chain.verdict != HourVerdict::Verified,
                "round {round}: {damaged:?}"
            );
            let valid = chain.digests.valid + chain.logs.valid;
            assert!(
                valid <= total - damaged.len() as u64,
                "round {round}: {valid} valid, damaged {damaged:?}"
            );
            // Nothing is silently skipped either.
            let logs = chain.logs.valid
                + chain.logs.invalid
                + chain.logs.missing
                + chain.logs.unverified
                + chain.logs.unlisted;
            let present = tree
                .objects
                .keys()
                .filter(|at| at.1.contains("/CloudTrail/"))
                .count() as u64;
            assert!(
                logs >= present,
                "round {round}: {logs} of {present} logs, damaged {damaged:?}"
            );
        }
    }
}
