//! Prefetching for batches: the processor reads what several commands need at the same time.
//!
//! A lookup in a large engine waits for memory at least twice: for a line of a hash table and for
//! the record. One after the other, most of a batch's time is spent waiting.

use crate::{Engine, Namespace};

/// How many keys are prefetched at most: what they need fits into the first cache of a processor.
pub const PREFETCHED: usize = 64;
/// An engine with fewer bytes is mostly in the caches of a processor anyway.
const LARGE: u64 = 32 << 20;

impl Engine {
    /// Has the processor read what commands with these keys need, for the first [`PREFETCHED`], unless
    /// it is likely to be in its caches. Items only, no leaderboards.
    pub fn prefetch<'k>(&self, namespace: Namespace, keys: impl Iterator<Item = &'k [u8]>) {
        if self.budget.items() < LARGE {
            return;
        }
        let (mut places, mut len) = ([(0, 0); PREFETCHED], 0);
        for (place, key) in places.iter_mut().zip(keys) {
            *place = self.locate(namespace, key);
            len += 1;
        }
        let places = &places[..len];
        for &(shard, hash) in places {
            self.lock(shard).prefetch_index(namespace, hash);
        }
        for &(shard, hash) in places {
            self.lock(shard).prefetch_record(namespace, hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::scalar::{KeyExists, Set};
    use crate::{Config, Limits, Moment, Ttl};

    #[test]
    fn keys_are_found_after_a_prefetch_whether_they_exist_or_not_and_however_many_they_are() {
        let (seed, limits) = ([1, 2, 3, 4], Limits::default());
        let engine = Engine::new(Config { memory_bytes: 1 << 30, shards: 4, seed, limits });
        let keys: Vec<[u8; 4]> = (0..1000_u32).map(u32::to_le_bytes).collect();
        let large = vec![0; 1 << 20];
        for (key, i) in keys.iter().zip(0..).filter(|(_, i)| i % 10 < 7) {
            let value = if i < 100 { &large[..] } else { b"value" };
            let set = Set { key, value: value.into(), ttl: Ttl::FOREVER };
            // One cache has many items in a shard, others have few.
            let cache = Namespace(if i % 10 == 0 { i } else { 1 });
            engine.run(cache, set, Moment(0)).expect("never refused");
        }
        assert!(engine.counted() > LARGE);

        for cache in [1, 10, 2].map(Namespace) {
            engine.prefetch(cache, keys.iter().map(|key| &key[..]));
            engine.prefetch(cache, std::iter::empty());
            for (key, i) in keys.iter().zip(0..) {
                let is_there = i % 10 < 7 && cache.0 == if i % 10 == 0 { i } else { 1 };
                assert_eq!(engine.run(cache, KeyExists { key }, Moment(0)), Ok(is_there));
            }
        }
    }
}
