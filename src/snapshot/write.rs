//! Writes an inventory file.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use trailaudit_checks::inventory::{Record, Trailer};
use trailaudit_reports::sanitize;

use super::Snapshot;
use crate::files::{Access, write_whole};
use crate::output::piped;

impl Snapshot {
    /// Writes the file: `-` is standard output, a name that ends in `.zst` is compressed.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        save(path, |out| self.write(out))
    }

    /// Writes every line: the same inventory gives the same bytes.
    pub fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let header = Box::new(self.inventory.header.clone());
        line(out, &Record::Header(header))?;
        for record in self.inventory.records() {
            line(out, &record)?;
        }
        self.try_each_iam(|iam| line(out, &Record::Iam(Box::new(iam))))?;
        last(out, self.inventory.trailer.as_ref())
    }
}

/// `-` is standard output, a name that ends in `.zst` is compressed.
pub(super) fn save(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if path == Path::new("-") {
        return piped(|out| write(out));
    }
    write_whole(path, Access::Owner, |out| {
        if path.extension().is_some_and(|it| it == "zst") {
            let mut packed = zstd::Encoder::new(out, 0)?;
            write(&mut packed)?;
            packed.finish()?;
            Ok(())
        } else {
            write(out)
        }
    })
}

/// The trailer, and nothing after it. It names every region of every account: it is not held a second time.
pub(super) fn last(out: &mut dyn Write, trailer: Option<&Trailer>) -> anyhow::Result<()> {
    /// As [`Record`] has it.
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case", tag = "record", content = "value")]
    enum Last<'a> {
        Trailer(&'a Trailer),
    }
    if let Some(trailer) = trailer {
        let mut buffered = BufWriter::with_capacity(1 << 16, &mut *out);
        sanitize::compact(&Last::Trailer(trailer), &mut buffered)?;
        buffered.write_all(b"\n")?;
        buffered.flush()?;
    }
    out.flush()?;
    Ok(())
}

pub(super) fn line(out: &mut dyn Write, record: &Record) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    sanitize::compact(record, &mut bytes)?;
    bytes.push(b'\n');
    out.write_all(&bytes)?;
    Ok(())
}
