//! Dictionaries compared with a hash map.

use std::collections::HashMap;

use attimo_engine::commands::dictionary::{Delete, Fetch, Get, Increment, Length, Remove, Set};
use attimo_engine::{CollectionTtl, Error, ItemType};
use proptest::prelude::*;

use super::{Kind, World, admit, collection_ttl, element, several, slices};

type Plain = HashMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Get(Vec<Vec<u8>>),
    Set(Vec<(Vec<u8>, Vec<u8>)>, CollectionTtl),
    Increment(Vec<u8>, i64, CollectionTtl),
    Remove(Vec<Vec<u8>>),
    RemoveAll,
}

impl Kind for Plain {
    const TYPE: ItemType = ItemType::Dictionary;
    type Step = Ask;

    fn step() -> BoxedStrategy<Ask> {
        let amount = prop_oneof![9 => -9..9_i64, 1 => Just(i64::MAX)];
        prop_oneof![
            5 => several(element()).prop_map(Ask::Get),
            9 => (several((element(), element())), collection_ttl())
                .prop_map(|(pairs, ttl)| Ask::Set(pairs, ttl)),
            5 => (element(), amount, collection_ttl())
                .prop_map(|(field, amount, ttl)| Ask::Increment(field, amount, ttl)),
            5 => several(element()).prop_map(Ask::Remove),
            1 => Just(Ask::RemoveAll),
        ]
        .boxed()
    }

    fn run(world: &mut World<Self>, key: &[u8], ask: Ask) {
        match ask {
            Ask::Get(fields) => get(world, key, &fields),
            Ask::Set(pairs, ttl) => {
                let all: Vec<_> =
                    pairs.iter().map(|(field, value)| (&field[..], &value[..])).collect();
                let got = world.ask(Set { key, pairs: all.iter().copied(), ttl });
                let admitted = admit(pairs.iter().flat_map(|(field, value)| [field, value]));
                let expected = admitted.and_then(|()| {
                    world.write(key, ttl, |plain| {
                        plain.extend(pairs);
                        Ok(())
                    })
                });
                assert_eq!(got, expected);
            }
            Ask::Increment(field, amount, ttl) => {
                let got = world.ask(Increment { key, field: &field, amount, ttl });
                let expected = admit([&field]).and_then(|()| {
                    world.write(key, ttl, |plain| {
                        let text = plain.get(&field).map_or(&b"0"[..], |it| it);
                        let number = str::from_utf8(text).map_err(|_| Error::NotANumber)?;
                        let number: i64 = number.parse().map_err(|_| Error::NotANumber)?;
                        let sum = number.checked_add(amount).ok_or(Error::Overflow)?;
                        plain.insert(field, sum.to_string().into_bytes());
                        Ok(sum)
                    })
                });
                assert_eq!(got, expected);
            }
            Ask::Remove(fields) => {
                let got = world.ask(Remove::new(key, slices(&fields)));
                let removed = world.reduce(key, |plain| plain.retain(|it, _| !fields.contains(it)));
                assert_eq!(got, removed.map(|it| it.is_some()));
            }
            Ask::RemoveAll => {
                let got = world.ask(Delete::new(key));
                assert_eq!(got, world.reduce(key, Plain::clear).map(|it| it.is_some()));
            }
        }
    }

    fn check(world: &World<Self>, key: &[u8]) {
        let plain = world.plain(key);
        let fetched = world.ask(Fetch { key });
        let own = |(field, value): (&[u8], &[u8])| (field.to_vec(), value.to_vec());
        let fetched = fetched.map(|it| it.map(|it| it.iter().map(own).collect::<Plain>()));
        assert_eq!(fetched, plain);
        let len = world.ask(Length::new(key));
        assert_eq!(len, plain.map(|it| it.map(|it| it.len())));
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn bytes(&self) -> u64 {
        self.iter().map(|(field, value)| (field.len() + value.len()) as u64).sum()
    }
}

fn get(world: &World<Plain>, key: &[u8], fields: &[Vec<u8>]) {
    let mut values = Vec::new();
    let read = |it: Option<&[u8]>| values.push(it.map(<[u8]>::to_vec));
    let found = world.ask(Get { key, fields: slices(fields), read });
    let plain = world.plain(key);
    assert_eq!(found, plain.clone().map(|it| it.is_some()));
    if let Ok(Some(plain)) = plain {
        assert!(values.into_iter().eq(fields.iter().map(|field| plain.get(field).cloned())));
    }
}

#[test]
fn a_dictionary_matches_a_hash_map() {
    super::engine_matches_the_model::<Plain>();
}
