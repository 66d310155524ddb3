//! Where results point to in the user's repository.

use std::collections::BTreeMap;
use std::str::FromStr;

use trailaudit_checks::text::glob;

use crate::sanitize;

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

/// Which file declares which subject: anchors by subject id, or by a glob over ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnchorMap(BTreeMap<String, Anchor>);

/// A map that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadMap {
    /// It is no JSON object of texts.
    #[error("it is not {{\"ARN\": \"FILE[:LINE]\", ..}}: {0}")]
    Json(#[from] serde_json::Error),
    /// One of its anchors is none.
    #[error("{0:?}: {1}")]
    Anchor(String, BadAnchor),
}

impl FromStr for AnchorMap {
    type Err = BadMap;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let texts: BTreeMap<String, String> = serde_json::from_str(text)?;
        let anchors = texts.into_iter().map(|(id, text)| match text.parse() {
            Ok(anchor) => Ok((id, anchor)),
            Err(error) => Err(BadMap::Anchor(id, error)),
        });
        Ok(Self(anchors.collect::<Result<_, _>>()?))
    }
}

impl AnchorMap {
    /// The anchor of a subject: by its own id, else by the longest glob that fits.
    pub(super) fn of(&self, subject: &str) -> Option<&Anchor> {
        let globs = || self.0.iter().filter(|(id, _)| glob(id, subject));
        let longest = || globs().max_by_key(|(id, _)| id.len()).map(|(_, it)| it);
        self.0.get(subject).or_else(longest)
    }
}

impl Anchor {
    /// Relative and percent-encoded.
    pub(super) fn uri(&self) -> String {
        let segments = self
            .file
            .split('/')
            .filter(|it| !it.is_empty() && *it != ".");
        segments
            .map(sanitize::segment)
            .collect::<Vec<_>>()
            .join("/")
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps() {
        let map: AnchorMap = r#"{"arn:aws:s3:::*": "s3.tf", "arn:aws:s3:::logs-*": "logs.tf:9", "arn:aws:s3:::logs-a": "a.tf:3"}"#
            .parse()
            .unwrap();
        for (id, file) in [
            ("arn:aws:s3:::logs-a", Some("a.tf")),
            ("arn:aws:s3:::logs-b", Some("logs.tf")),
            ("arn:aws:s3:::other", Some("s3.tf")),
            ("111111111111", None),
        ] {
            assert_eq!(map.of(id).map(Anchor::uri).as_deref(), file, "{id}");
        }
        for text in ["", "[]", r#"{"a": 1}"#, r#"{"a": "../b"}"#, r#"{"a": ""}"#] {
            text.parse::<AnchorMap>().unwrap_err();
        }
    }

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
