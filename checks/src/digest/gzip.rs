//! Inflates exactly one gzip member, in bounded memory, and tells whether anything is missing or added.

use flate2::{Decompress, FlushDecompress, Status};

/// How much one object may become. Bounds time for logs (they are streamed) and memory for digests.
#[derive(Clone, Copy, Debug)]
pub struct Cap {
    /// The most bytes that may come out.
    pub bytes: u64,
    /// The most bytes out per byte in, once more than a mebibyte has come out. DEFLATE's own limit is about 1032.
    pub ratio: u64,
}

/// What is wrong with a gzip stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GzipFlaw {
    /// Not gzip, or damaged.
    #[error("not a valid gzip stream: {0}")]
    Corrupt(String),
    /// The end, with its checksum and length, is missing.
    #[error("the gzip stream ends early, after {0} bytes")]
    Truncated(u64),
    /// It would become too large.
    #[error("inflates to more than {0} bytes")]
    TooLarge(u64),
    /// It would grow more than any log does.
    #[error("inflates to more than {0} times its size")]
    Ratio(u64),
}

const PIECE: usize = 64 * 1024;
const RATIO_FROM: u64 = 1024 * 1024;

/// An inflater that can be used for one object after another, so that its buffers are taken once.
pub(super) struct Inflate {
    stream: Decompress,
    out: Box<[u8]>,
    cap: Cap,
    fed: u64,
    ended: bool,
    trailing: bool,
}

impl Inflate {
    pub(super) fn new(cap: Cap) -> Self {
        let stream = Decompress::new_gzip(15);
        Self {
            stream,
            out: vec![0; PIECE].into(),
            cap,
            fed: 0,
            ended: false,
            trailing: false,
        }
    }

    /// Inflates the next piece of the object and hands what comes out to `sink`. What is left of it follows the member.
    pub(super) fn push<'i>(
        &mut self,
        mut input: &'i [u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<&'i [u8], GzipFlaw> {
        self.fed = self.fed.saturating_add(input.len() as u64);
        while !self.ended {
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let status = self
                .stream
                .decompress(input, &mut self.out, FlushDecompress::None)
                .map_err(|error| GzipFlaw::Corrupt(error.to_string()))?;
            let used = usize::try_from(self.stream.total_in() - before_in).unwrap_or(usize::MAX);
            let made = usize::try_from(self.stream.total_out() - before_out).unwrap_or(usize::MAX);
            self.within_cap()?;
            sink(self.out.get(..made).unwrap_or_default());
            input = input.get(used..).unwrap_or_default();
            match status {
                Status::StreamEnd => self.ended = true,
                // A full buffer may hide more output; otherwise it waits for input.
                Status::Ok | Status::BufError if made == self.out.len() => {}
                Status::Ok | Status::BufError if input.is_empty() || (used == 0 && made == 0) => {
                    return Ok(&[]);
                }
                Status::Ok | Status::BufError => {}
            }
        }
        self.trailing |= !input.is_empty();
        Ok(input)
    }

    /// Ends the object and makes ready for the next. `true`: something follows the gzip member.
    pub(super) fn end(&mut self) -> Result<bool, GzipFlaw> {
        let (ended, trailing, made) = (self.ended, self.trailing, self.stream.total_out());
        self.restart();
        if ended {
            Ok(trailing)
        } else {
            Err(GzipFlaw::Truncated(made))
        }
    }

    /// Forgets the object under way.
    pub(super) fn restart(&mut self) {
        // `reset` takes "zlib header" or "raw", never gzip; a new stream is the one safe way.
        self.stream = Decompress::new_gzip(15);
        (self.fed, self.ended, self.trailing) = (0, false, false);
    }

    fn within_cap(&self) -> Result<(), GzipFlaw> {
        let made = self.stream.total_out();
        if made > self.cap.bytes {
            return Err(GzipFlaw::TooLarge(self.cap.bytes));
        }
        if made > RATIO_FROM && made > self.fed.saturating_mul(self.cap.ratio) {
            return Err(GzipFlaw::Ratio(self.cap.ratio));
        }
        Ok(())
    }
}

/// What an object holds.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// Something follows the gzip member.
    pub(super) trailing: bool,
    /// The object is the content itself: a download undid the compression, as `Content-Encoding: gzip` asks for.
    pub(super) plain: bool,
}

/// Whether an object that begins so is stored uncompressed. A gzip member begins otherwise, and both digests and logs
/// are JSON objects.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'{')
}

/// Inflates a whole object in memory.
pub(super) fn content(bytes: &[u8], cap: Cap) -> Result<Content, GzipFlaw> {
    let plain = is_plain(bytes);
    if plain {
        if bytes.len() as u64 > cap.bytes {
            return Err(GzipFlaw::TooLarge(cap.bytes));
        }
        return Ok(Content {
            bytes: bytes.to_vec(),
            trailing: false,
            plain,
        });
    }
    let mut inflate = Inflate::new(cap);
    let mut out = Vec::new();
    inflate.push(bytes, |piece| out.extend_from_slice(piece))?;
    let trailing = inflate.end()?;
    Ok(Content {
        bytes: out,
        trailing,
        plain,
    })
}

/// What the gzip members of an object hold, one after the other.
#[derive(Debug, Default)]
pub struct Members {
    /// Each of them; what is not compressed counts as one.
    pub each: Vec<Vec<u8>>,
    /// What is wrong with the last.
    pub flaw: Option<String>,
}

/// Inflates all members of an object, of at most so many bytes.
pub fn members(mut bytes: &[u8], cap: Cap) -> Members {
    const MAGIC: &[u8] = &[0x1f, 0x8b];
    let mut members = Members::default();
    let mut left = cap.bytes;
    while !bytes.is_empty() {
        if !bytes.starts_with(MAGIC) {
            if bytes.len() as u64 > left {
                members.flaw = Some(GzipFlaw::TooLarge(cap.bytes).to_string());
            } else {
                members.each.push(bytes.to_vec());
            }
            return members;
        }
        let mut inflate = Inflate::new(Cap { bytes: left, ..cap });
        let mut out = Vec::new();
        let pushed = inflate.push(bytes, |piece| out.extend_from_slice(piece));
        let ended = match pushed {
            Ok(rest) => inflate.end().map(|_| rest),
            Err(flaw) => Err(flaw),
        };
        left = left.saturating_sub(out.len() as u64);
        members.each.push(out);
        match ended {
            Ok(rest) => bytes = rest,
            Err(flaw) => {
                members.flaw = Some(flaw.to_string());
                return members;
            }
        }
    }
    members
}
