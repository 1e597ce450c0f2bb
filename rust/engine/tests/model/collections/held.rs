//! The memory that is held while a large write works on a copy.

use std::cell::Cell;

use attimo_engine::commands::{dictionary, list, set, sorted_set};
use attimo_engine::{Command, Config, End, Engine, Error, Limits, Members, Moment, Ttl, Unpaced};

use super::in_steps::{
    CACHE, KEY, MANY, Meanwhile, TTL, engine, measured, name, slices, stored, write,
};

/// The least and the most memory that was held in the pauses of a command.
fn held<C: Command>(engine: &Engine, command: C) -> (u64, u64) {
    let found = Cell::new((u64::MAX, 0));
    let pace = Meanwhile::new(1000, |_| {
        let ((least, most), held) = (found.get(), engine.held());
        found.set((least.min(held), most.max(held)));
        Moment(0)
    });
    measured(engine, command, &pace).unwrap();
    assert_eq!(engine.held(), 0);
    found.get()
}

fn setting(
    pairs: &[(Vec<u8>, Vec<u8>)],
) -> dictionary::Set<'_, impl Iterator<Item = (&[u8], &[u8])> + Clone> {
    let pairs = pairs.iter().map(|(field, value)| (&field[..], &value[..]));
    dictionary::Set { key: KEY, pairs, ttl: TTL }
}

/// Fields with values of 1,000 bytes.
fn long_pairs() -> Vec<(Vec<u8>, Vec<u8>)> {
    (0..MANY).map(|at| (name(at), vec![b'v'; 1000])).collect()
}

#[test]
fn memory_is_held_for_a_copy_while_it_is_worked_on() {
    let (engine, pairs) = (engine(), long_pairs());
    write(&engine, &pairs, &Unpaced).unwrap();

    let (least, _) = held(&engine, setting(&pairs));

    assert!(least >= u64::from(MANY) * 1000, "{least}");
}

#[test]
fn memory_is_held_for_what_a_write_changes_and_not_for_all_of_the_item() {
    let engine = engine();
    let elements: Vec<_> = (0..200_000).map(|at| format!("{at:020}").into_bytes()).collect();
    let elements = slices(&elements);
    engine.run(CACHE, set::Union { key: KEY, elements, ttl: TTL }, Moment(0)).unwrap();
    let all = engine.counted();

    let (_, most) = held(&engine, set::Pop { key: KEY, count: 200 });

    assert!(most > 0 && most < all / 2, "{most} of {all}");
}

#[test]
fn memory_is_held_for_each_element_that_a_write_changes() {
    let engine = engine();
    let pair = |at: u32| (format!("{at:020}").into_bytes(), b"v".to_vec());
    let pairs: Vec<_> = (0..60_000).map(pair).collect();
    write(&engine, &pairs, &Unpaced).unwrap();
    let all = engine.counted();

    let some: Vec<_> = pairs.into_iter().step_by(100).collect();
    let (_, most) = held(&engine, setting(&some));

    assert!(most > all * 9 / 10, "{most} of {all}");
}

#[test]
fn memory_is_held_for_elements_of_no_bytes() {
    let engine = engine();
    let (at, truncate, values) = (End::Back, None, std::iter::repeat_n(&b""[..], 20_000));

    let (_, most) = held(&engine, list::Push { key: KEY, at, values, truncate, ttl: TTL });

    assert!(most >= engine.counted(), "{most}");
}

fn union(sources: Vec<(Members, f32)>) -> sorted_set::Store<'static> {
    sorted_set::Store::new(b"union", sources, sorted_set::Aggregate::Sum, Ttl::FOREVER)
}

/// The members of a set of so many, which is stored.
fn members(engine: &Engine, count: u32) -> Members {
    let names: Vec<_> = (0..count).map(|at| format!("{at:010}").into_bytes()).collect();
    let elements = slices(&names).map(|name| (name, 1.0));
    engine.run(CACHE, sorted_set::Put { key: KEY, elements, ttl: TTL }, Moment(0)).unwrap();
    engine.run(CACHE, sorted_set::Source { key: KEY }, Moment(0)).unwrap().unwrap()
}

#[test]
fn memory_is_held_for_a_union_while_it_is_worked_on() {
    let engine = engine();
    let source = members(&engine, 20_000);
    let before = engine.counted();

    let (least, _) = held(&engine, union(vec![(source.clone(), 1.0), (source, 2.0)]));

    let result = engine.counted() - before;
    assert!(least >= 40_000 * 40 + result, "{least}, {result}");
}

#[test]
fn a_union_without_memory_is_refused_and_changes_nothing() {
    let limits = Limits::default();
    let config = Config { memory_bytes: 8 << 20, shards: 1, seed: [1, 2, 3, 4], limits };
    let engine = Engine::new(config);
    let source = members(&engine, 20_000);
    let sources: Vec<_> = (0..4).map(|_| (source.clone(), 1.0)).collect();

    let refused = engine.run(CACHE, union(sources), Moment(0));

    assert_eq!(refused, Err(Error::NoMemory));
    assert_eq!((engine.totals().items, engine.totals().evicted, engine.held()), (1, 0, 0));
}

#[test]
fn a_write_in_steps_without_memory_is_refused_and_changes_nothing() {
    let limits = Limits::default();
    let config = Config { memory_bytes: 1 << 20, shards: 1, seed: [1, 2, 3, 4], limits };
    let (engine, pairs) = (Engine::new(config), long_pairs());
    let pace = Meanwhile::new(1000, |_| Moment(0));

    assert_eq!(write(&engine, &pairs, &pace), Err(Error::NoMemory));
    assert_eq!((stored(&engine).len(), engine.held()), (0, 0));

    // One that cannot pause takes place at once.
    write(&engine, &pairs, &Unpaced).unwrap();
    assert_eq!(stored(&engine).len(), usize::from(MANY));
}
