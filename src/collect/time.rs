//! The SDK's times as ours.

use jiff::Timestamp;

/// A time; none when it lies outside of what a timestamp can say.
pub(crate) fn time(at: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(at.subsec_nanos()).ok()?;
    Timestamp::new(at.secs(), nanos).ok()
}

/// A time that may be missing.
pub(crate) fn maybe(at: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    at.and_then(time)
}
