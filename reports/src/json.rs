//! JSON: the audit as it is, by `docs/schemas/audit.schema.json`.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use trailaudit_checks::audit::Audit;

use crate::{Format, Options, clean};

pub(crate) const FORMAT: Format = Format {
    name: "json",
    extension: "json",
    about: "The whole audit, for programs; every other format can be made from it",
    write,
};

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    pretty(audit, out)
}

/// Any value, safe for a terminal.
pub(crate) fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Escaped(BufWriter::new(out));
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// JSON asks for an escape of the first 32 characters only; a terminal obeys more of them. The value stays the
/// same: outside of strings there is nothing but ASCII.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nearly everything is plain.
        if bytes.iter().all(|it| matches!(it, b'\n' | b' '..=b'~')) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        // The serializer writes a string in pieces that are whole characters.
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        for part in text.split_inclusive(is_escaped) {
            let mut chars = part.chars();
            match chars.next_back() {
                Some(last) if is_escaped(last) => {
                    self.0.write_all(chars.as_str().as_bytes())?;
                    for unit in last.encode_utf16(&mut [0; 2]) {
                        write!(self.0, "\\u{unit:04x}")?;
                    }
                }
                Some(_) | None => self.0.write_all(part.as_bytes())?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Line feeds are the page's own: those of a string are escaped already.
fn is_escaped(c: char) -> bool {
    c != '\n' && clean::is_hidden(c)
}
