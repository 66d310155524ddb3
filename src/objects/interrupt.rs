//! Ctrl-C: what was not read by then is told as not read, and the reports are written all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trailaudit_checks::calls::{
    ApiCall, GET_OBJECT, GET_OBJECT_RETENTION, LIST_OBJECT_VERSIONS, LIST_OBJECTS,
};
use trailaudit_checks::fact::Reason;

use super::source::{About, EventHistory, Listed, Lock, Sink, Source, Unread};

/// Whether the run is to end.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicBool>);

/// Waits for a signal beside the work, on a thread of its own.
#[cfg(feature = "aws")]
fn listen(signal: impl Future<Output = ()> + Send + 'static) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(signal);
        }
    });
}

impl Halt {
    /// Listens for Ctrl-C from now on. The second one ends the program at once, with nothing written.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn on_ctrl_c() -> Self {
        let stop = Self::default();
        let told = stop.clone();
        // Without a listener Ctrl-C ends the program as it always does.
        listen(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                told.now();
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(i32::from(crate::exit::Exit::Interrupted as u8));
                }
            }
        });
        stop
    }

    /// Listens for TERM as well: an engine that takes a job back says so by it.
    #[cfg(all(feature = "aws", unix))]
    pub fn on_term(&self) {
        use tokio::signal::unix::{SignalKind, signal};
        let told = self.clone();
        // Without a listener TERM ends the program as it always does.
        listen(async move {
            if let Ok(mut term) = signal(SignalKind::terminate())
                && term.recv().await.is_some()
            {
                told.now();
            }
        });
    }

    /// Nobody listens: TERM ends the program.
    #[cfg(not(all(feature = "aws", unix)))]
    pub fn on_term(&self) {}

    /// Nobody listens: Ctrl-C ends the program.
    #[cfg(not(feature = "aws"))]
    #[must_use]
    pub fn on_ctrl_c() -> Self {
        Self::default()
    }

    /// Ends the run.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// It is to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn check(&self, call: ApiCall) -> Result<(), Unread> {
        match self.is_set() {
            true => Err(interrupted(call)),
            false => Ok(()),
        }
    }

    /// Waits for an answer, but no longer than the run goes on.
    #[cfg(feature = "aws")]
    pub(crate) async fn unless_set<T>(
        &self,
        call: ApiCall,
        work: impl Future<Output = T>,
    ) -> Result<T, Unread> {
        const LOOK: std::time::Duration = std::time::Duration::from_millis(200);
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(LOOK, &mut work).await {
                return Ok(done);
            }
            self.check(call)?;
        }
    }
}

fn interrupted(call: ApiCall) -> Unread {
    Unread {
        call,
        reason: Reason::Interrupted,
        detail: "the run was interrupted".to_owned(),
        request_id: None,
    }
}

/// A source that gives nothing any more once the run is to end.
pub struct Stoppable<'a> {
    source: &'a dyn Source,
    stop: &'a Halt,
}

impl<'a> Stoppable<'a> {
    /// The same source, until then.
    pub fn new(source: &'a dyn Source, stop: &'a Halt) -> Self {
        Self { source, stop }
    }
}

impl Source for Stoppable<'_> {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        self.stop.check(LIST_OBJECTS)?;
        self.source.folders(prefix)
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        self.stop.check(LIST_OBJECTS)?;
        let mut wanted = true;
        self.source.list(prefix, after, &mut |listed| {
            wanted = page(listed);
            wanted && !self.stop.is_set()
        })?;
        // Cut off here, not where the caller had enough.
        if wanted {
            self.stop.check(LIST_OBJECTS)
        } else {
            Ok(())
        }
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        self.stop.check(GET_OBJECT)?;
        self.source.read(key, sink)
    }

    fn lock(&self, key: &str) -> Result<Option<Lock>, Unread> {
        self.stop.check(GET_OBJECT_RETENTION)?;
        self.source.lock(key)
    }

    fn history(&self, key: &str) -> Option<String> {
        self.stop.check(GET_OBJECT).ok()?;
        self.source.history(key)
    }

    fn versions(&self, key: &str) -> Result<Vec<String>, Unread> {
        self.stop.check(LIST_OBJECT_VERSIONS)?;
        self.source.versions(key)
    }

    fn read_version(
        &self,
        key: &str,
        version: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<About>, Unread> {
        self.stop.check(GET_OBJECT)?;
        self.source.read_version(key, version, sink)
    }

    fn event_history(&self) -> Option<&dyn EventHistory> {
        self.source.event_history()
    }

    fn other(&self, bucket: &str) -> Option<&dyn Source> {
        self.source.other(bucket)
    }

    fn readers(&self) -> usize {
        self.source.readers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::stub::Stub;

    #[test]
    fn a_listing_that_was_cut_off_is_no_whole_one() {
        let stop = Halt::default();
        let pages = Stub {
            pages: true,
            read: || Ok(None),
        };
        let source = Stoppable::new(&pages, &stop);
        assert!(source.list("", "", &mut |_| false).is_ok());
        let cut = source.list("", "", &mut |_| {
            stop.now();
            true
        });
        assert_eq!(cut.unwrap_err().reason, Reason::Interrupted);
        assert!(source.folders("").is_err() && source.history("x").is_none());
    }
}
