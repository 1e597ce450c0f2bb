//! The buffers that the connections of a thread lend each other for what they are about to send. An
//! idle connection holds none, and one that begins to send seldom has to allocate.
//!
//! There are several, since connections that have read in the same turn send one after the other: were
//! there one, all others would each begin with an empty buffer and grow it step by step.

use std::cell::RefCell;

/// The most bytes that a buffer may have to be kept.
const MOST: usize = 128 * 1024;
/// How many are kept, and how many bytes they may have together.
const COUNT: usize = 32;
const MOST_IN_ALL: usize = 512 * 1024;

/// Buffers that no connection has.
#[cfg_attr(test, derive(Default))]
struct BufferPool {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

thread_local! {
    static POOL: RefCell<BufferPool> = const { RefCell::new(BufferPool { buffers: Vec::new(), bytes: 0 }) };
}

/// Takes the buffer that was given back last; one without capacity if there is none.
pub(super) fn take() -> Vec<u8> {
    POOL.with_borrow_mut(BufferPool::take)
}

/// Gives a buffer to the next connection.
pub(super) fn give_back(bytes: Vec<u8>) {
    if bytes.capacity() > 0 {
        POOL.with_borrow_mut(|pool| pool.give_back(bytes));
    }
}

impl BufferPool {
    fn take(&mut self) -> Vec<u8> {
        let taken = self.buffers.pop().unwrap_or_default();
        self.bytes -= taken.capacity();
        taken
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        let bytes = self.bytes + buffer.capacity();
        if buffer.capacity() <= MOST && bytes <= MOST_IN_ALL && self.buffers.len() < COUNT {
            buffer.clear();
            self.bytes = bytes;
            self.buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_connections_as_send_at_once_get_the_buffers_that_they_gave_back() {
        let mut pool = BufferPool::default();
        for _ in 0..COUNT {
            pool.give_back(Vec::with_capacity(1_000));
        }
        let taken: Vec<_> = (0..COUNT).map(|_| pool.take().capacity()).collect();
        assert!(taken.iter().all(|&capacity| capacity >= 1_000), "{taken:?}");
        assert_eq!((pool.take().capacity(), pool.bytes), (0, 0));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        for capacity in [1, MOST / 2, MOST, MOST + 1] {
            let mut pool = BufferPool::default();
            for _ in 0..2 * COUNT {
                pool.give_back(Vec::with_capacity(capacity));
            }
            let kept: usize = pool.buffers.iter().map(Vec::capacity).sum();
            assert_eq!(kept, pool.bytes);
            assert!(kept <= MOST_IN_ALL && pool.buffers.len() <= COUNT, "{capacity}: {kept}");
            assert!(pool.buffers.iter().all(|buffer| buffer.capacity() <= MOST));
        }
    }
}
