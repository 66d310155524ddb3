//! One JSON value as it stands in the log: its bytes, looked into only as far as somebody asks.

use std::borrow::Cow;

use super::bytes::{self, Stop, has_backslash};
use super::text::{Text, write_string};

/// The bytes of one value, without white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a [u8]);

/// What a value is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, kept as text.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
    /// None of them.
    Unreadable,
}

impl<'a> Raw<'a> {
    /// A value that is exactly these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The value that a text holds, if it is one whole object or array.
    #[must_use]
    pub fn nested(text: &'a [u8]) -> Option<Self> {
        let begin = bytes::skip_space(text, 0);
        let (b'{' | b'[') = text.get(begin)? else {
            return None;
        };
        let end = bytes::value_end(text, begin, &mut false).ok()?;
        let whole = bytes::skip_space(text, end) == text.len();
        whole.then(|| text.get(begin..end).map(Self))?
    }

    /// The bytes, as they are in the log.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.0.first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'-' | b'0'..=b'9') if is_number(self.0) => Kind::Number,
            Some(_) | None => match self.0 {
                b"true" => Kind::Bool(true),
                b"false" => Kind::Bool(false),
                b"null" => Kind::Null,
                _ => Kind::Unreadable,
            },
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == b"null"
    }

    /// A string, or the text of a number or a boolean: types change on the way through CSV and Athena.
    #[must_use]
    pub fn text(self) -> Option<Text<'a>> {
        match self.kind() {
            Kind::String => {
                let inside = self.0.get(1..self.0.len().checked_sub(1)?)?;
                Some(Text::decode(inside))
            }
            Kind::Number | Kind::Bool(_) => std::str::from_utf8(self.0).ok().map(Text::plain),
            Kind::Null | Kind::Array | Kind::Object | Kind::Unreadable => None,
        }
    }

    /// What stands between the quotes of a string that is spelled plainly: the bytes of its text.
    #[inline]
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        match self.0 {
            [b'"', inside @ .., b'"'] if !has_backslash(inside) => Some(inside),
            _ => None,
        }
    }

    /// Whether its text is this word, which is ASCII, without regard to case.
    #[must_use]
    pub fn is_word(self, word: &str) -> bool {
        match self.0 {
            // As words nearly always are spelled: nothing is decoded. What is escaped is longer than what it stands for.
            [b'"', inside @ .., b'"'] if inside.len() <= word.len() || !has_backslash(inside) => {
                inside.eq_ignore_ascii_case(word.as_bytes()) && !has_backslash(inside)
            }
            _ => self.text().is_some_and(|it| it.eq_ignore_ascii_case(word)),
        }
    }

    /// The same as [`Self::text`], of a value that may stand in a text.
    pub(super) fn text_in(self, whole: &'a str) -> Option<Text<'a>> {
        match self.0 {
            [b'"', inside @ .., b'"'] => Some(Text::decode_in(whole, inside)),
            _ => self.text(),
        }
    }

    /// `true` and `false`, as booleans or as text in any case.
    #[must_use]
    pub fn flag(self) -> Option<bool> {
        match self.0 {
            b"true" => return Some(true),
            b"false" => return Some(false),
            _ => {}
        }
        let text = self.text()?;
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }

    /// The members of an object in their order, doubled ones too. Nothing for what is no object. Ends where the
    /// object is malformed.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        let object = self.0.first() == Some(&b'{');
        Members {
            bytes: self.0,
            at: if object { 1 } else { self.0.len() },
            first: true,
        }
    }

    /// The elements of an array. Nothing for what is no array. Ends where the array is malformed.
    #[must_use]
    pub fn elements(self) -> Elements<'a> {
        let array = self.0.first() == Some(&b'[');
        Elements {
            bytes: self.0,
            at: if array { 1 } else { self.0.len() },
            first: true,
        }
    }

    /// The first member of this name; case is ignored.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Raw<'a>> {
        let mut members = self.members();
        while let Some(Ok((own, value))) = members.next_raw() {
            if is_named(own, name) {
                return Some(value);
            }
        }
        None
    }

    /// Whether a member has one of these names; case is ignored.
    pub(super) fn has_any(self, names: &[&str]) -> bool {
        let mut members = self.members();
        while let Some(Ok((own, _))) = members.next_raw() {
            if names.iter().any(|name| is_named(own, name)) {
                return true;
            }
        }
        false
    }

    /// The member of a member, and so on; case is ignored.
    #[must_use]
    pub fn path(self, names: &[&str]) -> Option<Raw<'a>> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The strings below this value, itself included, in their order: values, not names.
    pub fn strings(self, each: &mut dyn FnMut(Text<'a>)) {
        self.each_string(&mut |is_name, inside| {
            if !is_name {
                each(Text::decode(inside));
            }
        });
    }

    /// All that stands between quotes, and whether it is the name of a member. At any depth, and in broken JSON.
    pub(super) fn each_string(self, each: &mut dyn FnMut(bool, &'a [u8])) {
        let mut at = 0;
        while let Some(quote) = memchr::memchr(b'"', self.0.get(at..).unwrap_or_default()) {
            let begin = at + quote + 1;
            let Some(end) = bytes::string_end(self.0, begin) else {
                return;
            };
            let is_name = self.0.get(bytes::skip_space(self.0, end)) == Some(&b':');
            each(is_name, self.0.get(begin..end - 1).unwrap_or_default());
            at = end;
        }
    }

    /// The value without white space, each string in its shortest spelling, numbers as they are in the log.
    #[must_use]
    pub fn compact(self) -> String {
        let mut out = String::with_capacity(self.0.len());
        let mut at = 0;
        while let Some(byte) = self.0.get(at) {
            match byte {
                b'"' => {
                    let end = bytes::string_end(self.0, at + 1).unwrap_or(self.0.len());
                    let whole = self.0.get(at..end).unwrap_or_default();
                    match Raw(whole).text() {
                        Some(text) => write_string(&mut out, &text),
                        None => out.push_str(&String::from_utf8_lossy(whole)),
                    }
                    at = end;
                }
                b' ' | b'\n' | b'\r' | b'\t' => at += 1,
                _ => {
                    let rest = self.0.get(at..).unwrap_or_default();
                    let run = rest
                        .iter()
                        .position(|next| matches!(next, b'"' | b' ' | b'\n' | b'\r' | b'\t'))
                        .unwrap_or(rest.len());
                    out.push_str(&String::from_utf8_lossy(
                        rest.get(..run).unwrap_or_default(),
                    ));
                    at += run;
                }
            }
        }
        out
    }

    /// What a string test looks at: the text of a string, number or boolean, the compact JSON of an object or array.
    #[must_use]
    pub fn tested(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::String | Kind::Number | Kind::Bool(_) => self.text().map(|text| text.text),
            Kind::Array | Kind::Object => Some(Cow::Owned(self.compact())),
            Kind::Unreadable => Some(String::from_utf8_lossy(self.0)),
            Kind::Null => None,
        }
    }
}

/// Whether a name as it is spelled between its quotes is this one; case is ignored.
fn is_named(own: &[u8], name: &str) -> bool {
    // A name that is spelled plainly is not decoded. What is escaped is longer than what it stands for.
    match own.len() > name.len() {
        true => has_backslash(own) && Text::decode(own).eq_ignore_ascii_case(name),
        false => own.eq_ignore_ascii_case(name.as_bytes()) && !has_backslash(own),
    }
}

/// Whether the bytes are a number by JSON's grammar.
fn is_number(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|it| it.is_ascii_digit()).count();
    let rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = match exponent.split_first() {
            Some((b'+' | b'-', digits)) => digits,
            Some(_) | None => exponent,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
    first: bool,
}

impl<'a> Members<'a> {
    /// The next member, its name as it is spelled between the quotes. An error where the object is malformed.
    pub(super) fn next_raw(&mut self) -> Option<Result<(&'a [u8], Raw<'a>), Stop>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let found = self.advance();
        if !matches!(found, Ok(Some(_))) {
            self.at = self.bytes.len();
        }
        found.transpose()
    }

    fn advance(&mut self) -> Result<Option<(&'a [u8], Raw<'a>)>, Stop> {
        let Some(at) = next_item(self.bytes, self.at, self.first, b'}')? else {
            return Ok(None);
        };
        self.first = false;
        let (name, value, end) = bytes::member(self.bytes, at, &mut false)?;
        self.at = end;
        Ok(Some((name, Raw(value))))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?.ok()?;
        Some((Text::decode(name), value))
    }
}

/// The elements of an array.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    first: bool,
}

impl<'a> Elements<'a> {
    /// The next element. An error where the array is malformed.
    pub(super) fn next_raw(&mut self) -> Option<Result<Raw<'a>, Stop>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let found = self.advance();
        if !matches!(found, Ok(Some(_))) {
            self.at = self.bytes.len();
        }
        found.transpose()
    }

    fn advance(&mut self) -> Result<Option<Raw<'a>>, Stop> {
        let Some(at) = next_item(self.bytes, self.at, self.first, b']')? else {
            return Ok(None);
        };
        self.first = false;
        let end = bytes::value_end(self.bytes, at, &mut false)?;
        self.at = end;
        self.bytes.get(at..end).map(Raw).ok_or(Stop::CUT).map(Some)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        self.next_raw()?.ok()
    }
}

/// Where the next member or element begins; none at the closing bracket.
fn next_item(bytes: &[u8], at: usize, first: bool, close: u8) -> Result<Option<usize>, Stop> {
    let at = bytes::skip_space(bytes, at);
    match bytes.get(at) {
        Some(byte) if *byte == close => {
            if at + 1 == bytes.len() {
                Ok(None)
            } else {
                Err(Stop::wrong(at + 1))
            }
        }
        Some(_) if first => Ok(Some(at)),
        Some(b',') => Ok(Some(bytes::skip_space(bytes, at + 1))),
        Some(_) => Err(Stop::wrong(at)),
        None => Err(Stop::CUT),
    }
}
