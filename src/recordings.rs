//! Raw answers of AWS, as `--keep-answers` keeps them: JSON Lines, less secrets and e-mail addresses.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::hex;
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::CallRecord;

use crate::files::{Access, temporary_file, while_temporary, write_whole};
use crate::unpack;

/// No answer is longer. An account of the largest size has some 100 MB of IAM documents, in pages of 1 MB.
const LONGEST: u64 = 64 << 20;
/// No run has more of them: a thousand accounts of 15 MB are 15 GB.
const LARGEST: u64 = 256 << 30;

/// One answer, and the call that it answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Answer {
    /// The account that was asked.
    pub account: AccountId,
    /// The region that was asked.
    pub region: Region,
    /// The call.
    pub call: ApiCall,
    /// What it was asked about, as in the ledger.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// By which the account's own CloudTrail knows the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// SHA-256 of the answer's bytes as they came, in lower-case hex.
    pub sha256: String,
    /// How many secrets and addresses were taken out of the body.
    pub redacted: u32,
    /// The answer's text.
    pub body: String,
}

impl Answer {
    /// It answers this call.
    #[must_use]
    pub fn is_of(&self, call: &CallRecord) -> bool {
        self.account == call.account
            && self.region == call.region
            && self.call == call.call
            && self.about == call.about
            && self.request_id == call.request_id
    }
}

/// The answers in a stream, one after the other; plain or compressed.
pub fn each(
    file: impl Read + 'static,
    mut f: impl FnMut(Answer) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut reader = unpack::plain(Box::new(BufReader::new(file)))?;
    let mut line = Vec::new();
    let mut total: u64 = 0;
    for number in 1_u64.. {
        line.clear();
        reader
            .by_ref()
            .take(LONGEST + 1)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        total = total.saturating_add(line.len() as u64);
        if total > LARGEST {
            bail!("line {number}: more than {} GB in all", LARGEST >> 30);
        }
        if line.len() as u64 > LONGEST {
            bail!("line {number} is longer than {} MB", LONGEST >> 20);
        }
        let answer = serde_json::from_slice(&line)
            .with_context(|| format!("line {number} is no answer that was kept"))?;
        f(answer)?;
    }
    Ok(())
}

/// Copies the answers, compressed, and counts them. Each must be the answer to a call of this ledger.
pub fn copy(
    file: impl Read + 'static,
    out: &mut dyn Write,
    ledger: &[CallRecord],
) -> anyhow::Result<u64> {
    type Call<'a> = (&'a AccountId, &'a Region, ApiCall, &'a str, Option<&'a str>);
    let calls = ledger.iter().map(|ledger| -> Call<'_> {
        (
            &ledger.account,
            &ledger.region,
            ledger.call,
            &ledger.about,
            ledger.request_id.as_deref(),
        )
    });
    let calls: BTreeSet<Call<'_>> = calls.collect();
    let mut packed = zstd::Encoder::new(out, 0)?;
    let mut count = 0;
    each(file, |it| {
        let call = (
            &it.account,
            &it.region,
            it.call,
            it.about.as_str(),
            it.request_id.as_deref(),
        );
        if !calls.contains(&call) {
            bail!(
                "it holds the answer to {} in {}/{} (request {}), which the inventory's ledger does not have",
                it.call,
                it.account,
                it.region,
                it.request_id.as_deref().unwrap_or("without an id")
            );
        }
        serde_json::to_writer(&mut packed, &it)?;
        packed.write_all(b"\n")?;
        count += 1;
        Ok(())
    })?;
    packed.finish()?;
    Ok(count)
}

/// Answers that a run keeps, on disk while it lasts: in a file that nobody else can open.
#[derive(Debug)]
pub struct Kept {
    file: File,
    end: u64,
    /// Which call, and where its answer lies.
    index: Vec<(Call, u64, u64)>,
    /// Why one could not be kept: told when they are saved.
    failed: Option<anyhow::Error>,
}

/// What an answer is sorted by, so that the order of arrival makes no difference.
type Call = (AccountId, Region, ApiCall, String, Option<String>, u64);

impl Kept {
    /// None yet.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            file: temporary_file()?,
            end: 0,
            index: Vec::new(),
            failed: None,
        })
    }

    /// Keeps one, less what nobody but the run may know.
    pub fn keep(&mut self, call: &CallRecord, status: u16, bytes: &[u8]) {
        if let Err(error) = self.try_keep(call, status, bytes) {
            self.failed.get_or_insert(error);
        }
    }

    fn try_keep(&mut self, call: &CallRecord, status: u16, bytes: &[u8]) -> anyhow::Result<()> {
        let (body, redacted) = redact(&String::from_utf8_lossy(bytes));
        let sum = digest(&SHA256, bytes);
        let answer = Answer {
            account: call.account.clone(),
            region: call.region.clone(),
            call: call.call,
            about: call.about.clone(),
            request_id: call.request_id.clone(),
            status,
            sha256: hex::encode(sum.as_ref()),
            redacted,
            body,
        };
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        let packed = zstd::encode_all(line.as_slice(), 1)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file
            .write_all(&packed)
            .map_err(while_temporary)
            .context("the temporary file cannot be written")?;
        let length = packed.len() as u64;
        let Answer {
            account,
            region,
            call,
            about,
            request_id,
            ..
        } = answer;
        let key = (account, region, call, about, request_id, self.end);
        self.index.push((key, self.end, length));
        self.end += length;
        Ok(())
    }

    /// Writes them all, in order of the ledger.
    pub fn save(&mut self, path: &Path) -> anyhow::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error.context("an answer could not be kept"));
        }
        self.index.sort();
        write_whole(path, Access::Owner, |out| {
            if path.extension().is_some_and(|it| it == "zst") {
                let mut packed = zstd::Encoder::new(out, 0)?;
                self.write(&mut packed)?;
                packed.finish()?;
                Ok(())
            } else {
                self.write(out)
            }
        })
    }

    fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        for (_, start, length) in &self.index {
            let mut file = &self.file;
            file.seek(SeekFrom::Start(*start))?;
            let line = zstd::decode_all(file.take(*length))
                .context("the temporary file cannot be read back")?;
            out.write_all(&line)?;
        }
        Ok(())
    }
}

/// What stands in the place of what was taken out.
const REDACTED: &str = "[redacted]";
/// What a session is made of.
const SECRETS: [&str; 3] = ["AccessKeyId", "SecretAccessKey", "SessionToken"];

/// The text without secrets and e-mail addresses, and how many there were.
fn redact(text: &str) -> (String, u32) {
    let mut count = 0;
    let mut text = text.to_owned();
    for name in SECRETS {
        text = between(&text, &format!("<{name}>"), "<", &mut count);
        text = between(&text, &format!("\"{name}\":\""), "\"", &mut count);
        text = between(&text, &format!("\"{name}\": \""), "\"", &mut count);
    }
    let text = addresses(&text, &mut count);
    (text, count)
}

/// Takes out what stands after each `start`, up to `end`.
fn between(text: &str, start: &str, end: &str, count: &mut u32) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(start) {
        out.push_str(before);
        out.push_str(start);
        // Without its end the answer is cut off, and all of it may be secret.
        let at = after.find(end).unwrap_or(after.len());
        if at > 0 {
            out.push_str(REDACTED);
            *count += 1;
        }
        rest = after.get(at..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Takes out e-mail addresses, also those with a percent-encoded sign.
fn addresses(text: &str, count: &mut u32) -> String {
    let local = |c: char| c.is_ascii_alphanumeric() || "._%+-'".contains(c);
    let domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@').into_iter().chain(rest.find("%40")).min() {
        let (before, sign) = rest.split_at(at);
        let length = if sign.starts_with('@') { 1 } else { 3 };
        let (sign, after) = sign.split_at(length);
        let name = before.trim_end_matches(local);
        let host = after.find(|c| !domain(c)).unwrap_or(after.len());
        let (host, left) = after.split_at(host);
        if name.len() < before.len() && host.trim_matches('.').contains('.') {
            out.push_str(name);
            out.push_str(REDACTED);
            *count += 1;
            rest = left;
        } else {
            out.push_str(before);
            out.push_str(sign);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailaudit_checks::calls::{ASSUME_ROLE, LIST_ACCOUNTS};
    use trailaudit_checks::inventory::CallOutcome;

    #[test]
    fn secrets_and_addresses_are_taken_out() {
        for (text, redacted, count) in [
            (
                "<A><SecretAccessKey>abc/+=</SecretAccessKey></A>",
                "<A><SecretAccessKey>[redacted]</SecretAccessKey></A>",
                1,
            ),
            (
                "{\"SessionToken\":\"x\",\"AccessKeyId\": \"y\"}",
                "{\"SessionToken\":\"[redacted]\",\"AccessKeyId\": \"[redacted]\"}",
                2,
            ),
            ("<SessionToken>cut off", "<SessionToken>[redacted]", 1),
            (
                "{\"Email\":\"a.b+c@example.com\"}",
                "{\"Email\":\"[redacted]\"}",
                1,
            ),
            (
                "arn:aws:sts::1:assumed-role/r/jo%40example.com%22",
                "arn:aws:sts::1:assumed-role/r/[redacted]%22",
                1,
            ),
            (
                "a@b @x.y x@ trail@bucket/prefix 50%40",
                "a@b @x.y x@ trail@bucket/prefix 50%40",
                0,
            ),
            ("", "", 0),
        ] {
            assert_eq!(redact(text), (redacted.to_owned(), count), "{text}");
        }
    }

    #[test]
    fn what_is_kept_is_written_in_order_and_found_in_the_ledger() {
        let call = |account: &str, call| CallRecord {
            account: account.into(),
            region: "us-east-1".into(),
            call,
            about: String::new(),
            outcome: CallOutcome::Answered,
            detail: String::new(),
            request_id: Some("id".to_owned()),
            attempts: 1,
        };
        let ledger = [call("1", LIST_ACCOUNTS), call("2", ASSUME_ROLE)];
        let mut kept = Kept::new().unwrap();
        for call in ledger.iter().rev() {
            kept.keep(call, 200, b"{}");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.jsonl", "a.jsonl.zst"] {
            let path = folder.path().join(name);
            kept.save(&path).unwrap();
            let mut seen = Vec::new();
            each(File::open(&path).unwrap(), |it| {
                assert_eq!((it.status, it.body.as_str(), it.redacted), (200, "{}", 0));
                // printf '{}' | sha256sum
                assert!(it.sha256.starts_with("44136fa355b3678a1146ad16f7e8649e"));
                seen.push(it.account.to_string());
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, ["1", "2"]);
            let copied = |ledger| copy(File::open(&path).unwrap(), &mut std::io::sink(), ledger);
            assert_eq!(copied(&ledger).unwrap(), 2);
            assert!(
                copied(&ledger[..1])
                    .unwrap_err()
                    .to_string()
                    .contains("does not have")
            );
        }
    }
}
