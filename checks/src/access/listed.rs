//! What an index stands for that was handed out by the list itself.
//!
//! Such an index always has its entry: ids are made by the list that they point into, and lists only grow. If one has
//! none, the analysis is wrong, and must stop: to skip the entry would hide a principal or a right.

const WHY: &str = "an index comes from the list that it is used on, and lists only grow";

#[expect(clippy::expect_used, reason = "see above: to go on would hide rights")]
pub(super) fn listed<T>(list: &[T], index: usize) -> &T {
    list.get(index).expect(WHY)
}

#[expect(clippy::expect_used, reason = "see above: to go on would hide rights")]
pub(super) fn listed_mut<T>(list: &mut [T], index: usize) -> &mut T {
    list.get_mut(index).expect(WHY)
}
