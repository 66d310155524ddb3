//! What is repeated by the million is held once.
//!
//! An organization of ten thousand accounts has 170,000 regions and two million findings, which name the same accounts,
//! regions, subjects and facts again and again. Shared, they fit into the memory of a small machine.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

/// How many names are remembered.
const PLACES: usize = 1 << 10;

thread_local! {
    /// The names that were read last, each in the place that its hash gives: bounded, whatever is read.
    static LATELY: RefCell<Vec<Option<Arc<str>>>> = RefCell::new(vec![None; PLACES]);
}

/// A name from a file. Records name one account after the other, and its regions in each: the same text, if it was read
/// lately.
pub(crate) fn lately(text: &str) -> Arc<str> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let place = usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default();
    LATELY.with_borrow_mut(|names| match names.get_mut(place) {
        Some(Some(name)) if **name == *text => Arc::clone(name),
        Some(other) => Arc::clone(other.insert(Arc::from(text))),
        None => Arc::from(text),
    })
}

/// Values of one kind, each once.
#[derive(Debug)]
pub(crate) struct Pool<T: ?Sized>(HashSet<Arc<T>, foldhash::quality::RandomState>);

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self(HashSet::default())
    }
}

impl<T: ?Sized + Hash + Eq> Pool<T> {
    /// The value that is equal to this one and came first.
    pub(crate) fn share(&mut self, value: Arc<T>) -> Arc<T> {
        if let Some(first) = self.0.get(&value) {
            return Arc::clone(first);
        }
        self.0.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_read_lately_is_the_same_text() {
        let one = lately("eu-west-1");
        assert!(Arc::ptr_eq(&one, &lately("eu-west-1")));
        // More than are remembered, all of them read as they are.
        for number in 0..PLACES * 4 {
            let name = number.to_string();
            assert_eq!(*lately(&name), *name);
        }
        assert_eq!(lately("eu-west-1"), one);
    }

    #[test]
    fn a_pool_holds_equal_values_once() {
        let mut pool = Pool::<str>::default();
        let one = pool.share(Arc::from("a"));
        assert!(Arc::ptr_eq(&one, &pool.share(Arc::from("a"))));
        assert_eq!(*pool.share(Arc::from("b")), *"b");
    }
}
