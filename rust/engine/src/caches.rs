//! The caches of one shard, and its counts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cache::Cache;
use crate::cache_map::{ByNamespace, CacheMap};
use crate::fairness::Fairness;
use crate::header::Header;
use crate::stored::Size;
use crate::{Moment, Namespace, Totals};

/// How much tables are made smaller at a time: so many caches are visited, or lines moved, each of which
/// takes as long as several visits.
const SHRUNK_AT_A_TIME: usize = 512;
const LINE: usize = 8;
/// How many items eviction may look at before the level of fairness is found again.
const LOOKS: u32 = 64;

/// The level of fairness, as it was found.
#[derive(Debug, Default)]
struct Level {
    bytes: u64,
    /// For how many looks it is still good, in the same millisecond.
    looks: u32,
    at: Moment,
}

/// The caches of one shard.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Caches {
    with_items: CacheMap,
    /// How many of them have a table.
    tables: u64,
    /// `evicted` and `expired` are counted by the shard.
    pub(crate) totals: Totals,
    fairness: Arc<Fairness>,
    level: Level,
    /// The largest cache of those that were visited by [`Caches::shrink`], and its items.
    largest: (u64, Namespace),
    /// Items evicted since the last `take_evicted`, whether the cache still has items in this shard
    /// or not.
    evicted: ByNamespace<u64>,
}

impl Caches {
    pub(crate) fn new(fairness: Arc<Fairness>) -> Self {
        let (with_items, evicted) = Default::default();
        let (totals, level, largest) = (Totals::default(), Level::default(), (0, Namespace(0)));
        Self { fairness, level, with_items, tables: 0, totals, largest, evicted }
    }

    /// Whether a cache keeps its items although memory is short.
    pub(crate) fn protects(&mut self, namespace: Namespace, now: Moment) -> bool {
        let Level { looks, at, .. } = self.level;
        if looks == 0 || at != now {
            self.level = Level { bytes: self.fairness.level(), looks: LOOKS, at: now };
        }
        self.level.looks -= 1;
        self.get(namespace).is_some_and(|cache| cache.is_below(self.level.bytes))
    }

    /// The cache of a namespace, if it has items.
    pub(crate) fn get(&self, namespace: Namespace) -> Option<&Cache> {
        self.with_items.get(namespace.of_cache())
    }

    /// The memory of the caches beside what their items count, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.with_items.memory() + self.tables * Cache::TABLE_BYTES
    }

    /// Adds an item, if `size` tells the size and `hash_of` the hash of each.
    pub(crate) fn add(
        &mut self,
        header: Header,
        at: u32,
        size: impl Fn(u32) -> Size,
        hash_of: impl Fn(u32) -> u32,
    ) {
        let Self { fairness, with_items, .. } = self;
        let namespace = header.namespace.of_cache();
        let new = || Cache::new(fairness.usage(namespace));
        let cache = with_items.get_or_insert(namespace, new);
        let had_table = cache.has_table();
        let bytes = cache.insert(at, fairness, size, hash_of);
        self.tables += u64::from(cache.has_table() && !had_table);
        self.totals += Totals { items: 1, bytes, ..Totals::default() };
    }

    /// Removes an item of this size.
    pub(crate) fn remove(
        &mut self,
        header: Header,
        at: u32,
        size: Size,
        hash_of: impl Fn(u32) -> u32,
    ) {
        let namespace = header.namespace.of_cache();
        let Self { fairness, with_items, .. } = self;
        let cache = with_items.get_mut(namespace).expect("the cache has this item");
        if cache.remove((header.hash, at, size), fairness, hash_of)
            && let Some(cache) = with_items.remove(namespace)
        {
            self.tables -= u64::from(cache.has_table());
            fairness.leave(namespace, cache.into_usage());
        }
        self.totals.items -= 1;
        self.totals.bytes -= size.memory;
    }

    /// An item has a new address.
    pub(crate) fn move_item(&mut self, header: Header, old: u32, new: u32) {
        self.of(header).replace(header.hash, old, new);
    }

    /// An item has a new size, or a part of it.
    pub(crate) fn resize_item(&mut self, header: Header, old: Size, new: Size) {
        if old != new {
            let Self { fairness, with_items, .. } = self;
            let cache = with_items.get_mut(header.namespace.of_cache());
            cache.expect("the cache has this item").resize(old, new, fairness);
            self.totals.bytes = self.totals.bytes - old.memory + new.memory;
        }
    }

    fn of(&mut self, header: Header) -> &mut Cache {
        self.with_items.get_mut(header.namespace.of_cache()).expect("the cache has this item")
    }

    /// Counts an eviction from this namespace.
    pub(crate) fn count_evicted(&mut self, namespace: Namespace) {
        self.totals.evicted += 1;
        *self.evicted.entry(namespace.of_cache()).or_default() += 1;
    }

    /// Adds the evictions since the last call to `sums`.
    pub(crate) fn take_evicted(&mut self, sums: &mut HashMap<Namespace, u64>) {
        for (namespace, items) in std::mem::take(&mut self.evicted) {
            *sums.entry(namespace).or_default() += items;
        }
    }

    /// Makes tables smaller that are nearly empty, of the next caches after so many; returns how many
    /// it were with those. After the last one, frees the memory of caches without items, if there were
    /// many.
    pub(crate) fn shrink(&mut self, from: usize, hash_of: impl Fn(u32) -> u32) -> Option<usize> {
        let mut left = SHRUNK_AT_A_TIME;
        for (at, (namespace, cache)) in self.with_items.iter_mut().enumerate().skip(from) {
            self.largest = self.largest.max((cache.table_len(), namespace));
            left = left.saturating_sub(1 + cache.shrink(&hash_of) * LINE);
            if left == 0 {
                return Some(at + 1);
            }
        }
        let (_, largest) = std::mem::replace(&mut self.largest, (0, Namespace(0)));
        self.with_items.shrink(largest);
        None
    }
}
