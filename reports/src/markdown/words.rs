//! Foreign text within a page that GitHub shows: nothing links, mentions, or becomes markup.

use crate::sanitize;

/// Words of a sentence; what stands between backticks is shown as code.
pub(crate) fn text(words: &str, max: usize) -> String {
    let words = sanitize::short(words, max);
    let mut shown = String::with_capacity(words.len());
    let mut rest = words.as_str();
    while let Some((before, name, after)) = next_code(rest) {
        shown.push_str(&plain(before));
        shown.push_str(&fenced(name));
        rest = after;
    }
    shown + &plain(rest)
}

/// What stands before the next pair of backticks, between them, and after.
fn next_code(words: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = words.split_once('`')?;
    let (name, after) = rest.split_once('`')?;
    (!name.trim().is_empty()).then_some((before, name, after))
}

/// Escapes alone do not stop a mention, a reference, a bare link or a formula.
fn plain(words: &str) -> String {
    [
        ("\\@", "@<!-- -->"),
        ("\\#", "#<!-- -->"),
        ("://", ":<!-- -->//"),
        ("www.", "www<!-- -->."),
        ("WWW.", "WWW<!-- -->."),
        ("$", "<span>$</span>"),
    ]
    .iter()
    .fold(sanitize::escape(words), |safe, (from, to)| {
        safe.replace(from, to)
    })
}

/// A name, letter by letter.
pub(crate) fn code(name: &str, max: usize) -> String {
    let name = sanitize::short(name, max);
    let name = name.trim();
    if name.is_empty() {
        return "(no name)".to_owned();
    }
    fenced(name)
}

/// Within a fence that is longer than any in it.
fn fenced(name: &str) -> String {
    let name = name.trim();
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // What begins or ends with the fence's own character needs room beside it.
    let room = if longest > 0 { " " } else { "" };
    format!("{fence}{room}{name}{room}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        for (raw, safe) in [
            ("plain words", "plain words"),
            ("@team #12", "@<!-- -->team #<!-- -->12"),
            ("https://x www.y", "https:<!-- -->//x www<!-- -->.y"),
            ("$x$", "<span>$</span>x<span>$</span>"),
            ("<b>|", "&lt;b&gt;\\|"),
            ("call `a_b` and `c`.", "call `a_b` and `c`."),
            ("a `` b ` @c", "a \\`\\` b \\` @<!-- -->c"),
        ] {
            assert_eq!(text(raw, 100), safe);
        }
    }

    #[test]
    fn names_stay_names() {
        for (raw, safe) in [
            ("main", "`main`"),
            ("a`b", "`` a`b ``"),
            ("```", "```` ``` ````"),
            (" ", "(no name)"),
            ("<b>@x", "`<b>@x`"),
        ] {
            assert_eq!(code(raw, 100), safe);
        }
    }
}
