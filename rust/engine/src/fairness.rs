//! Fairness: a cache that uses less than its share keeps its items when others fill the memory.
//!
//! The share is the same for all, and what one cache leaves others may use (max-min fairness): there
//! is a *level* up to which every cache is served, and only caches above it lose items. The caches
//! are counted by classes of size, so that the level is found in the same time however many there
//! are.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::Namespace;

/// The binary logarithm of the classes for each doubling of size.
const STEPS: u32 = 2;
const CLASSES: usize = 64 << STEPS;
/// The level leaves one part in this many of all memory to be evicted. So a search moves fewer items
/// than this for each that it evicts, in the long run.
const TO_EVICT: u64 = 32;

/// What all shards store of one cache, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Usage(AtomicU64);

/// Caches of about the same size. Changes by several threads may be seen in another order than they
/// were made, so the numbers may be negative for a moment.
#[derive(Debug, Default)]
struct Class {
    caches: AtomicI64,
    bytes: AtomicI64,
}

/// The usage of all caches with items.
#[derive(Debug)]
pub(crate) struct Fairness {
    usages: RwLock<HashMap<Namespace, Arc<Usage>>>,
    classes: [Class; CLASSES],
}

impl Default for Fairness {
    fn default() -> Self {
        Self { usages: RwLock::default(), classes: [const { Class::new() }; CLASSES] }
    }
}

impl Fairness {
    /// The usage of a cache that is about to store items in a shard.
    pub(crate) fn usage(&self, namespace: Namespace) -> Arc<Usage> {
        let usage = self.usages.read().get(&namespace).cloned();
        usage.unwrap_or_else(|| self.usages.write().entry(namespace).or_default().clone())
    }

    /// A shard has no more items of the cache.
    pub(crate) fn leave(&self, namespace: Namespace, usage: Arc<Usage>) {
        drop(usage);
        let is_unused =
            |usage: Option<&Arc<Usage>>| usage.is_some_and(|it| Arc::strong_count(it) == 1);
        if is_unused(self.usages.read().get(&namespace)) {
            let mut usages = self.usages.write();
            if is_unused(usages.get(&namespace)) {
                usages.remove(&namespace);
            }
        }
    }

    /// A cache that used `old` bytes of a shard uses `new` ones.
    pub(crate) fn count(&self, usage: &Usage, old: u64, new: u64) {
        let by = new.wrapping_sub(old);
        let before = usage.0.fetch_add(by, Ordering::Relaxed);
        let after = before.wrapping_add(by);
        let (from, to) = (class(before), class(after));
        if from == to {
            self.classes[to].bytes.fetch_add(by.cast_signed(), Ordering::Relaxed);
        } else {
            self.classes[from].add(-1, before);
            self.classes[to].add(1, after);
        }
    }

    /// A cache with fewer bytes keeps its items.
    pub(crate) fn level(&self) -> u64 {
        let all: u64 = self.classes.iter().map(Class::bytes).sum();
        let mut caches: u64 = self.classes.iter().skip(1).map(Class::caches).sum();
        let mut room = all - all / TO_EVICT;
        // Caches below an equal share leave the rest of it to the others, whose share grows.
        for (at, class) in self.classes.iter().enumerate().skip(1) {
            let share = room.checked_div(caches).unwrap_or(0);
            if share < first_of(at + 1) {
                return share;
            }
            room = room.saturating_sub(class.bytes());
            caches = caches.saturating_sub(class.caches());
        }
        0
    }
}

impl Usage {
    /// Whether the cache keeps its items at this level.
    pub(crate) fn is_below(&self, level: u64) -> bool {
        self.0.load(Ordering::Relaxed) < level
    }
}

impl Class {
    const fn new() -> Self {
        Self { caches: AtomicI64::new(0), bytes: AtomicI64::new(0) }
    }

    fn add(&self, sign: i64, bytes: u64) {
        self.caches.fetch_add(sign, Ordering::Relaxed);
        self.bytes.fetch_add(sign * bytes.cast_signed(), Ordering::Relaxed);
    }

    fn caches(&self) -> u64 {
        self.caches.load(Ordering::Relaxed).max(0).cast_unsigned()
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed).max(0).cast_unsigned()
    }
}

/// The class of a size: each doubling has four. Class 0 is for caches without items.
fn class(bytes: u64) -> usize {
    let doublings = bytes.max(1).ilog2().max(STEPS) - STEPS;
    let class = (u64::from(doublings) << STEPS) + (bytes >> doublings);
    usize::try_from(class).expect("there are 256")
}

/// The smallest size of a class.
fn first_of(class: usize) -> u64 {
    let doublings = (class >> STEPS).max(1) - 1;
    ((class - (doublings << STEPS)) as u64) << doublings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn of(bytes: &[u64]) -> Fairness {
        let fairness = Fairness::default();
        for &bytes in bytes {
            fairness.count(&Usage::default(), 0, bytes);
        }
        fairness
    }

    #[test]
    fn a_class_has_the_sizes_from_its_first_one_to_that_of_the_next() {
        for bits in 0..63 {
            for bytes in [1 << bits, (1 << bits) + (1 << bits >> 1), (1 << bits) - 1] {
                let class = class(bytes);
                assert!((first_of(class)..first_of(class + 1)).contains(&bytes), "{bytes}");
            }
        }
        assert!(class(u64::MAX) < CLASSES);
    }

    #[test]
    fn the_level_serves_small_caches_and_shares_the_rest_equally() {
        assert_eq!(of(&[]).level(), 0);
        assert_eq!(of(&[6400]).level(), 6200);
        assert_eq!(of(&[6400, 6400]).level(), 6200);
        assert_eq!(of(&[100, 6300]).level(), 6100);
        assert_eq!(of(&[100, 3000, 6000, 6400]).level(), 5958);
    }

    #[test]
    fn some_caches_are_above_the_level_and_have_what_is_to_be_evicted() {
        let mut random = Random::new(1);
        for caches in 1..300 {
            let size = |_| (1 << random.below(30)) + random.below(1000) as u64;
            let used: Vec<u64> = (0..caches).map(size).collect();
            let level = of(&used).level();

            let all: u64 = used.iter().sum();
            let above: u64 = used.iter().filter(|&&bytes| bytes >= level).sum();
            let served: u64 = used.iter().map(|&bytes| bytes.min(level)).sum();
            assert!(above >= all / TO_EVICT && served <= all - all / TO_EVICT, "{used:?}");
            assert!(level >= all / caches - all / caches / 16, "{used:?}");
        }
    }

    #[test]
    fn usage_is_counted_from_several_shards_until_none_has_items() {
        let fairness = Fairness::default();
        let (one, other) = (fairness.usage(Namespace(1)), fairness.usage(Namespace(1)));
        fairness.count(&one, 0, 6000);
        fairness.count(&other, 0, 400);
        assert_eq!(fairness.level(), 6200);
        assert!(one.is_below(6401) && !other.is_below(6400));

        fairness.count(&one, 6000, 0);
        fairness.leave(Namespace(1), one);
        assert_eq!(fairness.level(), 400 - 400 / TO_EVICT);
        fairness.count(&other, 400, 0);
        fairness.leave(Namespace(1), other);

        assert_eq!(fairness.level(), 0);
        assert!(fairness.usages.read().is_empty());
    }
}
