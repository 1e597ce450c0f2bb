//! The memory budget: what items use, what is reserved for other things, and what is left for
//! items.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::Moment;
use crate::garbage::Garbage;

/// Items keep one part in this many of the budget, however much is reserved.
const LEAST_SHARE: u64 = 4;
/// And one part in this many, however much resident memory is not counted: evicting even more would
/// not save the process from being killed for lack of memory.
const LAST_SHARE: u64 = 16;
/// Work on items may use one part in this many of the budget, or whatever items do not keep if it is the
/// only one.
const WORK_SHARE: u64 = 4;
/// Eviction keeps one part in this many free: room for writes while a search for items of caches that
/// use more than their share goes on.
const SPARE: u64 = 128;
/// The callback runs each time that one part in this many of the budget was evicted.
const TURNOVER_SHARE: u64 = 64;

/// Called with the time of the write that evicted.
type Watch = Box<dyn Fn(Moment) + Send + Sync>;

/// Called with how many bytes items need of what others may give back.
type Lender = Box<dyn Fn(u64) + Send + Sync>;

/// The budget of an engine; all numbers are bytes.
pub(crate) struct Budget {
    bytes: u64,
    /// The memory of the items of all shards.
    items: AtomicU64,
    /// What was removed and is not freed yet.
    pub(crate) garbage: Arc<Garbage>,
    /// Memory reserved for other things than items.
    reserved: AtomicU64,
    /// Memory that is or will be held for work on items.
    promised: AtomicU64,
    /// What of it is held.
    held: AtomicU64,
    /// Resident memory that is not counted.
    overhead: AtomicU64,
    /// What items may use: the budget minus what is reserved, held and not counted, but at least their
    /// shares.
    allowance: AtomicU64,
    /// Evicted since the callback last ran.
    evicted: AtomicU64,
    watch: OnceLock<Watch>,
    lender: OnceLock<Lender>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            items: AtomicU64::new(0),
            garbage: Arc::default(),
            reserved: AtomicU64::new(0),
            promised: AtomicU64::new(0),
            held: AtomicU64::new(0),
            overhead: AtomicU64::new(0),
            allowance: AtomicU64::new(bytes),
            evicted: AtomicU64::new(0),
            watch: OnceLock::new(),
            lender: OnceLock::new(),
        }
    }

    /// Updates the sum after the items of a shard, which is still locked, changed size.
    pub(crate) fn count(&self, before: u64, after: u64) {
        if before != after {
            self.items.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        }
    }

    /// The memory of items, also of removed ones.
    pub(crate) fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed) + self.garbage.bytes()
    }

    /// Whether items exceed their allowance.
    pub(crate) fn is_over(&self) -> bool {
        self.items() > self.allowance()
    }

    /// Whether items nearly exceed it, so that some should be evicted.
    pub(crate) fn is_short(&self) -> bool {
        self.missing() > 0
    }

    fn missing(&self) -> u64 {
        let allowance = self.allowance();
        self.items().saturating_sub(allowance - allowance / SPARE)
    }

    /// Whether so much can be reserved without an eviction.
    pub(crate) fn has_spare(&self, bytes: u64) -> bool {
        let allowance = self.allowance();
        self.items() + bytes <= allowance - allowance / SPARE
    }

    /// Asks for what others have reserved and can do without, before items are evicted; whether
    /// some have to be evicted still.
    pub(crate) fn has_to_evict(&self) -> bool {
        let Some(lender) = self.lender.get() else { return true };
        lender(self.missing());
        self.is_short()
    }

    /// Sets who is asked; only the first call counts.
    pub(crate) fn set_lender(&self, lender: Lender) {
        let _ = self.lender.set(lender);
    }

    pub(crate) fn allowance(&self) -> u64 {
        self.allowance.load(Ordering::Relaxed)
    }

    pub(crate) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    pub(crate) fn reserve(&self, bytes: u64) {
        self.reserved.fetch_add(bytes, Ordering::SeqCst);
        self.share();
    }

    pub(crate) fn release(&self, bytes: u64) {
        self.reserved.fetch_sub(bytes, Ordering::SeqCst);
        self.share();
    }

    /// Promises memory for work on items; whether there is so much for all such work together.
    pub(crate) fn promise(&self, bytes: u64) -> bool {
        let most =
            |promised| if promised == 0 { self.most_work() } else { self.bytes / WORK_SHARE };
        let add = |before: u64| before.checked_add(bytes).filter(|all| *all <= most(before));
        self.promised.try_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// The most memory that work on items may use alone.
    pub(crate) fn most_work(&self) -> u64 {
        self.bytes - self.bytes / LEAST_SHARE
    }

    /// Holds some of what was promised.
    pub(crate) fn hold(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::SeqCst);
        self.share();
    }

    /// Ends a promise of which so much is held.
    pub(crate) fn let_go(&self, held: u64, promised: u64) {
        self.held.fetch_sub(held, Ordering::SeqCst);
        self.promised.fetch_sub(promised, Ordering::Relaxed);
        self.share();
    }

    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn note_overhead(&self, bytes: u64) {
        self.overhead.store(bytes, Ordering::SeqCst);
        self.share();
    }

    /// Stores what items may use, until it is right: another thread may store an older result.
    fn share(&self) {
        loop {
            let allowance = self.rest();
            self.allowance.store(allowance, Ordering::SeqCst);
            if self.rest() == allowance {
                return;
            }
        }
    }

    /// What is left for items.
    fn rest(&self) -> u64 {
        let [reserved, held, overhead] =
            [&self.reserved, &self.held, &self.overhead].map(|it| it.load(Ordering::SeqCst));
        let left = self.bytes.saturating_sub(reserved + held).max(self.bytes / LEAST_SHARE);
        left.saturating_sub(overhead).max(self.bytes / LAST_SHARE)
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
            .field("held", &self.held)
            .field("overhead", &self.overhead)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
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
    fn work_on_items_is_promised_a_quarter_at_most_or_three_if_it_is_alone() {
        let budget = Budget::new(1_000);
        assert!(!budget.promise(751) && budget.promise(750) && !budget.promise(1));
        budget.let_go(0, 750);
        assert!(budget.promise(200) && !budget.promise(51) && budget.promise(50));
        budget.hold(200);
        assert_eq!((budget.allowance(), budget.held()), (800, 200));
        budget.let_go(200, 200);
        assert_eq!((budget.allowance(), budget.held()), (1_000, 0));
        assert!(budget.promise(200) && !budget.promise(u64::MAX));
    }

    #[test]
    fn what_items_may_use_is_right_after_many_threads_have_changed_it() {
        let budget = Budget::new(1 << 30);
        std::thread::scope(|scope| {
            for at in 1..=4 {
                let budget = &budget;
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        budget.reserve(at);
                        budget.hold(at);
                        budget.note_overhead(at);
                        budget.release(at);
                    }
                });
            }
        });
        let overhead = budget.overhead.load(Ordering::Relaxed);
        assert_eq!(budget.allowance(), (1 << 30) - 100_000 - overhead);
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
