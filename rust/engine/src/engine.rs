//! The shards, one lock at a time, and the one budget for all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::budget::Budget;
use crate::hashing::Hashing;
use crate::namespace::Retired;
use crate::place::{Place, Rules};
use crate::shard::Shard;
use crate::{Command, Error, Limits, Looked, Moment, Namespace, Stored, Totals, size};

/// Items evicted under one lock before the next shard has its turn.
const EVICTED_AT_A_TIME: usize = 32;
/// Namespaces looked up under one lock before the next shard has its turn.
const LOOKED_UP_AT_A_TIME: usize = 64;

/// How an engine is made.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// How much memory all items together may take, with what else is reserved.
    pub memory_bytes: u64,
    /// Over how many locks the items are spread; see `Engine` for how many.
    pub shards: usize,
    /// Keys the hash. It must come from the operating system's randomness, so
    /// that clients cannot choose keys that collide.
    pub seed: [u64; 4],
    /// How large items may be.
    pub limits: Limits,
}

/// All items of all caches of a node.
///
/// Use it through `&self` from as many threads as there are. About eight
/// shards a thread keep threads out of each other's way, and a shard for every
/// 16 MiB of memory keeps the growing of one shard's table short.
#[derive(Debug)]
pub struct Engine {
    shards: Box<[Padded]>,
    budget: Budget,
    /// Counts the turns of the shards to give something up.
    turn: AtomicUsize,
    rules: Rules,
    retired: Retired,
    cursor: Mutex<Cursor>,
}

/// A shard on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

/// Where the next sweep goes on.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) shard: usize,
    pub(crate) slot: usize,
}

impl Engine {
    /// An empty engine.
    pub fn new(config: Config) -> Self {
        let hashing = Hashing::new(config.seed);
        let shard = |at| Padded(Mutex::new(Shard::new(hashing.random(at))));
        let shards = (0..config.shards.max(1)).map(shard).collect();
        Self {
            shards,
            budget: Budget::new(config.memory_bytes),
            turn: AtomicUsize::new(0),
            rules: Rules { hashing, limits: config.limits },
            retired: Retired::default(),
            cursor: Mutex::default(),
        }
    }

    /// How large items may be.
    pub fn limits(&self) -> &Limits {
        &self.rules.limits
    }

    /// Carries out a command. If memory is short after a write, the write
    /// stays and older items leave.
    ///
    /// # Errors
    ///
    /// Those of the command; the item is then as it was.
    pub fn run<C: Command>(
        &self,
        namespace: Namespace,
        command: C,
        now: Moment,
    ) -> Result<C::Reply, Error> {
        self.measure(namespace, command, now).map(|(reply, _)| reply)
    }

    /// The same, and what the command looked for.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::run`].
    pub fn measure<C: Command>(
        &self,
        namespace: Namespace,
        mut command: C,
        now: Moment,
    ) -> Result<(C::Reply, Looked), Error> {
        command.prepare(&self.rules.hashing);
        let namespace = namespace.within(C::SPACE);
        let (home, hash) = self.locate(namespace, command.key());
        let mut shard = self.lock(home);
        let before = shard.tally.totals.bytes;
        let at = (namespace, hash);
        let mut place = Place::find(&mut shard, &self.rules, at, command.key(), now);
        let reply = command.apply(&mut place);
        let (slot, mut looked) = (place.slot(), place.looked());
        self.count(before, shard.tally.totals.bytes);
        if C::WRITES {
            self.leave(home, shard, slot, now);
        } else {
            drop(shard);
        }
        let reply = reply?;
        looked += C::looked(&reply);
        Ok((reply, looked))
    }

    /// What is left to do after a write: to make room, and to drop what was
    /// large once no lock is held.
    fn leave(
        &self,
        home: usize,
        mut shard: MutexGuard<'_, Shard>,
        written: Option<u32>,
        now: Moment,
    ) {
        let discarded = shard.take_discarded();
        if self.budget.is_over() {
            let evicted = self.make_room(home, shard, written, now);
            drop(discarded);
            self.budget.turn_over(evicted, now);
        } else {
            drop(shard);
            drop(discarded);
        }
    }

    /// Counts memory that something else than items takes; items get so much less, though never
    /// less than a quarter of all.
    pub fn reserve(&self, bytes: u64) {
        self.budget.reserve(bytes);
    }

    /// Gives back what was reserved.
    pub fn release(&self, bytes: u64) {
        self.budget.release(bytes);
    }

    /// What is reserved now, in bytes.
    pub fn reserved(&self) -> u64 {
        self.budget.reserved()
    }

    /// What items and all that is reserved take now, in bytes.
    pub fn counted(&self) -> u64 {
        self.budget.items() + self.budget.reserved()
    }

    /// Tells how many bytes are resident beyond what is counted: items get so much less, though
    /// never less than a sixteenth of all.
    pub fn note_overhead(&self, bytes: u64) {
        self.budget.note_overhead(bytes);
    }

    /// What items may take now, in bytes.
    pub fn allowance(&self) -> u64 {
        self.budget.allowance()
    }

    /// Has `watch` called each time that another 64th of the budget was evicted, by the thread
    /// whose write evicted it and with no lock held. Only the first call counts.
    pub fn watch(&self, watch: Box<dyn Fn(Moment) + Send + Sync>) {
        self.budget.set_watch(watch);
    }

    /// Evicts until items take no more than they may, or about `most` bytes are freed; for when
    /// the budget shrinks and no write evicts. Returns how many bytes were freed.
    pub fn fit(&self, now: Moment, most: u64) -> u64 {
        let (mut freed, mut in_vain) = (0, 0);
        while self.budget.is_over() && freed < most && in_vain < self.shards.len() {
            let at = self.next_turn();
            let evicted = self.evict_some(self.lock(at), None, now);
            in_vain = if evicted > 0 { 0 } else { in_vain + 1 };
            freed += evicted;
        }
        freed
    }

    /// The same for who is about to take about `most` bytes for something that is no item; the
    /// watch is told, as of a write.
    pub fn make_way(&self, now: Moment, most: u64) {
        let freed = self.fit(now, most);
        self.budget.turn_over(freed, now);
    }

    /// Retires a namespace that is no longer in use. Sweeps free its
    /// items; the id may be used again only when its items are gone.
    pub fn retire(&self, namespace: Namespace) {
        self.retired.add(namespace);
    }

    /// What one namespace holds now.
    pub fn stored(&self, namespace: Namespace) -> Stored {
        self.stored_of(&[namespace])[0]
    }

    /// What each of several namespaces holds now, in their order.
    pub fn stored_of(&self, namespaces: &[Namespace]) -> Vec<Stored> {
        let mut sums = vec![Stored::default(); namespaces.len()];
        // Many namespaces are not looked up under one lock: writers wait for it.
        let groups = namespaces.chunks(LOOKED_UP_AT_A_TIME);
        for (group, sums) in groups.zip(sums.chunks_mut(LOOKED_UP_AT_A_TIME)) {
            for shard in &self.shards {
                let shard = shard.0.lock();
                for (namespace, sum) in group.iter().zip(&mut *sums) {
                    *sum += shard.tally.stored(*namespace);
                }
            }
        }
        sums
    }

    /// How many items were evicted since the last call, by the namespace that lost them; one that
    /// was retired meanwhile may still be among them.
    pub fn take_evicted(&self) -> HashMap<Namespace, u64> {
        let mut sums = HashMap::new();
        self.shards.iter().for_each(|shard| shard.0.lock().tally.take_evicted(&mut sums));
        sums
    }

    /// What all namespaces hold now, and what was let go.
    pub fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        self.shards.iter().for_each(|shard| sum += shard.0.lock().tally.totals);
        sum
    }

    pub(crate) fn shards(&self) -> usize {
        self.shards.len()
    }

    pub(crate) fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].0.lock()
    }

    pub(crate) fn cursor(&self) -> &Mutex<Cursor> {
        &self.cursor
    }

    pub(crate) fn retired(&self) -> &Retired {
        &self.retired
    }

    /// Notes that a shard, which is still locked, takes more or less than before.
    pub(crate) fn count(&self, before: u64, after: u64) {
        self.budget.count(before, after);
    }

    /// The shard of a key, and the half of its hash that the shard goes by.
    fn locate(&self, namespace: Namespace, key: &[u8]) -> (usize, u32) {
        let (high, low) = self.rules.hashing.of_key(namespace, key);
        (size::scale(high, self.shards.len()), low)
    }

    /// The shard that gives something up next. All take turns, so that what was written together
    /// leaves together: a page is free only when all that lies on it has left.
    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.shards.len()
    }

    /// Evicts from the writer's shard first and then from others, a few items
    /// and one lock at a time, until all fits; how many bytes left.
    fn make_room(
        &self,
        home: usize,
        shard: MutexGuard<'_, Shard>,
        written: Option<u32>,
        now: Moment,
    ) -> u64 {
        let mut evicted = self.evict_some(shard, written, now);
        let mut in_vain = 0;
        while self.budget.is_over() && in_vain <= self.shards.len() {
            let at = self.next_turn();
            let spared = written.filter(|_| at == home);
            let freed = self.evict_some(self.lock(at), spared, now);
            in_vain = if freed > 0 { 0 } else { in_vain + 1 };
            evicted += freed;
        }
        if self.budget.is_over() {
            // What was written does not fit on its own.
            evicted += self.evict_some(self.lock(home), None, now);
        }
        evicted
    }

    /// Returns how many bytes left; none if there was nothing to evict.
    fn evict_some(
        &self,
        mut shard: MutexGuard<'_, Shard>,
        spared: Option<u32>,
        now: Moment,
    ) -> u64 {
        let judge = self.retired.judge(now);
        let start = shard.tally.totals.bytes;
        for _ in 0..EVICTED_AT_A_TIME {
            let before = shard.tally.totals.bytes;
            if !self.budget.is_over() || !shard.evict(spared, &judge) {
                break;
            }
            self.count(before, shard.tally.totals.bytes);
        }
        let freed = start - shard.tally.totals.bytes;
        if spared.is_none() {
            // A spared item keeps its slot, by which its writer knows it.
            shard.shrink();
        }
        let discarded = shard.take_discarded();
        drop((judge, shard));
        drop(discarded);
        freed
    }
}
