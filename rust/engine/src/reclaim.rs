//! Room for writes: eviction, from one shard after the other.

use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use crate::search::Search;
use crate::shard::Shard;
use crate::{Engine, Moment, Namespace};

/// Items evicted under one lock before another shard is tried.
const EVICTED_AT_A_TIME: usize = 32;
/// Fair searches in vain after which a write leaves it to the next ones to evict, if there is room.
const FAIR_SEARCHES: usize = 2;
/// If there is none, the most searches in vain where the writer's own cache has items.
const OWN_SEARCHES: usize = 256;
/// Rounds of fair searches through all shards when the budget shrinks.
const FAIR_ROUNDS: usize = 4;

/// A write that is done.
pub(crate) struct Written {
    /// The number of its shard.
    pub(crate) home: usize,
    pub(crate) namespace: Namespace,
    /// The address of the item.
    pub(crate) at: Option<u32>,
}

impl Engine {
    /// The rest of a write, once no lock is held: evicts if needed, and drops large values.
    pub(crate) fn leave(&self, mut shard: MutexGuard<'_, Shard>, written: Written, now: Moment) {
        let discarded = shard.take_discarded();
        if self.budget.is_short() && self.budget.has_to_evict() {
            let evicted = self.reclaim(shard, written, now);
            drop(discarded);
            self.budget.turn_over(evicted, now);
        } else {
            drop(shard);
            drop(discarded);
        }
    }

    /// Evicts until items are within their allowance or about `most` bytes are freed, for when the
    /// budget shrinks and no write evicts. Returns how many bytes were freed.
    pub fn fit(&self, now: Moment, most: u64) -> u64 {
        if !(self.budget.is_over() && self.budget.has_to_evict()) {
            return 0;
        }
        let (mut freed, mut in_vain) = (0, 0);
        let fair = FAIR_ROUNDS * self.shards();
        while self.budget.is_over() && freed < most && in_vain < fair + self.shards() {
            let at = self.next_turn();
            let search = if in_vain < fair { Search::Fair } else { Search::Any };
            let evicted = self.evict_some(self.lock(at), &mut None, now, search);
            in_vain = if evicted.is_some() { 0 } else { in_vain + 1 };
            freed += evicted.unwrap_or(0);
        }
        freed
    }

    /// The same, before about `most` bytes are used for other things than items; the watch is
    /// called, as after a write. Returns how many bytes were freed.
    pub fn make_way(&self, now: Moment, most: u64) -> u64 {
        let freed = self.fit(now, most);
        self.budget.turn_over(freed, now);
        freed
    }

    /// Evicts from the writer's shard first and then from others, a few items under one lock at a
    /// time, until items are within their allowance; returns how many bytes were freed.
    ///
    /// Fair searches may be in vain for long, where those of caches above their share are far from
    /// the first of their queues. A cache that writes then loses items of its own, and only if it is
    /// below its share, too, somebody else.
    fn reclaim(&self, shard: MutexGuard<'_, Shard>, mut written: Written, now: Moment) -> u64 {
        let home = written.home;
        let mut evicted = self.evict_some(shard, &mut written.at, now, Search::Fair).unwrap_or(0);
        for (search, most) in [
            (Search::Fair, FAIR_SEARCHES),
            (Search::Near(written.namespace), OWN_SEARCHES.min(self.shards())),
            (Search::Any, self.shards() + 1),
        ] {
            let mut in_vain = 0;
            while self.needs(search) && in_vain < most {
                let at = self.next_turn();
                let spared = if at == home { &mut written.at } else { &mut None };
                let freed = self.evict_some(self.lock(at), spared, now, search);
                in_vain += usize::from(freed.is_none());
                evicted += freed.unwrap_or(0);
            }
        }
        if self.budget.is_over() {
            // The written item does not fit even alone.
            let alone = self.evict_some(self.lock(home), &mut None, now, Search::Any);
            evicted += alone.unwrap_or(0);
        }
        evicted
    }

    /// Whether memory is so short that such searches are needed.
    fn needs(&self, search: Search) -> bool {
        if search == Search::Fair { self.budget.is_short() } else { self.budget.is_over() }
    }

    /// The next shard to evict from. All take turns, so that items written at the same time are
    /// evicted at the same time: a page is free only when everything on it is.
    pub(crate) fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.shards()
    }

    /// Returns how many bytes were freed; `None` if there was nothing to evict.
    fn evict_some(
        &self,
        mut shard: MutexGuard<'_, Shard>,
        spared: &mut Option<u32>,
        now: Moment,
        search: Search,
    ) -> Option<u64> {
        let judge = self.retired.judge(now);
        let (start, mut evicted) = (shard.memory(), 0);
        let mut more = true;
        while more && evicted < EVICTED_AT_A_TIME && self.needs(search) {
            let before = shard.memory();
            // Also a search in vain moves records.
            more = shard.evict(spared, &judge, search);
            shard.shrink_if_empty();
            self.count(before, shard.memory());
            evicted += usize::from(more);
        }
        // Moved records may take more memory than evicted ones did.
        let freed = start.saturating_sub(shard.memory());
        let discarded = shard.take_discarded();
        drop((judge, shard));
        drop(discarded);
        (evicted > 0).then_some(freed)
    }
}
