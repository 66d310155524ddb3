//! CloudTrail's public keys: as `ListPublicKeys` gives them, per region, each checked against its fingerprint.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::hex;

/// One public key, and the time in which CloudTrail signs with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Lower-case hexadecimal MD5 of the key as it was given.
    pub fingerprint: String,
    /// The key is valid from then.
    pub from: Timestamp,
    /// The key is valid until then.
    pub until: Timestamp,
    pkcs1: Vec<u8>,
}

/// Why a public key or a list of them cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFlaw {
    /// The file is not a map of regions to answers.
    #[error("not {{region: ListPublicKeys response}}: {0}")]
    Format(String),
    /// The value is not base64.
    #[error("the key with fingerprint {0} is not base64")]
    NotBase64(String),
    /// The value is neither of the two forms in which RSA keys are published.
    #[error("the key with fingerprint {0} is neither an RSAPublicKey nor a SubjectPublicKeyInfo")]
    NotRsa(String),
    /// The fingerprint is not that of the key.
    #[error("the key given with fingerprint {expected} has fingerprint {seen}")]
    Fingerprint {
        /// As it was given.
        expected: String,
        /// As it was computed.
        seen: String,
    },
    /// The validity is not a time.
    #[error("the key with fingerprint {0} has no validity that can be read")]
    Validity(String),
}

impl PublicKey {
    /// A key from the base64 text, the fingerprint and the validity that `ListPublicKeys` gives.
    pub fn new(
        value: &str,
        fingerprint: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Self, KeyFlaw> {
        let der = STANDARD
            .decode(value.trim())
            .map_err(|_| KeyFlaw::NotBase64(fingerprint.to_owned()))?;
        let seen = hex::encode(&Md5::digest(&der));
        if !seen.eq_ignore_ascii_case(fingerprint) {
            return Err(KeyFlaw::Fingerprint {
                expected: fingerprint.to_owned(),
                seen,
            });
        }
        let pkcs1 = to_pkcs1(&der).ok_or_else(|| KeyFlaw::NotRsa(fingerprint.to_owned()))?;
        Ok(Self {
            fingerprint: seen,
            from,
            until,
            pkcs1: pkcs1.to_vec(),
        })
    }

    /// Whether `signature` is this key's, by RSASSA-PKCS1-v1_5 with SHA-256, over `message`. The algorithm is
    /// demanded, never taken from the signature.
    pub(super) fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
            .verify(message.as_bytes(), signature)
            .is_ok()
    }

    /// Whether CloudTrail may have signed with it at some time from `from` to `until`.
    pub(super) fn valid_within(&self, from: Timestamp, until: Timestamp) -> bool {
        self.from <= until && from <= self.until
    }
}

/// The keys of every region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KeyRing {
    regions: BTreeMap<String, RegionKeys>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct RegionKeys {
    complete: bool,
    // A fingerprint may be listed with several validities.
    keys: BTreeMap<String, Vec<Arc<PublicKey>>>,
}

/// What a key ring knows of a fingerprint.
pub(super) enum Found {
    Key(Arc<PublicKey>),
    /// Known, but not valid at that time: the keys' validities.
    NotThen(String),
    /// Not known, although every key of the region and time was listed.
    Unknown {
        elsewhere: Option<String>,
    },
    /// Not known, and the list of keys was not complete.
    NotListed,
}

impl KeyRing {
    /// Reads `{region: ListPublicKeys response}`. Times are epoch seconds, or text as the AWS CLI writes it.
    pub fn from_json(json: &[u8]) -> Result<Self, KeyFlaw> {
        let regions: BTreeMap<String, Answer> =
            serde_json::from_slice(json).map_err(|error| KeyFlaw::Format(error.to_string()))?;
        let mut ring = Self::default();
        for (region, answer) in regions {
            ring.set_complete(&region, answer.next_token.is_none());
            for key in answer.public_key_list {
                ring.insert(&region, key.read()?);
            }
        }
        Ok(ring)
    }

    /// Adds a key of `region`.
    pub fn insert(&mut self, region: &str, key: PublicKey) {
        let keys = &mut self.regions.entry(region.to_owned()).or_default().keys;
        keys.entry(key.fingerprint.clone())
            .or_default()
            .push(Arc::new(key));
    }

    /// Says whether every key of `region`, for the time in question, has been added: then a digest with another key
    /// is invalid; otherwise it is unverified. A region of which nothing was said is not complete.
    pub fn set_complete(&mut self, region: &str, complete: bool) {
        self.regions.entry(region.to_owned()).or_default().complete = complete;
    }

    /// Adds what another listing of the keys, for another time, shows: a region is complete where both are.
    pub fn join(&mut self, other: Self) {
        for (region, more) in other.regions {
            match self.regions.entry(region) {
                Entry::Vacant(new) => drop(new.insert(more)),
                Entry::Occupied(mut known) => known.get_mut().join(more),
            }
        }
    }

    pub(super) fn find(
        &self,
        region: &str,
        fingerprint: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Found {
        let fingerprint = fingerprint.to_ascii_lowercase();
        let here = self.regions.get(region);
        let Some(keys) = here.and_then(|keys| keys.keys.get(&fingerprint)) else {
            let elsewhere = self
                .regions
                .iter()
                .find(|(_, keys)| keys.keys.contains_key(&fingerprint))
                .map(|(name, _)| name.clone());
            return match here.is_some_and(|keys| keys.complete) {
                true => Found::Unknown { elsewhere },
                false => Found::NotListed,
            };
        };
        match keys.iter().find(|key| key.valid_within(from, until)) {
            Some(key) => Found::Key(Arc::clone(key)),
            None => {
                let validities = keys
                    .iter()
                    .map(|key| format!("valid from {} to {}", key.from, key.until));
                Found::NotThen(validities.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl RegionKeys {
    fn join(&mut self, other: Self) {
        self.complete &= other.complete;
        for (fingerprint, keys) in other.keys {
            let known = self.keys.entry(fingerprint).or_default();
            let new = keys.into_iter().filter(|key| !known.contains(key));
            let new: Vec<Arc<PublicKey>> = new.collect();
            known.extend(new);
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(alias = "publicKeyList")]
    public_key_list: Vec<AnswerKey>,
    #[serde(alias = "nextToken")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnswerKey {
    #[serde(alias = "value")]
    value: String,
    #[serde(alias = "fingerprint")]
    fingerprint: String,
    #[serde(alias = "validityStartTime")]
    validity_start_time: Time,
    #[serde(alias = "validityEndTime")]
    validity_end_time: Time,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Epoch(f64),
    Text(String),
}

impl AnswerKey {
    fn read(self) -> Result<PublicKey, KeyFlaw> {
        let time = |time: Time| {
            time.read()
                .ok_or_else(|| KeyFlaw::Validity(self.fingerprint.clone()))
        };
        let (from, until) = (
            time(self.validity_start_time)?,
            time(self.validity_end_time)?,
        );
        PublicKey::new(&self.value, &self.fingerprint, from, until)
    }
}

impl Time {
    fn read(self) -> Option<Timestamp> {
        match self {
            // The cast saturates; what is out of range is refused by `new`.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "fractions of a second do not matter here"
            )]
            Self::Epoch(seconds) => Timestamp::new(seconds.floor() as i64, 0).ok(),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// The PKCS#1 `RSAPublicKey` within `der`, which may be one or may be a `SubjectPublicKeyInfo`.
fn to_pkcs1(der: &[u8]) -> Option<&[u8]> {
    const RSA_ENCRYPTION: &[u8] = &[
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let (0x30, outer, []) = tlv(der)? else {
        return None;
    };
    match tlv(outer)? {
        // The modulus: this is an RSAPublicKey already.
        (0x02, ..) => Some(der),
        (0x30, algorithm, rest) if algorithm == RSA_ENCRYPTION => {
            let (0x03, bits, []) = tlv(rest)? else {
                return None;
            };
            // The first byte counts the unused bits of the last.
            bits.strip_prefix(&[0])
        }
        _ => None,
    }
}

/// Splits DER into the first element's tag, its content, and what follows it.
fn tlv(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest
            .split_first()
            .map(|(&byte, rest)| (usize::from(byte), rest))?,
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(&bytes, rest)| (usize::from(u16::from_be_bytes(bytes)), rest))?,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::new(seconds, 0).unwrap()
    }

    #[test]
    fn fingerprints_are_checked() {
        let value = STANDARD.encode([0x30, 3, 2, 1, 5]);
        let right = hex::encode(&Md5::digest([0x30, 3, 2, 1, 5]));
        assert!(PublicKey::new(&value, &right.to_uppercase(), time(0), time(1)).is_ok());
        let wrong = PublicKey::new(&value, "00", time(0), time(1));
        assert_eq!(
            wrong,
            Err(KeyFlaw::Fingerprint {
                expected: "00".to_owned(),
                seen: right
            })
        );
        assert_eq!(
            PublicKey::new("?", "00", time(0), time(1)),
            Err(KeyFlaw::NotBase64("00".to_owned()))
        );
    }

    #[test]
    fn both_published_forms_are_read() {
        let pkcs1 = [0x30, 3, 2, 1, 5];
        let mut info = vec![
            0x30, 23, 0x30, 13, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, 3,
            6, 0,
        ];
        info.extend(pkcs1);
        assert_eq!(to_pkcs1(&pkcs1), Some(&pkcs1[..]));
        assert_eq!(to_pkcs1(&info), Some(&pkcs1[..]));
        for end in 0..info.len() {
            assert_eq!(to_pkcs1(&info[..end]), None);
        }
    }

    #[test]
    fn answers_are_read_in_both_writings_of_time() {
        let value = STANDARD.encode([0x30, 3, 2, 1, 5]);
        let print = hex::encode(&Md5::digest([0x30, 3, 2, 1, 5]));
        let file = |time: &str, token: &str| {
            format!(
                r#"{{"eu-west-1": {{"PublicKeyList": [{{"Value": "{value}", "Fingerprint": "{print}",
                "ValidityStartTime": {time}, "ValidityEndTime": {time}}}]{token}}}}}"#
            )
        };
        let at = time(1_767_323_045);
        for written in [
            "1767323045",
            "1767323045.0",
            "\"2026-01-02T03:04:05Z\"",
            "\"2026-01-02T03:04:05+00:00\"",
        ] {
            let ring = KeyRing::from_json(file(written, "").as_bytes()).unwrap();
            assert!(
                matches!(ring.find("eu-west-1", &print, at, at), Found::Key(_)),
                "{written}"
            );
            assert!(matches!(
                ring.find("eu-west-1", &print, time(0), time(1)),
                Found::NotThen(_)
            ));
            assert!(matches!(
                ring.find("eu-west-1", "00", at, at),
                Found::Unknown { elsewhere: None }
            ));
            assert!(matches!(
                ring.find("eu-west-2", &print, at, at),
                Found::NotListed
            ));
        }
        let ring = KeyRing::from_json(file("0", r#", "NextToken": "x""#).as_bytes()).unwrap();
        assert!(matches!(
            ring.find("eu-west-1", "00", at, at),
            Found::NotListed
        ));
        assert!(matches!(KeyRing::from_json(b"[]"), Err(KeyFlaw::Format(_))));
        assert!(KeyRing::from_json(file("\"soon\"", "").as_bytes()).is_err());
        assert!(KeyRing::from_json(file("1e300", "").as_bytes()).is_err());
    }
}
