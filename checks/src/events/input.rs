//! Reads records from every shape in which they come, and tells which shape it was.

use super::bytes;
use super::problem::{FormatKind, Problems};
use super::raw::{Kind, Raw};
use super::record::Record;
use super::scan::{Scanned, Scanner};
use super::table;

/// The shapes in which records come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// A log object as CloudTrail delivers it: `{"Records":[..]}`.
    Log,
    /// One record a line, one after the other, or in an array.
    Lines,
    /// Answers of LookupEvents: the record is a text.
    LookupEvents,
    /// Events of EventBridge: the record is their `detail`.
    EventBridge,
    /// CloudWatch Logs: the record is the text of a message.
    CloudWatchLogs,
    /// The table that the console exports: it has no records, but their main fields.
    ConsoleCsv,
}

impl Input {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Lines => "lines",
            Self::LookupEvents => "lookup-events",
            Self::EventBridge => "eventbridge",
            Self::CloudWatchLogs => "cloudwatch-logs",
            Self::ConsoleCsv => "console-csv",
        }
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The shape of the first record or list of records; none if nothing was recognized.
    pub input: Option<Input>,
    /// The records and problems.
    pub scanned: Scanned,
}

/// Gives each record of a text in any of the shapes, also of several one after the other. Nothing in it is verified, a
/// log object included: it was not read from where CloudTrail delivered it.
pub fn read(text: &[u8], each: &mut dyn FnMut(&Record<'_>)) -> Read {
    let mut reader = Reader {
        each,
        input: None,
        records: 0,
        problems: Problems::default(),
        damaged: false,
    };
    reader.text(text);
    Read {
        input: reader.input,
        scanned: Scanned {
            records: reader.records,
            problems: reader.problems.into_vec(),
        },
    }
}

struct Reader<'e> {
    each: &'e mut dyn FnMut(&Record<'_>),
    input: Option<Input>,
    records: u64,
    problems: Problems,
    /// Whether a value was not whole.
    damaged: bool,
}

/// What a piece of JSON is to the scanner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Log,
    Record,
}

impl Reader<'_> {
    fn text(&mut self, text: &[u8]) {
        let mut at = if text.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        loop {
            at = bytes::skip_space(text, at);
            let Some(first) = text.get(at) else { break };
            at = match first {
                b'{' | b'[' => self.value(text, at),
                _ if self.records == 0 && table::is_header(line(text, at)) => {
                    self.table(text, at);
                    break;
                }
                _ => self.odd_line(text, at),
            };
        }
        if self.input.is_none() && self.problems.is_empty() {
            self.problems
                .add(FormatKind::NotAnObject, 0, text.len(), String::new);
        }
    }

    /// Reads the JSON value at `at`. Where to go on.
    fn value(&mut self, text: &[u8], at: usize) -> usize {
        // A value that is not whole ends where a line begins with another. Once there was one, the others are looked
        // for only within their lines: else each could be looked for until the end.
        let next_line = || {
            let rest = text.get(at..).unwrap_or_default();
            memchr::memmem::find(rest, b"\n{").map_or(text.len(), |it| at + it)
        };
        let limit = if self.damaged {
            next_line()
        } else {
            text.len()
        };
        let whole = bytes::value_end(text.get(..limit).unwrap_or_default(), at, &mut false);
        let end = whole.unwrap_or_else(|_| next_line());
        self.damaged |= whole.is_err();
        let piece = text.get(at..end).unwrap_or_default();
        if piece.first() == Some(&b'[') {
            let mut elements = Raw::new(piece).elements();
            loop {
                match elements.next_raw() {
                    Some(Ok(element)) => self.object(element, text, 1, true),
                    Some(Err(_)) => {
                        let kind = if whole.is_ok() {
                            FormatKind::Malformed
                        } else {
                            FormatKind::Cut
                        };
                        self.problems.add(kind, at, 1, String::new);
                        break;
                    }
                    None => break,
                }
            }
            // An empty array is a list of no records.
            self.saw(Input::Lines);
        } else {
            self.object(Raw::new(piece), text, 1, whole.is_ok());
        }
        end
    }

    /// Reads an object of any shape, which may not be whole. `levels` may be opened below it.
    fn object(&mut self, object: Raw<'_>, text: &[u8], levels: usize, whole: bool) {
        let offset = offset_of(object.bytes(), text);
        let mut found = Found::default();
        for (name, value) in object.members() {
            found.note(&name, value);
        }
        // A log that is not whole may end before its list does.
        if found.records || (found.is_nothing() && holds_records(object.bytes())) {
            self.saw(Input::Log);
            self.scan(object.bytes(), offset, Piece::Log, false);
        } else if let Some(record) = found.lookup {
            self.saw(Input::LookupEvents);
            self.wrapped(record, offset);
        } else if let (Some(record), true) = (found.detail, found.envelope) {
            self.saw(Input::EventBridge);
            self.wrapped(record, offset);
        } else if found.is_record {
            self.saw(Input::Lines);
            self.scan(object.bytes(), offset, Piece::Record, false);
        } else if let Some(record) = found.message {
            self.saw(Input::CloudWatchLogs);
            self.wrapped(record, offset);
        } else if let (Some(list), true) = (found.list, levels > 0) {
            let mut any = false;
            for element in list.elements() {
                any = true;
                self.object(element, text, levels - 1, true);
            }
            if !any {
                self.saw(if found.is_cloudwatch {
                    Input::CloudWatchLogs
                } else {
                    Input::LookupEvents
                });
            }
        } else if !whole {
            self.problems
                .add(FormatKind::Cut, offset, object.bytes().len(), String::new);
        } else if object.bytes().first() != Some(&b'{') {
            self.problems
                .add(FormatKind::RecordNotAnObject, offset, 1, String::new);
        } else {
            self.problems
                .add(FormatKind::NoRecords, offset, 1, String::new);
        }
    }

    /// A record within another document: an object, or the text of one.
    fn wrapped(&mut self, record: Raw<'_>, offset: usize) {
        match record.kind() {
            Kind::Object => self.scan(record.bytes(), offset, Piece::Record, true),
            Kind::String => {
                let text = record.text().unwrap_or_default();
                if text.lossy {
                    self.problems
                        .add(FormatKind::LossyText, offset, 1, String::new);
                }
                self.scan(text.trim().as_bytes(), offset, Piece::Record, true);
            }
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Array | Kind::Unreadable => {
                self.problems
                    .add(FormatKind::RecordNotAnObject, offset, 1, String::new);
            }
        }
    }

    fn scan(&mut self, json: &[u8], offset: usize, piece: Piece, unwrapped: bool) {
        let each = &mut *self.each;
        let mut give = |record: &Record<'_>| each(record);
        let mut scanner = Scanner::from(json, self.records, unwrapped, &mut give);
        match piece {
            Piece::Log => scanner.whole_log(),
            Piece::Record => scanner.whole_record(),
        }
        let (records, problems) = scanner.into_parts();
        self.records = records;
        // Within another document the place is that of the document.
        self.problems.merge(problems, offset, unwrapped);
    }

    /// A line that begins with something else: CloudWatch Logs writes a time before the record.
    fn odd_line(&mut self, text: &[u8], at: usize) -> usize {
        let line = line(text, at);
        let end = at + line.len();
        let brace = line.iter().take(512).position(|it| *it == b'{');
        let before = brace.and_then(|it| line.get(..it)).unwrap_or_default();
        match brace.and_then(|it| line.get(it..)) {
            Some(record)
                if before.first().is_some_and(u8::is_ascii_digit) && before.ends_with(b" ") =>
            {
                self.saw(Input::CloudWatchLogs);
                self.scan(record, end - record.len(), Piece::Record, false);
            }
            Some(_) | None => self
                .problems
                .add(FormatKind::Malformed, at, line.len(), String::new),
        }
        end
    }

    fn table(&mut self, text: &[u8], at: usize) {
        self.saw(Input::ConsoleCsv);
        let (header_at, problems) = (at, &mut self.problems);
        let mut rows = Vec::new();
        let whole = table::records(text.get(at..).unwrap_or_default(), &mut |json| {
            rows.push(json)
        });
        if !whole {
            problems.add(FormatKind::Cut, header_at, 1, String::new);
        }
        for row in rows {
            self.scan(row.as_bytes(), at, Piece::Record, true);
        }
    }

    fn saw(&mut self, input: Input) {
        self.input = self.input.or(Some(input));
    }
}

/// What the members of an object say about its shape.
#[derive(Default)]
struct Found<'a> {
    records: bool,
    is_record: bool,
    envelope: bool,
    is_cloudwatch: bool,
    lookup: Option<Raw<'a>>,
    detail: Option<Raw<'a>>,
    message: Option<Raw<'a>>,
    list: Option<Raw<'a>>,
    any: bool,
}

impl<'a> Found<'a> {
    fn note(&mut self, name: &str, value: Raw<'a>) {
        self.any = true;
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        let object = matches!(value.kind(), Kind::Object | Kind::String);
        if is("Records") {
            self.records = true;
        } else if is("CloudTrailEvent") {
            self.lookup = Some(value);
        } else if is("detail") && object {
            self.detail = Some(value);
        } else if is("detail-type") {
            self.envelope = true;
        } else if (is("message") || is("@message")) && value.kind() == Kind::String {
            self.message = Some(value);
        } else if is("events") || is("logEvents") {
            self.is_cloudwatch = name.starts_with(['e', 'l']);
            self.list = Some(value);
        } else if [
            "eventVersion",
            "eventName",
            "eventSource",
            "eventTime",
            "eventCategory",
        ]
        .iter()
        .any(|it| is(it))
        {
            // LookupEvents has names such as EventName too; its record tells it apart.
            self.is_record = true;
        }
    }

    fn is_nothing(&self) -> bool {
        !self.records
            && !self.is_record
            && self.lookup.is_none()
            && self.detail.is_none()
            && self.message.is_none()
            && self.list.is_none()
    }
}

/// Whether what begins here is a log object, though its members could not be read to the end.
fn holds_records(json: &[u8]) -> bool {
    let at = bytes::skip_space(json, 1);
    let rest = json.get(at..).unwrap_or_default();
    let name = rest.get(..9).unwrap_or_default();
    name.eq_ignore_ascii_case(b"\"Records\"")
}

fn line(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Where a slice of the text begins in it.
fn offset_of(piece: &[u8], text: &[u8]) -> usize {
    (piece.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}
