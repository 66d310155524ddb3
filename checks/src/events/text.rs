//! A text of a record: borrowed from the log where it is spelled plainly, and marked where something was lost.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use super::bytes::has_backslash;

/// A decoded text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Text<'a> {
    /// The text. U+FFFD stands for what could not be decoded.
    pub text: Cow<'a, str>,
    /// Whether something could not be decoded: half of a surrogate pair, bytes that are not UTF-8, an unknown escape.
    pub lossy: bool,
}

impl<'a> Text<'a> {
    /// A text without a fault.
    #[must_use]
    pub fn plain(text: &'a str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            lossy: false,
        }
    }

    /// What stands between the quotes of a JSON string.
    #[must_use]
    pub fn decode(inside: &'a [u8]) -> Self {
        match std::str::from_utf8(inside) {
            Ok(text) if !has_backslash(inside) => Self::plain(text),
            Ok(_) | Err(_) => unescape(inside),
        }
    }

    /// The same, of bytes that may be a part of a text: then they need not be checked again.
    #[must_use]
    pub(super) fn decode_in(whole: &'a str, inside: &'a [u8]) -> Self {
        let begin = inside.as_ptr().addr().checked_sub(whole.as_ptr().addr());
        let part = begin.and_then(|it| whole.get(it..it.checked_add(inside.len())?));
        match part {
            Some(text) if !has_backslash(inside) => Self::plain(text),
            Some(_) | None => Self::decode(inside),
        }
    }

    /// The same, without a tie to the log.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text {
            text: Cow::Owned(self.text.into_owned()),
            lossy: self.lossy,
        }
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

fn unescape(inside: &[u8]) -> Text<'static> {
    let (mut out, mut lossy, mut rest) = (String::with_capacity(inside.len()), false, inside);
    loop {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        let (before, after) = rest.split_at(plain);
        let text = String::from_utf8_lossy(before);
        lossy |= matches!(text, Cow::Owned(_));
        out.push_str(&text);
        let Some((escape, tail)) = after.get(1..).and_then(<[u8]>::split_first) else {
            lossy |= !after.is_empty();
            break;
        };
        rest = tail;
        match escape {
            b'"' | b'\\' | b'/' => out.push(char::from(*escape)),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (found, tail) = unicode(rest);
                lossy |= found.is_none();
                out.push(found.unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = tail;
            }
            _ => {
                lossy = true;
                out.push(char::REPLACEMENT_CHARACTER);
                // What was escaped is read again: it may be the first byte of a longer character.
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    Text {
        text: Cow::Owned(out),
        lossy,
    }
}

/// The character of the digits after `\u`, and what follows it.
fn unicode(rest: &[u8]) -> (Option<char>, &[u8]) {
    let Some((first, tail)) = hex4(rest) else {
        return (None, rest);
    };
    if let 0xD800..0xDC00 = first
        && let Some((second @ 0xDC00..0xE000, end)) = tail.strip_prefix(b"\\u").and_then(hex4)
    {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code), end);
    }
    (char::from_u32(first), tail)
}

fn hex4(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, tail) = rest.split_at_checked(4)?;
    let value = digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })?;
    Some((value, tail))
}

/// Writes a text as a JSON string, in the shortest spelling.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = char::from_digit((u32::from(c) >> shift) & 15, 16);
                    out.push(digit.unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoded() {
        for (inside, text, lossy) in [
            (&b"plain"[..], "plain", false),
            (br#"a\"\\\/\b\f\n\r\t"#, "a\"\\/\u{8}\u{c}\n\r\t", false),
            (br"\u0041\ud83d\ude00", "A😀", false),
            (br"\ud800x", "\u{FFFD}x", true),
            (br"\ud800\u0041", "\u{FFFD}A", true),
            (br"\udc00", "\u{FFFD}", true),
            (br"\u12", "\u{FFFD}12", true),
            (br"\x", "\u{FFFD}x", true),
            (b"aws-\xff\xfe", "aws-\u{FFFD}\u{FFFD}", true),
            (b"\\\xc3\xa9", "\u{FFFD}é", true),
            (br"end\", "end", true),
        ] {
            let got = Text::decode(inside);
            assert_eq!((got.as_str(), got.lossy), (text, lossy), "{inside:?}");
        }
    }

    #[test]
    fn a_part_is_decoded_as_it_is_alone() {
        let whole = "a\"é\\u0041\u{202e}x\"";
        let other = whole.to_owned();
        for begin in 0..whole.len() {
            for end in begin..=whole.len() {
                let expected = Text::decode(&whole.as_bytes()[begin..end]);
                // Also where it is no part, or begins within a character.
                for bytes in [whole.as_bytes(), other.as_bytes()] {
                    assert_eq!(Text::decode_in(whole, &bytes[begin..end]), expected);
                }
                assert_eq!(
                    Text::decode_in(&whole[..1], &whole.as_bytes()[begin..end]),
                    expected
                );
            }
        }
        assert_eq!(Text::decode_in("", b"\xff"), Text::decode(b"\xff"));
    }

    #[test]
    fn written_as_serde_json_writes_it() {
        let text: String = (0..0x300)
            .filter_map(char::from_u32)
            .chain(['\u{2028}', '😀'])
            .collect();
        let mut out = String::new();
        write_string(&mut out, &text);
        assert_eq!(out, serde_json::to_string(&text).unwrap());
    }
}
