//! Makes foreign text safe to show: what would act instead of being read is spelled out as `\u{1b}`.
//!
//! Names and answers come from accounts that may be in hostile hands. Nothing is dropped, and no two texts
//! become the same: a `\u{` that was there before is spelled out as well.

/// What acts on a reader: the end of an XML section, a link in SARIF, a command in a CI log, and our own spelling.
const TRAPS: &[&str] = &["]]>", "](", "##[", "##vso[", "\\u{"];

/// How long the note is that says how much was cut, and one spelled-out character before it.
const NOTE: usize = 40;

/// One line, with nothing in it that acts.
pub(crate) fn line(text: &str) -> String {
    short(text, usize::MAX)
}

/// The same, of at most `max` characters; a longer one ends with how many of its characters are missing.
pub(crate) fn short(text: &str, max: usize) -> String {
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
            // A word that begins with two colons is a command to GitHub's runner, wherever a line may break.
            ':' => before == ' ' && ahead.starts_with("::"),
            c if c.is_ascii_graphic() => TRAPS.iter().any(|trap| ahead.starts_with(trap)),
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
        ] {
            assert_eq!(line(raw), shown);
        }
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
