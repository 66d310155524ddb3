//! The sample organization: an inventory file within the program.

use crate::snapshot::Source;

/// Where `--demo` reads; the same way as any other inventory.
#[must_use]
pub fn source() -> Source {
    Source::Bytes(include_bytes!("demo.jsonl"))
}
