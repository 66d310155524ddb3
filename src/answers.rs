//! Raw answers of AWS, as `--keep-answers` keeps them: JSON Lines, less secrets and e-mail addresses.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::CallRecord;

/// No answer is longer. An account of the largest size has some 100 MB of IAM documents, in pages of 1 MB.
const LONGEST: u64 = 64 << 20;

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
    let mut reader: Box<dyn BufRead> = Box::new(BufReader::new(file));
    if reader.fill_buf()?.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        reader = Box::new(BufReader::new(zstd::Decoder::with_buffer(reader)?));
    }
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        reader
            .by_ref()
            .take(LONGEST + 1)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
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
    let calls = ledger.iter().map(|it| -> Call<'_> {
        (
            &it.account,
            &it.region,
            it.call,
            &it.about,
            it.request_id.as_deref(),
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
