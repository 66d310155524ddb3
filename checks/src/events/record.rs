//! One record: its members as slices of the log, and what can be said of it without opening more than is asked for.

use std::cell::{Cell, OnceCell};

use jiff::Timestamp;

use super::bytes::{self, After, Stop};
use super::field::Field;
use super::guess::Guesses;
use super::identity::{Identity, Part};
use super::layout::Layouts;
use super::raw::Raw;
use super::text::Text;
use super::time;

/// Members that are kept at hand. Real records have about 25.
const MAX_MEMBERS: usize = 1_024;
const FIELDS: usize = Field::ALL.len();

/// Before the first name, and behind one that is no field.
const BEGIN: usize = FIELDS;
const UNKNOWN: usize = FIELDS + 1;

/// What the records before show of the next.
#[derive(Debug, Clone)]
pub(super) struct Known {
    fields: Guesses<Option<Field>>,
    identities: Layouts<Part>,
}

impl Known {
    /// For many records: what those before showed on this thread. It makes cutting faster, and changes nothing of it.
    pub(super) fn take() -> Self {
        KNOWN.take().unwrap_or_else(|| Self {
            fields: Guesses::new(FIELDS + 2, None),
            identities: Layouts::new(),
        })
    }

    /// For the next.
    pub(super) fn give_back(self) {
        KNOWN.set(Some(self));
    }

    /// For one record, of which nothing is learned.
    pub(super) fn nothing() -> Self {
        Self {
            fields: Guesses::new(0, None),
            identities: Layouts::nothing(),
        }
    }
}

thread_local! {
    static KNOWN: Cell<Option<Known>> = const { Cell::new(None) };
}

/// A record of a log. Its text is the log's: nothing is copied.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    raw: &'a [u8],
    /// The bytes that it is cut from.
    log: &'a [u8],
    /// The log, if it is UTF-8.
    whole: &'a str,
    index: u64,
    /// Known and unknown members in their order.
    members: Vec<Member>,
    /// Where the first member of each field is in `members`, plus one.
    first: [u16; FIELDS],
    identity: Identity<'a>,
    /// When it happened, once somebody asked.
    time: OnceCell<Option<Timestamp>>,
    pub(super) marks: Marks,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    field: Option<Field>,
    /// Where its name begins.
    name: usize,
    /// Where its value begins, and where it ends.
    value: (usize, usize),
}

impl Member {
    /// As it is spelled.
    fn name(self, log: &[u8]) -> &[u8] {
        bytes::name(log, self.name).map_or(&[], |(name, _)| name)
    }

    fn value(self, log: &[u8]) -> Raw<'_> {
        let (begin, end) = self.value;
        Raw::new(log.get(begin..end).unwrap_or_default())
    }
}

/// What is wrong with a record, as far as cutting it showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// A top-level name is there twice.
    pub duplicate: bool,
    /// Some text cannot be decoded without loss.
    pub lossy: bool,
    /// A value has more levels than are opened.
    pub deep: bool,
    /// The syntax is broken; the members before that were read.
    pub broken: bool,
    /// It has more members than are kept at hand; the rest is read when it is asked for.
    pub overfull: bool,
    /// It was a text within another document, not a slice of the log.
    pub unwrapped: bool,
    /// It has a member that CloudTrail does not document.
    pub unknown: bool,
}

impl<'a> Record<'a> {
    /// A record without members: what a scanner fills again and again.
    pub(super) fn empty() -> Self {
        Self {
            raw: &[],
            log: &[],
            whole: "",
            index: 0,
            members: Vec::with_capacity(48),
            first: [0; FIELDS],
            identity: Identity::default(),
            time: OnceCell::new(),
            marks: Marks::default(),
        }
    }

    /// The same, for records of a log whose text was checked.
    pub(super) fn within(whole: &'a str) -> Self {
        Self {
            whole,
            ..Self::empty()
        }
    }

    /// The record that is exactly these bytes, as [`Self::raw`] gives them.
    #[must_use]
    pub fn read(raw: &'a [u8]) -> Option<Self> {
        let mut record = Self::empty();
        let end = record.fill(raw, 0, 0, &mut Known::nothing()).ok()?;
        (end == raw.len()).then(|| {
            record.check_text();
            record
        })
    }

    /// Reads the object that begins at `at`. The byte after it.
    pub(super) fn fill(
        &mut self,
        log: &'a [u8],
        at: usize,
        index: u64,
        known: &mut Known,
    ) -> Result<usize, Stop> {
        self.first = [0; FIELDS];
        self.marks = Marks::default();
        self.identity = Identity::within(self.whole);
        self.time = OnceCell::new();
        self.raw = &[];
        self.log = log;
        self.index = index;
        self.members.clear();
        let end = self.fill_members(log, at, known)?;
        self.raw = log.get(at..end).ok_or(Stop::CUT)?;
        Ok(end)
    }

    #[inline]
    fn fill_members(&mut self, log: &'a [u8], at: usize, known: &mut Known) -> Result<usize, Stop> {
        let Self {
            members,
            first,
            identity,
            marks,
            ..
        } = self;
        let mut place = BEGIN;
        let mut next = bytes::first_member(log, at + 1);
        loop {
            let at = match next {
                After::Member(at) => at,
                After::End(end) => return Ok(end),
            };
            let names = (&mut known.fields, place);
            let (begin, field) = bytes::known_name(log, at, names, field_of)?;
            place = field.map_or(UNKNOWN, |it| it as usize);
            let full = members.len() >= MAX_MEMBERS;
            let end = match field {
                // Lifted on the way: it is what most questions ask for.
                Some(Field::UserIdentity) if !full => {
                    identity.lift(log, begin, &mut known.identities, &mut marks.deep)?
                }
                Some(_) | None => bytes::value_end(log, begin, &mut marks.deep)?,
            };
            if full {
                marks.overfull = true;
                next = bytes::after_member(log, end)?;
                continue;
            }
            match field.and_then(|field| first.get_mut(field as usize)) {
                Some(slot @ 0) => *slot = u16::try_from(members.len() + 1).unwrap_or(u16::MAX),
                Some(_) => marks.duplicate = true,
                None => {
                    marks.unknown = true;
                    let name = bytes::name(log, at)?.0;
                    let mut unknown = members.iter().filter(|it| it.field.is_none());
                    marks.duplicate |= unknown.any(|it| it.name(log) == name);
                }
            }
            members.push(Member {
                field,
                name: at,
                value: (begin, end),
            });
            next = bytes::after_member(log, end)?;
        }
    }

    /// Keeps what was read of a record whose syntax is broken; `raw` is all of it.
    pub(super) fn keep_broken(&mut self, raw: &'a [u8]) {
        self.raw = raw;
        self.marks.broken = true;
    }

    /// Marks the record if some text of it, a name or a value, cannot be decoded without loss.
    pub(super) fn check_text(&mut self) {
        let mut lossy = std::str::from_utf8(self.raw).is_err();
        if !lossy && memchr::memchr(b'\\', self.raw).is_some() {
            Raw::new(self.raw).each_string(&mut |_, text| lossy |= Text::decode(text).lossy);
        }
        self.marks.lossy = lossy;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The bytes of the record, as they are in the log.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Its place among the records of the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// What is wrong with it.
    #[must_use]
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// The first value of a field, `null` included.
    #[inline]
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Raw<'a>> {
        let place = usize::from(*self.first.get(field as usize)?);
        match self.members.get(place.checked_sub(1)?) {
            Some(member) => Some(member.value(self.log)),
            None => self.values(field).next(),
        }
    }

    /// All values of a field: more than one where a record has the name twice.
    pub fn values(&self, field: Field) -> impl Iterator<Item = Raw<'a>> {
        let (one, many) = if self.marks.duplicate || self.marks.overfull {
            let all = self.all_members();
            (
                None,
                Some(all.filter(move |(own, _, _)| *own == Some(field))),
            )
        } else {
            (self.get(field), None)
        };
        let many = many.into_iter().flatten().map(|(_, _, value)| value);
        one.into_iter().chain(many)
    }

    /// All members in their order: the field, if it is a known one, the name as it is written, and the value.
    pub fn all_members(&self) -> impl Iterator<Item = (Option<Field>, Text<'a>, Raw<'a>)> {
        let kept = self.members.iter();
        let rest = Raw::new(if self.marks.overfull { self.raw } else { &[] });
        let rest = rest.members().skip(self.members.len());
        let log = self.log;
        kept.map(move |it| (it.field, Text::decode(it.name(log)), it.value(log)))
            .chain(rest.map(|(name, value)| (Field::named(&name), name, value)))
    }

    /// The members that CloudTrail does not document.
    pub fn unknown_members(&self) -> impl Iterator<Item = (Text<'a>, Raw<'a>)> {
        self.all_members()
            .filter(|(field, _, _)| field.is_none())
            .map(|(_, name, value)| (name, value))
    }

    /// The text of a field; none for `null`, objects and arrays.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Text<'a>> {
        self.text_of(self.get(field)?)
    }

    /// The text of a value that stands in the record.
    pub(super) fn text_of(&self, value: Raw<'a>) -> Option<Text<'a>> {
        value.text_in(self.whole)
    }

    /// The value below a field, by names whose case is ignored: `path(RequestParameters, &["bucketName"])`.
    /// A field that holds JSON as text has none: [`Self::json_text`] tells.
    #[must_use]
    pub fn path(&self, field: Field, names: &[&str]) -> Option<Raw<'a>> {
        self.get(field)?.path(names)
    }

    /// The text of a field that holds a JSON object or array as text (`requestParameters` of some services).
    #[must_use]
    pub fn json_text(&self, field: Field) -> Option<Text<'a>> {
        let text = self.text(field)?;
        Raw::nested(text.as_bytes()).is_some().then_some(text)
    }

    /// The text below a field, JSON as text included.
    #[must_use]
    pub fn text_at(&self, field: Field, names: &[&str]) -> Option<Text<'a>> {
        let value = self.get(field)?;
        if let Some(found) = value.path(names) {
            return found.text();
        }
        let text = value.text()?;
        let found = Raw::nested(text.as_bytes())?.path(names)?.text()?;
        Some(found.into_owned())
    }

    /// `eventID`; `eventId` of aggregated events.
    #[must_use]
    pub fn event_id(&self) -> Option<Text<'a>> {
        self.text(Field::EventId)
    }

    /// When it happened; for aggregated events when their window began. None if absent or unreadable.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        *self.time.get_or_init(|| match self.get(Field::EventTime) {
            Some(value) => time::instant(value),
            None => time::instant(self.path(Field::TimeWindow, &["windowStart"])?),
        })
    }

    /// `eventTime` as it is written.
    #[must_use]
    pub fn time_text(&self) -> Option<Text<'a>> {
        self.text(Field::EventTime)
    }

    /// `eventName`; for Insights that of the call.
    #[must_use]
    pub fn name(&self) -> Option<Text<'a>> {
        let insight = || self.text_at(Field::InsightDetails, &["eventName"]);
        self.text(Field::EventName).or_else(insight)
    }

    /// `eventSource`; for Insights that of the call.
    #[must_use]
    pub fn source(&self) -> Option<Text<'a>> {
        let insight = || self.text_at(Field::InsightDetails, &["eventSource"]);
        self.text(Field::EventSource).or_else(insight)
    }

    /// `awsRegion`.
    #[must_use]
    pub fn region(&self) -> Option<Text<'a>> {
        self.text(Field::AwsRegion)
    }

    /// The account that received the event: `recipientAccountId`, `accountId` of aggregated events, or that of the
    /// identity, for old records have neither.
    #[must_use]
    pub fn account(&self) -> Option<Text<'a>> {
        self.text(Field::RecipientAccountId)
            .or_else(|| self.text(Field::AccountId))
            .or_else(|| self.path(Field::UserIdentity, &["accountId"])?.text())
    }

    /// `sourceIPAddress`.
    #[must_use]
    pub fn ip(&self) -> Option<Text<'a>> {
        self.text(Field::SourceIpAddress)
    }

    /// `userAgent`.
    #[must_use]
    pub fn agent(&self) -> Option<Text<'a>> {
        self.text(Field::UserAgent)
    }

    /// `sharedEventID`.
    #[must_use]
    pub fn shared_event_id(&self) -> Option<Text<'a>> {
        self.text(Field::SharedEventId)
    }

    /// `readOnly`, as boolean or text.
    #[must_use]
    pub fn read_only(&self) -> Option<bool> {
        self.get(Field::ReadOnly)?.flag()
    }

    /// Who called, as it is written. Of a doubled `userIdentity` the first.
    #[must_use]
    pub fn identity(&self) -> &Identity<'a> {
        &self.identity
    }
}

/// The field of a name, however it is spelled.
fn field_of(name: &[u8]) -> Option<Field> {
    Field::exact(name).or_else(|| Field::named(&Text::decode(name)))
}
