//! Threads that read objects: digests are opened and logs hashed where they are read.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use trailaudit_checks::digest::{
    Flaw, KeyRing, Limits, LogEntry, LogOutcome, LogReader, ObjectRef, Settled, Signature, Step,
    open,
};

use super::progress::Progress;
use super::source::{Sink, Source, Unread};

/// What is to be read, and who waits for it.
pub(super) struct Job {
    pub(super) what: What,
    pub(super) reply: Sender<Done>,
}

pub(super) enum What {
    /// The digest with this number in its chain.
    Digest(usize, ObjectRef),
    /// One log of a digest.
    Log(Arc<Settled>, LogEntry),
}

/// What came of it.
pub(super) enum Done {
    Digest(usize, Step, Option<Unread>),
    Log(Arc<Settled>, LogEntry, LogOutcome, Option<Unread>),
}

/// The threads' common list of work.
pub(super) struct Pool<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) keys: &'a KeyRing,
    pub(super) limits: Limits,
    pub(super) progress: &'a Progress,
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl<'a> Pool<'a> {
    pub(super) fn new(
        source: &'a dyn Source,
        keys: &'a KeyRing,
        limits: Limits,
        progress: &'a Progress,
    ) -> Self {
        Self {
            source,
            keys,
            limits,
            progress,
            queue: Mutex::default(),
            ready: Condvar::new(),
        }
    }

    pub(super) fn submit(&self, job: Job) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.jobs.push_back(job);
        drop(queue);
        self.ready.notify_one();
    }

    /// There is no more work to come.
    pub(super) fn close(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.closed = true;
        drop(queue);
        self.ready.notify_all();
    }

    /// Reads until there is nothing left.
    pub(super) fn work(&self) {
        let mut reader = LogReader::new(self.limits.log);
        while let Some(job) = self.next() {
            let done = match job.what {
                What::Digest(number, at) => {
                    let (step, unread) = self.digest(&at);
                    Done::Digest(number, step, unread)
                }
                What::Log(digest, entry) => {
                    let (outcome, unread) = self.log(&mut reader, &entry);
                    Done::Log(digest, entry, outcome, unread)
                }
            };
            self.progress.read();
            // Nobody waits any more when the run is over already.
            drop(job.reply.send(done));
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match queue.jobs.pop_front() {
                Some(job) => return Some(job),
                None if queue.closed => return None,
                None => {
                    queue = self
                        .ready
                        .wait(queue)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Reads and opens one digest.
    pub(super) fn digest(&self, at: &ObjectRef) -> (Step, Option<Unread>) {
        let mut held = Held::new(self.limits.digest.bytes);
        let opened = match self.source.read(&at.key, &mut held) {
            Ok(Some(metadata)) => {
                let metadata = metadata
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                let signature = Signature::from_metadata(metadata);
                open(at, &held.bytes, signature.as_ref(), self.keys, &self.limits)
            }
            Ok(None) => Err(Flaw::unread(at, "no such object")),
            Err(unread) => {
                let flaw = Flaw::unread(at, unread.words());
                return (Err(flaw).into(), Some(unread));
            }
        };
        (opened.into(), None)
    }

    fn log(&self, reader: &mut LogReader, entry: &LogEntry) -> (LogOutcome, Option<Unread>) {
        let mut hashed = Hashed { reader, entry };
        match self.source.read(&entry.at.key, &mut hashed) {
            Ok(Some(_)) => {
                let (outcome, bytes) = reader.end(entry);
                self.progress.bytes(bytes);
                (outcome, None)
            }
            Ok(None) => (LogOutcome::Missing, None),
            Err(unread) => {
                // Makes the reader ready for the next.
                let _ = reader.end(entry);
                (LogOutcome::Unread(unread.words()), Some(unread))
            }
        }
    }
}

/// Keeps a small object's bytes.
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    most: u64,
}

impl Held {
    pub(super) fn new(most: u64) -> Self {
        Self {
            bytes: Vec::new(),
            most,
        }
    }
}

impl Sink for Held {
    fn begin(&mut self) {
        self.bytes.clear();
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        // What is larger than a digest may ever become, opens as one that was cut off.
        let fits = (self.bytes.len() + bytes.len()) as u64 <= self.most;
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        fits
    }
}

struct Hashed<'r> {
    reader: &'r mut LogReader,
    entry: &'r LogEntry,
}

impl Sink for Hashed<'_> {
    fn begin(&mut self) {
        // What came before the connection was cut does not count.
        let _ = self.reader.end(self.entry);
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        self.reader.push(bytes)
    }
}
