//! Sets compared with a plain set.

use std::collections::BTreeSet;

use attimo_engine::commands::set::{
    Contains, Delete, DifferenceFrom, Fetch, Length, Pop, Remove, Sample, Union,
};
use attimo_engine::{CollectionTtl, Elements, Error, ItemType};
use proptest::prelude::*;

use super::{Kind, LIMITS, World, admit, collection_ttl, element, several, slices};

type Plain = BTreeSet<Vec<u8>>;

#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Union(Vec<Vec<u8>>, CollectionTtl),
    Difference(Vec<Vec<u8>>),
    DifferenceFrom(Vec<Vec<u8>>),
    RemoveAll,
    Contains(Vec<Vec<u8>>),
    Sample(usize),
    Pop(usize),
}

impl Kind for Plain {
    const TYPE: ItemType = ItemType::Set;
    type Step = Ask;

    fn step() -> BoxedStrategy<Ask> {
        let count = || prop_oneof![0..5_usize, 0..500_usize];
        prop_oneof![
            9 => (several(element()), collection_ttl()).prop_map(|(all, ttl)| Ask::Union(all, ttl)),
            5 => several(element()).prop_map(Ask::Difference),
            1 => several(element()).prop_map(Ask::DifferenceFrom),
            1 => Just(Ask::RemoveAll),
            3 => several(element()).prop_map(Ask::Contains),
            3 => count().prop_map(Ask::Sample),
            3 => count().prop_map(Ask::Pop),
        ]
        .boxed()
    }

    fn run(world: &mut World<Self>, key: &[u8], ask: Ask) {
        match ask {
            Ask::Union(elements, ttl) => {
                let got = world.ask(Union { key, elements: slices(&elements), ttl });
                let expected = admit(&elements).and_then(|()| {
                    world.write(key, ttl, |plain| {
                        plain.extend(elements);
                        Ok(())
                    })
                });
                assert_eq!(got, expected);
            }
            Ask::Difference(elements) => {
                let got = world.ask(Remove::new(key, slices(&elements)));
                let removed = world.reduce(key, |plain| plain.retain(|it| !elements.contains(it)));
                assert_eq!(got, removed.map(|it| it.is_some()));
            }
            Ask::DifferenceFrom(elements) => difference_from(world, key, elements),
            Ask::RemoveAll => {
                let got = world.ask(Delete::new(key));
                assert_eq!(got, world.reduce(key, Plain::clear).map(|it| it.is_some()));
            }
            Ask::Contains(elements) => {
                let mut answers = Vec::new();
                let read = |it: bool| answers.push(it);
                let found = world.ask(Contains { key, elements: slices(&elements), read });
                let plain = world.plain(key);
                assert_eq!(found, plain.clone().map(|it| it.is_some()));
                let plain = plain.ok().flatten();
                let expected = |plain: Plain| -> Vec<bool> {
                    elements.iter().map(|it| plain.contains(it)).collect()
                };
                assert_eq!(answers, plain.map(expected).unwrap_or_default());
            }
            Ask::Sample(limit) => {
                let sample = world.ask(Sample { key, limit });
                picked(sample, world.plain(key), limit);
            }
            Ask::Pop(count) => {
                let popped = world.ask(Pop { key, count });
                let popped = picked(popped, world.plain(key), count);
                world.reduce(key, |plain| plain.retain(|it| !popped.contains(it))).ok();
            }
        }
    }

    fn check(world: &World<Self>, key: &[u8]) {
        let plain = world.plain(key);
        let fetched = world.ask(Fetch { key }).map(|it| it.map(|it| own(&it)));
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

fn own(elements: &Elements) -> Plain {
    let all: Plain = elements.iter().map(<[u8]>::to_vec).collect();
    assert_eq!(all.len(), elements.len(), "they are distinct");
    all
}

/// The right number of elements, all of them in the set.
fn picked(
    got: Result<Option<Elements>, Error>,
    plain: Result<Option<Plain>, Error>,
    count: usize,
) -> Plain {
    let got = got.map(|it| it.map(|it| own(&it)));
    let len = plain.clone().map(|it| it.map(|it| it.len().min(count)));
    assert_eq!(got.clone().map(|it| it.map(|it| it.len())), len);
    let got = got.ok().flatten().unwrap_or_default();
    assert!(got.is_subset(&plain.ok().flatten().unwrap_or_default()));
    got
}

fn difference_from(world: &mut World<Plain>, key: &[u8], elements: Vec<Vec<u8>>) {
    let got = world.ask(DifferenceFrom { key, elements: slices(&elements) });
    let expected = admit(&elements).and_then(|()| {
        let Some(old) = world.plain(key)? else { return Ok(false) };
        let new: Plain = elements.into_iter().filter(|it| !old.contains(it)).collect();
        if key.len() as u64 + new.bytes() > LIMITS.item_bytes {
            return Err(Error::ItemTooLarge { limit: LIMITS.item_bytes });
        }
        world.reduce(key, |plain| *plain = new).map(|it| it.is_some())
    });
    assert_eq!(got, expected);
}

#[test]
fn a_set_matches_a_plain_set() {
    super::engine_matches_the_model::<Plain>();
}
