//! Lines of a file that nobody vouches for: bounded before memory is taken.

use std::io::{BufRead, BufReader, ErrorKind, Read as _};
use std::path::PathBuf;

use anyhow::Context as _;

use crate::{files, unpack};

/// No record is longer. An account of the largest size has some 100 MB of IAM documents.
const MAX_LINE: u64 = 256 << 20;
/// No more is held in memory: everything but the IAM documents.
const MAX_KEPT: u64 = 4 << 30;
/// No more is unpacked. A thousand accounts of 15 MB each are 15 GB.
const MAX_TOTAL: u64 = 256 << 30;

/// Where an inventory comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Bytes within the program.
    Bytes(&'static [u8]),
}

impl Source {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Stdin => "standard input".to_owned(),
            Source::Bytes(_) => "the sample organization".to_owned(),
        }
    }

    /// Can be read a second time.
    pub(super) fn rereadable(&self) -> bool {
        match self {
            // A pipe or a device is no file: it is refused when it is opened.
            Source::File(_) | Source::Bytes(_) => true,
            Source::Stdin => false,
        }
    }

    pub(super) fn lines(&self) -> anyhow::Result<Lines> {
        let failed = || format!("{} cannot be read", self.name());
        let reader: Box<dyn BufRead> = match self {
            Source::File(path) => Box::new(BufReader::new(files::open(path)?)),
            Source::Stdin => Box::new(BufReader::new(std::io::stdin())),
            Source::Bytes(bytes) => Box::new(*bytes),
        };
        Ok(Lines {
            reader: unpack::plain(reader).with_context(failed)?,
            number: 0,
            total: 0,
            kept: 0,
        })
    }
}

/// The lines of a source, counted.
pub(super) struct Lines {
    reader: Box<dyn BufRead>,
    /// Of the line that was read last; the first is 1.
    pub(super) number: u64,
    total: u64,
    kept: u64,
}

/// How reading a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// With a line and its end.
    Whole,
    /// With bytes that no line end follows: the last line, or one that was cut off.
    Open,
    /// With the end of the file.
    End,
}

impl Lines {
    /// The next line, without its end.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> anyhow::Result<Line> {
        line.clear();
        self.number += 1;
        let number = self.number;
        let mut bounded = self.reader.by_ref().take(MAX_LINE + 1);
        match bounded.read_until(b'\n', line) {
            Ok(_) => {}
            // The compressed stream ends in its middle: cut off, like a plain file that does.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) => {
                return Err(error).with_context(|| format!("line {number} cannot be read"));
            }
        }
        self.total += line.len() as u64;
        if line.len() as u64 > MAX_LINE {
            anyhow::bail!("line {number} is longer than {} MB", MAX_LINE >> 20);
        }
        if self.total > MAX_TOTAL {
            anyhow::bail!("line {number}: more than {} GB in all", MAX_TOTAL >> 30);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            Ok(Line::Whole)
        } else if line.is_empty() {
            Ok(Line::End)
        } else {
            Ok(Line::Open)
        }
    }

    /// Counts a line that stays in memory.
    pub(super) fn keep(&mut self, line: &[u8]) -> anyhow::Result<()> {
        self.kept += line.len() as u64;
        if self.kept > MAX_KEPT {
            let number = self.number;
            anyhow::bail!("line {number}: more than {} GB to hold", MAX_KEPT >> 30);
        }
        Ok(())
    }
}
