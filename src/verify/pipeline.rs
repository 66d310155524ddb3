//! Reads the objects of one chain, some at a time, and hands them to its walk in their order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use trailaudit_checks::digest::{ChainId, DigestKey, LogEntry, Settled, Step};
use trailaudit_checks::fact::Gap;
use trailaudit_checks::inventory::ObjectKind;

use super::Depth;
use super::pool::{Beside, Done, Job, Proved, What};
use super::walk::{Scoped, Walked};

/// So many logs may wait before further digests are opened.
const WAITING: usize = 1_000;

/// The reading of one chain's objects: some at a time, and pushed into the walk in their order.
pub(super) struct Reading<'a, 'w> {
    scoped: &'a Scoped<'a>,
    walked: &'w mut Walked,
    keys: &'a [DigestKey],
    asked: usize,
    pushed: usize,
    early: BTreeMap<usize, Step>,
    logs: VecDeque<(Arc<Proved>, LogEntry)>,
    chain: ChainId,
    under_way: usize,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
}

impl<'a, 'w> Reading<'a, 'w> {
    pub(super) fn new(
        scoped: &'a Scoped<'a>,
        walked: &'w mut Walked,
        keys: &'a [DigestKey],
    ) -> Self {
        let (sender, receiver) = channel();
        let chain = walked.walk.id().clone();
        Self {
            scoped,
            walked,
            keys,
            asked: 0,
            pushed: 0,
            early: BTreeMap::new(),
            logs: VecDeque::new(),
            chain,
            under_way: 0,
            sender,
            receiver,
        }
    }

    pub(super) fn run(mut self) {
        let mut ended = false;
        loop {
            // The last digest waits for no other: its logs are read beside those of the ones before.
            if !ended && self.pushed == self.keys.len() {
                ended = true;
                let settled = self.walked.walk.end();
                self.settled(settled);
            }
            self.ask();
            if self.under_way == 0 {
                break;
            }
            // The sender is held here, so that receiving does not fail.
            let Ok(done) = self.receiver.recv() else {
                break;
            };
            self.under_way -= 1;
            self.take(done);
        }
    }

    fn ask(&mut self) {
        while self.under_way < self.scoped.ahead {
            if let Some((proved, entry)) = self.logs.pop_front() {
                self.submit(What::Log(proved, entry));
            } else if self.early.len() < WAITING
                && let Some(key) = self.keys.get(self.asked)
            {
                self.submit(What::Digest(self.asked, key.object()));
                self.asked += 1;
            } else {
                break;
            }
        }
    }

    fn submit(&mut self, what: What) {
        self.under_way += 1;
        let reply = self.sender.clone();
        self.scoped.pool.submit(Job { what, reply });
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Digest(number, step, beside) => {
                let key = self.keys.get(number).map(|it| it.object().key);
                self.beside(ObjectKind::Digest, &key.unwrap_or_default(), beside);
                self.look_at_anchor(&step);
                self.early.insert(number, step);
                while let Some(step) = self.early.remove(&self.pushed) {
                    self.pushed += 1;
                    let settled = self.walked.walk.push(step);
                    self.settled(settled);
                }
            }
            Done::Log(digest, entry, outcome, beside) => {
                self.beside(ObjectKind::Log, &entry.at.key, beside);
                self.walked.walk.log(&digest.digest, &entry, outcome);
            }
        }
    }

    fn look_at_anchor(&mut self, step: &Step) {
        if let (Step::Flawed(flaw), Some(former)) = (step, &self.walked.former)
            && flaw.at == former.anchor.at
        {
            let mut problem = flaw.problem();
            problem.detail = format!("an earlier run verified it; since then: {}", problem.detail);
            self.walked.bad_anchor = Some(problem);
        }
    }

    fn settled(&mut self, settled: Vec<Settled>) {
        for mut digest in settled {
            self.scoped.pool.progress.opened(digest.logs.len() as u64);
            let reads = self.walked.wanted && self.scoped.request.depth == Depth::Logs;
            if !reads {
                self.walked.skipped += self.walked.walk.unread(&digest);
                continue;
            }
            let mut logs = std::mem::take(&mut digest.logs);
            if let Some(tap) = self.scoped.pool.tap {
                logs.retain(|entry| tap.wants(&self.chain, entry));
            }
            let chain = self.chain.clone();
            let proved = Arc::new(Proved { chain, digest });
            let logs = logs.into_iter().map(|entry| (Arc::clone(&proved), entry));
            self.logs.extend(logs);
        }
    }

    /// The first gap of each kind is kept; the problems tell of each object.
    fn beside(&mut self, kind: ObjectKind, key: &str, beside: Beside) {
        if let Some(storage) = beside.storage {
            self.walked.ways.add(kind, key, storage);
        }
        let Some(unread) = beside.unread else { return };
        let kept = &mut self.walked.unread;
        let same = |gap: &Gap| (gap.call(), gap.reason) == (Some(unread.call), unread.reason);
        if !kept.iter().any(same) {
            kept.push(self.scoped.gap(&unread));
        }
    }
}
