//! The digest's JSON: what it must hold, and nothing believed that it does not say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::ObjectRef;
use super::sha256::Sha256;
use crate::hex;

/// A digest as it is written, before anything about it has been proved.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) account: String,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// The end as the signature covers it: verbatim.
    pub(super) end_text: String,
    pub(super) at: ObjectRef,
    pub(super) fingerprint: String,
    pub(super) previous: Option<Previous>,
    /// The previous signature as the signature covers it: verbatim, or `null`.
    pub(super) previous_text: String,
    pub(super) logs: Vec<LogEntry>,
}

/// What a digest says of the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Where it lies.
    pub at: ObjectRef,
    /// The hash of its uncompressed bytes.
    pub sha256: Sha256,
    /// Its signature. Empty if what stands there is not hexadecimal text: no signature is equal to it.
    pub signature: Vec<u8>,
}

/// One log, as a digest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it was delivered to.
    pub at: ObjectRef,
    /// The hash of its uncompressed bytes.
    pub sha256: Sha256,
    /// The times of its oldest and its newest event, where the digest gives both.
    pub range: Option<(Timestamp, Timestamp)>,
}

/// Why a digest is not in CloudTrail's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatFlaw {
    pub(super) what: String,
    pub(super) expected: String,
    pub(super) seen: String,
}

impl FormatFlaw {
    pub(super) fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        let expected = "a digest in CloudTrail's format".to_owned();
        Self {
            expected,
            seen: what.clone(),
            what,
        }
    }

    fn differs(what: &str, expected: &str, seen: &str) -> Self {
        Self {
            what: what.to_owned(),
            expected: expected.to_owned(),
            seen: shorten(seen),
        }
    }
}

// Duplicate keys are refused by serde, and nesting beyond 128 levels by serde_json, also in fields not named here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    aws_account_id: String,
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    bucket: String,
    #[serde(rename = "digestS3Object")]
    key: String,
    // The user guide's list of fields leaves out the first word, its sample does not.
    #[serde(alias = "publicKeyFingerprint")]
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    #[serde(rename = "previousDigestS3Bucket")]
    previous_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object")]
    previous_key: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    previous_digest_signature: Option<String>,
    log_files: Vec<RawLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    #[serde(rename = "s3Bucket")]
    bucket: String,
    #[serde(rename = "s3Object")]
    key: String,
    hash_value: String,
    hash_algorithm: String,
    // Nothing rests on them but which logs a question about a time need not read: whatever else stands here says nothing.
    #[serde(default)]
    oldest_event_time: serde_json::Value,
    #[serde(default)]
    newest_event_time: serde_json::Value,
}

const SHA_256: &str = "SHA-256";
pub(super) const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

impl Document {
    pub(super) fn parse(json: &[u8]) -> Result<Self, FormatFlaw> {
        // serde_json does not look into strings that it skips.
        let text = std::str::from_utf8(json)
            .map_err(|error| FormatFlaw::new(format!("not UTF-8: {error}")))?;
        let raw: Raw = serde_json::from_str(text).map_err(|error| {
            FormatFlaw::new(format!("not a digest: {}", shorten(&error.to_string())))
        })?;
        if raw.digest_signature_algorithm != SIGNATURE_ALGORITHM {
            let seen = &raw.digest_signature_algorithm;
            return Err(FormatFlaw::differs(
                "digestSignatureAlgorithm",
                SIGNATURE_ALGORITHM,
                seen,
            ));
        }
        let start = time("digestStartTime", &raw.digest_start_time)?;
        let end = time("digestEndTime", &raw.digest_end_time)?;
        if start > end {
            return Err(FormatFlaw::differs(
                "digestStartTime is after digestEndTime",
                &raw.digest_end_time,
                &raw.digest_start_time,
            ));
        }
        let previous_text = raw
            .previous_digest_signature
            .clone()
            .unwrap_or_else(|| "null".to_owned());
        let previous = Previous::from_fields(
            raw.previous_bucket,
            raw.previous_key,
            raw.previous_digest_hash_value,
            raw.previous_digest_hash_algorithm,
            raw.previous_digest_signature,
        )?;
        let logs = raw
            .log_files
            .into_iter()
            .map(LogEntry::from_raw)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            account: raw.aws_account_id,
            start,
            end,
            end_text: raw.digest_end_time,
            at: ObjectRef::new(raw.bucket, raw.key),
            fingerprint: raw.digest_public_key_fingerprint,
            previous,
            previous_text,
            logs,
        })
    }
}

impl Previous {
    fn from_fields(
        bucket: Option<String>,
        key: Option<String>,
        hash: Option<String>,
        algorithm: Option<String>,
        signature: Option<String>,
    ) -> Result<Option<Self>, FormatFlaw> {
        match (bucket, key, hash, algorithm, signature) {
            (None, None, None, None, None) => Ok(None),
            (Some(bucket), Some(key), Some(hash), Some(algorithm), Some(signature)) => {
                if algorithm != SHA_256 {
                    return Err(FormatFlaw::differs(
                        "previousDigestHashAlgorithm",
                        SHA_256,
                        &algorithm,
                    ));
                }
                let sha256 = hash_value("previousDigestHashValue", &hash)?;
                let signature = hex::decode(&signature).unwrap_or_default();
                Ok(Some(Self {
                    at: ObjectRef::new(bucket, key),
                    sha256,
                    signature,
                }))
            }
            _ => Err(FormatFlaw::new(
                "some of the five previousDigest fields are null, and some are not",
            )),
        }
    }
}

impl RawLog {
    fn range(&self) -> Option<(Timestamp, Timestamp)> {
        let time = |text: &serde_json::Value| text.as_str()?.parse::<Timestamp>().ok();
        let oldest = time(&self.oldest_event_time)?;
        let newest = time(&self.newest_event_time)?;
        (oldest <= newest).then_some((oldest, newest))
    }
}

impl LogEntry {
    fn from_raw(raw: RawLog) -> Result<Self, FormatFlaw> {
        if raw.hash_algorithm != SHA_256 {
            return Err(FormatFlaw::differs(
                "hashAlgorithm of a log",
                SHA_256,
                &raw.hash_algorithm,
            ));
        }
        let sha256 = hash_value("hashValue of a log", &raw.hash_value)?;
        let range = raw.range();
        Ok(Self {
            at: ObjectRef::new(raw.bucket, raw.key),
            sha256,
            range,
        })
    }
}

fn time(what: &str, text: &str) -> Result<Timestamp, FormatFlaw> {
    text.parse()
        .map_err(|_| FormatFlaw::differs(what, "a time such as 2026-01-02T03:04:05Z", text))
}

fn hash_value(what: &str, text: &str) -> Result<Sha256, FormatFlaw> {
    hex::decode(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| FormatFlaw::differs(what, "64 hexadecimal digits", text))
}

/// Text from an object, short enough for a report.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
