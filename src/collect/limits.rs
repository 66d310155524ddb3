//! How much one call may bring: pages, bytes of an answer, bytes of a listing. An endpoint that never ends is told as
//! a gap, and costs no more than this.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use trailaudit_checks::calls::{
    ApiCall, GET_ACCOUNT_AUTHORIZATION_DETAILS, GET_OBJECT, LIST_ACCOUNTS,
    LIST_ACCOUNTS_FOR_PARENT, LIST_OBJECTS,
};

/// The bounds of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Pages of a listing.
    pub(crate) pages: u32,
    /// Bytes of one answer.
    pub(crate) body: u64,
    /// Bytes of all pages of a listing that is held in memory.
    pub(crate) listing: u64,
}

impl Limits {
    /// What AWS itself allows is far below each of these.
    pub(crate) fn of(call: ApiCall) -> Self {
        let usual = Self {
            pages: 1_000,
            body: 16 << 20,
            listing: 256 << 20,
        };
        match call {
            // 20 accounts a page: 200,000 of them.
            LIST_ACCOUNTS | LIST_ACCOUNTS_FOR_PARENT => Self {
                pages: 10_000,
                ..usual
            },
            // The documents of the largest accounts have some 100 MB.
            GET_ACCOUNT_AUTHORIZATION_DETAILS => Self {
                pages: 10_000,
                body: 64 << 20,
                listing: 1 << 30,
            },
            // A thousand keys a page: ten thousand million objects. They are not held in memory.
            LIST_OBJECTS => Self {
                pages: 10_000_000,
                body: 64 << 20,
                listing: 1 << 30,
            },
            // Objects are read piece by piece, by whoever knows how large they may be.
            GET_OBJECT => Self {
                body: u64::MAX,
                ..usual
            },
            _ => usual,
        }
    }
}

/// A listing under way: whether it goes on, and how much it may still bring.
#[derive(Debug)]
pub(crate) struct Listing {
    limits: Limits,
    pages: u32,
    bytes: u64,
    /// An earlier token, by Brent's method: moved on after 1, 2, 4, 8, .. pages, so that a listing that goes in a
    /// circle meets it, however long the circle is.
    earlier: Option<String>,
    lap: u32,
    power: u32,
}

impl Listing {
    pub(crate) fn new(call: ApiCall) -> Self {
        Self {
            limits: Limits::of(call),
            pages: 0,
            bytes: 0,
            earlier: None,
            lap: 0,
            power: 1,
        }
    }

    /// How many bytes the next answer may have.
    pub(crate) fn allowed(&self) -> u64 {
        let left = self.limits.listing.saturating_sub(self.bytes);
        // An object is no page of a listing.
        if self.limits.body == u64::MAX {
            u64::MAX
        } else {
            self.limits.body.min(left)
        }
    }

    /// An answer came, and had so many bytes.
    pub(crate) fn received(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The token of the next page; none when that was the last one. An error says why there is no end to it.
    pub(crate) fn next(&mut self, token: Option<String>) -> Result<Option<String>, String> {
        let Some(token) = token.filter(|it| !it.is_empty()) else {
            return Ok(None);
        };
        if self.earlier.as_ref() == Some(&token) {
            return Err("the listing gives the same page again".to_owned());
        }
        self.pages += 1;
        if self.pages >= self.limits.pages {
            return Err(format!(
                "the listing has more than {} pages",
                self.limits.pages
            ));
        }
        self.lap += 1;
        if self.lap == self.power {
            self.earlier = Some(token.clone());
            self.power = self.power.saturating_mul(2);
            self.lap = 0;
        }
        Ok(Some(token))
    }
}

/// A body that ends with an error when it is larger than it may be, and tells how much came.
pub(crate) struct Bounded {
    body: SdkBody,
    most: u64,
    received: Arc<AtomicU64>,
}

impl Bounded {
    /// The body, within bounds.
    pub(crate) fn body(body: SdkBody, most: u64, received: Arc<AtomicU64>) -> SdkBody {
        received.store(0, Ordering::Relaxed);
        SdkBody::from_body_1_x(Self {
            body,
            most,
            received,
        })
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let before = self.received.fetch_add(length, Ordering::Relaxed);
        if before.saturating_add(length) > self.most {
            let most = self.most;
            let words = format!("the answer is larger than it may be ({most} bytes)");
            return Poll::Ready(Some(Err(words.into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailaudit_checks::calls::LIST_RULES;

    /// How many pages are read of a listing that gives these tokens over and over.
    fn pages(tokens: impl IntoIterator<Item = String>) -> (u32, String) {
        let mut listing = Listing::new(LIST_RULES);
        for (count, token) in (1..).zip(tokens) {
            match listing.next(Some(token)) {
                Ok(Some(_)) => {}
                Ok(None) => return (count, String::new()),
                Err(words) => return (count, words),
            }
        }
        panic!("it goes on")
    }

    fn circle(length: usize) -> impl Iterator<Item = String> {
        (0..length).cycle().map(|it| it.to_string())
    }

    #[test]
    fn a_listing_in_a_circle_ends() {
        for length in [1, 2, 3, 7, 100, 300] {
            let (count, words) = pages(circle(length));
            assert_eq!(words, "the listing gives the same page again", "{length}");
            assert!(count as usize <= 4 * length + 1, "{length}: {count}");
        }
        // Into a circle by way of other pages.
        let tokens = (1000..1005).map(|it| it.to_string()).chain(circle(3));
        assert!(pages(tokens).0 < 20);
    }

    #[test]
    fn invented_tokens_end() {
        let (count, words) = pages((0..).map(|it| it.to_string()));
        assert_eq!(
            (count, words.as_str()),
            (1_000, "the listing has more than 1000 pages")
        );
    }

    #[test]
    fn the_last_page_has_no_token() {
        let mut listing = Listing::new(LIST_RULES);
        assert_eq!(listing.next(Some("a".to_owned())), Ok(Some("a".to_owned())));
        assert_eq!(listing.next(Some(String::new())), Ok(None));
        assert_eq!(listing.next(None), Ok(None));
    }

    #[test]
    fn a_listing_as_a_whole_is_bounded_too() {
        let mut listing = Listing::new(LIST_RULES);
        assert_eq!(listing.allowed(), 16 << 20);
        listing.received(250 << 20);
        assert_eq!(listing.allowed(), 6 << 20);
        listing.received(250 << 20);
        assert_eq!(listing.allowed(), 0);
        assert_eq!(Listing::new(GET_OBJECT).allowed(), u64::MAX);
    }

    #[tokio::test]
    async fn a_body_is_cut_where_it_is_too_large() {
        use aws_smithy_types::byte_stream::ByteStream;
        for (size, most, fits) in [(10, 10, true), (11, 10, false), (0, 0, true)] {
            let received = Arc::default();
            let body = SdkBody::from(vec![b'x'; size]);
            let body = Bounded::body(body, most, Arc::clone(&received));
            let read = ByteStream::new(body).collect().await;
            assert_eq!(read.is_ok(), fits, "{size} {most}");
            assert_eq!(received.load(Ordering::Relaxed), size as u64);
        }
    }
}
