//! The search for an item to evict.

use super::Shard;
use crate::eviction::MOST_MOVES;
use crate::log::{Queue, Step};
use crate::namespace::{Liveness, RemovalReason};
use crate::search::{self, DONE_AT_ONCE, Protected, REMOVAL, Search};
use crate::{Moment, Namespace, size};

/// The most protected items that one search passes: more than are in the way of each evicted one in the
/// long run, and some microseconds under the lock.
const MOST_PROTECTED: usize = 64;
/// Lines of a table in which an item of a cache is looked for.
const SAMPLED_LINES: usize = 8;
/// Of how many items, in how many caches, the one that is worth least is evicted for a quota.
const SAMPLED_ITEMS: usize = 8;
const SAMPLED_CACHES: usize = 4;
/// How many caches are looked up for that.
const MOST_CACHES: usize = 64;

impl Shard {
    /// Evicts one item, or removes an expired or retired one that comes first; whether the search
    /// found one besides the one that is `spared`, which may get a new address. Only a search for any
    /// goes on until it does. What it moves and removes is added to `done`; once that is too much for
    /// one lock, the search goes on with the next call.
    pub(crate) fn evict(
        &mut self,
        spared: &mut Option<u32>,
        judge: &Liveness<'_>,
        search: Search,
        done: &mut usize,
    ) -> bool {
        let Some(at) = self.victim(spared, judge, search, done) else { return false };
        self.drop_victim(at, judge);
        *done += REMOVAL;
        true
    }

    /// Evicts the item of these caches that is worth least of a sample, besides one that is spared;
    /// whether there was one.
    pub(crate) fn evict_of(
        &mut self,
        namespaces: &[Namespace],
        spared: Option<(Namespace, u32)>,
        judge: &Liveness<'_>,
    ) -> bool {
        let Some(at) = self.least_of(namespaces, spared, judge) else { return false };
        self.drop_victim(at, judge);
        true
    }

    fn least_of(
        &mut self,
        namespaces: &[Namespace],
        spared: Option<(Namespace, u32)>,
        judge: &Liveness<'_>,
    ) -> Option<u32> {
        let [start, first] = [(); 2].map(|()| (self.random.next() >> 32) as u32);
        let (before, after) = namespaces.split_at(size::scale(start, namespaces.len()));
        let caches = after.iter().chain(before).take(MOST_CACHES);
        let mut found: Option<(f64, u32)> = None;
        for cache in caches.filter_map(|it| self.caches.get(*it)).take(SAMPLED_CACHES) {
            let last = cache.hash_after(first, SAMPLED_LINES).map_or(u32::MAX, |end| end - 1);
            for at in cache.addresses_of(&(first..=last)).take(SAMPLED_ITEMS) {
                let header = self.log.header(at);
                if judge.fate(header).is_some() {
                    return Some(at);
                }
                let (age, bytes) = (self.log.age(at), self.weight(at));
                let worth = self.eviction.worth_for_age(header, bytes, age, judge.now());
                let is_less = found.is_none_or(|(least, _)| worth < least);
                if is_less && spared != Some((header.namespace, header.hash)) {
                    found = Some((worth, at));
                }
            }
        }
        found.map(|(_, at)| at)
    }

    fn drop_victim(&mut self, at: u32, judge: &Liveness<'_>) {
        let header = self.log.header(at);
        match judge.fate(header) {
            Some(RemovalReason::Expired) => self.caches.totals.expired += 1,
            Some(RemovalReason::Retired) => {}
            None => {
                self.caches.count_evicted(header.namespace);
                self.eviction.remember(header.hash, &self.log);
            }
        }
        self.remove(at);
    }

    /// The next item to evict, after those before it were moved.
    fn victim(
        &mut self,
        spared: &mut Option<u32>,
        judge: &Liveness<'_>,
        search: Search,
        done: &mut usize,
    ) -> Option<u32> {
        let now = judge.now();
        self.log.set_time(now);
        if let Search::Near(namespace) = search {
            let near = self.sample(namespace, *spared, now)?;
            // A large value frees its memory at once; a record does so with the rest of its segment,
            // unless that is still open.
            if self.log.header(near).is_aside() || !self.log.bring_first(near) {
                return Some(near);
            }
        }
        let is_fair = search != Search::Any;
        let (mut protected, mut moves) = (Protected::default(), self.start.take_moves());
        while !is_fair || protected.weight < MOST_PROTECTED {
            if *done >= DONE_AT_ONCE {
                self.start.pause(moves);
                return None;
            }
            let queue = self.next_queue(&protected);
            let protects = |it| !judge.is_retired(it) && self.caches.protects(it, now);
            if is_fair && self.log.requeue_protected(queue, protects) {
                self.eviction.pass();
                protected.add(0);
                continue;
            }
            let (queue, step) =
                self.step(queue, *spared).or_else(|| self.step(queue.other(), *spared))?;
            let at = match step {
                Step::Record(at) => at,
                Step::End(drained) => {
                    self.eviction.end(queue, drained, self.items(), now);
                    continue;
                }
            };
            if *spared == Some(at) {
                *spared = Some(self.relocate(at, queue));
                continue;
            }
            let header = self.log.header(at);
            if judge.fate(header).is_some() {
                return Some(at);
            }
            if is_fair && self.caches.protects(header.namespace.of_cache(), now) {
                protected.add(self.log.record(at).len());
            } else if moves >= MOST_MOVES || !self.stays(at, queue, now) {
                self.start.note(&protected);
                return Some(at);
            } else {
                moves += search::weight(self.log.record(at).len());
            }
            *done += search::weight(self.log.record(at).len());
            self.relocate(at, Queue::Main);
        }
        None
    }

    /// Any item of a cache besides the one that is `spared`, unless the cache is protected.
    fn sample(&mut self, namespace: Namespace, spared: Option<u32>, now: Moment) -> Option<u32> {
        if self.caches.protects(namespace.of_cache(), now) {
            return None;
        }
        let cache = self.caches.get(namespace)?;
        let first = (self.random.next() >> 32) as u32;
        let last = cache.hash_after(first, SAMPLED_LINES).map_or(u32::MAX, |end| end - 1);
        cache.addresses_of(&(first..=last)).find(|&at| spared != Some(at))
    }

    /// The queue to evict from, or the other one if many were protected: that may have items of others.
    fn next_queue(&mut self, protected: &Protected) -> Queue {
        let queue = self.eviction.queue(&self.log);
        let turns = protected.turns() + usize::from(self.start.in_other);
        if turns.is_multiple_of(2) { queue } else { queue.other() }
    }

    /// The next step of draining a queue, if it has other records than the one that is `spared`.
    fn step(&mut self, queue: Queue, spared: Option<u32>) -> Option<(Queue, Step)> {
        let step = self.log.drain(queue)?;
        let is_alone =
            self.log.records(queue) == 1 && matches!(step, Step::Record(at) if spared == Some(at));
        (!is_alone).then_some((queue, step))
    }

    fn stays(&mut self, at: u32, queue: Queue, now: Moment) -> bool {
        let mut header = self.log.header(at);
        let stays = self.eviction.stays(&mut header, queue, self.weight(at), now);
        self.log.update(at, |old| *old = header);
        stays
    }
}
