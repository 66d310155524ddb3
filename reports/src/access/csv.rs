//! A row per principal, action and target.

use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use trailaudit_checks::access::{Holder, strength_word, word};

use super::Listing;
use crate::csv::Cell;

/// The fields' names are the header.
#[derive(Debug, Serialize)]
struct Row {
    principal: Cell,
    kind: Cell,
    account: Cell,
    action: Cell,
    harm: Cell,
    severity: Cell,
    target: Cell,
    verdict: Cell,
    strength: Cell,
    direct: bool,
    condition: Cell,
    path: Cell,
    statements: Cell,
}

/// Writes the known rows, then those that could not be determined.
pub(super) fn write(listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = WriterBuilder::new();
    let mut csv = builder.terminator(Terminator::CRLF).from_writer(out);
    for holder in listing.holders.iter().chain(&listing.unknown) {
        csv.serialize(row(holder)).map_err(io::Error::other)?;
    }
    if listing.holders.is_empty() && listing.unknown.is_empty() {
        csv.write_record(HEADER).map_err(io::Error::other)?;
    }
    csv.flush()
}

/// What stands at the top, also where no row follows.
const HEADER: [&str; 13] = [
    "principal",
    "kind",
    "account",
    "action",
    "harm",
    "severity",
    "target",
    "verdict",
    "strength",
    "direct",
    "condition",
    "path",
    "statements",
];

fn row(holder: &Holder) -> Row {
    let path = holder
        .path
        .iter()
        .map(|hop| format!("{} -> {}", hop.by, hop.to));
    Row {
        principal: holder.principal.id.as_str().into(),
        kind: holder.principal.kind.as_str().into(),
        account: holder.principal.account.as_str().into(),
        action: holder.action.into(),
        harm: holder.harm.as_str().into(),
        severity: holder.severity.as_str().into(),
        target: holder.target.as_str().into(),
        verdict: word(holder.verdict).into(),
        strength: holder.strength.map_or("", strength_word).into(),
        direct: holder.direct,
        condition: holder.condition.as_deref().unwrap_or_default().into(),
        path: path.collect::<Vec<_>>().join("; ").into(),
        statements: holder.statements.join("; ").into(),
    }
}
