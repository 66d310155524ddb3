//! Parts a window into hours: every moment of it gets exactly one verdict.

use jiff::Timestamp;

use super::chain::{Cause, Hour, HourVerdict, INTERVAL};
use super::problem::Window;

/// The hours of one chain, laid from the window's start to its end.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) window: Window,
    pub(super) hours: Vec<Tile>,
}

/// An hour, and whether a valid digest covers it: a tampered log spoils the hour, not the digest.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) hour: Hour,
    pub(super) covered: bool,
}

/// What is known of a span of time that lies in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// Valid digests cover all of it.
    Valid,
    /// Some of it is covered by no valid digest, and should be.
    Broken,
    /// Some of it is covered by no digest, as it should be.
    Expected(Cause),
}

impl Timeline {
    pub(super) fn new(window: Window) -> Self {
        Self {
            window,
            hours: Vec::new(),
        }
    }

    /// Up to where hours are laid.
    pub(super) fn laid(&self) -> Timestamp {
        self.hours
            .last()
            .map_or(self.window.start, |tile| tile.hour.end)
    }

    /// Lays one digest's hour; its index, if any of it is in the window.
    pub(super) fn digest(
        &mut self,
        start: Timestamp,
        end: Timestamp,
        verdict: HourVerdict,
    ) -> Option<usize> {
        self.lay(start, end, verdict, None)
    }

    /// Lays time that no digest covers, an hour at a time.
    pub(super) fn gap(
        &mut self,
        start: Timestamp,
        end: Timestamp,
        verdict: HourVerdict,
        cause: Cause,
    ) {
        let mut from = start.max(self.laid());
        let end = end.min(self.window.end);
        while from < end {
            let to = from.saturating_add(INTERVAL).unwrap_or(end).min(end);
            self.lay(from, to, verdict, Some(cause));
            from = to;
        }
    }

    fn lay(
        &mut self,
        start: Timestamp,
        end: Timestamp,
        verdict: HourVerdict,
        cause: Option<Cause>,
    ) -> Option<usize> {
        let (start, end) = (start.max(self.laid()), end.min(self.window.end));
        if start >= end {
            return None;
        }
        if start > self.laid() {
            // The walk leaves no hole; if it ever did, the time would not be called proved.
            let (verdict, cause) = (HourVerdict::Unverified, Some(Cause::Unknown));
            let hole = Hour::new(self.laid(), start, verdict, cause);
            self.hours.push(Tile {
                hour: hole,
                covered: false,
            });
        }
        let covered = cause.is_none() && verdict == HourVerdict::Verified;
        self.hours.push(Tile {
            hour: Hour::new(start, end, verdict, cause),
            covered,
        });
        Some(self.hours.len() - 1)
    }

    /// Makes an hour's verdict worse.
    pub(super) fn spoil(&mut self, hour: Option<usize>, verdict: HourVerdict) {
        if let Some(tile) = hour.and_then(|index| self.hours.get_mut(index)) {
            tile.hour.verdict = tile.hour.verdict.max(verdict);
        }
    }

    /// Whether `from` and `until` touch the window.
    pub(super) fn touches(&self, from: Timestamp, until: Timestamp) -> bool {
        let Window { start, end } = self.window;
        from < end && (until > start || (from == until && from == start))
    }

    /// What is known of the span from `from` to `until`, both excluded; `None` if it lies outside the window. With it
    /// the hour in which it begins.
    pub(super) fn cover(&self, from: Timestamp, until: Timestamp) -> Option<(Cover, usize)> {
        let first = self.hours.partition_point(|tile| tile.hour.end <= from);
        let mut cover = None;
        for tile in self
            .hours
            .get(first..)?
            .iter()
            .take_while(|tile| tile.hour.start < until)
        {
            cover = Some(
                match (cover, tile.hour.cause.filter(|cause| cause.lists_nothing())) {
                    (Some(Cover::Broken), _) => Cover::Broken,
                    (None | Some(Cover::Valid), _) if tile.covered => Cover::Valid,
                    (_, Some(cause)) => Cover::Expected(cause),
                    (Some(Cover::Expected(cause)), None) if tile.covered => Cover::Expected(cause),
                    (None | Some(_), None) => Cover::Broken,
                },
            );
        }
        cover.map(|cover| (cover, first))
    }
}
