//! SHA-256 of what is read or written, in lower-case hex.

use std::io::{self, Read, Write};

use ring::digest::{Context, SHA256, digest};
use trailaudit_checks::hex;

/// SHA-256 of some bytes, in lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes).as_ref())
}

/// SHA-256 of a file, and its size, read piece by piece.
pub fn sha256_of(mut file: impl Read) -> io::Result<(String, u64)> {
    let mut counted = Hashing::new(io::sink());
    io::copy(&mut file, &mut counted)?;
    Ok(counted.finish())
}

/// Hashes what is written through it.
pub struct Hashing<W> {
    out: W,
    hash: Context,
    size: u64,
}

impl<W: Write> Hashing<W> {
    /// Nothing written yet.
    pub fn new(out: W) -> Self {
        Self {
            out,
            hash: Context::new(&SHA256),
            size: 0,
        }
    }

    /// The hash in lower-case hex, and how many bytes there were.
    pub fn finish(self) -> (String, u64) {
        (hex::encode(self.hash.finish().as_ref()), self.size)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_sha256sum() {
        // printf abc | sha256sum
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
        assert_eq!(sha256_of(&b"abc"[..]).unwrap(), (abc.to_owned(), 3));
    }
}
