//! What a shard delivers: an inventory between two lines, the first of which says whose it is and the last that all of
//! it is there.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SCHEMA;
use crate::files::{self, Access, while_temporary, write_whole};
use crate::hashing::{Hashing, sha256_of};
use crate::unpack;

/// The first and the last line are short.
const SHORT: u64 = 64 << 10;
/// No line of an inventory is longer.
const LONGEST: u64 = 256 << 20;
/// No more is unpacked of one shard.
const LARGEST: u64 = 256 << 30;

/// The first line: whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of this file.
    pub schema: u64,
    /// SHA-256 of the plan.
    pub plan: String,
    /// Which shard, from 0 on.
    pub shard: usize,
    /// Of how many.
    pub of: usize,
    /// Where it was run.
    pub host: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Which attempt it was, from 1 on, as far as the run knows of failed ones.
    pub attempt: usize,
}

/// The last line: all of it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// When it ended.
    pub finished_at: Timestamp,
    /// SHA-256 of all lines before this one.
    pub sha256: String,
}

/// The first and the last line of what a shard delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Whose it is.
    pub head: Head,
    /// That it is whole.
    pub seal: Seal,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The file of a shard.
#[derive(Debug)]
pub struct Delivery;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record", content = "value")]
enum Mark {
    Shard(Head),
    Seal(Seal),
}

impl Delivery {
    /// Writes one: the head, the lines that `body` writes, the seal.
    pub fn write(
        path: &Path,
        head: Head,
        body: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
        finished: impl FnOnce() -> anyhow::Result<Timestamp>,
    ) -> anyhow::Result<()> {
        write_whole(path, Access::Owner, |out| {
            let mut packed = zstd::Encoder::new(out, 0)?;
            let mut hashed = Hashing::new(&mut packed);
            serde_json::to_writer(&mut hashed, &Mark::Shard(head))?;
            hashed.write_all(b"\n")?;
            body(&mut hashed)?;
            let (sha256, _) = hashed.finish();
            let finished_at = finished()?;
            let seal = Seal {
                finished_at,
                sha256,
            };
            serde_json::to_writer(&mut packed, &Mark::Seal(seal))?;
            packed.write_all(b"\n")?;
            packed.finish()?;
            Ok(())
        })
    }

    /// Copies the lines between head and seal into a file, and gives these two: an error unless all of it is there.
    pub fn unpack(path: &Path, to: &Path) -> anyhow::Result<Delivered> {
        let mut reader = unpack::plain(Box::new(BufReader::new(files::open(path)?)))?;
        let mut first = Vec::new();
        reader.by_ref().take(SHORT).read_until(b'\n', &mut first)?;
        let Ok(Mark::Shard(head)) = serde_json::from_slice(&first) else {
            bail!("its first line is not that of a shard");
        };
        if head.schema != SCHEMA {
            bail!("its schema is {}, and {SCHEMA} is expected", head.schema);
        }
        let out = std::fs::File::create(to).map_err(while_temporary)?;
        let mut out = Hashing::new(std::io::BufWriter::new(out));
        let mut hash = Hashing::new(std::io::sink());
        hash.write_all(&first)?;
        // The last line is only known to be the last when none follows.
        let mut last: Vec<u8> = Vec::new();
        let mut total = 0;
        loop {
            let mut line = Vec::new();
            let mut bounded = reader.by_ref().take(LONGEST + 1);
            let read = bounded.read_until(b'\n', &mut line);
            if read.context("it is cut off")? == 0 {
                break;
            }
            total += line.len() as u64;
            if line.len() as u64 > LONGEST || total > LARGEST {
                bail!("it is longer than any shard");
            }
            hash.write_all(&last)?;
            out.write_all(&last).map_err(while_temporary)?;
            last = line;
        }
        out.flush().map_err(while_temporary)?;
        let whole = last.last() == Some(&b'\n') && last.len() as u64 <= SHORT;
        let (true, Ok(Mark::Seal(seal))) = (whole, serde_json::from_slice(&last)) else {
            bail!("it is cut off: its last line is not the seal");
        };
        let (sha256, _) = hash.finish();
        if sha256 != seal.sha256 {
            bail!("its lines are not those that were sealed");
        }
        let (sha256, _) = sha256_of(files::open(path)?)?;
        Ok(Delivered { head, seal, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            schema: SCHEMA,
            plan: "p".to_owned(),
            shard: 7,
            of: 64,
            host: "h".to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
            attempt: 1,
        }
    }

    fn written(path: &Path, lines: &str) {
        let body = |out: &mut dyn Write| Ok(out.write_all(lines.as_bytes())?);
        Delivery::write(path, head(), body, || Ok(Timestamp::UNIX_EPOCH)).unwrap();
    }

    fn unpacked(bytes: &[u8]) -> anyhow::Result<(Delivered, String)> {
        let folder = tempfile::tempdir().unwrap();
        let (path, to) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&path, bytes).unwrap();
        let delivered = Delivery::unpack(&path, &to)?;
        Ok((delivered, std::fs::read_to_string(to).unwrap()))
    }

    #[test]
    fn what_was_written_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0007.jsonl.zst");
        written(&path, "{\"a\":1}\n{}\n");
        let (delivered, lines) = unpacked(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(delivered.head, head());
        assert_eq!(lines, "{\"a\":1}\n{}\n");
    }

    #[test]
    fn nothing_less_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0007.jsonl.zst");
        written(&path, "{\"a\":1}\n{\"b\":2}\n");
        let packed = std::fs::read(path).unwrap();
        let plain = zstd::decode_all(packed.as_slice()).unwrap();
        assert!(unpacked(&plain).is_ok());
        // Cut off at any byte, packed or not.
        for end in 0..plain.len() {
            assert!(unpacked(plain.get(..end).unwrap()).is_err(), "{end}");
        }
        for end in 0..packed.len() {
            // The last bytes of the packing say nothing: without them all is there.
            if let Ok((_, lines)) = unpacked(packed.get(..end).unwrap()) {
                assert_eq!(lines, "{\"a\":1}\n{\"b\":2}\n");
                assert!(end + 8 > packed.len(), "{end}");
            }
        }
        // A line that was changed, lost, doubled or moved.
        let text = String::from_utf8(plain).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [head, a, b, seal] = lines.as_slice() else {
            panic!("{text}");
        };
        for lines in [
            [*head, *a, *seal].as_slice(),
            &[*head, *a, *a, *b, *seal],
            &[*head, *b, *a, *seal],
            &[*a, *b, *seal],
            &[*head, *a, *b],
            &[*head, *a, *b, *seal, *seal],
            &[*head, "{\"a\":2}", *b, *seal],
        ] {
            assert!(unpacked((lines.join("\n") + "\n").as_bytes()).is_err());
        }
        let other = text.replace("\"shard\":7", "\"shard\":8");
        assert!(unpacked(other.as_bytes()).is_err());
    }
}
