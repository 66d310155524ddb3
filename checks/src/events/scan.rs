//! Cuts an inflated log into its records: `{"Records":[{..},{..}]}`, walked once, byte by byte, without a tree.
//!
//! What serde_json reads is read alike. Where it stops, this goes on as far as it is safe: lone surrogates, bytes that
//! are not UTF-8, numbers of any size and any depth cost no record. After broken syntax no records are guessed out of
//! what follows: only what is whole is kept, and what was not read is reported.

use super::bytes::{self, Stop};
use super::field::Field;
use super::problem::{FormatKind, FormatProblem, Problems};
use super::raw::Raw;
use super::record::{Known, Record};
use super::text::Text;

/// What a log held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// The records that were given to the caller.
    pub records: u64,
    /// What was wrong, one for each kind. Where it is empty, all was read.
    pub problems: Vec<FormatProblem>,
}

/// Gives each record of a log that CloudTrail delivered, in the log's order.
pub fn scan<'a>(log: &'a [u8], each: &mut dyn FnMut(&Record<'a>)) -> Scanned {
    let mut scanner = Scanner::from(log, 0, false, each);
    scanner.whole_log();
    let (records, problems) = scanner.into_parts();
    Scanned {
        records,
        problems: problems.into_vec(),
    }
}

/// The walk over one log.
pub(super) struct Scanner<'a, 's> {
    log: &'a [u8],
    each: &'s mut dyn FnMut(&Record<'a>),
    record: Record<'a>,
    known: Known,
    records: u64,
    problems: Problems,
    /// Whether some text may be lossy: then each record is looked at.
    suspect: bool,
    unwrapped: bool,
}

/// Where a walk ended: after a value, or nowhere, since what follows is not read.
type Walked = Option<usize>;

impl<'a, 's> Scanner<'a, 's> {
    /// A walk over these bytes, whose first record has this index. `unwrapped` says that they stood in another document.
    pub(super) fn from(
        log: &'a [u8],
        index: u64,
        unwrapped: bool,
        each: &'s mut dyn FnMut(&Record<'a>),
    ) -> Self {
        let whole = simdutf8::basic::from_utf8(log);
        Self {
            log,
            each,
            record: Record::within(whole.unwrap_or_default()),
            known: Known::take(),
            records: index,
            problems: Problems::default(),
            suspect: whole.is_err() || may_be_lossy(log),
            unwrapped,
        }
    }

    /// The index after the last record, and what was wrong.
    pub(super) fn into_parts(self) -> (u64, Problems) {
        self.known.give_back();
        (self.records, self.problems)
    }

    /// Reads all as the object of a log.
    pub(super) fn whole_log(&mut self) {
        let end = self.log(0);
        self.rest(end);
    }

    /// Reads all as one record.
    pub(super) fn whole_record(&mut self) {
        let end = self.element(bytes::skip_space(self.log, 0));
        self.rest(end);
    }

    /// Reads the object of the log.
    fn log(&mut self, at: usize) -> Walked {
        let at = if at == 0 && self.log.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            at
        };
        let mut at = bytes::skip_space(self.log, at);
        if self.log.get(at) != Some(&b'{') {
            self.unread(FormatKind::NotAnObject, at);
            return None;
        }
        let (mut arrays, mut found) = (0, false);
        at = bytes::skip_space(self.log, at + 1);
        let mut first = true;
        loop {
            match self.log.get(at) {
                Some(b'}') if first => {
                    at += 1;
                    break;
                }
                Some(b'"') => {}
                Some(_) => return self.stop(Stop::wrong(at), at),
                None => return self.stop(Stop::CUT, at),
            }
            first = false;
            let (begin, is_records) = match self.name(at) {
                Ok(found) => found,
                Err(stop) => return self.stop(stop, at),
            };
            if is_records {
                arrays += 1;
                found = true;
                if arrays == 2 {
                    self.problems
                        .add(FormatKind::DuplicateKey, at, 1, || "Records".to_owned());
                }
                at = self.records(begin)?;
            } else {
                at = match bytes::value_end(self.log, begin, &mut false) {
                    Ok(end) => end,
                    Err(stop) => return self.stop(stop, begin),
                };
            }
            at = bytes::skip_space(self.log, at);
            match self.log.get(at) {
                Some(b',') => at = bytes::skip_space(self.log, at + 1),
                Some(b'}') => {
                    at += 1;
                    break;
                }
                Some(_) => return self.stop(Stop::wrong(at), at),
                None => return self.stop(Stop::CUT, at),
            }
        }
        if !found {
            self.problems.add(FormatKind::NoRecords, 0, 1, String::new);
        }
        Some(at)
    }

    /// The member whose name begins at `at`: where its value begins, and whether it is `Records`.
    fn name(&self, at: usize) -> Result<(usize, bool), Stop> {
        let end = bytes::string_end(self.log, at + 1).ok_or(Stop::CUT)?;
        let name = Text::decode(self.log.get(at + 1..end - 1).unwrap_or_default());
        let colon = bytes::skip_space(self.log, end);
        match self.log.get(colon) {
            Some(b':') => Ok((
                bytes::skip_space(self.log, colon + 1),
                name.eq_ignore_ascii_case("Records"),
            )),
            Some(_) => Err(Stop::wrong(colon)),
            None => Err(Stop::CUT),
        }
    }

    /// Reads the value of `Records`. The byte after it.
    fn records(&mut self, at: usize) -> Walked {
        if self.log.get(at) == Some(&b'[') {
            return self.array(at);
        }
        match bytes::value_end(self.log, at, &mut false) {
            Ok(end) => {
                let null = self
                    .log
                    .get(at..end)
                    .is_some_and(|it| Raw::new(it).is_null());
                let kind = if null {
                    FormatKind::NullRecords
                } else {
                    FormatKind::RecordsNotAnArray
                };
                self.problems.add(kind, at, 1, String::new);
                Some(end)
            }
            Err(stop) => self.stop(stop, at),
        }
    }

    /// Reads an array of records. The byte after it.
    fn array(&mut self, at: usize) -> Walked {
        let mut at = bytes::skip_space(self.log, at + 1);
        if self.log.get(at) == Some(&b']') {
            return Some(at + 1);
        }
        loop {
            at = self.element(at)?;
            at = bytes::skip_space(self.log, at);
            match self.log.get(at) {
                Some(b',') => at = bytes::skip_space(self.log, at + 1),
                Some(b']') => return Some(at + 1),
                Some(_) => return self.stop(Stop::wrong(at), at),
                None => return self.stop(Stop::CUT, at),
            }
        }
    }

    /// Reads one element of the array. The byte after it.
    fn element(&mut self, at: usize) -> Walked {
        if self.log.get(at) == Some(&b'{') {
            return self.record(at);
        }
        match bytes::value_end(self.log, at, &mut false) {
            Ok(end) => {
                self.problems
                    .add(FormatKind::RecordNotAnObject, at, 1, String::new);
                Some(end)
            }
            Err(stop) => self.stop(stop, at),
        }
    }

    /// Reads a record. The byte after it.
    fn record(&mut self, at: usize) -> Walked {
        let end = match self
            .record
            .fill(self.log, at, self.records, &mut self.known)
        {
            Ok(end) => end,
            Err(stop) => {
                let Some(wrong) = stop.place() else {
                    return self.stop(stop, at);
                };
                // The record is as long as its brackets say. If these do not match either, or nothing of it can be
                // read, a quote may have turned texts and structure around: nothing more is read.
                let end = match bytes::value_end(self.log, at, &mut false) {
                    Ok(end) if !self.record.is_empty() => end,
                    Ok(_) | Err(_) => return self.stop(stop, at),
                };
                self.problems
                    .add(FormatKind::BrokenRecord, wrong, 1, String::new);
                self.record
                    .keep_broken(self.log.get(at..end).unwrap_or_default());
                end
            }
        };
        self.record.marks.unwrapped = self.unwrapped;
        self.inspect(at);
        self.records += 1;
        (self.each)(&self.record);
        Some(end)
    }

    fn inspect(&mut self, at: usize) {
        if self.suspect {
            self.record.check_text();
        }
        let Self {
            record, problems, ..
        } = self;
        let version = record.get(Field::EventVersion);
        if let Some(version) = version.filter(|it| !is_version_1(it.bytes())) {
            let text = || {
                version
                    .tested()
                    .unwrap_or_default()
                    .chars()
                    .take(32)
                    .collect()
            };
            problems.add(FormatKind::UnknownVersion, at, 1, text);
        }
        let marks = record.marks();
        if marks.duplicate {
            problems.add(FormatKind::DuplicateKey, at, 1, || doubled(record));
        }
        for (marked, kind) in [
            (marks.lossy, FormatKind::LossyText),
            (marks.deep, FormatKind::TooDeep),
            (marks.overfull, FormatKind::TooManyMembers),
        ] {
            if marked {
                problems.add(kind, at, 1, String::new);
            }
        }
    }

    /// What follows the end of the object, if anything does.
    fn rest(&mut self, end: Walked) {
        let Some(end) = end else { return };
        let at = bytes::skip_space(self.log, end);
        if at < self.log.len() {
            self.unread(FormatKind::TrailingBytes, at);
        }
    }

    /// Ends the walk: what begins at `from` is not whole.
    fn stop(&mut self, stop: Stop, from: usize) -> Walked {
        match stop.place() {
            None => self.unread(FormatKind::Cut, from),
            Some(at) => self.unread(FormatKind::Malformed, at),
        }
        None
    }

    fn unread(&mut self, kind: FormatKind, at: usize) {
        let count = self.log.len().saturating_sub(at);
        self.problems.add(kind, at, count, String::new);
    }
}

/// Whether a text may be lossy beside bytes that are not UTF-8: the escape of half a surrogate pair, an unknown escape.
fn may_be_lossy(log: &[u8]) -> bool {
    let mut rest = log;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        match rest.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
            Some(b'u') => {
                let digits = rest.get(at + 2..at + 6).unwrap_or_default();
                let plain = digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit);
                if !plain || matches!(digits.first(), Some(b'd' | b'D')) {
                    return true;
                }
            }
            Some(_) | None => return true,
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// Whether the major version is 1, written as text or as number.
fn is_version_1(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\"").unwrap_or(bytes);
    matches!(text, [b'1', b'.' | b'"', ..] | [b'1'])
}

/// The name that a record has twice.
fn doubled(record: &Record<'_>) -> String {
    let mut seen: Vec<(Option<Field>, Text<'_>)> = Vec::new();
    for (field, name, _) in record.all_members().take(1_024) {
        let twice = |(f, n): &(Option<Field>, Text<'_>)| match field {
            Some(_) => *f == field,
            None => n.as_str() == name.as_str(),
        };
        if seen.iter().any(twice) {
            return name.chars().take(128).collect();
        }
        seen.push((field, name));
    }
    String::new()
}
