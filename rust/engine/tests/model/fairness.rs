//! A cache that uses less than its share keeps its items.

use attimo_engine::commands::scalar::{Get, Set};
use attimo_engine::{Config, Engine, Limits, Moment, Namespace, Ttl};

const BUDGET: u64 = 8 << 20;
const LARGE: Namespace = Namespace(1);
const SMALL: Namespace = Namespace(2);
const NOW: Moment = Moment(1);

fn engine() -> Engine {
    with_shards(16)
}

fn with_shards(shards: usize) -> Engine {
    let (seed, limits) = ([1, 2, 3, 4], Limits::default());
    Engine::new(Config { memory_bytes: BUDGET, shards, seed, limits })
}

fn write(engine: &Engine, cache: Namespace, keys: std::ops::Range<u32>, bytes: usize) {
    let value = vec![1; bytes];
    for key in keys {
        let key = key.to_le_bytes();
        let set = Set { key: &key, value: value[..].into(), ttl: Ttl::FOREVER };
        engine.run(cache, set, NOW).expect("a write is never refused");
    }
}

fn kept(engine: &Engine, cache: Namespace, keys: std::ops::Range<u32>) -> usize {
    let has = |key: &u32| {
        let key = key.to_le_bytes();
        engine.run(cache, Get::new(&key, |_| ()), NOW) == Ok(Some(()))
    };
    keys.filter(has).count()
}

/// Writes ten times the budget to the large cache, while some items of the small one are read.
fn flood(engine: &Engine) {
    for i in 0..80 {
        write(engine, LARGE, i * 1000..(i + 1) * 1000, 1000);
        kept(engine, SMALL, i * 10..(i + 1) * 10);
    }
}

#[test]
fn a_flood_of_one_cache_takes_nothing_from_another() {
    let engine = engine();
    write(&engine, SMALL, 0..1000, 100);

    flood(&engine);

    assert_eq!(kept(&engine, SMALL, 0..1000), 1000);
    assert!(engine.stored(LARGE).bytes > BUDGET * 9 / 10);
}

#[test]
fn a_flood_takes_nothing_from_another_beside_ten_thousand_caches() {
    let engine = engine();
    for cache in 0..10_000 {
        write(&engine, Namespace(10 + cache), 0..1, 50);
    }
    write(&engine, SMALL, 0..1000, 100);
    write(&engine, LARGE, 0..1, 10_000);

    flood(&engine);

    assert_eq!(kept(&engine, SMALL, 0..1000), 1000);
    assert!((0..10_000).all(|cache| kept(&engine, Namespace(10 + cache), 0..1) == 1));
}

#[test]
fn an_unused_share_is_lent_and_returned_on_demand() {
    let engine = engine();
    flood(&engine);
    assert!(engine.stored(LARGE).bytes > BUDGET * 9 / 10);

    write(&engine, SMALL, 0..3000, 1000);

    assert_eq!(kept(&engine, SMALL, 0..3000), 3000);
    assert_eq!(engine.take_evicted().get(&SMALL), None);
}

#[test]
fn two_caches_that_want_everything_get_half_of_it_each() {
    let engine = engine();
    for i in 0..20 {
        write(&engine, LARGE, i * 1000..(i + 1) * 1000, 1000);
        write(&engine, SMALL, i * 500..(i + 1) * 500, 1000);
    }
    flood(&engine);

    let share = engine.stored(SMALL).bytes * 100 / BUDGET;
    assert!((45..=52).contains(&share), "{share} %");
}

#[test]
fn a_small_budget_serves_caches_of_which_none_is_above_its_share() {
    let (seed, limits) = ([1, 2, 3, 4], Limits::default());
    let engine = Engine::new(Config { memory_bytes: 64 * 1024, shards: 4, seed, limits });
    for i in 0..10_000 {
        write(&engine, Namespace(i % 1000), i..i + 1, 500);
        assert!(engine.totals().bytes <= 64 * 1024);
        assert_eq!(kept(&engine, Namespace(i % 1000), i..i + 1), 1);
    }
}

#[test]
fn a_flood_of_values_of_any_size_takes_nothing_from_caches_that_have_most_of_the_memory() {
    for (shards, caches, items) in [(1, 1, 30_000), (8, 3, 12_000), (8, 100, 300), (4, 600, 60)] {
        for bytes in [60, 1000, 10_000] {
            let engine = with_shards(shards);
            for key in 0..items {
                (0..caches)
                    .for_each(|cache| write(&engine, Namespace(10 + cache), key..key + 1, 50));
            }

            let writes = 3 * BUDGET / (bytes + 60);
            write(
                &engine,
                LARGE,
                0..u32::try_from(writes).unwrap(),
                usize::try_from(bytes).unwrap(),
            );

            let evicted = engine.take_evicted();
            assert!(evicted[&LARGE] > 0);
            assert_eq!(evicted.len(), 1, "{shards} shards, {caches} caches, {bytes} bytes");
        }
    }
}

#[test]
fn a_cache_is_counted_until_its_last_item_is_gone() {
    let engine = engine();
    for round in 0..3 {
        (0..500).for_each(|cache| write(&engine, Namespace(10 + cache), 0..20, 100));
        (0..500).for_each(|cache| engine.retire(Namespace(10 + cache)));
        engine.sweep(NOW, usize::MAX);
        write(&engine, LARGE, 0..round * 10_000, 1000);
        write(&engine, SMALL, 0..3000, 1000);
        assert_eq!(kept(&engine, SMALL, 0..3000), 3000, "{round}");
    }
}

#[test]
fn a_flood_of_large_items_takes_nothing_from_caches_below_their_share() {
    for (shards, key_bytes, value_bytes) in [(64, 4, 16_000), (4, 4, 16_000), (16, 100_000, 9)] {
        let engine = with_shards(shards);
        let mut key = 0;
        while engine.counted() < BUDGET * 85 / 100 {
            (0..50).for_each(|cache| write(&engine, Namespace(10 + cache), key..key + 1, 50));
            key += 1;
        }

        for i in 0..2000_u32 {
            let key = [&i.to_le_bytes()[..], &vec![0; key_bytes - 4]].concat();
            let value = vec![1; value_bytes];
            let set = Set { key: &key, value: value[..].into(), ttl: Ttl::FOREVER };
            engine.run(LARGE, set, NOW).expect("a write is never refused");
        }

        let evicted = engine.take_evicted();
        let of_others = evicted.iter().filter(|(cache, _)| **cache != LARGE);
        let lost = of_others.map(|(_, items)| items).sum::<u64>();
        assert_eq!(lost, 0, "{shards} shards, keys of {key_bytes} and values of {value_bytes}");
    }
}
