//! How the vectors inside of nodes grow: by steps, so that little lies idle,
//! and so that a length tells the memory.

use crate::size;

/// How many entries a node has at most.
pub(super) const FULL: usize = 64;

const STEP: usize = 8;

/// What an [`Arc`](std::sync::Arc) keeps beside what it shares.
pub(super) const ARC: usize = 16;

/// Puts `item` at position `at`.
pub(super) fn insert<T>(items: &mut Vec<T>, at: usize, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(capacity(items.len() + 1) - items.len());
    }
    items.insert(at, item);
}

/// Takes the item at position `at` out.
pub(super) fn remove<T>(items: &mut Vec<T>, at: usize) -> T {
    let item = items.remove(at);
    fit(items);
    item
}

/// Gives back what is more than the length calls for.
pub(super) fn fit<T>(items: &mut Vec<T>) {
    if items.capacity() > capacity(items.len()) {
        items.shrink_to(capacity(items.len()));
    }
}

/// The memory behind a vector of this length.
pub(super) fn weight<T>(len: usize) -> u64 {
    size::of_heap(capacity(len) * size_of::<T>())
}

fn capacity(len: usize) -> usize {
    if len <= STEP / 2 { len.next_power_of_two().min(len * 2) } else { len.next_multiple_of(STEP) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_the_room_that_its_length_calls_for() {
        let mut items = Vec::new();
        for i in 0..FULL {
            insert(&mut items, i / 2, i);
            assert_eq!(items.capacity(), capacity(items.len()));
        }
        while !items.is_empty() {
            remove(&mut items, 0);
            assert_eq!(items.capacity(), capacity(items.len()));
        }
    }
}
