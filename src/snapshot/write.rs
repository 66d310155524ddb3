//! Writes an inventory file.

use std::io::Write;
use std::path::Path;

use trailaudit_checks::inventory::Record;
use trailaudit_reports::sanitize;

use super::Snapshot;
use crate::files::{Access, write_whole};
use crate::output::piped;

impl Snapshot {
    /// Writes the file: `-` is standard output, a name that ends in `.zst` is compressed.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        if path == Path::new("-") {
            return piped(|out| self.write(out));
        }
        write_whole(path, Access::Owner, |out| {
            if path.extension().is_some_and(|it| it == "zst") {
                let mut packed = zstd::Encoder::new(out, 0)?;
                self.write(&mut packed)?;
                packed.finish()?;
                Ok(())
            } else {
                self.write(out)
            }
        })
    }

    /// Writes every line: the same inventory gives the same bytes.
    pub fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let header = Box::new(self.inventory.header.clone());
        line(out, &Record::Header(header))?;
        for record in self.inventory.records() {
            line(out, &record)?;
        }
        self.try_each_iam(|iam| line(out, &Record::Iam(Box::new(iam))))?;
        if let Some(trailer) = &self.inventory.trailer {
            line(out, &Record::Trailer(Box::new(trailer.clone())))?;
        }
        out.flush()?;
        Ok(())
    }
}

fn line(out: &mut dyn Write, record: &Record) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    sanitize::compact(record, &mut bytes)?;
    bytes.push(b'\n');
    out.write_all(&bytes)?;
    Ok(())
}
