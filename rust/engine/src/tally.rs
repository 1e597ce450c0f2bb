//! Counts stored items and memory, evictions and expirations.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use ahash::AHasher;

use crate::Namespace;

/// What a cache stores now, including expired items that are not swept yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Number of items.
    pub items: u64,
    /// Their memory: records, values out of line as the allocator rounds them, and overhead; not the
    /// holes between records.
    pub bytes: u64,
}

/// What an engine stores now, and what it evicted or expired since it was created.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Number of items, including expired ones that are not swept yet.
    pub items: u64,
    /// Their memory. The budget limits it together with the holes between records.
    pub bytes: u64,
    /// Items evicted because memory was full.
    pub evicted: u64,
    /// Expired items that were removed.
    pub expired: u64,
}

/// The counts of one shard.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// `evicted` and `expired` are counted by the shard.
    pub(crate) totals: Totals,
    /// Namespaces of caches with items in this shard.
    stored: HashMap<Namespace, Stored, BuildHasherDefault<AHasher>>,
    /// Items evicted since the last `take_evicted`, whether the cache still has items in this shard
    /// or not.
    evicted: HashMap<Namespace, u64, BuildHasherDefault<AHasher>>,
}

impl Tally {
    pub(crate) fn stored(&self, namespace: Namespace) -> Stored {
        self.stored.get(&namespace).copied().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, namespace: Namespace, bytes: u64) {
        let namespace = namespace.of_cache();
        self.totals.items += 1;
        self.totals.bytes += bytes;
        let stored = self.stored.entry(namespace).or_default();
        stored.items += 1;
        stored.bytes += bytes;
    }

    pub(crate) fn remove(&mut self, namespace: Namespace, bytes: u64) {
        let namespace = namespace.of_cache();
        self.totals.items -= 1;
        self.totals.bytes -= bytes;
        let stored = self.stored.entry(namespace).or_default();
        stored.items -= 1;
        stored.bytes -= bytes;
        if stored.items == 0 {
            self.stored.remove(&namespace);
        }
    }

    /// Counts an eviction from this namespace.
    pub(crate) fn evict(&mut self, namespace: Namespace) {
        self.totals.evicted += 1;
        *self.evicted.entry(namespace.of_cache()).or_default() += 1;
    }

    /// Adds the evictions since the last call to `sums`.
    pub(crate) fn take_evicted(&mut self, sums: &mut HashMap<Namespace, u64>) {
        if !self.evicted.is_empty() {
            for (namespace, items) in std::mem::take(&mut self.evicted) {
                *sums.entry(namespace).or_default() += items;
            }
        }
    }

    /// An item's size changed in place.
    pub(crate) fn resize(&mut self, namespace: Namespace, old: u64, new: u64) {
        if old != new {
            self.totals.bytes = self.totals.bytes - old + new;
            let stored = self.stored.entry(namespace.of_cache()).or_default();
            stored.bytes = stored.bytes - old + new;
        }
    }

    /// Frees the memory of namespaces without items.
    pub(crate) fn shrink(&mut self) {
        self.stored.shrink_to_fit();
    }
}

impl std::ops::AddAssign for Stored {
    fn add_assign(&mut self, other: Self) {
        self.items += other.items;
        self.bytes += other.bytes;
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.items += other.items;
        self.bytes += other.bytes;
        self.evicted += other.evicted;
        self.expired += other.expired;
    }
}
