//! The shards, one lock at a time, and the one budget for all.

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use parking_lot::{Mutex, MutexGuard};

use crate::namespace::Retired;
use crate::place::Place;
use crate::shard::Shard;
use crate::sweep::SharedCursor;
use crate::{Access, Command, Error, Moment, Namespace, Stored, Totals, size};

/// Items evicted under one lock before the next shard has its turn.
const EVICTED_AT_A_TIME: usize = 32;

/// How an engine is made.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// How much memory all items together may take.
    pub memory_bytes: u64,
    /// Over how many locks the items are spread; see `Engine` for how many.
    pub shards: usize,
    /// Keys the hash. It must come from the operating system's randomness, so
    /// that nobody can choose keys that collide.
    pub seed: [u64; 4],
}

/// All items of all caches of a node.
///
/// Use it through `&self` from as many threads as there are. About eight
/// shards a thread keep threads out of each other's way, and a shard for every
/// 16 MiB of memory keeps the growing of one shard's table short.
#[derive(Debug)]
pub struct Engine {
    shards: Box<[Padded]>,
    /// What all shards take together.
    used: AtomicU64,
    memory_bytes: u64,
    hasher: RandomState,
    retired: Retired,
    cursor: SharedCursor,
}

/// A shard on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

impl Engine {
    /// An empty engine.
    pub fn new(config: Config) -> Self {
        let [a, b, c, d] = config.seed;
        let shards = (0..config.shards.max(1)).map(|_| Padded::default()).collect();
        Self {
            shards,
            used: AtomicU64::new(0),
            memory_bytes: config.memory_bytes,
            hasher: RandomState::with_seeds(a, b, c, d),
            retired: Retired::default(),
            cursor: SharedCursor::default(),
        }
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
        let (home, hash) = self.locate(namespace, command.key());
        let mut shard = self.lock(home);
        let before = shard.tally.totals.bytes;
        let mut place = Place::find(&mut shard, (namespace, hash), command.key(), now);
        let reply = command.apply(&mut place);
        let slot = place.slot();
        self.count(before, shard.tally.totals.bytes);
        if C::ACCESS == Access::Write && self.is_over() {
            self.make_room(home, shard, slot, now);
        }
        reply
    }

    /// Marks a namespace as one that nobody asks for any more. Sweeps free its
    /// items; the id may be used again only when its items are gone.
    pub fn retire(&self, namespace: Namespace) {
        self.retired.add(namespace);
    }

    /// What one namespace holds now.
    pub fn stored(&self, namespace: Namespace) -> Stored {
        let mut sum = Stored::default();
        self.shards.iter().for_each(|shard| sum += shard.0.lock().tally.stored(namespace));
        sum
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

    pub(crate) fn cursor(&self) -> &SharedCursor {
        &self.cursor
    }

    pub(crate) fn retired(&self) -> &Retired {
        &self.retired
    }

    /// Notes that a shard, which is still locked, takes more or less than before.
    pub(crate) fn count(&self, before: u64, after: u64) {
        if before != after {
            self.used.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        }
    }

    /// The shard of a key, and the half of its hash that the shard goes by.
    ///
    /// The namespace is hashed with the key, so that caches never meet.
    fn locate(&self, namespace: Namespace, key: &[u8]) -> (usize, u32) {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(namespace.0);
        hasher.write(key);
        let (high, low) = halves(hasher.finish());
        (size::scale(high, self.shards.len()), low)
    }

    fn is_over(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.memory_bytes
    }

    /// Evicts from the writer's shard first and then round the others, a few
    /// items and one lock at a time, until all fits.
    fn make_room(
        &self,
        home: usize,
        mut shard: MutexGuard<'_, Shard>,
        written: Option<u32>,
        now: Moment,
    ) {
        self.evict_some(&mut shard, written, now);
        drop(shard);
        let (mut at, mut in_vain) = (home, 0);
        while self.is_over() && in_vain < self.shards.len() {
            at = (at + 1) % self.shards.len();
            let spared = written.filter(|_| at == home);
            let found = self.evict_some(&mut self.lock(at), spared, now);
            in_vain = if found { 0 } else { in_vain + 1 };
        }
        if self.is_over() {
            // What was written does not fit on its own.
            self.evict_some(&mut self.lock(home), None, now);
        }
    }

    /// Returns whether there was anything to evict.
    fn evict_some(&self, shard: &mut Shard, spared: Option<u32>, now: Moment) -> bool {
        let judge = self.retired.judge(now);
        for evicted in 0..EVICTED_AT_A_TIME {
            let before = shard.tally.totals.bytes;
            if !self.is_over() || !shard.evict(spared, &judge) {
                return evicted > 0;
            }
            self.count(before, shard.tally.totals.bytes);
        }
        true
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it takes the number apart")]
fn halves(hash: u64) -> (u32, u32) {
    ((hash >> 32) as u32, hash as u32)
}
