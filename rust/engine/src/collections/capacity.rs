//! The growth of vectors in nodes: by size classes of the allocator, so that little is unused and the
//! length determines the memory.

use crate::size;

/// The most entries of a node.
pub(super) const FULL: usize = 128;

/// Shorter vectors double.
const SHORT: usize = 8;

/// The overhead of an [`Arc`](std::sync::Arc).
pub(crate) const ARC: usize = 16;

/// Inserts `item` at position `at`.
pub(super) fn insert<T>(items: &mut Vec<T>, at: usize, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(capacity::<T>(items.len() + 1) - items.len());
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
    let needed = capacity::<T>(items.len());
    if items.capacity() > needed {
        items.shrink_to(needed);
    }
}

/// The memory of a vector of this length.
pub(super) fn weight<T>(len: usize) -> u64 {
    size::of_heap(capacity::<T>(len) * size_of::<T>())
}

/// As many items as fit into what the allocator uses for this many.
fn capacity<T>(len: usize) -> usize {
    let wanted = if len < SHORT { len.next_power_of_two().min(len * 2) } else { len };
    let bytes =
        usize::try_from(size::of_heap(wanted * size_of::<T>())).expect("it is about as many");
    bytes.checked_div(size_of::<T>()).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_determines_the_capacity() {
        let mut items = Vec::new();
        for i in 0..FULL {
            insert(&mut items, i / 2, i);
            assert_eq!(items.capacity(), capacity::<usize>(items.len()));
        }
        while !items.is_empty() {
            remove(&mut items, 0);
            assert_eq!(items.capacity(), capacity::<usize>(items.len()));
        }
    }
}
