//! The engine: its shards, of which one is locked at a time, and their common budget.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::budget::Budget;
use crate::hashing::Hashing;
use crate::log::Position;
use crate::namespace::Retired;
use crate::place::{Place, Rules};
use crate::shard::Shard;
use crate::{Command, Error, Limits, Looked, Moment, Namespace, Stored, Totals, size};

/// Items evicted under one lock before another shard is tried.
const EVICTED_AT_A_TIME: usize = 32;
/// Namespaces looked up under one lock before it is released.
const LOOKED_UP_AT_A_TIME: usize = 64;

/// The configuration of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The memory for all items together with what is reserved, in bytes.
    pub memory_bytes: u64,
    /// The number of shards, each with a lock of its own; see `Engine` for a good number.
    pub shards: usize,
    /// The seed of the hash. It must come from the operating system's randomness, so that clients
    /// cannot choose keys that collide.
    pub seed: [u64; 4],
    /// The limits of items.
    pub limits: Limits,
}

/// All items of all caches of a node.
///
/// Shared by any number of threads through `&self`. About eight shards per thread keep threads from
/// waiting for each other, and one shard per 16 MiB of memory keeps short what is done
/// under the lock of one.
#[derive(Debug)]
pub struct Engine {
    shards: Box<[Padded]>,
    budget: Budget,
    /// Selects the shard that evicts next.
    turn: AtomicUsize,
    rules: Rules,
    retired: Retired,
    cursor: Mutex<Cursor>,
}

/// A shard on its own cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

/// Where the next sweep continues.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) shard: usize,
    pub(crate) position: Position,
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

    /// The limits of items.
    pub fn limits(&self) -> &Limits {
        &self.rules.limits
    }

    /// Runs a command. If memory is short after a write, the write stays and other items are
    /// evicted.
    ///
    /// # Errors
    ///
    /// Those of the command; the item is then unchanged.
    pub fn run<C: Command>(
        &self,
        namespace: Namespace,
        command: C,
        now: Moment,
    ) -> Result<C::Reply, Error> {
        self.measure(namespace, command, now).map(|(reply, _)| reply)
    }

    /// The same, and returns the lookups of the command, too.
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
        let before = shard.memory();
        let at = (namespace, hash);
        let mut place = Place::find(&mut shard, &self.rules, at, command.key(), now);
        let reply = command.apply(&mut place);
        let (mut at, mut looked) = (place.at(), place.looked());
        if C::WRITES {
            shard.compact(&mut at);
            self.count(before, shard.memory());
            self.leave(home, shard, at, now);
        } else {
            drop(shard);
        }
        let reply = reply?;
        looked += C::looked(&reply);
        Ok((reply, looked))
    }

    /// Inserts an item by `insert`, unless its key has one; whether it did.
    pub(crate) fn insert(
        &self,
        namespace: Namespace,
        key: &[u8],
        now: Moment,
        insert: impl FnOnce(&mut Shard, u32) -> u32,
    ) -> bool {
        let (home, hash) = self.locate(namespace, key);
        let mut shard = self.lock(home);
        if shard.find(namespace, hash, key).is_some() {
            return false;
        }
        let before = shard.memory();
        let at = insert(&mut shard, hash);
        self.count(before, shard.memory());
        self.leave(home, shard, Some(at), now);
        true
    }

    /// The rest of a write, once no lock is held: evicts if needed, and drops large values.
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

    /// Reserves memory for other things than items; items have that much less, though never less
    /// than a quarter of the budget.
    pub fn reserve(&self, bytes: u64) {
        self.budget.reserve(bytes);
    }

    /// Releases reserved memory.
    pub fn release(&self, bytes: u64) {
        self.budget.release(bytes);
    }

    /// The reserved memory, in bytes.
    pub fn reserved(&self) -> u64 {
        self.budget.reserved()
    }

    /// The memory of items and reservations, in bytes.
    pub fn counted(&self) -> u64 {
        self.budget.items() + self.budget.reserved()
    }

    /// Sets how many resident bytes are not counted: items have that much less, though never less
    /// than a sixteenth of the budget.
    pub fn note_overhead(&self, bytes: u64) {
        self.budget.note_overhead(bytes);
    }

    /// How much memory items may use now, in bytes.
    pub fn allowance(&self) -> u64 {
        self.budget.allowance()
    }

    /// Sets a callback that runs each time that another 64th of the budget was evicted, on the
    /// thread whose write evicted it and with no lock held. Only the first call has an effect.
    pub fn watch(&self, watch: Box<dyn Fn(Moment) + Send + Sync>) {
        self.budget.set_watch(watch);
    }

    /// Evicts until items are within their allowance or about `most` bytes are freed, for when the
    /// budget shrinks and no write evicts. Returns how many bytes were freed.
    pub fn fit(&self, now: Moment, most: u64) -> u64 {
        let (mut freed, mut in_vain) = (0, 0);
        while self.budget.is_over() && freed < most && in_vain < self.shards.len() {
            let at = self.next_turn();
            let evicted = self.evict_some(self.lock(at), &mut None, now);
            in_vain = if evicted.is_some() { 0 } else { in_vain + 1 };
            freed += evicted.unwrap_or(0);
        }
        freed
    }

    /// The same, before about `most` bytes are used for other things than items; the watch is
    /// called, as after a write.
    pub fn make_way(&self, now: Moment, most: u64) {
        let freed = self.fit(now, most);
        self.budget.turn_over(freed, now);
    }

    /// Retires a namespace. Sweeps free its items; the id may be reused only when all of them are
    /// gone.
    pub fn retire(&self, namespace: Namespace) {
        self.retired.add(namespace);
    }

    /// What a namespace stores now.
    pub fn stored(&self, namespace: Namespace) -> Stored {
        self.stored_of(&[namespace])[0]
    }

    /// What each of several namespaces stores now, in the same order.
    pub fn stored_of(&self, namespaces: &[Namespace]) -> Vec<Stored> {
        let mut sums = vec![Stored::default(); namespaces.len()];
        // Only some namespaces are looked up under one lock, since writers wait for it.
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

    /// How many items were evicted since the last call, by namespace, including namespaces that
    /// were retired meanwhile.
    pub fn take_evicted(&self) -> HashMap<Namespace, u64> {
        let mut sums = HashMap::new();
        self.shards.iter().for_each(|shard| shard.0.lock().tally.take_evicted(&mut sums));
        sums
    }

    /// What all namespaces store now, and what was evicted or expired.
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

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.rules.hashing
    }

    pub(crate) fn retired(&self) -> &Retired {
        &self.retired
    }

    /// Updates the budget after a shard, which is still locked, changed size.
    pub(crate) fn count(&self, before: u64, after: u64) {
        self.budget.count(before, after);
    }

    /// The shard of a key, and the half of its hash that is used within the shard.
    fn locate(&self, namespace: Namespace, key: &[u8]) -> (usize, u32) {
        let (high, low) = self.rules.hashing.of_key(namespace, key);
        (size::scale(high, self.shards.len()), low)
    }

    /// The next shard to evict from. All take turns, so that items written at the same time are
    /// evicted at the same time: a page is free only when everything on it is.
    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.shards.len()
    }

    /// Evicts from the writer's shard first and then from others, a few items under one lock at a
    /// time, until items are within their allowance; returns how many bytes were freed.
    fn make_room(
        &self,
        home: usize,
        shard: MutexGuard<'_, Shard>,
        written: Option<u32>,
        now: Moment,
    ) -> u64 {
        let mut written = written;
        let mut evicted = self.evict_some(shard, &mut written, now).unwrap_or(0);
        let mut in_vain = 0;
        while self.budget.is_over() && in_vain <= self.shards.len() {
            let at = self.next_turn();
            let spared = if at == home { &mut written } else { &mut None };
            let freed = self.evict_some(self.lock(at), spared, now);
            in_vain = if freed.is_some() { 0 } else { in_vain + 1 };
            evicted += freed.unwrap_or(0);
        }
        if self.budget.is_over() {
            // The written item does not fit even alone.
            evicted += self.evict_some(self.lock(home), &mut None, now).unwrap_or(0);
        }
        evicted
    }

    /// Returns how many bytes were freed; `None` if there was nothing to evict.
    fn evict_some(
        &self,
        mut shard: MutexGuard<'_, Shard>,
        spared: &mut Option<u32>,
        now: Moment,
    ) -> Option<u64> {
        let judge = self.retired.judge(now);
        let (start, mut evicted) = (shard.memory(), 0);
        let mut more = true;
        while more && evicted < EVICTED_AT_A_TIME && self.budget.is_over() {
            let before = shard.memory();
            // Also a search in vain moves records.
            more = shard.evict(spared, &judge);
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
