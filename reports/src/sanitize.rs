//! Makes foreign text safe to show: what would act instead of being read is spelled out as `\u{1b}`.
//!
//! Every byte that leaves the program, on stdout, on stderr and in files, goes through here. Names and answers come from
//! accounts that may be in hostile hands, and so do inventories, settings, waivers, audits, bundles, file names and
//! arguments. Nothing is dropped, and no two texts become the same: a `\u{` that was there before is spelled out too.

use std::io::{self, Write};

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

/// The same, of at most `max` characters; a longer one ends with how many of its characters are missing.
pub(crate) fn short(text: &str, max: usize) -> String {
    // Nearly everything is plain.
    if text.len() <= max && is_plain(text) {
        return text.to_owned();
    }
    spelled(text, max)
}

/// Nothing in it can act, as is plain to see: of most texts it is.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    text.bytes().all(|it| {
        let plain = match it {
            b']' | b'#' | b'\\' => false,
            // Where a line may begin; and behind a word of GitLab's.
            b':' => before != b' ' && before != b't' && before != b'd',
            b'-' | b'+' | b'~' | b'^' => before != b' ',
            it => matches!(it, b' '..=b'~'),
        };
        before = it;
        plain
    })
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

/// Writes JSON that acts on nobody who sees it go by. The values stay the same.
///
/// JSON asks for an escape of the first 32 characters only; a terminal obeys more of them, and a runner finds its
/// commands in the middle of a line. Outside of strings none of that occurs.
#[derive(Debug)]
pub struct Json<W>(pub W);

impl<W: Write> Write for Json<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nearly everything is plain, and written in pieces of a few bytes.
        let plain = |it: &u8| matches!(it, b'\n' | b' '..=b'"' | b'$'..=b'~');
        let folds = || bytes.windows(SECTION.len()).any(|it| it == SECTION);
        if bytes.iter().all(plain) && !(bytes.contains(&b'_') && folds()) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        // The serializer writes a string in pieces that are whole characters.
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        let mut done = 0;
        for (at, c) in text.char_indices() {
            let acts = match c {
                '\n' => false,
                // At the end of a piece the next one may go on.
                '#' => matches!(bytes.get(at + 1), None | Some(b'#')),
                '_' => {
                    let (before, ahead) = text.split_at(at);
                    before.ends_with("section")
                        && (ahead.starts_with("_start:") || ahead.starts_with("_end:"))
                }
                c => is_hidden(c),
            };
            if acts {
                self.0.write_all(part(bytes, done..at)?)?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
                done = at + c.len_utf8();
            }
        }
        self.0.write_all(part(bytes, done..bytes.len())?)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// How GitLab's words for folding its log begin.
const SECTION: &[u8] = b"section_";

/// A part of what is to be written. There is none only by a defect of ours, and then nothing is lost in silence.
fn part(bytes: &[u8], range: std::ops::Range<usize>) -> io::Result<&[u8]> {
    let none = || io::Error::other("a part of a text is not within it");
    bytes.get(range).ok_or_else(none)
}

/// Any value as JSON on several lines, with a line feed at the end.
pub fn json(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Json(io::BufWriter::new(out));
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

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
