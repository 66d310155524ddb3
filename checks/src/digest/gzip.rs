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

/// Where what is inflated goes: piece by piece into the same place, or one piece behind the other, to be kept.
pub(super) struct Out {
    /// Room for what is kept, and for a piece behind it. What stands there is overwritten, never cleared.
    room: Vec<u8>,
    end: usize,
    keeps: bool,
}

impl Out {
    /// Larger ones are given back: one large object must not make every reader large.
    const MOST: usize = 16 * 1024 * 1024;

    pub(super) fn new(keeps: bool) -> Self {
        Self {
            room: Vec::new(),
            end: 0,
            keeps,
        }
    }

    /// Room for the next piece.
    fn piece(&mut self) -> &mut [u8] {
        let next = self.end + PIECE;
        if self.room.len() < next {
            self.room.resize(next, 0);
        }
        self.room.get_mut(self.end..next).unwrap_or_default()
    }

    /// So many bytes of the piece were made.
    fn made(&mut self, count: usize) -> &[u8] {
        let begin = self.end;
        if self.keeps {
            self.end += count;
        }
        self.room.get(begin..begin + count).unwrap_or_default()
    }

    /// Keeps bytes that need not be inflated.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.keeps {
            self.room.truncate(self.end);
            self.room.extend_from_slice(bytes);
            self.end = self.room.len();
        }
    }

    /// What is kept.
    pub(super) fn kept(&self) -> Option<&[u8]> {
        self.keeps.then(|| self.room.get(..self.end))?
    }

    fn into_kept(mut self) -> Vec<u8> {
        self.room.truncate(self.end);
        // An object may have many members: each takes what it needs, not the room for a piece.
        self.room.shrink_to_fit();
        self.room
    }

    /// Forgets what is kept.
    pub(super) fn clear(&mut self) {
        self.end = 0;
        if self.room.capacity() > Self::MOST {
            self.room = Vec::new();
        }
    }
}

/// An inflater that can be used for one object after another, so that its buffers are taken once.
pub(super) struct Inflate {
    /// None before the first byte of an object. `reset` takes "zlib header" or "raw", never gzip: each object has a new one,
    /// and the one before is given back first, so that the same memory is taken.
    stream: Option<Decompress>,
    /// The bytes that came out.
    made: u64,
    pub(super) out: Out,
    cap: Cap,
    fed: u64,
    ended: bool,
    trailing: bool,
}

impl Inflate {
    pub(super) fn new(cap: Cap, out: Out) -> Self {
        Self {
            stream: None,
            made: 0,
            out,
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
            let stream = self.stream.get_or_insert_with(|| Decompress::new_gzip(15));
            let (before_in, before_out) = (stream.total_in(), stream.total_out());
            let status = stream
                .decompress(input, self.out.piece(), FlushDecompress::None)
                .map_err(|error| GzipFlaw::Corrupt(error.to_string()))?;
            self.made = stream.total_out();
            let used = usize::try_from(stream.total_in() - before_in).unwrap_or(usize::MAX);
            let made = usize::try_from(self.made - before_out).unwrap_or(usize::MAX);
            self.within_cap()?;
            sink(self.out.made(made));
            input = input.get(used..).unwrap_or_default();
            match status {
                Status::StreamEnd => self.ended = true,
                // A full buffer may hide more output; otherwise it waits for input.
                Status::Ok | Status::BufError if made == PIECE => {}
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
        let (ended, trailing, made) = (self.ended, self.trailing, self.made);
        self.restart();
        if ended {
            Ok(trailing)
        } else {
            Err(GzipFlaw::Truncated(made))
        }
    }

    /// Forgets the object under way.
    pub(super) fn restart(&mut self) {
        self.stream = None;
        (self.fed, self.made) = (0, 0);
        (self.ended, self.trailing) = (false, false);
    }

    fn within_cap(&self) -> Result<(), GzipFlaw> {
        if self.made > self.cap.bytes {
            return Err(GzipFlaw::TooLarge(self.cap.bytes));
        }
        if self.made > RATIO_FROM && self.made > self.fed.saturating_mul(self.cap.ratio) {
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
    let mut inflate = Inflate::new(cap, Out::new(true));
    inflate.push(bytes, |_| {})?;
    let trailing = inflate.end()?;
    Ok(Content {
        bytes: inflate.out.into_kept(),
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
        let mut inflate = Inflate::new(Cap { bytes: left, ..cap }, Out::new(true));
        let pushed = inflate.push(bytes, |_| {});
        let ended = match pushed {
            Ok(rest) => inflate.end().map(|_| rest),
            Err(flaw) => Err(flaw),
        };
        let out = inflate.out.into_kept();
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
