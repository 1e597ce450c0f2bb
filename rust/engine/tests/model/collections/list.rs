//! Lists compared with a vector.

use std::num::NonZeroU32;

use attimo_engine::commands::list::{
    Beside, Delete, Erase, Fetch, Insert, Inserted, Length, Pop, Push, RemoveValue, Retain,
};
use attimo_engine::{CollectionTtl, End, ItemType, Slice};
use proptest::prelude::*;

use super::{Kind, World, admit, collection_ttl, element, several, slices};

type Plain = Vec<Vec<u8>>;

#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Push(End, Plain, u32, CollectionTtl),
    Pop(End),
    Fetch(Slice),
    Insert(Vec<u8>, bool, Vec<u8>, CollectionTtl),
    Retain(Slice, CollectionTtl),
    Erase(Vec<(u32, u32)>),
    EraseAll,
    RemoveValue(Vec<u8>),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Front), Just(End::Back)]
}

pub(crate) fn slice() -> impl Strategy<Value = Slice> {
    let position = || prop::option::of(prop_oneof![-9..9_i64, -500..500_i64]);
    (position(), position()).prop_map(|(start, end)| Slice { start, end })
}

/// The slice, computed differently from the engine.
pub(crate) fn sliced<T: Clone>(all: &[T], slice: Slice) -> Vec<T> {
    let len = i64::try_from(all.len()).unwrap();
    let at = |position: i64| if position < 0 { position + len } else { position };
    let (start, end) = (slice.start.map_or(0, at), slice.end.map_or(len, at));
    let numbered = (0_i64..).zip(all).filter(|(i, _)| start <= *i && *i < end);
    numbered.map(|(_, it)| it.clone()).collect()
}

impl Kind for Plain {
    const TYPE: ItemType = ItemType::List;
    type Step = Ask;

    fn step() -> BoxedStrategy<Ask> {
        let truncate = prop_oneof![4 => Just(0), 1 => 1..5_u32, 1 => 1..300_u32];
        let ranges =
            prop::collection::vec((0..300_u32, prop_oneof![0..3_u32, Just(u32::MAX)]), 0..4);
        prop_oneof![
            12 => (end(), several(element()), truncate, collection_ttl())
                .prop_map(|(at, values, truncate, ttl)| Ask::Push(at, values, truncate, ttl)),
            9 => end().prop_map(Ask::Pop),
            5 => slice().prop_map(Ask::Fetch),
            4 => (element(), any::<bool>(), element(), collection_ttl())
                .prop_map(|(value, after, other, ttl)| Ask::Insert(value, after, other, ttl)),
            1 => (slice(), collection_ttl()).prop_map(|(slice, ttl)| Ask::Retain(slice, ttl)),
            1 => ranges.prop_map(Ask::Erase),
            1 => Just(Ask::EraseAll),
            2 => element().prop_map(Ask::RemoveValue),
        ]
        .boxed()
    }

    fn run(world: &mut World<Self>, key: &[u8], ask: Ask) {
        match ask {
            Ask::Push(at, values, truncate, ttl) => push(world, key, at, values, truncate, ttl),
            Ask::Pop(at) => {
                let got = world.ask(Pop { key, at });
                let popped = world.reduce(key, |plain| {
                    let at = if at == End::Front { 0 } else { plain.len() - 1 };
                    (plain.remove(at), plain.len())
                });
                assert_eq!(got.map(|it| it.map(|(value, left)| (value.to_vec(), left))), popped);
            }
            Ask::Fetch(slice) => {
                let got = world.ask(Fetch { key, slice });
                let got = got.map(|it| it.map(|it| it.iter().map(<[u8]>::to_vec).collect()));
                let part = world.plain(key).map(|it| it.map(|plain| sliced(&plain, slice)));
                assert_eq!(got, part);
            }
            Ask::Insert(value, after, other, ttl) => insert(world, key, value, after, &other, ttl),
            Ask::Retain(slice, ttl) => retain(world, key, slice, ttl),
            Ask::Erase(ranges) => {
                let got = world.ask(Erase { key, ranges: ranges.iter().copied() });
                let erased = |at: u64| {
                    let within = |(first, count): &(u32, u32)| {
                        u64::from(*first) <= at && at < u64::from(*first) + u64::from(*count)
                    };
                    ranges.iter().any(within)
                };
                let left = world.reduce(key, |plain| {
                    let kept = (0..).zip(std::mem::take(plain)).filter(|(at, _)| !erased(*at));
                    *plain = kept.map(|(_, it)| it).collect();
                    plain.len()
                });
                assert_eq!(got, left);
            }
            Ask::EraseAll => {
                let got = world.ask(Delete::new(key));
                assert_eq!(got, world.reduce(key, Plain::clear).map(|it| it.is_some()));
            }
            Ask::RemoveValue(value) => {
                let got = world.ask(RemoveValue { key, value: &value });
                let left = world.reduce(key, |plain| {
                    plain.retain(|it| *it != value);
                    plain.len()
                });
                assert_eq!(got, left);
            }
        }
    }

    fn check(world: &World<Self>, key: &[u8]) {
        let plain = world.plain(key);
        let fetched = world.ask(Fetch { key, slice: Slice::default() });
        let fetched = fetched.map(|it| it.map(|it| it.iter().map(<[u8]>::to_vec).collect()));
        assert_eq!(fetched, plain);
        let len = world.ask(Length::new(key));
        assert_eq!(len, plain.map(|it| it.map(|it| it.len())));
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bytes(&self) -> u64 {
        self.iter().map(|it| it.len() as u64).sum()
    }
}

fn push(
    world: &mut World<Plain>,
    key: &[u8],
    at: End,
    values: Plain,
    truncate: u32,
    ttl: CollectionTtl,
) {
    let cut = NonZeroU32::new(truncate);
    let got = world.ask(Push { key, at, values: slices(&values), truncate: cut, ttl });
    let expected = admit(&values).and_then(|()| {
        world.write(key, ttl, |plain| {
            let cut = if truncate == 0 { usize::MAX } else { truncate as usize };
            if at == End::Front {
                plain.splice(0..0, values);
                plain.truncate(cut);
            } else {
                plain.extend(values);
                plain.drain(..plain.len().saturating_sub(cut));
            }
            Ok(plain.len())
        })
    });
    assert_eq!(got, expected);
}

fn insert(
    world: &mut World<Plain>,
    key: &[u8],
    value: Vec<u8>,
    after: bool,
    other: &[u8],
    ttl: CollectionTtl,
) {
    let beside = if after { Beside::After(other) } else { Beside::Before(other) };
    let got = world.ask(Insert { key, value: &value, beside, ttl });
    let expected = admit([&value]).and_then(|()| world.plain(key)).and_then(|plain| {
        let Some(plain) = plain else { return Ok(Inserted::NoList) };
        let Some(at) = plain.iter().position(|it| *it == other) else {
            return Ok(Inserted::NoElement);
        };
        world.write(key, ttl, |plain| {
            plain.insert(at + usize::from(after), value);
            Ok(Inserted::Length(plain.len()))
        })
    });
    assert_eq!(got, expected);
}

fn retain(world: &mut World<Plain>, key: &[u8], slice: Slice, ttl: CollectionTtl) {
    let got = world.ask(Retain { key, slice, ttl });
    let exists = world.plain(key).map(|it| it.is_some());
    let left = if exists == Ok(true) {
        let change = |plain: &mut Plain| {
            *plain = sliced(plain, slice);
            Ok(plain.len())
        };
        world.write(key, ttl, change).map(Some)
    } else {
        exists.map(|_| None)
    };
    assert_eq!(got, left);
}

#[test]
fn a_list_matches_a_vector() {
    super::engine_matches_the_model::<Plain>();
}
