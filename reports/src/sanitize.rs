//! Makes foreign text safe to show: what would act instead of being read is spelled out as `\u{1b}`.
//!
//! Every byte that leaves the program, on stdout, on stderr and in files, goes through here. Names and answers come from
//! accounts that may be in hostile hands, and so do inventories, settings, waivers, audits, bundles, file names and
//! arguments. Nothing is dropped, and no two texts become the same: a `\u{` that was there before is spelled out too.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// What acts on a reader wherever it stands: the end of an XML section, a link in SARIF, a command to the runners of
/// Azure Pipelines, GitHub and TeamCity, and our own spelling.
const TRAPS: &[&str] = &["]]>", "](", "##[", "##vso[", "##teamcity[", "\\u{"];

/// What opens a group in Buildkite's log where a line begins with it.
const GROUPS: &[&str] = &["---", "+++", "~~~", "^^^"];

/// How long the note is that says how much was cut, and one spelled-out character before it.
const NOTE: usize = 40;

/// One line, with nothing in it that acts.
pub fn line(text: &str) -> String {
    short(text, usize::MAX)
}

/// The same, without a copy where it is plain.
pub(crate) fn borrowed(text: &str) -> Cow<'_, str> {
    match is_plain(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(spelled(text, usize::MAX)),
    }
}

/// The same, of at most `max` characters; a longer one ends with how many of its characters are missing.
pub(crate) fn short(text: &str, max: usize) -> String {
    // Nearly everything is plain.
    if text.len() <= max && is_plain(text) {
        return text.to_owned();
    }
    spelled(text, max)
}

/// Nothing in it can act, as is plain to see: of most texts it is. Without a way out of the loop, many bytes are looked
/// at in one step.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let first = bytes.first().is_some_and(|it| may_act(*it, b' '));
    let pairs = bytes.get(1..).unwrap_or_default().iter().zip(bytes);
    !first && !pairs.fold(false, |acts, (it, before)| acts | may_act(*it, *before))
}

/// Whether this byte behind that one can be the beginning of something that acts. Some that cannot are among them.
/// Without branches, it is made for many bytes at once.
fn may_act(it: u8, before: u8) -> bool {
    let shown = (b' '..=b'~').contains(&it);
    let never = !shown | (it == b']') | (it == b'#') | (it == b'\\');
    // Where a line may begin; and behind a word of GitLab's.
    let colon = (it == b':') & ((before == b' ') | (before == b't') | (before == b'd'));
    let group = (it == b'-') | (it == b'+') | (it == b'~') | (it == b'^');
    never | colon | (group & (before == b' '))
}

/// Character by character.
fn spelled(text: &str, max: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(max));
    let mut shown = 0;
    let mut cut = None;
    let mut chars = text.chars();
    let mut before = ' ';
    loop {
        let ahead = chars.as_str();
        let Some(c) = chars.next() else {
            return safe;
        };
        if cut.is_none() && shown + NOTE >= max {
            cut = Some((safe.len(), ahead));
        }
        let acts = match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => false,
            c if c.is_ascii_graphic() => {
                let done = text.len() - ahead.len();
                TRAPS.iter().any(|trap| ahead.starts_with(trap))
                    || commands(text.get(..done).unwrap_or_default(), before, ahead)
            }
            c => is_hidden(c),
        };
        if acts {
            safe.extend(c.escape_unicode());
            shown += c.escape_unicode().len();
        } else {
            safe.push(c);
            shown += 1;
        }
        if let Some((end, missing)) = cut.filter(|_| shown > max) {
            safe.truncate(end);
            safe.push_str(&format!("... (+{} characters)", missing.chars().count()));
            return safe;
        }
        before = c;
    }
}

/// What stands ahead is a command in the log of a CI runner where a line begins here, and lines may break at any space.
fn commands(done: &str, before: char, ahead: &str) -> bool {
    // GitLab folds its log at these words.
    if ahead.starts_with(':') && (done.ends_with("section_start") || done.ends_with("section_end"))
    {
        return true;
    }
    // Runners take off what they hold for white space, which is more than the space.
    if !before.is_whitespace() {
        return false;
    }
    ahead.starts_with("::")
        || GROUPS.iter().any(|group| {
            let rest = ahead.strip_prefix(group);
            rest.is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
        })
}

/// Lines of ours with foreign text in them: none of them acts. Line feeds stay, so that the foreign text must have none.
#[must_use]
pub fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// How a text of JSON is written so that it acts on nobody who sees it go by. The values stay the same.
///
/// JSON asks for an escape of the first 32 characters only; a terminal obeys more of them, and a runner finds its
/// commands in the middle of a line. Outside of texts none of that occurs.
fn fragment<W: ?Sized + Write>(out: &mut W, text: &str) -> io::Result<()> {
    let mut done = 0;
    if !is_plain_json(text) {
        for (at, c) in text.char_indices() {
            let (before, ahead) = text.split_at(at);
            let acts = match c {
                // At the end of a piece the next one may go on.
                '#' => ahead == "#" || ahead.starts_with("##"),
                '_' => folds(before, ahead),
                c => is_hidden(c),
            };
            if acts {
                out.write_all(before.get(done..).unwrap_or(before).as_bytes())?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
                done = at + c.len_utf8();
            }
        }
    }
    out.write_all(text.get(done..).unwrap_or(text).as_bytes())
}

/// Nothing in it can act. Nearly everything is plain, and looked at many bytes at a time.
fn is_plain_json(text: &str) -> bool {
    let acts = |it: &u8| !(b' '..=b'~').contains(it) | (*it == b'#');
    if text.as_bytes().iter().fold(false, |one, it| one | acts(it)) {
        return false;
    }
    let mut words = text.match_indices('_').map(|(at, _)| text.split_at(at));
    !words.any(|(before, ahead)| folds(before, ahead))
}

/// GitLab folds its log at these words.
fn folds(before: &str, ahead: &str) -> bool {
    before.ends_with("section") && (ahead.starts_with("_start:") || ahead.starts_with("_end:"))
}

/// JSON on one line.
struct Compact;

impl Formatter for Compact {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        fragment(out, text)
    }
}

/// JSON on several lines, each two spaces further in than what it belongs to.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// Something stands in the list or object that is being written.
    filled: bool,
}

/// As many spaces as are ever written in one piece.
const SPACES: &[u8] = &[b' '; 64];

impl Lines {
    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        let mut left = self.depth * 2;
        while left > 0 {
            let spaces = SPACES.get(..left).unwrap_or(SPACES);
            out.write_all(spaces)?;
            left -= spaces.len();
        }
        Ok(())
    }

    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, open: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(open)
    }

    fn next<W: ?Sized + Write>(&self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.line(out)
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, close: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.filled {
            self.line(out)?;
        }
        out.write_all(close)
    }
}

impl Formatter for Lines {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        fragment(out, text)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }
}

/// Any value as JSON on one line, which does not end here.
pub fn compact<W: Write>(value: &impl Serialize, out: W) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Compact))
}

/// Any value as JSON on several lines, the last of which does not end here.
pub fn pretty<W: Write>(value: &impl Serialize, out: W) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Lines::default()))
}

/// Any value as JSON on several lines, with a line feed at the end.
pub fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(BUFFER, out);
    pretty(value, &mut out)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// How much is written at a time.
pub(crate) const BUFFER: usize = 1 << 16;

/// One short line as Markdown that shows exactly it.
pub(crate) fn markdown(text: &str, max: usize) -> String {
    escape(&short(text, max))
}

/// Markdown that shows exactly this line, which is safe already.
pub(crate) fn escape(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
    }
    safe
}

/// One segment of a relative path, percent-encoded; never empty, `.` or `..`.
pub(crate) fn segment(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    if text.chars().all(|c| c == '.') {
        safe.push('_');
    }
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                safe.push(char::from(byte));
            }
            _ => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

/// Control characters, what changes the direction or cannot be seen, and what XML forbids.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short way and the long one say the same.
    #[test]
    fn what_is_plain_is_not_spelled_out() {
        let parts = [
            "a",
            "t",
            "d",
            " ",
            ":",
            "::",
            "-",
            "---",
            "+",
            "+++",
            "~~~",
            "^^^",
            "#",
            "##[",
            "]",
            "](",
            "\\",
            "\\u{",
            "section_start",
            "section_end",
            "\u{1b}",
            "\u{a0}",
            "\u{e9}",
        ];
        let mut plain = 0;
        for one in parts {
            for two in parts {
                for three in parts {
                    let text = [one, two, three].concat();
                    assert_eq!(line(&text), spelled(&text, usize::MAX), "{text:?}");
                    plain += usize::from(is_plain(&text));
                }
            }
        }
        assert!(plain > 100, "{plain}");
        assert!(is_plain(
            "arn:aws:cloudtrail:us-east-1:111111111111:trail/org-trail"
        ));
    }

    #[test]
    fn lines() {
        for (raw, shown) in [
            (
                "plain text: arn:aws:s3:::bucket",
                "plain text: arn:aws:s3:::bucket",
            ),
            ("Größe 大 🦀", "Größe 大 🦀"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\0b\r\nc\td", "a\\u{0}b\\u{d}\\u{a}c\\u{9}d"),
            ("\u{9b}2J \u{7f}", "\\u{9b}2J \\u{7f}"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            (
                "x\u{200b}y\u{feff}\u{e0041}",
                "x\\u{200b}y\\u{feff}\\u{e0041}",
            ),
            ("\u{fffe}\u{ffff}\u{1ffff}", "\\u{fffe}\\u{ffff}\\u{1ffff}"),
            ("a]]>b ]]]>", "a\\u{5d}]>b ]\\u{5d}]>"),
            ("[here](https://evil)", "[here\\u{5d}(https://evil)"),
            ("::error::x ::a b::c", "\\u{3a}:error::x \\u{3a}:a b::c"),
            (
                "##[group]x ##vso[task]",
                "\\u{23}#[group]x \\u{23}#vso[task]",
            ),
            ("\\u{1b} C:\\users", "\\u{5c}u{1b} C:\\users"),
            ("##teamcity[x]", "\\u{23}#teamcity[x]"),
            // The runner trims more than spaces.
            ("\u{a0}::error::x", "\u{a0}\\u{3a}:error::x"),
            ("--- a +++", "\\u{2d}-- a \\u{2b}++"),
            ("~~~ ^^^ +++", "\\u{7e}~~ \\u{5e}^^ \\u{2b}++"),
            ("----- a---", "----- a---"),
            (
                "section_start:1:x section_end:1:x",
                "section_start\\u{3a}1:x section_end\\u{3a}1:x",
            ),
            ("a\u{2028}b\u{61c}c", "a\\u{2028}b\\u{61c}c"),
        ] {
            assert_eq!(line(raw), shown);
        }
    }

    #[test]
    fn lines_of_ours_stay() {
        assert_eq!(super::lines("a\n  ::b\u{1b}"), "a\n  \\u{3a}:b\\u{1b}");
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({
            "##vso[x]": "\u{202e}\u{1b}\u{7f} section_start:1:a \u{e0041} a_b",
            "link": "https://example.com/#part",
            "b": ["::error::x", "\n"],
        });
        let mut out = Vec::new();
        json(&value, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("https://example.com/#part"), "{text}");
        assert!(!text.contains("##"), "{text}");
        assert!(
            !text.contains(['\u{202e}', '\u{7f}', '\u{e0041}']),
            "{text}"
        );
        assert!(!text.contains("section_start:"), "{text}");
        assert!(text.lines().all(|it| !it.trim_start().starts_with("::")));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn cuts_say_how_much() {
        let long = "größer ".repeat(10);
        assert_eq!(short(&long, 70), long);
        assert_eq!(short(&long, 60), "größer größer größer... (+50 characters)");
        assert_eq!(
            short("\0\0\0\0\0\0\0\0\0\0", 45),
            "\\u{0}... (+9 characters)"
        );
        assert_eq!(short("", 0), "");
        for max in [40, 47, 100, 1_000] {
            assert!(short(&"\u{e0041}".repeat(1_000_000), max).chars().count() <= max);
        }
    }

    #[test]
    fn markdown_shows_the_text_itself() {
        assert_eq!(
            markdown("<b>*a*</b> `c` @me", 100),
            "&lt;b&gt;\\*a\\*&lt;/b&gt; \\`c\\` \\@me"
        );
    }

    #[test]
    fn segments_cannot_leave_their_folder() {
        assert_eq!(segment("a b/c"), "a%20b%2Fc");
        assert_eq!(segment("ü"), "%C3%BC");
        for (raw, safe) in [("", "_"), (".", "_."), ("..", "_..")] {
            assert_eq!(segment(raw), safe);
        }
    }
}
