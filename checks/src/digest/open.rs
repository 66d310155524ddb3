//! Opens one digest: format, place, key and signature. What needs its neighbours is left to the walk.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::chain::{INTERVAL, SLACK};
use super::document::{Document, FormatFlaw, LogEntry, Previous, SIGNATURE_ALGORITHM, shorten};
use super::flaw::Flaw;
use super::gzip::{Cap, Content, content};
use super::key::{DigestKey, ObjectRef};
use super::problem::{Kind, Verdict};
use super::public_key::{Found, KeyRing, PublicKey};
use super::sha256::{Sha256, sha256};
use crate::hex;

/// What CloudTrail writes into the metadata of a digest object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The signature in hexadecimal text.
    pub value: String,
    /// The name of its algorithm.
    pub algorithm: Option<String>,
    /// When a backfill digest was made, as it is written.
    pub backfill_generated: Option<String>,
}

impl Signature {
    /// Picks the signature from an object's metadata, with or without `x-amz-meta-`; `None` if it is not there.
    pub fn from_metadata<'m>(
        metadata: impl IntoIterator<Item = (&'m str, &'m str)>,
    ) -> Option<Self> {
        let (mut value, mut algorithm, mut backfill_generated) = (None, None, None);
        for (name, text) in metadata {
            let name = name.to_ascii_lowercase();
            let slot = match name.strip_prefix("x-amz-meta-").unwrap_or(&name) {
                "signature" => &mut value,
                "signature-algorithm" => &mut algorithm,
                "backfill-generation-timestamp" => &mut backfill_generated,
                _ => continue,
            };
            *slot = Some(text.to_owned());
        }
        Some(Self {
            value: value?,
            algorithm,
            backfill_generated,
        })
    }
}

/// Bounds on what one object may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A digest is held in memory.
    pub digest: Cap,
    /// A log is streamed.
    pub log: Cap,
}

impl Default for Limits {
    fn default() -> Self {
        // Real digests are far below a mebibyte, and real logs below 50 MiB and 50 times their compressed size.
        let digest = Cap {
            bytes: 32 << 20,
            ratio: 200,
        };
        Self {
            digest,
            log: Cap {
                bytes: 2 << 30,
                ratio: 200,
            },
        }
    }
}

/// A digest whose own content holds; whether it is valid may still depend on its successor.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where it was read.
    pub at: ObjectRef,
    /// What its key says.
    pub key: DigestKey,
    /// Where the interval that it covers begins.
    pub start: Timestamp,
    /// Where that interval ends.
    pub end: Timestamp,
    /// The hash of its uncompressed bytes.
    pub sha256: Sha256,
    /// Its signature, once it is proved.
    pub signature: Option<Vec<u8>>,
    /// What it says of its predecessor; `None` for a starting digest.
    pub previous: Option<Previous>,
    /// The logs that it lists.
    pub logs: Vec<LogEntry>,
    /// Whether the object did not carry it.
    pub(super) lost: bool,
    /// Whether the object was stored uncompressed.
    pub(super) plain: bool,
    to_sign: String,
    public_key: Arc<PublicKey>,
}

impl Link {
    /// Shorter than an hour and not a starting digest: the one that is delivered when logging stops.
    pub(super) fn is_final(&self) -> bool {
        let length = self.end.duration_since(self.start);
        length < INTERVAL - SLACK && self.previous.is_some()
    }

    /// Takes `signature`, which its successor names, for its own if it is. It needs no trust in the successor: nobody
    /// but CloudTrail can make one that fits.
    pub(super) fn prove(&mut self, signature: &[u8]) -> bool {
        let proved = self.public_key.verifies(&self.to_sign, signature);
        if proved {
            self.signature = Some(signature.to_vec());
        }
        proved
    }
}

/// CloudTrail signs a while after the interval's end: a key may become valid in between.
const SIGNED_WITHIN: SignedDuration = SignedDuration::from_hours(2);
const BACKFILL_SIGNED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Opens the digest that was read at `at`. Without a signature the link is still to be proved by its successor.
pub fn open(
    at: &ObjectRef,
    bytes: &[u8],
    signature: Option<&Signature>,
    keys: &KeyRing,
    limits: &Limits,
) -> Result<Link, Box<Flaw>> {
    let invalid = |kind, detail: &str| Flaw::new(at, kind, Verdict::Invalid, detail);
    let Content {
        bytes: json,
        trailing,
        plain,
    } = content(bytes, limits.digest)
        .map_err(|flaw| Flaw::format(at, FormatFlaw::new(flaw.to_string())))?;
    let document = Document::parse(&json).map_err(|flaw| Flaw::format(at, flaw))?;
    let hash = sha256(&json);
    let to_sign = string_to_sign(&document, &hash);
    let key = DigestKey::parse(at);
    let home = DigestKey::parse(&document.at);

    // A moved digest was signed for where it belongs.
    let Some(signed_for) = home.as_ref().or(key.as_ref()) else {
        let flaw = invalid(Kind::DigestFormat, "the object key is not that of a digest")
            .differs("a digest's key", &at.key);
        return Err(flaw.of(document));
    };
    let (from, until) = match signing_time(signed_for, &document, signature) {
        Ok(times) => times,
        Err(flaw) => return Err(Flaw::format(at, flaw)),
    };
    let proof = prove(
        at,
        &document,
        &to_sign,
        signature,
        keys.find(&signed_for.chain.region, &document.fingerprint, from, until),
    );
    if document.at != *at {
        // What was altered as well is a forgery, not a digest that belongs elsewhere.
        let home = match &proof {
            Err(flaw) if flaw.kind == Kind::DigestSignatureInvalid => None,
            Err(_) | Ok((_, None)) => Some(None),
            Ok((_, Some(_))) => Some(home),
        };
        if let Some(home) = home {
            let mut flaw = invalid(
                Kind::DigestMoved,
                "CloudTrail delivered the digest to another location",
            )
            .differs(&document.at, at.to_string());
            flaw.home = home;
            return Err(flaw.of(document));
        }
    }
    let (public_key, signature) = match proof {
        Ok(proof) => proof,
        Err(flaw) => return Err(flaw.of(document)),
    };
    let Some(key) = key else {
        let flaw = invalid(Kind::DigestFormat, "the object key is not that of a digest")
            .differs("a digest's key", &at.key);
        return Err(flaw.of(document));
    };
    if document.account != key.chain.account {
        let flaw = invalid(
            Kind::DigestFormat,
            "awsAccountId is not the account of the path",
        )
        .differs(&key.chain.account, &document.account);
        return Err(flaw.of(document));
    }
    if trailing {
        return Err(
            invalid(Kind::DigestTrailingData, "data follows the gzip member")
                .differs("one gzip member", "one gzip member and more bytes")
                .of(document),
        );
    }
    let Document {
        start,
        end,
        previous,
        logs,
        ..
    } = document;
    let lost = signature.is_none();
    let at = at.clone();
    Ok(Link {
        at,
        key,
        start,
        end,
        sha256: hash,
        signature,
        previous,
        logs,
        lost,
        plain,
        to_sign,
        public_key,
    })
}

/// Where a digest says that it lies. It proves nothing: a copy on disk says by it which bucket it is a copy of.
pub fn claimed_at(bytes: &[u8], limits: &Limits) -> Option<ObjectRef> {
    let read = content(bytes, limits.digest).ok()?;
    Document::parse(&read.bytes)
        .ok()
        .map(|document| document.at)
}

/// What CloudTrail signs.
fn string_to_sign(document: &Document, hash: &Sha256) -> String {
    let Document {
        end_text,
        at,
        previous_text,
        ..
    } = document;
    format!(
        "{end_text}\n{}/{}\n{}\n{previous_text}",
        at.bucket,
        at.key,
        hex::encode(hash)
    )
}

/// The time in which the digest was signed, as far as it is known.
fn signing_time(
    key: &DigestKey,
    document: &Document,
    signature: Option<&Signature>,
) -> Result<(Timestamp, Timestamp), FormatFlaw> {
    let late = |time: Timestamp, by| time.saturating_add(by).unwrap_or(Timestamp::MAX);
    match signature {
        Some(signature) if key.backfill => {
            let text = signature.backfill_generated.as_deref().unwrap_or_default();
            let made: Timestamp = text.parse().map_err(|_| FormatFlaw {
                what: "the metadata of the backfill digest has no generation time".to_owned(),
                expected: "backfill-generation-timestamp in the metadata".to_owned(),
                seen: signature
                    .backfill_generated
                    .as_deref()
                    .map_or("none".to_owned(), shorten),
            })?;
            Ok((
                late(made, -BACKFILL_SIGNED_WITHIN),
                late(made, BACKFILL_SIGNED_WITHIN),
            ))
        }
        // Its metadata is lost, and with it the time: any later one may be meant.
        None if key.backfill => Ok((document.end, Timestamp::MAX)),
        Some(_) | None => Ok((document.end, late(document.end, SIGNED_WITHIN))),
    }
}

type Proof = Result<(Arc<PublicKey>, Option<Vec<u8>>), Box<Flaw>>;

/// Finds the key and, with it, checks the signature if there is one.
fn prove(
    at: &ObjectRef,
    document: &Document,
    to_sign: &str,
    signature: Option<&Signature>,
    found: Found,
) -> Proof {
    let flaw = |kind, verdict, detail: &str| Flaw::new(at, kind, verdict, detail);
    let unknown = |verdict, why: &str| {
        flaw(Kind::DigestKeyUnknown, verdict, why).differs(
            "a public key of the digest's region and time",
            &document.fingerprint,
        )
    };
    let public_key = match found {
        Found::Key(key) => key,
        Found::NotThen(validity) => {
            let expected = format!("a public key valid at {}", document.end_text);
            let detail =
                "the public key with the fingerprint of the digest was not valid at that time";
            return Err(
                flaw(Kind::DigestKeyUnknown, Verdict::Invalid, detail).differs(expected, validity)
            );
        }
        Found::Unknown {
            elsewhere: Some(region),
        } => {
            return Err(unknown(
                Verdict::Invalid,
                &format!("the public key is one of {region}, not of this region"),
            ));
        }
        Found::Unknown { elsewhere: None } => {
            return Err(unknown(
                Verdict::Invalid,
                "the region has no public key with this fingerprint",
            ));
        }
        Found::NotListed => {
            return Err(unknown(
                Verdict::Unverified,
                "the list of public keys of the region is incomplete",
            ));
        }
    };
    let Some(signature) = signature else {
        return Ok((public_key, None));
    };
    let invalid = |detail| flaw(Kind::DigestSignatureInvalid, Verdict::Invalid, detail);
    if let Some(name) = signature
        .algorithm
        .as_deref()
        .filter(|name| *name != SIGNATURE_ALGORITHM)
    {
        return Err(
            invalid("the metadata names an unsupported signature algorithm")
                .differs(SIGNATURE_ALGORITHM, name),
        );
    }
    let bytes = match hex::decode(&signature.value) {
        Some(bytes) if public_key.verifies(to_sign, &bytes) => bytes,
        Some(_) | None => {
            let expected = format!(
                "the signature by key {} over this digest",
                public_key.fingerprint
            );
            return Err(invalid("the signature does not match the digest")
                .differs(expected, &signature.value));
        }
    };
    Ok((public_key, Some(bytes)))
}
