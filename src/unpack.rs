//! Streams that may be compressed, unpacked within bounds: a bomb is an error and no full disk.

use std::io::{self, BufRead, BufReader, Read};

/// How a zstd stream begins.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Nothing that this program writes unpacks to so many times its size, and more than `SLACK`.
pub const RATIO: u64 = 500;
/// What any stream may unpack to.
pub const SLACK: u64 = 64 << 20;

/// The stream as it is, or unpacked if it is compressed.
pub fn plain(mut reader: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    if !reader.fill_buf()?.starts_with(&MAGIC) {
        return Ok(reader);
    }
    let counted = Counted { reader, count: 0 };
    Ok(Box::new(BufReader::new(Unpacked {
        decoder: zstd::Decoder::with_buffer(counted)?,
        count: 0,
    })))
}

/// A reader that knows how much was taken from it.
struct Counted {
    reader: Box<dyn BufRead>,
    count: u64,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(bytes)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.reader.consume(amount);
    }
}

/// What a stream unpacks to, as long as it is not out of all proportion.
struct Unpacked {
    decoder: zstd::Decoder<'static, Counted>,
    count: u64,
}

impl Read for Unpacked {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(bytes)?;
        self.count += read as u64;
        let most = self.decoder.get_ref().count.saturating_mul(RATIO);
        if self.count > most.saturating_add(SLACK) {
            return Err(io::Error::other(format!(
                "it unpacks to more than {RATIO} times its size"
            )));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(bytes: Vec<u8>) -> io::Result<u64> {
        let mut reader = plain(Box::new(io::Cursor::new(bytes)))?;
        io::copy(&mut reader, &mut io::sink())
    }

    #[test]
    fn a_bomb_is_an_error() {
        let zeros = |count| zstd::encode_all(io::repeat(0).take(count), 1).unwrap();
        assert_eq!(unpack(zeros(SLACK)).unwrap(), SLACK);
        let error = unpack(zeros(SLACK * 2)).unwrap_err();
        assert!(error.to_string().contains("500 times"), "{error}");
        // Several frames are one stream.
        let many = zeros(SLACK / 4).repeat(16);
        assert!(unpack(many).is_err());
    }

    #[test]
    fn what_is_not_packed_stays_as_it_is() {
        assert_eq!(unpack(b"plain".to_vec()).unwrap(), 5);
        assert_eq!(unpack(Vec::new()).unwrap(), 0);
    }
}
