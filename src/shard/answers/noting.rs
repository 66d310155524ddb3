//! A source that notes what it answers.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use trailaudit_checks::digest::{LogEntry, LogReader};
use trailaudit_checks::hex;

use super::line::{Answer, Id, Object};
use crate::objects::{About, Listed, Lock, LogRead, Sink, Source, Unread};
use crate::verify::{Found, Keys};

/// A source, and the file into which its answers are noted, by many threads at once.
pub struct Noting<'a> {
    source: &'a dyn Source,
    out: Mutex<Out<'a>>,
}

struct Out<'a> {
    to: &'a mut (dyn Write + Send),
    failed: Option<io::Error>,
}

impl<'a> Noting<'a> {
    /// Nothing noted yet, but what was found.
    pub fn new(source: &'a dyn Source, found: &Found, to: &'a mut (dyn Write + Send)) -> Self {
        let out = Mutex::new(Out { to, failed: None });
        let noting = Self { source, out };
        for scope in &found.scopes {
            noting.note(&Answer::Scope(scope.clone()));
        }
        for (folder, unread) in &found.unread {
            noting.note(&Answer::Unsearched(folder.clone(), unread.clone()));
        }
        noting
    }

    /// Notes the public keys.
    pub fn keys(&self, keys: &Keys) {
        self.note(&Answer::Keys(keys.clone()));
    }

    /// All was noted, or why not.
    pub fn finish(self) -> io::Result<()> {
        let out = self
            .out
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match out.failed {
            Some(error) => Err(error),
            None => out.to.flush(),
        }
    }

    fn note(&self, answer: &Answer) {
        let line = serde_json::to_vec(answer).map_err(io::Error::from);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            out.to.write_all(&line)
        });
        // Told at the end: an answer is one, whether it could be noted or not.
        out.failed = out.failed.take().or(written.err());
    }
}

impl Source for Noting<'_> {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        let folders = self.source.folders(prefix);
        self.note(&Answer::Folders(prefix.to_owned(), folders.clone()));
        folders
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        let listed = self.source.list(prefix, after, &mut |listed| {
            self.note(&Answer::Page(prefix.to_owned(), listed.to_vec()));
            page(listed)
        });
        self.note(&Answer::Listed(prefix.to_owned(), listed.clone().err()));
        listed
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        let mut held = Holding {
            sink,
            bytes: Vec::new(),
        };
        let read = self.source.read(key, &mut held);
        let object = match &read {
            Ok(Some(about)) => Object::Whole {
                metadata: about.metadata.clone(),
                storage: about.storage.clone(),
                bytes: hex::encode(&held.bytes),
            },
            Ok(None) => Object::Absent,
            Err(unread) => Object::Unread(unread.clone()),
        };
        self.note(&Answer::Object(Id::object(key), object));
        read
    }

    fn log(&self, entry: &LogEntry, reader: &mut LogReader) -> LogRead {
        let read = self.source.log(entry, reader);
        self.note(&Answer::Log(Id::log(entry), read.clone()));
        read
    }

    fn lock(&self, key: &str) -> Result<Option<Lock>, Unread> {
        self.source.lock(key)
    }

    fn history(&self, key: &str) -> Option<String> {
        let told = self.source.history(key)?;
        self.note(&Answer::History(Id::history(key), told.clone()));
        Some(told)
    }

    fn readers(&self) -> usize {
        self.source.readers()
    }
}

/// Keeps what another takes, and no more.
struct Holding<'a> {
    sink: &'a mut dyn Sink,
    bytes: Vec<u8>,
}

impl Sink for Holding<'_> {
    fn begin(&mut self) {
        self.bytes.clear();
        self.sink.begin();
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        let more = self.sink.piece(bytes);
        if more {
            self.bytes.extend_from_slice(bytes);
        }
        more
    }
}
