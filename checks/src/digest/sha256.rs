//! SHA-256 as digests use it. One place, so that the implementation can be changed by measurement.

use ring::digest::{Context, SHA256, digest};

/// The SHA-256 of some bytes.
pub type Sha256 = [u8; 32];

/// The SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> Sha256 {
    fixed(digest(&SHA256, bytes))
}

/// SHA-256 over bytes that come in pieces.
pub(super) struct Hasher(Context);

impl Hasher {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Sha256 {
        fixed(self.0.finish())
    }
}

fn fixed(digest: ring::digest::Digest) -> Sha256 {
    let mut out = [0; 32];
    // SHA-256 has 32 bytes by definition; zip cannot run short.
    out.iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    out
}
