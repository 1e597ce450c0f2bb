//! The growth of vectors in nodes: in steps, so that little is unused and the length determines the
//! memory.

use crate::size;

/// The most entries of a node.
pub(super) const FULL: usize = 64;

const STEP: usize = 8;

/// The overhead of an [`Arc`](std::sync::Arc).
pub(super) const ARC: usize = 16;

/// Inserts `item` at position `at`.
pub(super) fn insert<T>(items: &mut Vec<T>, at: usize, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(capacity(items.len() + 1) - items.len());
    }
    items.insert(at, item);
}

/// Removes the item at position `at`.
pub(super) fn remove<T>(items: &mut Vec<T>, at: usize) -> T {
    let item = items.remove(at);
    fit(items);
    item
}

/// Frees capacity beyond what the length needs.
pub(super) fn fit<T>(items: &mut Vec<T>) {
    if items.capacity() > capacity(items.len()) {
        items.shrink_to(capacity(items.len()));
    }
}

/// The memory of a vector of this length.
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
    fn the_length_determines_the_capacity() {
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
