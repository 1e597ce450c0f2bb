//! Quotas: several caches may store so many bytes together, and lose items of their own beyond.
//!
//! A write that makes them larger evicts about as much as it added, in turn from all shards: of a
//! sample of their items, the one that is used least for its size and age goes (hyperbolic caching:
//! Blankstein, Sen and Freedman, USENIX ATC 2017). Items of other caches stay, whatever they are.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Engine, Moment, Namespace};

/// How much a write may evict beyond twice what it added, in bytes.
const BEYOND: u64 = 64 * 1024;
/// For so long after all shards were asked, only writes and evictions here are counted.
const GOOD_MILLISECONDS: u64 = 1_000;
/// How often all shards are searched in vain: a sample may have no item.
const ROUNDS: usize = 4;

/// How many bytes some caches may store together.
#[derive(Debug, Clone, Copy)]
pub struct Quota<'a> {
    /// The bytes, with what the engine needs for each item.
    pub bytes: u64,
    /// All caches that share them.
    pub namespaces: &'a [Namespace],
    /// What they store, as far as it is known.
    pub used: &'a QuotaUse,
}

/// What caches with a quota store. It may count items that have expired or were evicted lately.
#[derive(Debug)]
pub struct QuotaUse {
    /// At least the bytes that are stored.
    bytes: AtomicU64,
    /// When all shards were asked, in milliseconds.
    asked: AtomicU64,
}

impl Default for QuotaUse {
    /// Not known: the next write asks.
    fn default() -> Self {
        Self { bytes: AtomicU64::new(u64::MAX >> 1), asked: AtomicU64::new(u64::MAX) }
    }
}

/// The item that was just written, which stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spared {
    pub(crate) home: usize,
    pub(crate) namespace: Namespace,
    pub(crate) hash: u32,
}

impl Engine {
    /// Evicts for a write after which there are `after` bytes in a shard instead of `before`.
    pub(crate) fn keep_within(
        &self,
        quota: Quota<'_>,
        (before, after): (u64, u64),
        spared: Spared,
        now: Moment,
    ) {
        let stored = quota.used.count(before, after);
        if after <= before || stored <= quota.bytes {
            return;
        }
        let stored = self.ask(quota, now).unwrap_or(stored);
        let most = 2 * (after - before) + BEYOND;
        let freed = self.evict_of(quota, stored.saturating_sub(quota.bytes).min(most), spared, now);
        quota.used.count(freed, 0);
    }

    /// What the caches store, if that was not asked lately.
    fn ask(&self, quota: Quota<'_>, now: Moment) -> Option<u64> {
        let asked = quota.used.asked.load(Ordering::Relaxed);
        let is_good = asked <= now.0 && now.0 - asked < GOOD_MILLISECONDS;
        let swap = |from| {
            let (order, asked) = (Ordering::Relaxed, &quota.used.asked);
            asked.compare_exchange(from, now.0, order, order).is_ok()
        };
        if is_good || !swap(asked) {
            return None;
        }
        let stored = self.stored_of(quota.namespaces).iter().map(|stored| stored.bytes).sum();
        quota.used.bytes.store(stored, Ordering::Relaxed);
        Some(stored)
    }

    /// Evicts about so many bytes; returns how many it were.
    fn evict_of(&self, quota: Quota<'_>, bytes: u64, spared: Spared, now: Moment) -> u64 {
        let (mut freed, mut in_vain) = (0, 0);
        while freed < bytes && in_vain < ROUNDS * self.shards() {
            let at = self.next_turn();
            let judge = self.retired.judge(now);
            let mut shard = self.lock(at);
            let before = (shard.memory(), shard.totals().bytes);
            let spared = (spared.home == at).then_some((spared.namespace, spared.hash));
            let evicted = shard.evict_of(quota.namespaces, spared, &judge);
            shard.compact(&mut None);
            shard.shrink_if_empty();
            self.count(before.0, shard.memory());
            let after = shard.totals().bytes;
            let discarded = shard.take_discarded();
            drop((shard, judge));
            self.free(discarded);
            freed += before.1 - after;
            in_vain = if evicted { 0 } else { in_vain + 1 };
        }
        freed
    }
}

impl QuotaUse {
    /// Counts a change; returns what is stored then.
    fn count(&self, before: u64, after: u64) -> u64 {
        let change = |bytes: u64| bytes.saturating_add(after).saturating_sub(before);
        change(self.bytes.update(Ordering::Relaxed, Ordering::Relaxed, change))
    }
}
