//! Records as JSON: the bytes of the log, but for what would act on whoever sees them go by.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::events::{Raw, Record, RestsOn, mask};
use trailaudit_checks::inventory::Tool;

use super::{Asked, Found, Match, SCHEMA};
use crate::sanitize::{self, is_hidden};

/// One record with where it is and what is proved of it: a line of `-f jsonl`. `record` is written before all of this.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Line {
    /// The record, as it is in the log.
    record: serde_json::Value,
    /// The rest.
    #[serde(flatten)]
    beside: Beside,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Beside {
    /// Where the record stands.
    at: At,
    /// `verified`, `version`, `altered`, `unlisted` or `unverified`.
    proof: String,
    /// Why no more is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The digest that lists its log.
    digest: Option<String>,
    /// Who did it, as far as the record alone proves it; null for a record that cannot be read.
    actor: Option<Who>,
    /// How many more trails delivered it.
    #[serde(skip_serializing_if = "is_none", default)]
    copies: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct At {
    /// The bucket; null for files.
    bucket: Option<String>,
    /// The key of the log, or the file.
    key: String,
    /// The place of the record in it, from 0.
    index: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Who {
    /// `root`, `user`, `role`, `service` ..
    kind: String,
    /// An ARN where there is one.
    id: String,
    /// A readable name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_none(it: &u64) -> bool {
    *it == 0
}

impl Beside {
    fn of(it: &Match<'_>) -> Self {
        let actor = Record::read(it.raw).map(|record| {
            let actor = record.actor();
            Who {
                kind: actor.kind.word().to_owned(),
                id: actor.id.into_owned(),
                name: actor.name.map(|name| name.into_owned()),
            }
        });
        Self {
            at: At {
                bucket: Some(it.bucket)
                    .filter(|it| !it.is_empty())
                    .map(str::to_owned),
                key: it.key.to_owned(),
                index: it.index,
            },
            proof: it.proof.word().to_owned(),
            reason: reason(it).map(str::to_owned),
            digest: it.digest.map(str::to_owned),
            actor,
            copies: it.copies,
        }
    }
}

/// Why no more is proved.
pub(super) fn reason<'a>(it: &Match<'a>) -> Option<&'a str> {
    it.proof
        .reason()
        .or(Some(it.why).filter(|it| !it.is_empty()))
}

/// `{"record":..,"at":{..},"proof":..}`, on one line.
fn record(found: &Found, it: &Match<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\"record\":")?;
    if found.raw {
        out.write_all(&verbatim(it.raw))?;
    } else {
        out.write_all(&verbatim(&mask(Raw::new(it.raw))))?;
    }
    let mut beside = Vec::new();
    sanitize::compact(&Beside::of(it), &mut beside)?;
    // The same object goes on.
    out.write_all(b",")?;
    out.write_all(beside.get(1..).unwrap_or_default())
}

/// One line for each record.
pub(super) fn lines(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    found.rows.each(&mut |it| {
        record(found, it, &mut out)?;
        out.write_all(b"\n")
    })?;
    out.flush()
}

/// The answer of `events search`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SearchAnswer {
    #[serde(flatten)]
    head: Head,
    /// The records.
    records: Vec<Line>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Head {
    /// The version of this form.
    schema: u32,
    /// Who says so.
    tool: Tool,
    /// What was searched for.
    #[serde(rename = "where")]
    expression: Option<String>,
    /// The built-in question that was asked, and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    /// How many records match.
    total: u64,
    /// How many more copies of these other trails delivered.
    copies: u64,
    /// At most so many are shown.
    limit: Option<u64>,
    /// Paths of the expression that no record has.
    never_seen: Vec<String>,
    /// What the answer rests on.
    rests_on: RestsOn,
}

/// One object, with a line for each record.
pub(super) fn whole(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut head = Vec::new();
    let told = Head {
        schema: SCHEMA,
        tool: found.tool.clone(),
        expression: found.expression.clone(),
        asked: found.asked.clone(),
        total: found.total,
        copies: found.copies,
        limit: found.limit,
        never_seen: found.never_seen.clone(),
        rests_on: found.rests_on.clone(),
    };
    sanitize::pretty(&told, &mut head)?;
    let head = head.strip_suffix(b"\n}").unwrap_or(&head);
    out.write_all(head)?;
    out.write_all(b",\n  \"records\": [")?;
    let mut first = true;
    found.rows.each(&mut |it| {
        out.write_all(if first { b"\n    " } else { b",\n    " })?;
        first = false;
        record(found, it, &mut out)
    })?;
    out.write_all(if first { b"]\n}\n" } else { b"\n  ]\n}\n" })?;
    out.flush()
}

/// A record's JSON on one line, with the same value: line feeds between values become spaces, and what would act in a
/// string is written as an escape. Nearly every record is written byte for byte.
#[must_use]
pub fn verbatim(raw: &[u8]) -> Vec<u8> {
    let plain = |it: &u8| matches!(it, b' '..=b'"' | b'$'..=b'~');
    let folds = memchr::memmem::find(raw, b"section_").is_some();
    if raw.iter().all(plain) && !folds {
        return raw.to_vec();
    }
    let text = String::from_utf8_lossy(raw);
    let mut safe = Vec::with_capacity(raw.len());
    let (mut inside, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let acts = match c {
            '#' => rest.starts_with("##"),
            '_' => {
                let before = text.get(..at).unwrap_or_default();
                before.ends_with("section")
                    && (rest.starts_with("_start:") || rest.starts_with("_end:"))
            }
            c => is_hidden(c),
        };
        match (inside, acts) {
            // White space between values; anything else there is broken JSON, and shown as it can be.
            (false, true) => safe.push(b' '),
            (true, true) => {
                // `\` before a raw control character is broken JSON already.
                for unit in c.encode_utf16(&mut [0; 2]) {
                    safe.extend(format!("\\u{unit:04x}").into_bytes());
                }
            }
            (_, false) => safe.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && c == '\\' && !escaped;
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn one_line_with_the_same_value() {
        for text in [
            "{\n  \"a\": \"b\",\n\t\"c\": [1,\r\n2]}",
            "{\"a\":\"\u{202e}x\u{2028}\",\"b\":\"##[error]\",\"c\":\"section_start:1\"}",
            "{\"a\":\"quote \\\" and \\\\\",\"b\":\"\u{9b}\"}",
            "{\"a\":\"\\u001b[2J\"}",
            "{}",
        ] {
            let safe = String::from_utf8(verbatim(text.as_bytes())).unwrap();
            assert!(
                !safe.contains('\n') && !safe.chars().any(is_hidden),
                "{safe}"
            );
            let (before, after): (Value, Value) = (
                serde_json::from_str(text).unwrap(),
                serde_json::from_str(&safe).unwrap(),
            );
            assert_eq!(before, after, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_made_safe_all_the_same() {
        let raw = b"{\"a\":\"\x1b[2J\x00\xff\n::error::\"}";
        let safe = String::from_utf8(verbatim(raw)).unwrap();
        assert_eq!(
            safe,
            "{\"a\":\"\\u001b[2J\\u0000\u{fffd}\\u000a::error::\"}"
        );
    }
}
