//! Which items are evicted.

use std::collections::{BTreeMap, HashMap};

use attimo_engine::commands::scalar::{Get, KeyExists, Set};
use attimo_engine::{Config, Engine, Limits, Moment, Namespace, Ttl};

const CACHE: Namespace = Namespace(1);
const ROOM: u64 = 1000;
/// Enough for as many segments as in practice.
const LARGE_ROOM: u64 = 20 * ROOM;

/// A cache with memory for a number of items of these tests.
struct Cache {
    engine: Engine,
    now: Moment,
}

impl Cache {
    fn new() -> Self {
        Self::with_room(ROOM)
    }

    fn with_room(items: u64) -> Self {
        let engine = |memory_bytes| {
            Engine::new(Config {
                memory_bytes,
                shards: 2,
                seed: [1, 2, 3, 4],
                limits: Limits::default(),
            })
        };
        let sample = Self { engine: engine(items * 80), now: Moment(0) };
        (0..items).for_each(|key| sample.set(key, Ttl(1)));
        assert_eq!(sample.engine.totals().evicted, 0);
        // Eviction keeps a 128th free.
        Self { engine: engine(sample.engine.counted() * 128 / 127), now: Moment(0) }
    }

    fn set(&self, key: u64, ttl: Ttl) {
        let set = Set { key: &key.to_le_bytes(), value: b"some text"[..].into(), ttl };
        assert_eq!(self.engine.run(CACHE, set, self.now), Ok(()));
    }

    fn get(&self, key: u64) -> bool {
        self.engine.run(CACHE, Get::new(&key.to_le_bytes(), |_| ()), self.now) == Ok(Some(()))
    }

    fn has(&self, key: u64) -> bool {
        self.engine.run(CACHE, KeyExists { key: &key.to_le_bytes() }, self.now) == Ok(true)
    }

    fn count(&self, keys: std::ops::Range<u64>) -> usize {
        keys.filter(|&key| self.has(key)).count()
    }
}

#[test]
fn a_long_scan_does_not_evict_frequently_used_items() {
    let cache = Cache::with_room(LARGE_ROOM);
    let hot = LARGE_ROOM / 4;
    (0..hot).for_each(|key| cache.set(key, Ttl::FOREVER));
    // Between two uses of an item, half as many are written as there is room for.
    let (mut hits, uses) = (0, 5 * LARGE_ROOM);
    for i in 0..uses {
        (0..2).for_each(|new| cache.set(LARGE_ROOM + 2 * i + new, Ttl::FOREVER));
        if cache.get(i % hot) {
            hits += 1;
        } else {
            cache.set(i % hot, Ttl::FOREVER);
        }
    }

    assert!(hits > uses / 100 * 95, "{hits} of {uses}");
}

#[test]
fn items_that_are_read_only_right_after_they_were_written_do_not_evict_others() {
    for reads in [0, 1, 3, 15] {
        let cache = Cache::with_room(LARGE_ROOM);
        let (mut hits, uses) = (0, 20 * LARGE_ROOM);
        for i in 0..uses {
            cache.set(LARGE_ROOM + i, Ttl::FOREVER);
            (0..reads).for_each(|_| assert!(cache.get(LARGE_ROOM + i)));
            let hot = ((i * 0x9e37_79b9) >> 7) % (LARGE_ROOM / 2);
            if cache.get(hot) {
                hits += 1;
            } else {
                cache.set(hot, Ttl::FOREVER);
            }
        }
        assert!(hits > uses / 100 * 90, "{reads} reads: {hits} of {uses}");
    }
}

#[test]
fn items_written_again_soon_after_their_eviction_stay_longer() {
    let cache = Cache::with_room(LARGE_ROOM);
    let mut new = 0..;
    let mut write = |items: u64| {
        let keys: Vec<u64> = (0..items).filter_map(|_| new.next()).collect();
        for &key in &keys {
            cache.set(key, Ttl::FOREVER);
        }
        keys
    };
    let old = write(2 * LARGE_ROOM);
    let gone: Vec<u64> = old.into_iter().rev().filter(|&key| !cache.has(key)).take(1000).collect();
    let mut once = Vec::new();
    for &key in &gone {
        cache.set(key, Ttl::FOREVER);
        once.extend(write(1));
        write(2);
    }

    write(LARGE_ROOM / 4);

    let left = |keys: &[u64]| keys.iter().filter(|&&key| cache.has(key)).count();
    let (again, once) = (left(&gone), left(&once));
    assert!(again > 850 && once < 450, "{again} and {once} of 1000");
}

#[test]
fn expired_items_make_room_before_live_ones_are_evicted() {
    let mut cache = Cache::new();
    (0..ROOM).for_each(|key| cache.set(key, Ttl(5)));
    cache.now = Moment(5);

    (ROOM..ROOM + 900).for_each(|key| cache.set(key, Ttl::FOREVER));

    assert_eq!(cache.engine.totals().evicted, 0);
    assert_eq!(cache.count(ROOM..ROOM + 900), 900);
}

/// The reference: evicts the least recently used item.
#[derive(Default)]
struct LeastRecentlyUsed {
    used: HashMap<u64, u64>,
    order: BTreeMap<u64, u64>,
    clock: u64,
}

impl LeastRecentlyUsed {
    fn get_or_set(&mut self, key: u64) -> bool {
        self.clock += 1;
        let before = self.used.insert(key, self.clock);
        before.map(|before| self.order.remove(&before));
        self.order.insert(self.clock, key);
        if self.used.len() as u64 > ROOM {
            let (_, oldest) = self.order.pop_first().expect("it is over-full");
            self.used.remove(&oldest);
        }
        before.is_some()
    }
}

/// Ten thousand keys with a skewed distribution.
fn skewed() -> impl Iterator<Item = u64> {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % 10_000 + 1
    };
    std::iter::repeat_with(move || random() * random() * random() / 100_000_000).take(300_000)
}

#[test]
fn a_skewed_load_has_more_hits_than_with_lru() {
    let (cache, mut reference) = (Cache::new(), LeastRecentlyUsed::default());
    let (mut ours, mut theirs) = (0, 0);
    for key in skewed() {
        theirs += u32::from(reference.get_or_set(key));
        if cache.get(key) {
            ours += 1;
        } else {
            cache.set(key, Ttl::FOREVER);
        }
    }

    assert!(ours > theirs + theirs / 50, "{ours} hits, {theirs} with LRU");
}

#[test]
fn evictions_are_reported_once_by_namespace_even_after_its_items_are_gone() {
    const OTHER: Namespace = Namespace(2);
    let cache = Cache::new();
    (0..ROOM + 300).for_each(|key| cache.set(key, Ttl::FOREVER));
    let first = ROOM + 300 - cache.engine.stored(CACHE).items;
    assert!((290..320).contains(&first), "{first}");
    assert_eq!(cache.engine.take_evicted(), HashMap::from([(CACHE, first)]));
    assert_eq!(cache.engine.take_evicted(), HashMap::new());

    for key in 0..2 * ROOM {
        let set =
            Set { key: &key.to_le_bytes(), value: b"some text"[..].into(), ttl: Ttl::FOREVER };
        cache.engine.run(OTHER, set, cache.now).unwrap();
    }
    let left = cache.engine.stored(CACHE).items;
    cache.engine.retire(CACHE);
    cache.engine.sweep(cache.now, usize::MAX);

    assert_eq!(cache.engine.stored(CACHE).items, 0);
    let evicted = cache.engine.take_evicted();
    let of_other = 2 * ROOM - cache.engine.stored(OTHER).items;
    assert_eq!(evicted, HashMap::from([(CACHE, ROOM + 300 - first - left), (OTHER, of_other)]));
    assert_eq!(cache.engine.totals().evicted, ROOM + 300 - left + of_other);
}

#[test]
fn the_first_write_that_evicts_evicts_little() {
    let (seed, limits) = ([1, 2, 3, 4], Limits::default());
    let engine = Engine::new(Config { memory_bytes: 64 << 20, shards: 8, seed, limits });
    let value = [1; 200];
    let mut key = 0_u64;
    while engine.totals().evicted == 0 {
        let set = Set { key: &key.to_le_bytes(), value: value[..].into(), ttl: Ttl::FOREVER };
        engine.run(CACHE, set, Moment(0)).expect("a write is never refused");
        key += 1;
    }

    assert!(engine.totals().evicted < 100, "{} items", engine.totals().evicted);
}
