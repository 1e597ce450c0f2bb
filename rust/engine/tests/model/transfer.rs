//! Items that go to another engine are the same there. The models of all types move theirs, too.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use attimo_engine::commands::{list, scalar};
use attimo_engine::{
    CollectionTtl, Config, End, Engine, Imported, Limits, Moment, Namespace, Slice, Ttl,
};
use proptest::prelude::*;

const CACHE: Namespace = Namespace(1);
const NOW: Moment = Moment(1000);
const PARTS: usize = 2;

/// Each has another seed, as each process has.
fn engine(memory_bytes: u64, limits: Limits) -> Engine {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let seed = [SEED.fetch_add(1, Ordering::Relaxed), 6, 7, 8];
    Engine::new(Config { memory_bytes, shards: 3, seed, limits })
}

fn large() -> Engine {
    engine(1 << 30, Limits::default())
}

/// All items as they are written, with their namespaces.
fn written(engine: &Engine, now: Moment) -> Vec<(Namespace, Vec<u8>)> {
    let mut all = Vec::new();
    for part in 0..PARTS {
        let mut walk = engine.export(part, PARTS);
        let mut add = |item: &attimo_engine::Outgoing<'_>| {
            let mut bytes = Vec::new();
            item.write(&mut bytes);
            all.push((item.namespace(), bytes));
        };
        while walk.step(now, &mut add) {}
    }
    all
}

fn import(engine: &Engine, bytes: &[u8], elapsed: u64, now: Moment) -> Imported {
    engine.import(CACHE, engine.read(bytes).unwrap(), elapsed, now)
}

/// Another engine with the items, `elapsed` milliseconds later. All of them fit.
pub(crate) fn transferred(engine: &Engine, elapsed: u64, now: Moment) -> Engine {
    let other = self::engine(1 << 30, *engine.limits());
    for (namespace, bytes) in written(engine, now) {
        let item = other.read(&bytes).unwrap();
        let became = other.import(namespace, item, elapsed, Moment(now.0 + elapsed));
        assert_ne!(became, Imported::Refused);
    }
    other
}

fn set(engine: &Engine, key: &[u8], value: &[u8], ttl: u64) {
    let set = scalar::Set { key, value: value.into(), ttl: Ttl(ttl) };
    engine.run(CACHE, set, NOW).unwrap();
}

fn get(engine: &Engine, key: &[u8], now: u64) -> Option<Vec<u8>> {
    engine.run(CACHE, scalar::Get::new(key, |it| it.as_slice().to_vec()), Moment(now)).unwrap()
}

#[test]
fn every_item_is_given_once_whatever_was_written_and_removed_before() {
    let engine = large();
    for i in 0..30_000_u32 {
        set(&engine, &i.to_le_bytes(), &[7; 40], 1000);
        if i % 3 > 0 {
            let old = (i / 2).to_le_bytes();
            engine.run(CACHE, scalar::Delete { key: &old }, NOW).unwrap();
        }
    }

    let mut all = written(&engine, NOW);

    all.sort();
    let given = all.len();
    all.dedup();
    assert_eq!((all.len(), given as u64), (given, engine.stored(CACHE).items));
}

#[test]
fn what_expired_or_was_retired_before_is_not_given_and_what_expires_meanwhile_not_taken() {
    let (engine, other) = (large(), large());
    set(&engine, b"soon", b"v", 9);
    set(&engine, b"later", b"v", 10);
    engine
        .run(Namespace(2), scalar::Set { key: b"k", value: b"v"[..].into(), ttl: Ttl(10) }, NOW)
        .unwrap();
    engine.retire(Namespace(2));

    let all = written(&engine, Moment(NOW.0 + 9));

    let [(CACHE, later)] = &all[..] else { panic!("{all:?}") };
    assert_eq!(import(&other, later, 1, NOW), Imported::Expired);
    assert_eq!(import(&other, later, 0, NOW), Imported::Kept);
    assert_eq!(get(&other, b"later", NOW.0), Some(b"v".to_vec()));
    assert_eq!(get(&other, b"later", NOW.0 + 1), None);
}

#[test]
fn an_item_that_is_there_stays_and_one_that_is_too_large_is_refused() {
    let engine = large();
    set(&engine, b"k", b"old", 1000);
    let (_, bytes) = written(&engine, NOW).remove(0);
    let little = Limits { item_bytes: 3, ..Limits::default() };
    let (small, other) = (self::engine(1 << 20, little), large());
    set(&other, b"k", b"new", 1000);

    assert_eq!(import(&small, &bytes, 0, NOW), Imported::Refused);
    assert_eq!(import(&other, &bytes, 0, NOW), Imported::Refused);
    assert_eq!(get(&other, b"k", NOW.0), Some(b"new".to_vec()));
}

#[test]
fn a_smaller_engine_keeps_what_was_used() {
    let (engine, small) = (large(), engine(1 << 20, Limits::default()));
    let key = |i: u32| i.to_le_bytes();
    for i in 0..20_000 {
        set(&engine, &key(i), &[7; 100], 100_000);
    }
    for _ in 0..3 {
        (0..1000).for_each(|i| drop(get(&engine, &key(i), NOW.0)));
    }

    for (_, bytes) in written(&engine, NOW) {
        assert_eq!(import(&small, &bytes, 0, NOW), Imported::Kept);
    }

    let found =
        |keys: std::ops::Range<u32>| keys.filter(|i| get(&small, &key(*i), NOW.0).is_some());
    assert!(small.counted() <= 1 << 20);
    assert_eq!(found(0..1000).count(), 1000);
    assert!((1000..8000).contains(&found(1000..20_000).count()));
}

/// Another engine with the items, of which `meanwhile` moves some after each step.
fn transferred_while(engine: &Engine, mut meanwhile: impl FnMut(u32)) -> Engine {
    let other = large();
    for part in 0..PARTS {
        let (mut walk, mut steps) = (engine.export(part, PARTS), 0);
        let mut add = |item: &attimo_engine::Outgoing<'_>| {
            let mut bytes = Vec::new();
            item.write(&mut bytes);
            import(&other, &bytes, 0, NOW);
        };
        while walk.step(NOW, &mut add) {
            steps += 1;
            meanwhile(steps);
        }
    }
    other
}

#[test]
fn items_that_eviction_moves_meanwhile_are_given_too() {
    let engine = engine(8 << 20, Limits::default());
    let key = |i: u32| i.to_le_bytes();
    (0..30_000).for_each(|i| set(&engine, &key(i), &[7; 100], 100_000));
    for _ in 0..3 {
        (0..30_000).step_by(2).for_each(|i| drop(get(&engine, &key(i), NOW.0)));
    }

    let other = transferred_while(&engine, |steps| {
        if steps < 40 {
            engine.reserve(1 << 17);
            engine.fit(NOW, u64::MAX);
        }
    });

    let left: Vec<_> = (0..30_000).filter(|i| get(&engine, &key(*i), NOW.0).is_some()).collect();
    let lost = left.iter().filter(|i| get(&other, &key(**i), NOW.0).is_none()).count();
    assert!((10_000..30_000).contains(&left.len()), "{}", left.len());
    assert_eq!(lost, 0);
}

#[test]
fn items_that_compaction_moves_meanwhile_are_given_too() {
    let engine = large();
    let key = |i: u32| i.to_le_bytes();
    (0..30_000).for_each(|i| set(&engine, &key(i), &[7; 100], 100_000));

    let other = transferred_while(&engine, |steps| {
        for i in (steps * 500..(steps + 1) * 500).take_while(|i| *i < 30_000) {
            if i % 3 > 0 {
                engine.run(CACHE, scalar::Delete { key: &key(i) }, NOW).unwrap();
            }
        }
    });

    let lost = (0..30_000).step_by(3).filter(|i| get(&other, &key(*i), NOW.0).is_none());
    assert_eq!(lost.count(), 0);
}

#[test]
fn nothing_is_read_from_a_part_of_an_item() {
    let engine = large();
    set(&engine, b"k", &[7; 300], 1000);
    let ttl = CollectionTtl { ttl: Ttl::FOREVER, refresh: true };
    let values = [&b"a"[..], b"", &[7; 200]];
    let push = list::Push { key: b"list", at: End::Back, values, truncate: None, ttl };
    engine.run(CACHE, push, NOW).unwrap();

    for (_, bytes) in written(&engine, NOW) {
        assert!(engine.read(&bytes).is_some());
        assert!((0..bytes.len()).all(|len| engine.read(&bytes[..len]).is_none()));
        assert!(engine.read(&[&bytes[..], b"."].concat()).is_none());
    }
    let fetch = list::Fetch { key: b"list", slice: Slice::default() };
    assert_eq!(engine.run(CACHE, fetch, NOW).unwrap().unwrap().len(), 3);
}

proptest! {
    #[test]
    fn any_bytes_are_an_item_or_none(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let engine = large();
        for head in 0..=u8::MAX {
            let bytes = [&[head, 0, 1, b'k'], &bytes[..]].concat();
            if let Some(item) = engine.read(&bytes) {
                engine.import(CACHE, item, 0, NOW);
            }
        }
        prop_assert!(engine.totals().items <= 2);
    }
}
