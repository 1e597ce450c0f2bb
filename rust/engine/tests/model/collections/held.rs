//! The memory that is held while a large write works on a copy.

use std::cell::Cell;

use attimo_engine::commands::{dictionary, set};
use attimo_engine::{Command, Config, Engine, Limits, Moment, Unpaced};

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
fn writes_that_would_hold_too_much_together_take_place_under_the_lock() {
    let limits = Limits::default();
    let config = Config { memory_bytes: 4 << 20, shards: 1, seed: [1, 2, 3, 4], limits };
    let (engine, pairs) = (Engine::new(config), long_pairs());

    let (_, most) = held(&engine, setting(&pairs));

    assert_eq!((most, stored(&engine).len()), (0, usize::from(MANY)));
}
