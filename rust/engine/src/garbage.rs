//! Removed values that take long to free, until they are freed in portions.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::remains::{Pile, Removed};

/// A snapshot of fewer elements is freed at once.
const FEW: usize = 512;

/// Removed values of all shards, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    piles: Mutex<VecDeque<Pile>>,
    bytes: AtomicU64,
}

impl Garbage {
    /// The memory that is counted for it.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Adds what is not freed at once; returns its memory, of which at most so much is counted: a part
    /// may be shared with what is counted elsewhere.
    pub(crate) fn add(&self, removed: impl Removed, most: u64) -> u64 {
        let mut counted = 0;
        for mut pile in removed.piles().into_iter().flatten() {
            let bytes = pile.count_at_most(most - counted);
            counted += bytes;
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            self.piles.lock().push_back(pile);
        }
        counted
    }

    /// Frees some hundred elements; how many bytes were counted for them. `None` if there is nothing.
    pub(crate) fn free_some(&self) -> Option<u64> {
        let mut piles = self.piles.lock();
        let pile = piles.front_mut()?;
        let (part, bytes) = pile.take().unzip();
        let bytes = bytes.unwrap_or_else(|| pile.bytes());
        let empty = if part.is_none() { piles.pop_front() } else { None };
        drop(piles);
        drop((part, empty));
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Some(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.piles.lock().is_empty()
    }
}

/// A snapshot. If it is large, what only it has in the end is freed in portions.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot<T: Removed> {
    /// Until it is dropped.
    it: Option<T>,
    garbage: Option<Arc<Garbage>>,
}

impl<T: Removed> Snapshot<T> {
    pub(crate) fn new(it: T, garbage: &Arc<Garbage>) -> Self {
        let garbage = (it.len() > FEW).then(|| garbage.clone());
        Self { it: Some(it), garbage }
    }
}

impl<T: Removed> Deref for Snapshot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.it.as_ref().expect("it is not dropped")
    }
}

impl<T: Removed> Drop for Snapshot<T> {
    fn drop(&mut self) {
        if let Some((it, garbage)) = self.it.take().zip(self.garbage.as_ref()) {
            garbage.add(it, u64::MAX);
        }
    }
}
