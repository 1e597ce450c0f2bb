//! The memory budget: what items use, what is reserved for other things, and what is left for
//! items.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Moment;

/// Items keep one part in this many of the budget, however much is reserved.
const LEAST_SHARE: u64 = 4;
/// And one part in this many, however much resident memory is not counted: evicting even more would
/// not save the process from being killed for lack of memory.
const LAST_SHARE: u64 = 16;
/// Eviction keeps one part in this many free: room for writes while a search for items of caches that
/// use more than their share goes on.
const SPARE: u64 = 128;
/// The callback runs each time that one part in this many of the budget was evicted.
const TURNOVER_SHARE: u64 = 64;

/// Called with the time of the write that evicted.
type Watch = Box<dyn Fn(Moment) + Send + Sync>;

/// The budget of an engine; all numbers are bytes.
pub(crate) struct Budget {
    bytes: u64,
    /// The memory of the items of all shards.
    items: AtomicU64,
    /// Memory reserved for other things than items.
    reserved: AtomicU64,
    /// Resident memory that is not counted.
    overhead: AtomicU64,
    /// What items may use: the budget minus the two above, but at least their shares.
    allowance: AtomicU64,
    /// Evicted since the callback last ran.
    evicted: AtomicU64,
    watch: OnceLock<Watch>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            items: AtomicU64::new(0),
            reserved: AtomicU64::new(0),
            overhead: AtomicU64::new(0),
            allowance: AtomicU64::new(bytes),
            evicted: AtomicU64::new(0),
            watch: OnceLock::new(),
        }
    }

    /// Updates the sum after the items of a shard, which is still locked, changed size.
    pub(crate) fn count(&self, before: u64, after: u64) {
        if before != after {
            self.items.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        }
    }

    pub(crate) fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Whether items exceed their allowance.
    pub(crate) fn is_over(&self) -> bool {
        self.items() > self.allowance()
    }

    /// Whether items nearly exceed it, so that some should be evicted.
    pub(crate) fn is_short(&self) -> bool {
        let allowance = self.allowance();
        self.items() > allowance - allowance / SPARE
    }

    pub(crate) fn allowance(&self) -> u64 {
        self.allowance.load(Ordering::Relaxed)
    }

    pub(crate) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    pub(crate) fn reserve(&self, bytes: u64) {
        self.reserved.fetch_add(bytes, Ordering::Relaxed);
        self.share();
    }

    pub(crate) fn release(&self, bytes: u64) {
        self.reserved.fetch_sub(bytes, Ordering::Relaxed);
        self.share();
    }

    pub(crate) fn note_overhead(&self, bytes: u64) {
        self.overhead.store(bytes, Ordering::Relaxed);
        self.share();
    }

    /// Two threads at once may store the older result; the next update of the overhead corrects it.
    fn share(&self) {
        let left = self.bytes.saturating_sub(self.reserved()).max(self.bytes / LEAST_SHARE);
        let overhead = self.overhead.load(Ordering::Relaxed);
        let allowance = left.saturating_sub(overhead).max(self.bytes / LAST_SHARE);
        self.allowance.store(allowance, Ordering::Relaxed);
    }

    /// Sets the callback for large evictions; only the first call counts.
    pub(crate) fn set_watch(&self, watch: Watch) {
        let _ = self.watch.set(watch);
    }

    /// Counts evicted memory. No lock may be held.
    pub(crate) fn turn_over(&self, bytes: u64, now: Moment) {
        let Some(watch) = self.watch.get().filter(|_| bytes > 0) else { return };
        let evicted = self.evicted.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if evicted >= self.bytes / TURNOVER_SHARE {
            self.evicted.fetch_sub(evicted, Ordering::Relaxed);
            watch(now);
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("bytes", &self.bytes)
            .field("items", &self.items)
            .field("reserved", &self.reserved)
            .field("overhead", &self.overhead)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn items_keep_a_quarter_despite_reservations_and_a_sixteenth_despite_overhead() {
        let budget = Budget::new(1_000);
        budget.reserve(300);
        budget.note_overhead(200);
        assert_eq!(budget.allowance(), 500);
        budget.note_overhead(0);
        budget.reserve(10_000);
        assert_eq!(budget.allowance(), 250);
        budget.note_overhead(100);
        assert_eq!(budget.allowance(), 150);
        budget.note_overhead(10_000);
        assert_eq!(budget.allowance(), 62);
        budget.release(10_300);
        budget.note_overhead(0);
        assert_eq!((budget.allowance(), budget.reserved()), (1_000, 0));
    }

    #[test]
    fn the_watch_is_called_each_time_that_much_was_evicted() {
        let (budget, calls) = (Budget::new(6_400), Arc::new(AtomicU64::new(0)));
        let counter = calls.clone();
        budget.set_watch(Box::new(move |now| {
            counter.fetch_add(now.0, Ordering::Relaxed);
        }));
        for bytes in [60, 39, 0, 1, 250, 99] {
            budget.turn_over(bytes, Moment(1));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
