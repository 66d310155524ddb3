//! A source that answers from what was noted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trailaudit_checks::calls::{ApiCall, GET_OBJECT, GET_OBJECT_RETENTION, LIST_OBJECTS};
use trailaudit_checks::digest::{LogEntry, LogReader, Window};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::hex;

use super::line::{Answer, Id, Object, Raw};
use crate::files;
use crate::objects::{About, Listed, Lock, LogRead, Sink, Source, Unread};
use crate::verify::{Found, Keys, Scope};

/// No answer is longer: a digest of 32 MiB, in hexadecimal text.
const LONGEST: u64 = 128 << 20;

/// What was noted of windows that follow on each other. In memory are 24 bytes for each object.
pub struct Again {
    parts: Vec<Part>,
    scopes: BTreeMap<(String, String, String), Scope>,
    unsearched: BTreeMap<String, Unread>,
    /// The public keys that all of them had.
    pub keys: Keys,
}

/// What was noted of one window.
struct Part {
    window: Window,
    file: Mutex<File>,
    /// Where the answer about each object begins, sorted.
    objects: Vec<(Raw, u64)>,
    /// Where the pages of each listing begin.
    pages: BTreeMap<String, Vec<u64>>,
    /// How each listing ended.
    listed: BTreeMap<String, Option<Unread>>,
    folders: BTreeMap<String, Result<Vec<String>, Unread>>,
    /// The folders of the accounts and regions that were there.
    roots: BTreeSet<String>,
    /// Folders that could not be searched for them.
    unsearched: Vec<String>,
}

impl Again {
    /// Reads what was noted of windows that follow on each other, in their order.
    pub fn open(parts: &[(Window, PathBuf)]) -> anyhow::Result<Self> {
        let mut again = Self {
            parts: Vec::new(),
            scopes: BTreeMap::new(),
            unsearched: BTreeMap::new(),
            keys: Keys::default(),
        };
        for (at, (window, path)) in parts.iter().enumerate() {
            let file = files::open(path)?;
            let mut part = Part {
                window: *window,
                file: Mutex::new(file.try_clone()?),
                objects: Vec::new(),
                pages: BTreeMap::new(),
                listed: BTreeMap::new(),
                folders: BTreeMap::new(),
                roots: BTreeSet::new(),
                unsearched: Vec::new(),
            };
            let mut keys = None;
            each(file, |offset, answer| {
                again.take(&mut part, &mut keys, offset, answer)
            })?;
            part.objects.sort_unstable();
            let keys = keys.context("the public keys are missing")?;
            if again.scopes.is_empty() && again.unsearched.is_empty() {
                bail!("nothing says what was there");
            }
            match at {
                0 => again.keys = keys,
                _ => {
                    again.keys.ring.join(keys.ring);
                    again.keys.gaps.extend(keys.gaps);
                }
            }
            again.parts.push(part);
        }
        Ok(again)
    }

    fn take(
        &mut self,
        part: &mut Part,
        keys: &mut Option<Keys>,
        offset: u64,
        answer: Answer,
    ) -> anyhow::Result<()> {
        match answer {
            Answer::Scope(scope) => {
                part.roots.extend(scope.digests().chain(scope.logs()));
                let at = (
                    scope.prefix.clone(),
                    scope.account.clone(),
                    scope.region.clone(),
                );
                let known = self.scopes.entry(at).or_insert_with(|| Scope {
                    services: BTreeMap::new(),
                    ..scope.clone()
                });
                for (root, services) in scope.services {
                    known.services.entry(root).or_default().extend(services);
                }
            }
            Answer::Unsearched(folder, unread) => {
                part.unsearched.push(folder.clone());
                self.unsearched.entry(folder).or_insert(unread);
            }
            Answer::Folders(prefix, folders) => {
                part.folders.insert(prefix, folders);
            }
            Answer::Page(prefix, _) => part.pages.entry(prefix).or_default().push(offset),
            Answer::Listed(prefix, unread) => {
                let ended = part.listed.entry(prefix).or_default();
                *ended = ended.take().or(unread);
            }
            Answer::Object(id, _) | Answer::Log(id, _) | Answer::History(id, _) => {
                let id = id.raw().context("an answer is about nothing")?;
                part.objects.push((id, offset));
            }
            Answer::Keys(of) => match keys.replace(of) {
                None => {}
                Some(_) => bail!("the public keys are there twice"),
            },
        }
        Ok(())
    }

    /// The accounts and regions that any of the windows has, and what could not be listed.
    #[must_use]
    pub fn found(&self) -> Found {
        Found {
            scopes: self.scopes.values().cloned().collect(),
            unread: self.unsearched.clone().into_iter().collect(),
        }
    }

    /// The window that the day lies in.
    fn of_day(&self, day: &str) -> usize {
        let before = |part: &Part| date(part.window.start).as_str() <= day;
        let after = self.parts.iter().take_while(|it| before(it)).count();
        after.saturating_sub(1)
    }

    /// The answer about one object: of its day, or of one beside, where a window reads its neighbours.
    fn look_up(&self, key: &str, id: &Id) -> Option<Answer> {
        let id = id.raw()?;
        let at = day_of(key).map_or(0, |it| self.of_day(it));
        let near = [Some(at), at.checked_sub(1), at.checked_add(1)];
        let mut parts = near
            .into_iter()
            .flatten()
            .filter_map(|at| self.parts.get(at));
        parts.find_map(|part| {
            let first = part.objects.partition_point(|(it, _)| *it < id);
            let (_, offset) = part.objects.get(first).filter(|(it, _)| *it == id)?;
            part.answer(*offset)
        })
    }
}

impl Part {
    fn answer(&self, offset: u64) -> Option<Answer> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset)).ok()?;
        let mut line = Vec::new();
        let mut reader = BufReader::new((&mut *file).take(LONGEST));
        reader.read_until(b'\n', &mut line).ok()?;
        serde_json::from_slice(&line).ok()
    }

    /// Whether it can say what lies below: it listed that, or saw that there is nothing.
    fn knows(&self, prefix: &str) -> bool {
        let root = root(prefix);
        let searched = || {
            !self
                .unsearched
                .iter()
                .any(|it| root.starts_with(it.as_str()))
        };
        self.listed.contains_key(prefix) || (!self.roots.contains(root) && searched())
    }
}

impl Source for Again {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        // What lies before the first window was looked for by the first.
        let first = self.parts.first();
        let noted = first.and_then(|it| it.folders.get(prefix));
        noted
            .cloned()
            .unwrap_or_else(|| Err(unknown(LIST_OBJECTS, prefix)))
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        let root = root(prefix);
        let last = self.parts.len().saturating_sub(1);
        let mut parts = 0..=last;
        if root.len() < prefix.len() {
            let day = self.of_day(prefix.get(root.len()..).unwrap_or_default());
            parts = day..=day;
        }
        let mut whole = Ok(());
        for at in parts {
            let Some(part) = self.parts.get(at).filter(|it| it.knows(prefix)) else {
                return Err(unknown(LIST_OBJECTS, prefix));
            };
            // Each window answers for its own days, the first and the last also for what lies around.
            let from = (at > 0).then(|| format!("{root}{}", date(part.window.start)));
            let until = (at < last).then(|| format!("{root}{}", date(part.window.end)));
            for offset in part.pages.get(prefix).into_iter().flatten() {
                let Some(Answer::Page(_, mut listed)) = part.answer(*offset) else {
                    return Err(unknown(LIST_OBJECTS, prefix));
                };
                listed.retain(|it| {
                    it.key.as_str() > after
                        && it.key.starts_with(prefix)
                        && from.as_ref().is_none_or(|from| it.key >= *from)
                        && until.as_ref().is_none_or(|until| it.key < *until)
                });
                if !listed.is_empty() && !page(&listed) {
                    return whole;
                }
            }
            if let Some(Some(unread)) = part.listed.get(prefix) {
                whole = whole.and(Err(unread.clone()));
            }
        }
        whole
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        let Some(Answer::Object(_, object)) = self.look_up(key, &Id::object(key)) else {
            return Err(unknown(GET_OBJECT, key));
        };
        match object {
            Object::Whole {
                metadata,
                storage,
                bytes,
            } => {
                let bytes = hex::decode(&bytes).ok_or_else(|| unknown(GET_OBJECT, key))?;
                sink.begin();
                sink.piece(&bytes);
                Ok(Some(About { metadata, storage }))
            }
            Object::Absent => Ok(None),
            Object::Unread(unread) => Err(unread),
        }
    }

    fn log(&self, entry: &LogEntry, _: &mut LogReader) -> LogRead {
        match self.look_up(&entry.at.key, &Id::log(entry)) {
            Some(Answer::Log(_, read)) => read,
            _ => LogRead::unread(unknown(GET_OBJECT, &entry.at.key)),
        }
    }

    fn lock(&self, key: &str) -> Result<Option<Lock>, Unread> {
        Err(unknown(GET_OBJECT_RETENTION, key))
    }

    fn history(&self, key: &str) -> Option<String> {
        match self.look_up(key, &Id::history(key)) {
            Some(Answer::History(_, told)) => Some(told),
            _ => None,
        }
    }

    fn readers(&self) -> usize {
        std::thread::available_parallelism().map_or(2, NonZero::get)
    }
}

/// No shard asked it.
fn unknown(call: ApiCall, what: &str) -> Unread {
    Unread {
        call,
        reason: Reason::NotRun,
        detail: format!("no shard asked for {what}"),
        request_id: None,
    }
}

/// Hands out the lines of a file, each with where it begins.
fn each(file: File, mut take: impl FnMut(u64, Answer) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut offset = 0;
    for number in 1_u64.. {
        line.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let answer = serde_json::from_slice(&line);
        let answer = answer.with_context(|| format!("answer {number} cannot be read"))?;
        take(offset, answer)?;
        offset += read as u64;
    }
    Ok(())
}

/// A day, as folders are named after it.
fn date(time: Timestamp) -> String {
    TimeZone::UTC
        .to_datetime(time)
        .strftime("%Y/%m/%d")
        .to_string()
}

/// The day that a key names with its folders.
fn day_of(key: &str) -> Option<&str> {
    let (folder, _) = key.rsplit_once('/')?;
    let day = folder.get(folder.len().checked_sub(10)?..)?;
    is_day(day).then_some(day)
}

/// A folder without the day that it ends with, if it does.
fn root(prefix: &str) -> &str {
    let day = prefix
        .strip_suffix('/')
        .and_then(|it| it.get(it.len().checked_sub(10)?..));
    match day.filter(|it| is_day(it)) {
        Some(day) => prefix.get(..prefix.len() - day.len() - 1).unwrap_or(prefix),
        None => prefix,
    }
}

fn is_day(text: &str) -> bool {
    let mut bytes = text.bytes().enumerate();
    text.len() == 10
        && bytes.all(|(at, it)| match at {
            4 | 7 => it == b'/',
            _ => it.is_ascii_digit(),
        })
}
