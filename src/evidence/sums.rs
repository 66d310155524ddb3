//! `SHA256SUMS`: which files there are, and the hash of each, as `sha256sum -c` reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::bail;

pub use crate::hashing::{Hashing, sha256, sha256_of};

/// The hash of every file, in lower-case hex, by its path.
pub type Sums = BTreeMap<String, String>;

/// The file's text: one line for each, in order of path.
#[must_use]
pub fn render(sums: &Sums) -> String {
    let mut text = String::new();
    for (path, sum) in sums {
        let _ = writeln!(text, "{sum}  {path}");
    }
    text
}

/// Reads it back. Whatever [`render`] would not write is refused, so that no second text means the same.
pub fn parse(text: &str) -> anyhow::Result<Sums> {
    let mut sums = Sums::new();
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let Some((sum, path)) = line.split_once("  ") else {
            bail!("line {number} is not `HASH  PATH`");
        };
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if sum.len() != 64 || !sum.bytes().all(is_hex) {
            bail!("line {number} begins with no SHA-256 in lower-case hex");
        }
        if let Some(why) = unsafe_path(path) {
            bail!("line {number} names {path:?}: {why}");
        }
        if sums.insert(path.to_owned(), sum.to_owned()).is_some() {
            bail!("line {number} names {path} a second time");
        }
    }
    if render(&sums) != text {
        bail!("its lines are not in order of path, or do not end in a single line feed each");
    }
    Ok(sums)
}

/// Why a path is not one that a bundle has: nothing outside the folder, nothing hidden, nothing that a shell or
/// a terminal acts on.
#[must_use]
pub fn unsafe_path(path: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if path.len() > 100 {
        return Some("it is longer than 100 bytes");
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.contains(&"..") || path.starts_with('/') {
        return Some("it leads out of the bundle");
    }
    if parts.len() > 3 {
        return Some("it is more than two folders deep");
    }
    for part in parts {
        if part.is_empty() || part.starts_with(['.', '-']) || !part.chars().all(plain) {
            return Some(
                "names have letters, digits, `.`, `_` and `-`, and begin with neither dot nor dash",
            );
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let sums = Sums::from([
            ("a.txt".to_owned(), "0".repeat(64)),
            ("b/c-1_2.csv".to_owned(), "f".repeat(64)),
        ]);
        assert_eq!(parse(&render(&sums)).unwrap(), sums);
        assert_eq!(parse("").unwrap(), Sums::new());
    }

    #[test]
    fn nothing_else_is() {
        let zero = "0".repeat(64);
        for (text, why) in [
            (format!("{zero}  ../a\n"), "leads out"),
            (format!("{zero}  a/../../b\n"), "leads out"),
            (format!("{zero}  /etc/passwd\n"), "leads out"),
            (format!("{zero}  a/b/c/d\n"), "two folders deep"),
            (format!("{zero}  a//b\n"), "names have"),
            (format!("{zero}  ./a\n"), "names have"),
            (format!("{zero}  .hidden\n"), "names have"),
            (format!("{zero}  -rf\n"), "names have"),
            (format!("{zero}  a b\n"), "names have"),
            (format!("{zero}  a\u{1b}[31m\n"), "names have"),
            (format!("{zero}  a\\b\n"), "names have"),
            (format!("{zero}  {}\n", "a".repeat(101)), "100 bytes"),
            (format!("{zero}  \n"), "names have"),
            (format!("{zero} *a\n"), "HASH  PATH"),
            (format!("{}  a\n", "F".repeat(64)), "no SHA-256"),
            (format!("{}  a\n", "0".repeat(63)), "no SHA-256"),
            (format!("{zero}  b\n{zero}  a\n"), "in order"),
            (format!("{zero}  a\n{zero}  a\n"), "second time"),
            (format!("{zero}  a"), "line feed"),
            (format!("{zero}  a\r\n"), "line feed"),
            (format!("{zero}  a\n\n"), "HASH  PATH"),
        ] {
            let error = format!("{:#}", parse(&text).unwrap_err());
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
