//! The signature: an in-toto statement in a DSSE envelope, signed by an ed25519 key.
//!
//! The envelope is for programs. Beside it lie the very bytes that were signed, and the bare signature, so that
//! `openssl` alone can check them.

use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::sums::{Sums, sha256};
use crate::files::{SMALL, read_text};

/// What the envelope holds.
const PAYLOAD: &str = "application/vnd.in-toto+json";
/// What the statement says of its subjects.
const PREDICATE: &str = "https://github.com/trailaudit/trailaudit/evidence/v1";
/// A public ed25519 key in DER (RFC 8410): this, and its 32 bytes.
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A private key.
pub struct Key(Ed25519KeyPair);

impl Key {
    /// The key in a PEM file, as `openssl genpkey -algorithm ed25519` writes it; `env:NAME` is a variable that holds it,
    /// as a container's platform hands over a secret.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("{} is no ed25519 key to sign with", path.display());
        const HELP: &str = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one";
        let text = match path.to_str().and_then(|it| it.strip_prefix("env:")) {
            Some(name) => std::env::var(name).map_err(|_| {
                anyhow::anyhow!("there is no variable {name} with a key to sign with")
            })?,
            None => read_text(path, SMALL)?,
        };
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(anyhow::anyhow!(
                "it is encrypted; `openssl pkey -in FILE -out key.pem` takes the passphrase off"
            ))
            .with_context(failed);
        }
        let der = pem(&text, "PRIVATE KEY")
            .context(HELP)
            .with_context(failed)?;
        // OpenSSL writes no public key beside the private one.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map_err(|error| anyhow::anyhow!("{error}; {HELP}"))
            .with_context(failed)?;
        Ok(Self(pair))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> Public {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        Public(bytes)
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        self.0.sign(&pae(payload)).as_ref().to_owned()
    }
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Public([u8; 32]);

impl Public {
    /// The key in a PEM text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let der = pem(text, "PUBLIC KEY")?;
        let key = der.strip_prefix(&SPKI).and_then(|it| it.try_into().ok());
        Ok(Self(key.context("it is no ed25519 public key")?))
    }

    /// As PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let text = STANDARD.encode(self.der());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    /// By which people compare keys: SHA-256 of its DER form, as
    /// `openssl pkey -pubin -in public-key.pem -outform DER | sha256sum` gives it.
    #[must_use]
    pub fn id(&self) -> String {
        sha256(&self.der())
    }

    /// Whether the signature is its signature of the statement.
    #[must_use]
    pub fn signed(&self, payload: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(&pae(payload), signature).is_ok()
    }

    fn der(&self) -> Vec<u8> {
        [&SPKI[..], &self.0].concat()
    }
}

/// The one block of this kind in a PEM text.
fn pem(text: &str, kind: &str) -> anyhow::Result<Vec<u8>> {
    let (begin, end) = (
        format!("-----BEGIN {kind}-----"),
        format!("-----END {kind}-----"),
    );
    let block = text
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(&end))
        .map(|(block, _)| block);
    let Some(block) = block else {
        bail!("it has no {begin}");
    };
    let block: String = block.split_whitespace().collect();
    base64(&block, "what it holds")
}

fn base64(text: &str, what: &str) -> anyhow::Result<Vec<u8>> {
    STANDARD
        .decode(text)
        .map_err(|error| anyhow::anyhow!("{what} is no base64: {error}"))
}

/// The bytes that are signed: DSSE's pre-authentication encoding.
#[must_use]
pub fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD} {} ", PAYLOAD.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The envelope's bytes.
pub fn envelope(payload: &[u8], key: &Public, signature: &[u8]) -> anyhow::Result<Vec<u8>> {
    let envelope = Envelope {
        payload_type: PAYLOAD.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![Signature {
            keyid: key.id(),
            sig: STANDARD.encode(signature),
        }],
    };
    let mut bytes = serde_json::to_vec_pretty(&envelope)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The statement in an envelope, and its one signature; not yet proved.
pub fn open(bytes: &[u8]) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let envelope: Envelope = serde_json::from_slice(bytes).context("it is no DSSE envelope")?;
    let [signature] = envelope.signatures.as_slice() else {
        bail!(
            "it has {} signatures, one is expected",
            envelope.signatures.len()
        );
    };
    let payload = base64(&envelope.payload, "its payload")?;
    let signature = base64(&signature.sig, "its signature")?;
    Ok((payload, signature))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: String,
    sig: String,
}

/// The in-toto statement over these files.
pub fn statement(sums: &Sums, predicate: &serde_json::Value) -> anyhow::Result<Vec<u8>> {
    let subject = sums.iter().map(|(name, sum)| Subject {
        name: name.clone(),
        digest: Digests {
            sha256: sum.clone(),
        },
    });
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1".to_owned(),
        subject: subject.collect(),
        predicate_type: PREDICATE.to_owned(),
        predicate: predicate.clone(),
    };
    let mut bytes = serde_json::to_vec_pretty(&statement)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The files that a statement is about.
pub fn subjects(payload: &[u8]) -> anyhow::Result<Sums> {
    let statement: Statement =
        serde_json::from_slice(payload).context("it is no in-toto statement")?;
    if statement.predicate_type != PREDICATE {
        bail!("it states {:?}, not {PREDICATE}", statement.predicate_type);
    }
    let mut sums = Sums::new();
    for subject in statement.subject {
        if sums
            .insert(subject.name.clone(), subject.digest.sha256)
            .is_some()
        {
            bail!("it names {:?} twice", subject.name);
        }
    }
    Ok(sums)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Digests,
}

#[derive(Serialize, Deserialize)]
struct Digests {
    sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_dsse() {
        // The specification's own example has another type: the lengths are counted by hand.
        assert_eq!(pae(b"{}"), b"DSSEv1 28 application/vnd.in-toto+json 2 {}");
    }

    #[test]
    fn an_envelope_is_opened_again() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key = Key(pair);
        let public = key.public();
        assert_eq!(Public::parse(&public.pem()).unwrap(), public);
        let signature = key.sign(b"{}");
        let envelope = envelope(b"{}", &public, &signature).unwrap();
        assert_eq!(
            open(&envelope).unwrap(),
            (b"{}".to_vec(), signature.clone())
        );
        assert!(public.signed(b"{}", &signature));
        assert!(!public.signed(b"{ }", &signature));
        assert!(!public.signed(b"{}", &signature[..63]));
    }

    #[test]
    fn only_public_ed25519_keys_are_keys() {
        for text in [
            "",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        ] {
            Public::parse(text).unwrap_err();
        }
    }
}
