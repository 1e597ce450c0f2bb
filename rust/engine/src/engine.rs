//! The engine: its shards, of which one is locked at a time, and their common budget.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::{Mutex, MutexGuard};

use crate::budget::Budget;
use crate::fairness::Fairness;
use crate::hashing::Hashing;
use crate::log::Position;
use crate::namespace::Retired;
use crate::place::Rules;
use crate::reclaim::Written;
use crate::shard::Shard;
use crate::{Limits, Moment, Namespace, Stored, Totals, Unpaced, size};

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
/// waiting for each other, and one shard per 64 MiB of memory keeps short what is done
/// under the lock of one.
#[derive(Debug)]
pub struct Engine {
    shards: Box<[Padded]>,
    pub(crate) budget: Budget,
    /// Selects the shard that evicts next.
    pub(crate) turn: AtomicUsize,
    rules: Rules,
    pub(crate) retired: Retired,
    cursor: Mutex<Cursor>,
}

/// A shard on its own cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

/// Where the next sweep continues.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) shard: usize,
    pub(crate) position: Position,
    /// How many caches were made smaller, once all records were visited.
    pub(crate) shrunk: Option<usize>,
}

impl Engine {
    /// An empty engine.
    pub fn new(config: Config) -> Self {
        let hashing = Hashing::new(config.seed);
        let fairness = Arc::<Fairness>::default();
        let shard = |at| Padded(Mutex::new(Shard::new(hashing.random(at), fairness.clone())));
        let shards = (0..config.shards.max(1)).map(shard).collect();
        let budget = Budget::new(config.memory_bytes);
        let garbage = budget.garbage.clone();
        Self {
            shards,
            budget,
            turn: AtomicUsize::new(0),
            rules: Rules { hashing, limits: config.limits, garbage },
            retired: Retired::default(),
            cursor: Mutex::default(),
        }
    }

    /// The limits of items.
    pub fn limits(&self) -> &Limits {
        &self.rules.limits
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
        let at = Some(insert(&mut shard, hash));
        self.count(before, shard.memory());
        self.leave(shard, Written { home, namespace, at }, now, &Unpaced);
        true
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

    /// The memory that is held for work on items, in bytes.
    pub fn held(&self) -> u64 {
        self.budget.held()
    }

    /// The memory of items, of work on them, and of reservations, in bytes.
    pub fn counted(&self) -> u64 {
        self.budget.items() + self.budget.held() + self.budget.reserved()
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

    /// Whether so many bytes can be reserved without evicting items.
    pub fn has_spare(&self, bytes: u64) -> bool {
        self.budget.has_spare(bytes)
    }

    /// Sets a callback that runs before items are evicted, with how many bytes they need: it may
    /// release reserved memory, so that fewer are evicted, or none. It must not use the engine
    /// otherwise, which may be locked. Only the first call has an effect.
    pub fn borrow_from(&self, lender: Box<dyn Fn(u64) + Send + Sync>) {
        self.budget.set_lender(lender);
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
                    *sum += shard.stored(*namespace);
                }
            }
        }
        sums
    }

    /// How many items were evicted since the last call, by namespace, including namespaces that
    /// were retired meanwhile.
    pub fn take_evicted(&self) -> HashMap<Namespace, u64> {
        let mut sums = HashMap::new();
        self.shards.iter().for_each(|shard| shard.0.lock().take_evicted(&mut sums));
        sums
    }

    /// What all namespaces store now, and what was evicted or expired.
    pub fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        self.shards.iter().for_each(|shard| sum += shard.0.lock().totals());
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

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
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
    pub(crate) fn locate(&self, namespace: Namespace, key: &[u8]) -> (usize, u32) {
        let (high, low) = self.rules.hashing.of_key(namespace, key);
        (size::scale(high, self.shards.len()), low)
    }
}
