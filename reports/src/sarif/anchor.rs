//! Where results point to in the user's repository.

use std::str::FromStr;

use crate::clean;

/// A file of the repository, and a line in it: `FILE` or `FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    file: String,
    line: u32,
}

/// An anchor that a platform would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnchor {
    /// Nothing to point to.
    #[error("the anchor names no file; give FILE or FILE:LINE, relative to the repository's root")]
    Empty,
    /// It is not below the repository's root.
    #[error("the anchor {0:?} is not inside the repository; give a path relative to its root")]
    Outside(String),
    /// Lines count from 1.
    #[error("the anchor {0:?} names line 0; lines count from 1")]
    Line(String),
}

impl FromStr for Anchor {
    type Err = BadAnchor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbered = text
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (file, line) = numbered.unwrap_or((text, 1));
        let file = file.strip_prefix("./").unwrap_or(file);
        if file.is_empty() {
            return Err(BadAnchor::Empty);
        }
        if file.starts_with(['/', '\\'])
            || file.contains(':')
            || file.split(['/', '\\']).any(|it| it == "..")
        {
            return Err(BadAnchor::Outside(text.to_owned()));
        }
        if line == 0 {
            return Err(BadAnchor::Line(text.to_owned()));
        }
        Ok(Self {
            file: file.replace('\\', "/"),
            line,
        })
    }
}

impl Anchor {
    /// Relative and percent-encoded.
    pub(super) fn uri(&self) -> String {
        let segments = self
            .file
            .split('/')
            .filter(|it| !it.is_empty() && *it != ".");
        segments.map(clean::segment).collect::<Vec<_>>().join("/")
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors() {
        for (text, uri, line) in [
            ("main.tf", "main.tf", 1),
            ("./infra/trail one.tf:12", "infra/trail%20one.tf", 12),
            ("a\\b.tf", "a/b.tf", 1),
        ] {
            let anchor: Anchor = text.parse().unwrap();
            assert_eq!((anchor.uri().as_str(), anchor.line()), (uri, line));
        }
        for text in [
            "",
            ":3",
            "./",
            "/etc/passwd",
            "a/../../b",
            "C:\\x",
            "https://x/y",
            "main.tf:0",
        ] {
            text.parse::<Anchor>().unwrap_err();
        }
    }
}
