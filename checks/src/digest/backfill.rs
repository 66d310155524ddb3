//! Backfill digests: delivered later, for logs that the first digest of their hour left out.
//!
//! Whether they name each other is not documented, so both is accepted; what they do name must hold. No hour depends
//! on them, and none of the hourly digests names them.

use jiff::Timestamp;

use super::chain::{INTERVAL, Last};
use super::key::DigestKey;
use super::open::Link;
use super::problem::{Kind, Problem, Verdict, Window};
use super::walk::Walk;
use crate::hex;

impl Walk {
    pub(super) fn backfill(&mut self, link: Link) {
        self.settle_backfill(Some(&link));
        self.backfill_seen.insert(link.at.clone());
        self.backfill_pending = Some(link);
    }

    pub(super) fn settle_backfill(&mut self, successor: Option<&Link>) {
        let Some(link) = self.backfill_pending.take() else {
            return;
        };
        // Backfill digests need not name each other: that none names it proves nothing against it.
        let named = successor.and_then(|link| link.previous.as_ref());
        let proved = self.proved(link, named, true);
        let (link, signature) = match proved {
            Ok(proved) => proved,
            Err((key, _)) => return self.break_backfill(key.end),
        };
        self.check_backfill_link(&link);
        let (at, end, sha256) = (link.at.clone(), link.end, link.sha256);
        self.backfill_last = Some(Last {
            at,
            end,
            sha256,
            signature,
            is_final: false,
        });
        self.accept(link, None);
    }

    /// Remembers that the backfill digest that ends then proves nothing.
    pub(super) fn break_backfill(&mut self, end: Timestamp) {
        let start = end.saturating_sub(INTERVAL).unwrap_or(end);
        self.backfill_broken.push(Window { start, end });
    }

    fn check_backfill_link(&mut self, link: &Link) {
        let Some(previous) = &link.previous else {
            return;
        };
        if let Some(last) = self
            .backfill_last
            .as_ref()
            .filter(|last| last.at == previous.at)
        {
            if (previous.sha256, &previous.signature) != (last.sha256, &last.signature) {
                let window = Window {
                    start: link.start,
                    end: link.end,
                };
                let problem = Problem::chain(Kind::ChainLinkMismatch, &self.id, window)
                    .detail(format!(
                        "{}: the backfill digest does not name the previous backfill digest as its predecessor",
                        link.at.key
                    ))
                    .differs(hex::encode(&previous.sha256), hex::encode(&last.sha256));
                self.problems.push(problem);
            }
            return;
        }
        // A predecessor in the window must be there; earlier ones were perhaps not given.
        let named =
            DigestKey::parse(&previous.at).filter(|key| key.chain == self.id && key.backfill);
        if let Some(key) = named
            && key.end > self.timeline.window.start
            && self.backfill_seen.insert(previous.at.clone())
        {
            self.digests.missing += 1;
            self.break_backfill(key.end);
            let problem = Problem::object(
                Kind::DigestMissing,
                Verdict::Missing,
                &previous.at,
                Some(&self.id),
            );
            let detail = format!("{} names it as its predecessor", link.at.key);
            self.problems.push(
                problem
                    .detail(detail)
                    .differs("the digest", "no such object"),
            );
        }
    }
}
