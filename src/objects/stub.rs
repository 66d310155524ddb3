//! A source for tests, which holds no objects.

use super::{About, Listed, Lock, Sink, Source, Unread};

/// What it answers where tests differ.
pub(crate) struct Stub {
    /// Empty pages of a listing follow each other for as long as somebody takes them.
    pub(crate) pages: bool,
    /// The answer about any object.
    pub(crate) read: fn() -> Result<Option<About>, Unread>,
}

impl Source for Stub {
    fn folders(&self, _: &str) -> Result<Vec<String>, Unread> {
        Ok(Vec::new())
    }

    fn list(
        &self,
        _: &str,
        _: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        while self.pages && page(&[]) {}
        Ok(())
    }

    fn read(&self, _: &str, _: &mut dyn Sink) -> Result<Option<About>, Unread> {
        (self.read)()
    }

    fn lock(&self, _: &str) -> Result<Option<Lock>, Unread> {
        Ok(None)
    }

    fn history(&self, _: &str) -> Option<String> {
        None
    }

    fn readers(&self) -> usize {
        1
    }
}
