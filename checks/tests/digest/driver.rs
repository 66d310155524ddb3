//! Verifies a tree in memory, as a source of real objects does it: list, open, walk, read the logs, reconcile.

use std::collections::{BTreeMap, BTreeSet};

use trailaudit_checks::digest::{
    Abroad, Anchor, ChainId, DigestKey, Ends, Flaw, Joined, KeyRing, Limits, LogEntry, LogKey,
    LogOutcome, LogReader, Logging, ObjectRef, Part, Plan, Problem, Settled, Signature, Step, Walk,
    Window, open, reconcile, settle, side_by_side,
};

use crate::tree::{At, Object, Tree};

/// What a run is given besides the tree.
pub(crate) struct Run<'t> {
    pub tree: &'t Tree,
    pub keys: KeyRing,
    pub window: Window,
    pub logging: Logging,
    pub limits: Limits,
    /// Objects that exist, and that the caller may not read.
    pub denied: Vec<At>,
    pub anchor: Option<Anchor>,
    /// Whether the tree's chains are known from elsewhere, as they are from the trails.
    pub expected: bool,
    /// The buckets that are verified in one run.
    pub buckets: Vec<String>,
}

/// What a run came to.
pub(crate) struct Outcome {
    pub joined: Vec<Joined>,
    /// Problems of objects that belong to no chain.
    pub others: Vec<Problem>,
    pub anchors: Vec<Option<Anchor>>,
}

impl Outcome {
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.joined
            .iter()
            .flat_map(|joined| &joined.problems)
            .chain(&self.others)
    }
}

impl Run<'_> {
    pub(crate) fn verify(&self) -> Outcome {
        let mut outcome = Outcome {
            joined: Vec::new(),
            others: Vec::new(),
            anchors: Vec::new(),
        };
        let mut ends = Vec::new();
        for bucket in &self.buckets {
            self.bucket(bucket, &mut outcome, &mut ends);
        }
        let parts = outcome.joined.iter_mut().zip(ends);
        let mut parts: Vec<Part<'_>> = parts
            .map(|(joined, ends)| Part {
                expected: self.expected && self.is_laid(&joined.chain.id),
                chain: &mut joined.chain,
                problems: &mut joined.problems,
                ends,
                resumed: self.anchor.is_some(),
            })
            .collect();
        settle(&mut parts);
        outcome
    }

    fn bucket(&self, bucket: &str, outcome: &mut Outcome, ends: &mut Vec<Ends>) {
        let keys = self
            .tree
            .objects
            .keys()
            .filter(|at| at.0 == bucket)
            .map(|at| at.1.as_str());
        let digests = keys
            .clone()
            .filter(|key| key.contains("/CloudTrail-Digest/"));
        let mut plan = Plan::new(bucket, digests);
        let all = plan.chains.clone();
        plan.within(self.window);
        if self.expected {
            let chains = self.tree.chains.iter();
            for chain in chains.filter(|chain| !chain.digests.is_empty()) {
                let key =
                    DigestKey::parse(&ObjectRef::new(&chain.digests[0].0, &chain.digests[0].1));
                plan.expect(key.expect("the generator's own").chain);
            }
        }
        let mut absent: Vec<_> = Vec::new();
        for at in &plan.irregular {
            if let Err(flaw) = self.open(at) {
                outcome.others.push(flaw.problem());
                absent.extend(flaw.home);
            }
        }
        // As a source does it: all that one account and region has in the bucket, by prefix.
        let mut groups: BTreeMap<(String, String), BTreeMap<String, Vec<Walk>>> = BTreeMap::new();
        let folders: BTreeSet<(String, String)> = plan
            .chains
            .values()
            .flatten()
            .map(|key| (key.chain.account.clone(), key.account_prefix()))
            .collect();
        for (id, keys) in plan.chains {
            let beside = folders.iter().filter(|(account, _)| *account == id.account);
            let mut walk = Walk::new(id.clone(), self.window, self.logging)
                .beside(beside.map(|(_, folder)| folder.clone()));
            if let Some(anchor) = &self.anchor {
                walk = walk.anchored(anchor).expect("an anchor of an earlier run");
            }
            let lost = absent.iter().filter(|home| home.chain == id);
            lost.for_each(|home| drop(walk.push(Step::Absent(home.clone()))));
            for key in keys {
                let settled = walk.push(self.open(&key.object()).into());
                self.read_logs(&mut walk, &settled);
            }
            let settled = walk.end();
            self.read_logs(&mut walk, &settled);
            let group = groups.entry((id.account.clone(), id.region.clone()));
            let scope = group.or_default().entry(id.prefix.clone());
            scope.or_default().push(walk);
        }
        for mut scopes in groups.into_values() {
            let prefixes: Vec<String> = scopes.keys().cloned().collect();
            for prefix in prefixes {
                let others = scopes.iter().filter(|(other, _)| **other != prefix);
                let abroad = Abroad::of(others.flat_map(|(_, walks)| walks));
                let walks = scopes.get_mut(&prefix).expect("its own key");
                let id = walks[0].id().clone();
                let below = match prefix.as_str() {
                    "" => "AWSLogs/".to_owned(),
                    prefix => format!("{prefix}/AWSLogs/"),
                };
                let scope = |key: &&str| {
                    key.starts_with(&below)
                        && key.contains(&format!("{}/", id.account))
                        && key.contains(&format!("/{}/", id.region))
                };
                reconcile(
                    walks,
                    &abroad,
                    keys.clone()
                        .filter(|key| LogKey::parse(key).is_some())
                        .filter(scope),
                );
            }
            for walk in scopes.into_values().flatten() {
                outcome.anchors.push(walk.anchor());
                let rivals = rivals(walk.id(), &all);
                ends.push(Ends {
                    rivals,
                    ..walk.ends()
                });
                outcome.joined.push(walk.finish());
            }
        }
    }

    /// Whether a trail is known to deliver to the chain's place.
    fn is_laid(&self, id: &ChainId) -> bool {
        let mut chains = self.tree.chains.iter().filter_map(|it| it.digests.first());
        chains.any(|(bucket, key)| {
            let key = DigestKey::parse(&ObjectRef::new(bucket, key));
            key.is_some_and(|key| key.chain == *id)
        })
    }

    fn open(&self, at: &ObjectRef) -> Result<trailaudit_checks::digest::Link, Box<Flaw>> {
        match self.get(at) {
            Ok(Some(object)) => {
                let metadata = object
                    .metadata
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                open(
                    at,
                    &object.bytes,
                    Signature::from_metadata(metadata).as_ref(),
                    &self.keys,
                    &self.limits,
                )
            }
            Ok(None) => Err(Flaw::unread(at, "no such object")),
            Err(reason) => Err(Flaw::unread(at, reason)),
        }
    }

    fn read_logs(&self, walk: &mut Walk, settled: &[Settled]) {
        let mut reader = LogReader::new(self.limits.log);
        for digest in settled {
            for entry in &digest.logs {
                walk.log(digest, entry, self.read_log(&mut reader, entry));
            }
        }
    }

    fn read_log(&self, reader: &mut LogReader, entry: &LogEntry) -> LogOutcome {
        match self.get(&entry.at) {
            Ok(Some(object)) => {
                // In pieces, as they come from a network.
                let _ = object.bytes.chunks(1000).all(|piece| reader.push(piece));
                reader.end(entry).0
            }
            Ok(None) => LogOutcome::Missing,
            Err(reason) => LogOutcome::Unread(reason.to_owned()),
        }
    }

    fn get(&self, at: &ObjectRef) -> Result<Option<&Object>, &'static str> {
        let at = (at.bucket.clone(), at.key.clone());
        match self.denied.contains(&at) {
            true => Err("access denied"),
            false => Ok(self.tree.objects.get(&at)),
        }
    }
}

/// The chains of a trail of the same name that delivered to another place at the same time.
fn rivals(id: &ChainId, all: &BTreeMap<ChainId, Vec<DigestKey>>) -> BTreeSet<ChainId> {
    let ends = |id: &ChainId| -> Vec<_> {
        let keys = all.get(id).into_iter().flatten();
        keys.filter(|key| !key.backfill)
            .map(|key| key.end)
            .collect()
    };
    let same = |other: &&ChainId| {
        (
            &other.account,
            &other.region,
            &other.trail,
            &other.home_region,
        ) == (&id.account, &id.region, &id.trail, &id.home_region)
    };
    let others = all.keys().filter(|other| *other != id).filter(same);
    let rivals = others.filter(|other| side_by_side(&ends(id), &ends(other)));
    rivals.cloned().collect()
}
