//! Rows for spreadsheets, with a header of their own.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};

use crate::csv::Cell;

/// A sheet that is being written.
pub(super) struct Sheet<'o>(Writer<&'o mut dyn Write>);

impl<'o> Sheet<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        let mut sheet = WriterBuilder::new();
        sheet.has_headers(false).terminator(Terminator::CRLF);
        Self(sheet.from_writer(out))
    }

    pub(super) fn row(&mut self, cells: &[&str]) -> io::Result<()> {
        let cells: Vec<Cell> = cells.iter().map(Cell::from).collect();
        self.0.serialize(cells).map_err(io::Error::other)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}
