//! Leaderboards compared with a hash map that is sorted for each read.

use std::collections::HashMap;

use attimo_engine::commands::leaderboard::{
    Delete, GetByRank, GetByScore, GetCompetitionRank, GetRank, Length, Remove, Upsert,
};
use attimo_engine::{CollectionTtl, Error, ItemType, Order, Ranked, RankedMember, Slice};
use proptest::prelude::*;

use super::list::{slice, sliced};
use super::sorted_set::order;
use super::{Kind, World, collection_ttl, several};

type Plain = HashMap<u32, f64>;

#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Upsert(Vec<(u32, f64)>, CollectionTtl),
    ByRank(Slice, Order),
    ByScore(Option<f64>, Option<f64>, Order, usize, usize),
    Ranks(Vec<u32>, Order),
    Remove(Vec<u32>),
    Delete,
}

fn score() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![
        90 => (-3..4_i8).prop_map(f64::from),
        9 => Just(-0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
    ]
}

fn id() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![0..30_u32, 0..300_u32, any::<u32>()]
}

/// All members with their ranks; equal scores are ordered by id as text.
fn ranked(plain: &Plain, order: Order) -> Vec<RankedMember> {
    let mut all: Vec<_> = plain.iter().map(|(id, score)| (*id, *score)).collect();
    let text = |id: u32| id.to_string();
    all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then_with(|| text(a.0).cmp(&text(b.0))));
    if order == Order::Descending {
        all.reverse();
    }
    let member = |(rank, (id, score))| RankedMember { id, rank, score };
    all.into_iter().enumerate().map(member).collect()
}

fn own(ranked: Ranked) -> Vec<RankedMember> {
    ranked.iter().collect()
}

impl Kind for Plain {
    const TYPE: ItemType = ItemType::Leaderboard;
    type Step = Ask;

    fn step() -> BoxedStrategy<Ask> {
        let limit = || prop::option::of(score());
        prop_oneof![
            9 => (several((id(), score())), collection_ttl())
                .prop_map(|(elements, ttl)| Ask::Upsert(elements, ttl)),
            3 => (slice(), order()).prop_map(|(slice, order)| Ask::ByRank(slice, order)),
            3 => (limit(), limit(), order(), 0..9_usize, 0..9_usize)
                .prop_map(|(min, below, order, offset, n)| Ask::ByScore(min, below, order, offset, n)),
            3 => (several(id()), order()).prop_map(|(ids, order)| Ask::Ranks(ids, order)),
            5 => several(id()).prop_map(Ask::Remove),
            1 => Just(Ask::Delete),
        ]
        .boxed()
    }

    fn run(world: &mut World<Self>, key: &[u8], ask: Ask) {
        match ask {
            Ask::Upsert(elements, ttl) => {
                let got = world.ask(Upsert { key, elements: elements.iter().copied(), ttl });
                let expected = if elements.iter().any(|it| !it.1.is_finite()) {
                    Err(Error::NotAScore)
                } else {
                    world.write(key, ttl, |plain| {
                        plain.extend(elements);
                        Ok(())
                    })
                };
                assert_eq!(got, expected);
            }
            Ask::ByRank(slice, order) => {
                let got = world.ask(GetByRank { key, slice, order }).map(|it| it.map(own));
                let part = |plain| sliced(&ranked(&plain, order), slice);
                assert_eq!(got, world.plain(key).map(|it| it.map(part)));
            }
            Ask::ByScore(min, below, order, offset, limit) => {
                let got = world.ask(GetByScore { key, min, below, order, offset, limit });
                if min.is_some_and(f64::is_nan) || below.is_some_and(f64::is_nan) {
                    assert_eq!(got.map(drop), Err(Error::NotAScore));
                    return;
                }
                let page = |plain| {
                    let mut all = ranked(&plain, order);
                    all.retain(|it| min.is_none_or(|min| it.score >= min));
                    all.retain(|it| below.is_none_or(|below| it.score < below));
                    all.into_iter().skip(offset).take(limit).collect::<Vec<_>>()
                };
                assert_eq!(got.map(|it| it.map(own)), world.plain(key).map(|it| it.map(page)));
            }
            Ask::Ranks(ids, order) => ranks(world, key, &ids, order),
            Ask::Remove(ids) => {
                let got = world.ask(Remove::new(key, ids.iter().copied()));
                let removed = world.reduce(key, |plain| plain.retain(|it, _| !ids.contains(it)));
                assert_eq!(got, removed.map(|it| it.is_some()));
            }
            Ask::Delete => {
                let got = world.ask(Delete::new(key));
                assert_eq!(got, world.reduce(key, Plain::clear).map(|it| it.is_some()));
            }
        }
    }

    fn check(world: &World<Self>, key: &[u8]) {
        let (plain, slice) = (world.plain(key), Slice::default());
        for order in [Order::Ascending, Order::Descending] {
            let got = world.ask(GetByRank { key, slice, order }).map(|it| it.map(own));
            assert_eq!(got, plain.clone().map(|it| it.map(|plain| ranked(&plain, order))));
        }
        let len = world.ask(Length::new(key));
        assert_eq!(len, plain.map(|it| it.map(|it| it.len())));
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bytes(&self) -> u64 {
        self.len() as u64 * 12
    }
}

fn ranks(world: &World<Plain>, key: &[u8], ids: &[u32], order: Order) {
    let (mut found, mut competition) = (Vec::new(), Vec::new());
    let each = || ids.iter().copied();
    let read = |it: RankedMember| found.push(it);
    let exists = world.ask(GetRank { key, ids: each(), order, read });
    let read = |it: RankedMember| competition.push(it);
    world.ask(GetCompetitionRank { key, ids: each(), order, read }).unwrap();

    let plain = world.plain(key).unwrap();
    assert_eq!(exists, Ok(plain.is_some()));
    let all = ranked(&plain.unwrap_or_default(), order);
    let expected: Vec<RankedMember> =
        ids.iter().filter_map(|id| all.iter().find(|it| it.id == *id).copied()).collect();
    assert_eq!(found, expected);
    let better = |member: RankedMember| {
        let rank = all.iter().position(|it| it.score == member.score).unwrap();
        RankedMember { rank, ..member }
    };
    assert!(competition.into_iter().eq(expected.into_iter().map(better)));
}

#[test]
fn a_leaderboard_matches_a_sorted_map() {
    super::engine_matches_the_model::<Plain>();
}
