//! Counts: what is stored, and what went without being asked to.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use ahash::AHasher;

use crate::Namespace;

/// What a cache holds now, expired items that were not swept yet included.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Number of items.
    pub items: u64,
    /// Memory they take: blocks as the allocator rounds them, and overhead.
    pub bytes: u64,
}

/// What an engine holds now, and what it let go since it was made.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Number of items, expired ones that were not swept yet included.
    pub items: u64,
    /// Memory they take; this is what the budget limits.
    pub bytes: u64,
    /// Items that had to leave before their time, for want of memory.
    pub evicted: u64,
    /// Items whose memory was given back after their time.
    pub expired: u64,
}

/// The counts of one shard.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// `evicted` and `expired` are counted by the shard.
    pub(crate) totals: Totals,
    /// Only caches' namespaces that have an item here.
    stored: HashMap<Namespace, Stored, BuildHasherDefault<AHasher>>,
    /// Items evicted since this was last taken, whether their cache has others here or not.
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

    /// An item of this namespace has to leave to make room.
    pub(crate) fn evict(&mut self, namespace: Namespace) {
        self.totals.evicted += 1;
        *self.evicted.entry(namespace.of_cache()).or_default() += 1;
    }

    /// Adds to `sums` what was evicted since the last call.
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

    /// Gives back the room of namespaces that are gone.
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
