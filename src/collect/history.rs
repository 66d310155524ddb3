//! CloudTrail's event history for `events --lookup-events`: what no trail delivered may still be in it.

use jiff::Timestamp;
use trailaudit_checks::calls::LOOKUP_EVENTS;
use trailaudit_checks::fact::{Known, Unknown};
use trailaudit_checks::ids::Region;

use super::ask::{Target, listed, malformed, send};
use super::digests::Bucket;
use super::limits::Listing;
use crate::objects::{EventHistory, Unread};

/// A page of records, and how to go on.
type Page = (Vec<String>, Option<String>);

impl Bucket {
    async fn recent(
        &self,
        target: &Target,
        window: (Timestamp, Timestamp),
        token: Option<String>,
    ) -> Result<Page, Unread> {
        let time = |at: Timestamp| aws_smithy_types::DateTime::from_secs(at.as_second());
        let request = self
            .ask
            .clients
            .cloudtrail
            .lookup_events()
            .start_time(time(window.0))
            .end_time(time(window.1))
            .max_results(50)
            .set_next_token(token);
        let answer = send!(
            self.ask,
            target,
            LOOKUP_EVENTS,
            "",
            &[],
            aws_sdk_cloudtrail,
            request
        );
        let refused = |gap| Unread::of(LOOKUP_EVENTS, gap);
        let page = match answer {
            Known(Some(page)) => page,
            Known(None) => {
                let what = "there is no answer";
                return Err(refused(malformed(target, LOOKUP_EVENTS, what)));
            }
            Unknown(gap) => return Err(refused(gap)),
        };
        let events = listed(target, LOOKUP_EVENTS, page.events).map_err(refused)?;
        let records = events.into_iter().map(|event| {
            let without = "an event without its record";
            event
                .cloud_trail_event
                .ok_or_else(|| refused(malformed(target, LOOKUP_EVENTS, without)))
        });
        let next = page.next_token.filter(|it| !it.is_empty());
        Ok((records.collect::<Result<_, _>>()?, next))
    }
}

impl EventHistory for Bucket {
    fn account(&self) -> &str {
        self.target.account.as_str()
    }

    fn events(
        &self,
        region: &str,
        window: (Timestamp, Timestamp),
        page: &mut dyn FnMut(&[String]) -> bool,
    ) -> Result<(), Unread> {
        let target = self.target.in_region(&Region::from(region));
        let mut token = None;
        let mut pages = Listing::new(LOOKUP_EVENTS);
        loop {
            let asked = self.recent(&target, window, token.clone());
            let (records, next) = self.wait(LOOKUP_EVENTS, asked)??;
            let on = page(&records);
            let odd =
                |what: String| Unread::of(LOOKUP_EVENTS, malformed(&target, LOOKUP_EVENTS, &what));
            token = pages.next(next).map_err(odd)?;
            if !on || token.is_none() {
                return Ok(());
            }
        }
    }
}
