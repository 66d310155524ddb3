//! Verifies a tree in memory, as a source of real objects does it: list, open, walk, read the logs, reconcile.

use std::collections::BTreeMap;

use trailaudit_checks::digest::{
    Anchor, DigestKey, Flaw, Joined, KeyRing, Limits, LogEntry, LogKey, LogOutcome, LogReader,
    Logging, ObjectRef, Plan, Problem, Settled, Signature, Step, Walk, Window, open, reconcile,
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
        let bucket = self
            .tree
            .chains
            .first()
            .map_or("logs", |chain| &chain.digests[0].0);
        let keys = self
            .tree
            .objects
            .keys()
            .filter(|at| at.0 == *bucket)
            .map(|at| at.1.as_str());
        let digests = keys
            .clone()
            .filter(|key| key.contains("/CloudTrail-Digest/"));
        let mut plan = Plan::new(bucket, digests);
        plan.within(self.window);
        if self.expected {
            for chain in &self.tree.chains {
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
        let mut scopes: BTreeMap<String, Vec<Walk>> = BTreeMap::new();
        for (id, keys) in plan.chains {
            let mut walk = Walk::new(id.clone(), self.window, self.logging);
            if let Some(anchor) = &self.anchor {
                walk = walk.anchored(anchor).expect("an anchor of an earlier run");
            }
            let lost = absent.iter().filter(|home| home.chain == id);
            lost.for_each(|home| drop(walk.push(Step::Absent(home.clone()))));
            let scope = format!("{}/{}/{}", id.prefix, id.account, id.region);
            for key in keys {
                let settled = walk.push(self.open(&key.object()).into());
                self.read_logs(&mut walk, &settled);
            }
            let settled = walk.end();
            self.read_logs(&mut walk, &settled);
            scopes.entry(scope).or_default().push(walk);
        }
        for mut walks in scopes.into_values() {
            let id = walks[0].id().clone();
            let scope = |key: &&str| {
                key.contains(&format!("{}/", id.account))
                    && key.contains(&format!("/{}/", id.region))
            };
            reconcile(
                &mut walks,
                keys.clone()
                    .filter(|key| LogKey::parse(key).is_some())
                    .filter(scope),
            );
            for walk in walks {
                outcome.anchors.push(walk.anchor());
                outcome.joined.push(walk.finish());
            }
        }
        outcome
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
