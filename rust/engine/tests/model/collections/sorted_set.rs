//! Sorted sets compared with a hash map that is sorted for each read.

use std::collections::HashMap;
use std::ops::{Bound, RangeBounds};

use attimo_engine::commands::sorted_set::{
    Aggregate, Delete, FetchByIndex, FetchByScore, GetRank, GetScore, Increment, Length,
    LengthByScore, Put, Remove, Store,
};
use attimo_engine::{CollectionTtl, Error, ItemType, Members, Order, Slice, Ttl};
use proptest::prelude::*;

use super::list::{slice, sliced};
use super::{Kind, LIMITS, World, admit, collection_ttl, element, several, slices, ttl};

type Plain = HashMap<Vec<u8>, f64>;

#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Put(Vec<(Vec<u8>, f64)>, CollectionTtl),
    Increment(Vec<u8>, f64, CollectionTtl),
    ByIndex(Slice, Order),
    ByScore(Bound<f64>, Bound<f64>, Order, usize, Option<usize>),
    Get(Vec<Vec<u8>>, Order),
    Remove(Vec<Vec<u8>>),
    RemoveAll,
    Store(Vec<f32>, Aggregate, Ttl),
}

/// Few different scores, so that many are equal, including the special ones.
fn score() -> impl Strategy<Value = f64> + Clone {
    let odd = [0.0, -0.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE];
    prop_oneof![
        60 => (-3..4_i8).prop_map(f64::from),
        20 => prop::sample::select(odd.to_vec()),
        1 => Just(f64::NAN),
    ]
}

pub(crate) fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Ascending), Just(Order::Descending)]
}

fn bound() -> impl Strategy<Value = Bound<f64>> {
    prop_oneof![
        Just(Bound::Unbounded),
        score().prop_map(Bound::Included),
        score().prop_map(Bound::Excluded),
    ]
}

fn ordered(plain: &Plain, order: Order) -> Vec<(Vec<u8>, f64)> {
    let mut all: Vec<_> = plain.iter().map(|(value, score)| (value.clone(), *score)).collect();
    all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then_with(|| a.0.cmp(&b.0)));
    if order == Order::Descending {
        all.reverse();
    }
    all
}

fn number(score: f64) -> Result<f64, Error> {
    if score.is_nan() { Err(Error::NotAScore) } else { Ok(score) }
}

fn own(members: Members) -> Vec<(Vec<u8>, f64)> {
    let all: Vec<_> = members.iter().map(|(value, score)| (value.to_vec(), score)).collect();
    assert_eq!(all.len(), members.len());
    all
}

impl Kind for Plain {
    const TYPE: ItemType = ItemType::SortedSet;
    type Step = Ask;

    fn step() -> BoxedStrategy<Ask> {
        let aggregate = prop::sample::select(vec![Aggregate::Sum, Aggregate::Min, Aggregate::Max]);
        let weights = prop::collection::vec(prop::sample::select(vec![1.0, 0.0, -2.5]), 0..4);
        let page = (0..9_usize, prop::option::of(0..9_usize));
        prop_oneof![
            9 => (several((element(), score())), collection_ttl())
                .prop_map(|(elements, ttl)| Ask::Put(elements, ttl)),
            5 => (element(), score(), collection_ttl())
                .prop_map(|(value, amount, ttl)| Ask::Increment(value, amount, ttl)),
            3 => (slice(), order()).prop_map(|(slice, order)| Ask::ByIndex(slice, order)),
            3 => (bound(), bound(), order(), page)
                .prop_map(|(min, max, order, page)| Ask::ByScore(min, max, order, page.0, page.1)),
            3 => (several(element()), order()).prop_map(|(values, order)| Ask::Get(values, order)),
            5 => several(element()).prop_map(Ask::Remove),
            1 => Just(Ask::RemoveAll),
            2 => (weights, aggregate, ttl()).prop_map(|(w, aggregate, ttl)| Ask::Store(w, aggregate, ttl)),
        ]
        .boxed()
    }

    fn run(world: &mut World<Self>, key: &[u8], ask: Ask) {
        match ask {
            Ask::Put(elements, ttl) => put(world, key, &elements, ttl),
            Ask::Increment(value, amount, ttl) => {
                let got = world.ask(Increment { key, value: &value, amount, ttl });
                let expected = admit([&value]).and_then(|()| {
                    world.write(key, ttl, |plain| {
                        let sum = number(plain.get(&value).unwrap_or(&0.0) + amount)?;
                        plain.insert(value, sum);
                        Ok(sum)
                    })
                });
                assert_eq!(got, expected);
            }
            Ask::ByIndex(slice, order) => {
                let got = world.ask(FetchByIndex { key, slice, order }).map(|it| it.map(own));
                let part = |plain| sliced(&ordered(&plain, order), slice);
                assert_eq!(got, world.plain(key).map(|it| it.map(part)));
            }
            Ask::ByScore(min, max, order, offset, count) => {
                by_score(world, key, (min, max), order, (offset, count));
            }
            Ask::Get(values, order) => get(world, key, &values, order),
            Ask::Remove(values) => {
                let got = world.ask(Remove::new(key, slices(&values)));
                let removed = world.reduce(key, |plain| plain.retain(|it, _| !values.contains(it)));
                assert_eq!(got, removed.map(|it| it.is_some()));
            }
            Ask::RemoveAll => {
                let got = world.ask(Delete::new(key));
                assert_eq!(got, world.reduce(key, Plain::clear).map(|it| it.is_some()));
            }
            Ask::Store(weights, aggregate, ttl) => store(world, key, &weights, aggregate, ttl),
        }
    }

    fn check(world: &World<Self>, key: &[u8]) {
        let plain = world.plain(key);
        for order in [Order::Ascending, Order::Descending] {
            let slice = Slice::default();
            let got = world.ask(FetchByIndex { key, slice, order }).map(|it| it.map(own));
            assert_eq!(got, plain.clone().map(|it| it.map(|plain| ordered(&plain, order))));
        }
        let len = world.ask(Length::new(key));
        assert_eq!(len, plain.map(|it| it.map(|it| it.len())));
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bytes(&self) -> u64 {
        self.keys().map(|it| it.len() as u64 + 8).sum()
    }
}

fn put(world: &mut World<Plain>, key: &[u8], elements: &[(Vec<u8>, f64)], ttl: CollectionTtl) {
    let all = elements.iter().map(|(value, score)| (&value[..], *score));
    let got = world.ask(Put { key, elements: all, ttl });
    let scores = || elements.iter().try_for_each(|(_, score)| number(*score).map(drop));
    let expected = admit(elements.iter().map(|it| &it.0)).and_then(|()| scores()).and_then(|()| {
        world.write(key, ttl, |plain| {
            plain.extend(elements.iter().cloned());
            Ok(())
        })
    });
    assert_eq!(got, expected);
}

fn by_score(
    world: &World<Plain>,
    key: &[u8],
    (min, max): (Bound<f64>, Bound<f64>),
    order: Order,
    (offset, count): (usize, Option<usize>),
) {
    let got = world.ask(FetchByScore { key, min, max, order, offset, count });
    let got_len = world.ask(LengthByScore { key, min, max });
    let is_nan = |it| matches!(it, Bound::Included(it) | Bound::Excluded(it) if f64::is_nan(it));
    if is_nan(min) || is_nan(max) {
        assert_eq!(got.map(drop), Err(Error::NotAScore));
        assert_eq!(got_len, Err(Error::NotAScore));
        return;
    }
    let within = |plain: Plain| {
        let mut all = ordered(&plain, order);
        all.retain(|(_, score)| (min, max).contains(score));
        all
    };
    let plain = world.plain(key).map(|it| it.map(within));
    assert_eq!(got_len, plain.clone().map(|it| it.map(|it| it.len())));
    let page = |all: Vec<_>| {
        all.into_iter().skip(offset).take(count.unwrap_or(usize::MAX)).collect::<Vec<_>>()
    };
    assert_eq!(got.map(|it| it.map(own)), plain.map(|it| it.map(page)));
}

fn get(world: &World<Plain>, key: &[u8], values: &[Vec<u8>], order: Order) {
    let mut scores = Vec::new();
    let read = |it: Option<f64>| scores.push(it);
    let found = world.ask(GetScore { key, values: slices(values), read });
    let plain = world.plain(key);
    assert_eq!(found, plain.clone().map(|it| it.is_some()));
    let Ok(Some(plain)) = plain else { return };
    assert!(scores.into_iter().eq(values.iter().map(|value| plain.get(value).copied())));
    let all = ordered(&plain, order);
    for value in values {
        let rank = all.iter().position(|it| it.0 == *value);
        assert_eq!(world.ask(GetRank { key, value, order }), Ok(rank));
    }
}

/// Stores the union of the set at the key and its neighbour, with these weights.
fn store(world: &mut World<Plain>, key: &[u8], weights: &[f32], aggregate: Aggregate, ttl: Ttl) {
    let (mut sources, mut plain) = (Vec::new(), Plain::new());
    let or_zero = |it: f64| if it.is_nan() { 0.0 } else { it };
    for (weight, source) in weights.iter().zip([key, b"k"].into_iter().cycle()) {
        let fetch = FetchByIndex { key: source, slice: Slice::default(), order: Order::Descending };
        let Ok(Some(members)) = world.ask(fetch) else { continue };
        sources.push((members, *weight));
        for (value, score) in world.plain(source).unwrap().unwrap() {
            let score = or_zero(score * f64::from(*weight));
            let join = |old: f64| match aggregate {
                Aggregate::Sum => or_zero(old + score),
                Aggregate::Min => old.min(score),
                Aggregate::Max => old.max(score),
            };
            plain.entry(value).and_modify(|it| *it = join(*it)).or_insert(score);
        }
    }
    let got = world.ask(Store::new(key, sources, aggregate, ttl));
    if key.len() as u64 + plain.bytes() > LIMITS.item_bytes {
        assert_eq!(got, Err(Error::ItemTooLarge { limit: LIMITS.item_bytes }));
        return;
    }
    assert_eq!(got, Ok(plain.len()));
    world.overwrite(key, plain, ttl);
}

#[test]
fn a_sorted_set_matches_a_sorted_map() {
    super::engine_matches_the_model::<Plain>();
}
