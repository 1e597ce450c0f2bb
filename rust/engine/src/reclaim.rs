//! Room for writes: eviction, from one shard after the other.

use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use crate::search::{DONE_AT_ONCE, Search};
use crate::shard::Shard;
use crate::{Engine, Moment, Namespace, Pace, Unpaced};

/// Items evicted under one lock before another shard is tried.
const EVICTED_AT_A_TIME: usize = 32;
/// Fair searches in vain after which a write leaves it to the next ones to evict, if there is room.
const FAIR_SEARCHES: usize = 2;
/// If there is none, the most searches in vain where the writer's own cache has items.
const OWN_SEARCHES: usize = 256;
/// And the searches that find an item which is alone, since one may pause.
const ALONE_SEARCHES: usize = 3;
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
    /// The rest of a write, once no lock is held: frees removed values, and evicts if needed.
    pub(crate) fn leave(
        &self,
        mut shard: MutexGuard<'_, Shard>,
        written: Written,
        now: Moment,
        pace: &dyn Pace,
    ) {
        let discarded = shard.take_discarded();
        let is_clean = discarded.is_empty() && self.budget.garbage.bytes() == 0;
        // It is unlocked to free something, but not to evict from it.
        let shard = is_clean.then_some(shard);
        self.free(discarded);
        let is_needed = |_| !is_clean && self.budget.is_short();
        let mut freed = self.free_while(is_needed, pace);
        if self.budget.is_short() && self.budget.has_to_evict() {
            freed += self.reclaim(shard, written, now, pace);
        }
        self.budget.turn_over(freed, now);
    }

    /// Evicts until items are within their allowance or about `most` bytes are freed, for when the
    /// budget shrinks and no write evicts. Returns how many bytes were freed.
    pub fn fit(&self, now: Moment, most: u64) -> u64 {
        let mut freed = self.free_most(most);
        if !(self.budget.is_over() && self.budget.has_to_evict()) {
            return freed;
        }
        let (mut in_vain, fair) = (0, FAIR_ROUNDS * self.shards());
        while self.budget.is_over() && freed < most && in_vain < fair + self.shards() {
            let at = self.next_turn();
            let search = if in_vain < fair { Search::Fair } else { Search::Any };
            let evicted = self.evict_some(self.lock(at), &mut None, now, search);
            in_vain = if evicted.is_some() { 0 } else { in_vain + 1 };
            freed += evicted.unwrap_or(0);
            freed += self.free_most(most.saturating_sub(freed));
        }
        freed
    }

    /// Frees garbage while items exceed their allowance, about `most` bytes.
    fn free_most(&self, most: u64) -> u64 {
        self.free_while(|freed| self.budget.is_over() && freed < most, &Unpaced)
    }

    /// The same, before about `most` bytes are used for other things than items; the watch is
    /// called, as after a write. Returns how many bytes were freed.
    pub fn make_way(&self, now: Moment, most: u64) -> u64 {
        let freed = self.fit(now, most);
        self.budget.turn_over(freed, now);
        freed
    }

    /// Frees what was removed, and then evicts, from the writer's shard first and then from others, a
    /// few items under one lock at a time, until items are within their allowance; returns how many
    /// bytes were freed.
    ///
    /// Fair searches may be in vain for long, where those of caches above their share are far from
    /// the first of their queues. A cache that writes then loses items of its own, and only if it is
    /// below its share, too, somebody else.
    fn reclaim(
        &self,
        shard: Option<MutexGuard<'_, Shard>>,
        mut written: Written,
        now: Moment,
        pace: &dyn Pace,
    ) -> u64 {
        let home = written.home;
        let evicted = shard.map(|it| self.evict_some(it, &mut written.at, now, Search::Fair));
        let mut freed = evicted.flatten().unwrap_or(0);
        freed += self.free_while(|_| self.needs(Search::Fair), pace);
        for (search, most) in [
            (Search::Fair, FAIR_SEARCHES),
            (Search::Near(written.namespace), OWN_SEARCHES.min(self.shards())),
            (Search::Any, self.shards() + 1),
        ] {
            let mut in_vain = 0;
            while self.needs(search) && in_vain < most {
                let at = self.next_turn();
                let spared = if at == home { &mut written.at } else { &mut None };
                let evicted = self.evict_some(self.lock(at), spared, now, search);
                in_vain += usize::from(evicted.is_none());
                freed += evicted.unwrap_or(0);
                freed += self.free_while(|_| self.needs(search), pace);
            }
        }
        for _ in 0..ALONE_SEARCHES {
            if !self.budget.is_over() {
                break;
            }
            // The written item does not fit even alone.
            let alone = self.evict_some(self.lock(home), &mut None, now, Search::Any);
            freed += alone.unwrap_or(0);
            freed += self.free_while(|_| self.budget.is_over(), pace);
        }
        freed
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

    /// Returns how many bytes were freed, without those that became garbage; `None` if there was nothing
    /// to evict.
    fn evict_some(
        &self,
        mut shard: MutexGuard<'_, Shard>,
        spared: &mut Option<u32>,
        now: Moment,
        search: Search,
    ) -> Option<u64> {
        let judge = self.retired.judge(now);
        let (start, mut evicted, mut done) = (shard.memory(), 0, 0);
        let mut more = true;
        // What is discarded is to be freed first.
        while more
            && evicted < EVICTED_AT_A_TIME
            && done < DONE_AT_ONCE
            && !shard.has_discarded()
            && self.needs(search)
        {
            let before = shard.memory();
            // Also a search in vain moves records.
            more = shard.evict(spared, &judge, search, &mut done);
            shard.shrink_if_empty();
            self.count(before, shard.memory());
            evicted += usize::from(more);
        }
        // Moved records may take more memory than evicted ones did.
        let freed = start.saturating_sub(shard.memory());
        let discarded = shard.take_discarded();
        drop((judge, shard));
        let garbage = self.free(discarded);
        (evicted > 0 || done >= DONE_AT_ONCE).then_some(freed.saturating_sub(garbage))
    }
}
