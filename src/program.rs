//! This program: its name, and the clock that it goes by.

use anyhow::Context as _;
use jiff::Timestamp;
use trailaudit_checks::inventory::Tool;

/// This program.
#[must_use]
pub fn tool() -> Tool {
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The real time, to the second.
pub(crate) fn clock() -> anyhow::Result<Timestamp> {
    Timestamp::from_second(Timestamp::now().as_second()).context("the clock is beyond all time")
}
