//! Threads that read objects: digests are opened and logs hashed where they are read.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use trailaudit_checks::calls::GET_OBJECT;
use trailaudit_checks::digest::{
    ChainId, Flaw, Limits, LogEntry, LogOutcome, LogReader, ObjectRef, Settled, Signature, Step,
    open,
};

use trailaudit_checks::fact::Reason;

use super::Keys;
use super::progress::Progress;
use super::tap::{Tap, Tapped};
use crate::objects::{Sink, Source, Storage, Unread};

/// What is to be read, and who waits for it.
pub(super) struct Job {
    pub(super) what: What,
    pub(super) reply: Sender<Done>,
}

pub(super) enum What {
    /// The digest with this number in its chain.
    Digest(usize, ObjectRef),
    /// One log of a digest.
    Log(Arc<Proved>, LogEntry),
}

/// A digest that was proved, and the chain that it belongs to.
pub(super) struct Proved {
    pub(super) chain: ChainId,
    pub(super) digest: Settled,
}

/// What came of it.
pub(super) enum Done {
    Digest(usize, Step, Beside),
    Log(Arc<Proved>, LogEntry, LogOutcome, Beside),
}

/// What came of reading an object, beside its verdict.
#[derive(Default)]
pub(super) struct Beside {
    /// Why it could not be read.
    pub(super) unread: Option<Unread>,
    /// How it is stored.
    pub(super) storage: Option<Storage>,
}

impl Beside {
    fn unread(unread: Unread) -> Self {
        Self {
            unread: Some(unread),
            storage: None,
        }
    }

    fn stored(storage: Option<Storage>) -> Self {
        Self {
            unread: None,
            storage,
        }
    }
}

/// The threads' common list of work.
pub(super) struct Pool<'a> {
    pub(super) source: &'a dyn Source,
    /// The bucket that it holds.
    bucket: &'a str,
    pub(super) keys: &'a Keys,
    pub(super) limits: Limits,
    pub(super) progress: &'a Progress,
    /// Who else wants the logs.
    pub(super) tap: Option<&'a dyn Tap>,
    queue: Mutex<Queue>,
    ready: Condvar,
    /// Readers that have not begun wait here for their turn, or for the end.
    begin: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl<'a> Pool<'a> {
    pub(super) fn new(
        source: &'a dyn Source,
        bucket: &'a str,
        keys: &'a Keys,
        limits: Limits,
        progress: &'a Progress,
        tap: Option<&'a dyn Tap>,
    ) -> Self {
        Self {
            source,
            bucket,
            keys,
            limits,
            progress,
            tap,
            queue: Mutex::default(),
            ready: Condvar::new(),
            begin: Condvar::new(),
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
        self.begin.notify_all();
    }

    /// Waits for so long, unless there is no more work to come.
    fn wait(&self, long: Duration) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.begin.wait_timeout_while(queue, long, |it| !it.closed);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads until there is nothing left, from so long on.
    pub(super) fn work(&self, after: Duration) {
        if !after.is_zero() {
            self.wait(after);
        }
        let mut reader = self.reader();
        while let Some(Job { what, reply }) = self.next() {
            let read = catch_unwind(AssertUnwindSafe(|| self.read(&mut reader, &what)));
            // A reader that dies must not leave its chain waiting, nor the object untold.
            let done = read.unwrap_or_else(|_| {
                reader = self.reader();
                died(&what)
            });
            self.progress.read();
            // Nobody waits any more when the run is over already.
            drop(reply.send(done));
        }
    }

    fn reader(&self) -> LogReader {
        match self.tap {
            Some(_) => LogReader::keeping(self.limits.log),
            None => LogReader::new(self.limits.log),
        }
    }

    fn read(&self, reader: &mut LogReader, what: &What) -> Done {
        match what {
            What::Digest(number, at) => {
                let (step, beside) = self.digest(at);
                Done::Digest(*number, step, beside)
            }
            What::Log(proved, entry) => {
                let (outcome, beside) = self.log(reader, entry);
                if let Some(tap) = self.tap {
                    let kept = reader.kept();
                    tap.log(&Tapped {
                        chain: &proved.chain,
                        digest: &proved.digest.at,
                        entry,
                        outcome: &outcome,
                        log: kept.map_or(&[], |it| it.log),
                        rest: kept.map_or(&[], |it| it.rest),
                    });
                }
                Done::Log(Arc::clone(proved), entry.clone(), outcome, beside)
            }
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
    pub(super) fn digest(&self, at: &ObjectRef) -> (Step, Beside) {
        let mut held = Held::new(self.limits.digest.bytes);
        match self.source.read(&at.key, &mut held) {
            Ok(Some(about)) => {
                let metadata = about.metadata.iter();
                let metadata = metadata.map(|(name, value)| (name.as_str(), value.as_str()));
                let signature = Signature::from_metadata(metadata);
                let opened = open(
                    at,
                    &held.bytes,
                    signature.as_ref(),
                    &self.keys.ring,
                    &self.limits,
                );
                (opened.into(), Beside::stored(about.storage))
            }
            Ok(None) => {
                let flaw = Flaw::unread(at, "no such object");
                (Err(flaw).into(), Beside::default())
            }
            Err(unread) => {
                let flaw = Flaw::unread(at, unread.words());
                (Err(flaw).into(), Beside::unread(unread))
            }
        }
    }

    fn log(&self, reader: &mut LogReader, entry: &LogEntry) -> (LogOutcome, Beside) {
        let source = match self.bucket == entry.at.bucket {
            true => Some(self.source),
            false => self.source.other(&entry.at.bucket),
        };
        let Some(source) = source else {
            reader.begin();
            let words = format!(
                "stored in {}, the bucket that the trail delivered to before, which this run does not read",
                entry.at.bucket
            );
            let unread = Unread {
                call: GET_OBJECT,
                reason: Reason::NotAsked,
                detail: words.clone(),
                request_id: None,
            };
            return (LogOutcome::Unread(words), Beside::unread(unread));
        };
        let read = source.log(entry, reader);
        self.progress.bytes(read.bytes);
        let beside = Beside {
            unread: read.unread,
            storage: read.storage,
        };
        (read.outcome, beside)
    }
}

/// The object could not be read, for a fault of ours.
fn died(what: &What) -> Done {
    let unread = Unread {
        call: GET_OBJECT,
        reason: Reason::Failed,
        detail: "reading it died: please report this".to_owned(),
        request_id: None,
    };
    let words = unread.words();
    let beside = Beside::unread(unread);
    match what {
        What::Digest(number, at) => {
            Done::Digest(*number, Err(Flaw::unread(at, words)).into(), beside)
        }
        What::Log(proved, entry) => Done::Log(
            Arc::clone(proved),
            entry.clone(),
            LogOutcome::Unread(words),
            beside,
        ),
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::objects::stub::Stub;

    #[test]
    fn a_reader_whose_turn_has_not_come_does_not_hold_up_the_end() {
        let (keys, progress) = (Keys::default(), Progress::new(false));
        let nothing = Stub {
            pages: false,
            read: || Ok(None),
        };
        let pool = Pool::new(&nothing, "logs", &keys, Limits::default(), &progress, None);
        let day = Duration::from_secs(24 * 60 * 60);
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| pool.work(day));
            assert!(!waiting.is_finished());
            pool.close();
        });
    }

    #[test]
    fn a_reader_that_dies_answers_all_the_same() {
        let (keys, progress) = (Keys::default(), Progress::new(false));
        // It dies of each object.
        let deadly = Stub {
            pages: false,
            read: || panic!("as a test wants it"),
        };
        let pool = Pool::new(&deadly, "logs", &keys, Limits::default(), &progress, None);
        let (reply, answers) = channel();
        for number in 0..2 {
            let at = ObjectRef {
                bucket: "logs".to_owned(),
                key: "AWSLogs/digest.json.gz".to_owned(),
            };
            let what = What::Digest(number, at);
            let reply = reply.clone();
            pool.submit(Job { what, reply });
        }
        drop(reply);
        pool.close();
        pool.work(Duration::ZERO);
        let told: Vec<Done> = answers.iter().collect();
        assert_eq!(told.len(), 2);
        for done in told {
            let Done::Digest(_, step, beside) = done else {
                panic!("a digest was asked for");
            };
            assert!(matches!(step, Step::Flawed(_)));
            assert_eq!(beside.unread.unwrap().reason, Reason::Failed);
        }
    }
}
