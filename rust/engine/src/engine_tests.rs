//! The engine counts what the shards use and what is stored, whatever happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::commands::list::{Push, RemoveValue};
use crate::commands::scalar::{Delete, Get, Set};
use crate::commands::{dictionary, leaderboard, set, sorted_set};
use crate::log::Position;
use crate::random::Random;
use crate::search::{DONE_AT_ONCE, REMOVAL, Search};
use crate::{CollectionTtl, Config, End, Engine, Limits, Moment, Namespace, Stored, Ttl};

struct Run {
    engine: Engine,
    random: Random,
    now: Moment,
}

impl Run {
    fn new(seed: u64, shards: usize, memory_bytes: u64) -> Self {
        let (limits, random) = (Limits::default(), Random::new(seed));
        let engine = Engine::new(Config { memory_bytes, shards, seed: [1, 2, 3, seed], limits });
        Self { engine, random, now: Moment(0) }
    }

    /// Mostly short values, some around the sizes from which on they are stored in another way.
    fn value(&mut self) -> Vec<u8> {
        let len = match self.random.below(30) {
            0 => 16_383 + self.random.below(2),
            1 => self.random.below(40_000),
            2 => 127 + self.random.below(2),
            _ => self.random.below(300),
        };
        vec![7; len]
    }

    /// What all records of a cache have, one by one.
    fn walked(&self, cache: Namespace) -> Stored {
        let mut sum = Stored::default();
        for shard in 0..self.engine.shards() {
            let (shard, mut from) = (self.engine.lock(shard), Position::default());
            while let Some((at, header, after)) = shard.log().next(from) {
                from = after;
                if header.is_live() && header.namespace.of_cache() == cache {
                    sum += Stored::item(shard.size(at));
                }
            }
        }
        sum
    }

    fn step(&mut self) {
        let cache = Namespace(1 + u32::from(self.random.below(5) == 0));
        let key = vec![self.random.below(256).to_le_bytes()[0]; 1 + self.random.below(3) * 2500];
        let ttl = if self.random.below(3) == 0 { Ttl(20) } else { Ttl::FOREVER };
        match self.random.below(10) {
            0..6 => {
                let value = self.value();
                let set = Set { key: &key, value: value[..].into(), ttl };
                self.engine.run(cache, set, self.now).expect("it is small");
            }
            6 => {
                let ttl = CollectionTtl { ttl, refresh: true };
                let values = [&b"element"[..]; 20];
                let push = Push { key: &key, at: End::Back, values, truncate: None, ttl };
                // It may be a scalar.
                let _ = self.engine.run(cache, push, self.now);
            }
            7 => {
                self.engine.run(cache, Delete { key: &key }, self.now).expect("it always works");
            }
            8 => self.now.0 += 1,
            _ => {
                let records = self.random.below(300);
                self.engine.sweep(self.now, records);
            }
        }
    }
}

#[test]
fn the_budget_counts_what_the_shards_use() {
    for seed in 0..12 {
        let mut run =
            Run::new(seed, 1 + usize::try_from(seed % 5).expect("small"), 50_000 * (1 + seed));
        for _ in 0..1500 {
            run.step();
            let shards = 0..run.engine.shards();
            let used: u64 = shards.map(|shard| run.engine.lock(shard).memory()).sum();
            let used = used + run.engine.garbage();
            assert_eq!(run.engine.counted(), used, "seed {seed}");
            assert!(used <= run.engine.allowance(), "seed {seed}");
        }
        run.engine.retire(Namespace(1));
        run.engine.retire(Namespace(2));
        run.engine.sweep(run.now, usize::MAX);
        while run.engine.free_some() {}
        assert_eq!(run.engine.counted(), 0);
    }
}

#[test]
fn a_search_for_an_item_to_evict_does_little_under_one_lock() {
    let engine = Run::new(1, 1, 1 << 30).engine;
    let (cache, now, ttl) = (Namespace(1), Moment(0), Ttl::FOREVER);
    for round in 0..4 {
        for key in (0..20_000_u32).map(u32::to_le_bytes) {
            let set = Set { key: &key, value: b"value"[..].into(), ttl };
            let get = Get::new(&key, |_| ());
            // All are used, so all would stay.
            let run = if round == 0 {
                engine.run(cache, set, now)
            } else {
                engine.run(cache, get, now).map(drop)
            };
            run.expect("it is small");
        }
    }
    let (mut evicted, mut calls) = (0, 0);
    while evicted < 3 {
        let mut done = 0;
        let judge = engine.retired().judge(now);
        evicted += u32::from(engine.lock(0).evict(&mut None, &judge, Search::Any, &mut done));
        assert!(done <= DONE_AT_ONCE + REMOVAL, "{done}");
        calls += 1;
    }
    assert!(calls > 2 * evicted, "{calls}");
}

#[test]
fn many_caches_are_made_smaller_some_at_a_time() {
    let engine = Run::new(1, 1, 1 << 30).engine;
    for cache in (0..1_000).map(Namespace) {
        let set = Set { key: b"k", value: b"value"[..].into(), ttl: Ttl::FOREVER };
        engine.run(cache, set, Moment(0)).expect("it is small");
    }
    let mut shard = engine.lock(0);
    assert_eq!((shard.shrink(0), shard.shrink(512)), (Some(512), None));
}

#[test]
fn what_a_cache_stores_is_counted_as_it_changes() {
    for seed in 0..4 {
        let mut run = Run::new(seed, 2, 200_000);
        for _ in 0..1500 {
            run.step();
            for cache in [Namespace(1), Namespace(2)] {
                assert_eq!(run.engine.stored(cache), run.walked(cache), "seed {seed}");
            }
        }
    }
}

#[test]
fn keys_and_values_count_with_their_length() {
    let engine = Run::new(1, 1, 1 << 20).engine;
    let (cache, now, ttl) = (Namespace(1), Moment(0), Ttl::FOREVER);
    let both = CollectionTtl { ttl, refresh: true };
    let data = || engine.stored(cache).data;
    let mut expected = 0;

    for (value, adds) in
        [(&[1; 100][..], 101), (&[1; 97], -3), (&[1; 9_000], 8_903), (b"v", -8_999)]
    {
        engine.run(cache, Set { key: b"s", value: value.into(), ttl }, now).unwrap();
        expected += adds;
        assert_eq!(i64::try_from(data()), Ok(expected));
    }
    let pairs = [(&b"field"[..], &b"value"[..])];
    engine.run(cache, dictionary::Set { key: b"d", pairs, ttl: both }, now).unwrap();
    engine.run(cache, set::Union { key: b"e", elements: [&b"one"[..]], ttl: both }, now).unwrap();
    let (at, truncate) = (End::Back, None);
    let values = [&b"12"[..], b"345"];
    engine.run(cache, Push { key: b"l", at, values, truncate, ttl: both }, now).unwrap();
    let elements = [(&b"abc"[..], 1.0)];
    engine.run(cache, sorted_set::Put { key: b"z", elements, ttl: both }, now).unwrap();
    let elements = [(1, 1.0), (2, 2.0)];
    engine.run(cache, leaderboard::Upsert { key: b"b", elements, ttl: both }, now).unwrap();
    assert_eq!(data(), 2 + 11 + 4 + 6 + 12 + 25);

    engine.run(cache, RemoveValue { key: b"l", value: b"12" }, now).unwrap();
    engine.run(cache, Delete { key: b"s" }, now).unwrap();
    assert_eq!(data(), 11 + 4 + 4 + 12 + 25);
}

#[test]
fn what_others_can_do_without_is_given_back_before_items_are_evicted() {
    let memory = 1 << 20;
    let engine = Arc::new(Run::new(1, 1, memory).engine);
    let (half, asked) = (memory / 2, Arc::<AtomicU64>::default());
    engine.reserve(half);
    assert!(engine.has_spare(half / 2) && !engine.has_spare(half));
    let (lender, bytes) = (Arc::downgrade(&engine), asked.clone());
    engine.borrow_from(Box::new(move |missing| {
        if bytes.fetch_add(missing, Ordering::Relaxed) == 0 {
            lender.upgrade().unwrap().release(half);
        }
    }));
    let set = |at: u32| {
        let command =
            Set { key: &at.to_le_bytes(), value: [7; 1_000][..].into(), ttl: Ttl::FOREVER };
        engine.run(Namespace(1), command, Moment(0)).unwrap();
    };

    (0..700).for_each(set);
    assert_eq!(engine.totals().evicted, 0);
    assert!(asked.load(Ordering::Relaxed) > 0 && engine.reserved() == 0);
    (700..2_000).for_each(set);
    assert!(engine.totals().evicted > 0);
}
