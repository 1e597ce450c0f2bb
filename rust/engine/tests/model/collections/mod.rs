//! Any sequence of commands has the same results as on plain collections: one file per type, and
//! here what they share.
#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "these are tests")]

mod dictionary;
mod held;
mod in_steps;
mod leaderboard;
mod list;
mod set;
mod sorted_set;
mod together;

use std::collections::HashMap;
use std::fmt::Debug;

use attimo_engine::commands::scalar::{
    Delete, Get, ItemGetTtl, ItemGetType, Set, TtlChange, TtlChanged, UpdateTtl,
};
use attimo_engine::{
    CollectionTtl, Command, Config, Engine, Error, ItemType, Limits, Moment, Namespace, Stored, Ttl,
};
use proptest::prelude::*;

use crate::transfer::transferred;

pub(crate) const LIMITS: Limits =
    Limits { item_bytes: 3000, element_bytes: 20, leaderboard_bytes: 3000 };
const KEYS: u8 = 3;

/// A type of collection, with its plain counterpart.
pub(crate) trait Kind: Debug + Clone + Default {
    const TYPE: ItemType;
    type Step: Debug + Clone;

    fn step() -> BoxedStrategy<Self::Step>;
    /// Runs a step on the engine and on the plain one, and compares the results.
    fn run(world: &mut World<Self>, key: &[u8], step: Self::Step);
    /// Compares all elements.
    fn check(world: &World<Self>, key: &[u8]);
    fn is_empty(&self) -> bool;
    /// The size of its content.
    fn bytes(&self) -> u64;
}

#[derive(Debug, Clone)]
enum Item<K> {
    Scalar,
    Collection(K),
}

/// An engine and its expected content.
pub(crate) struct World<K> {
    pub(crate) engine: Engine,
    pub(crate) now: u64,
    cache: Namespace,
    items: HashMap<Vec<u8>, (Item<K>, u64)>,
}

#[derive(Debug, Clone)]
enum Step<S> {
    Run(u8, S),
    Set(u8, Ttl),
    Delete(u8),
    UpdateTtl(u8, Ttl),
    Wait(u64),
    Sweep(usize),
    Flush,
    Transfer(u64),
}

fn step<K: Kind + 'static>() -> impl Strategy<Value = Step<K::Step>> {
    prop_oneof![
        60 => (0..KEYS, K::step()).prop_map(|(key, step)| Step::Run(key, step)),
        1 => (0..KEYS, ttl()).prop_map(|(key, ttl)| Step::Set(key, ttl)),
        1 => (0..KEYS).prop_map(Step::Delete),
        2 => (0..KEYS, ttl()).prop_map(|(key, ttl)| Step::UpdateTtl(key, ttl)),
        5 => (0..5_u64).prop_map(Step::Wait),
        3 => (0..9_usize).prop_map(Step::Sweep),
        1 => Just(Step::Flush),
        1 => (0..5_u64).prop_map(Step::Transfer),
    ]
}

pub(crate) fn ttl() -> impl Strategy<Value = Ttl> {
    prop_oneof![9 => (1..20_u64).prop_map(Ttl), 1 => Just(Ttl::FOREVER)]
}

pub(crate) fn collection_ttl() -> impl Strategy<Value = CollectionTtl> {
    (ttl(), any::<bool>()).prop_map(|(ttl, refresh)| CollectionTtl { ttl, refresh })
}

/// Short elements that repeat, long ones, and sometimes one byte more than allowed.
pub(crate) fn element() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![
        20 => (0..9_u8).prop_map(|n| vec![n; usize::from(n % 4)]),
        20 => any::<u16>().prop_map(|n| n.to_string().into_bytes()),
        1 => Just(vec![b'x'; 20]),
        1 => Just(vec![b'y'; 21]),
    ]
}

/// Mostly few, sometimes enough to fill several nodes.
pub(crate) fn several<T: Debug>(
    one: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![
        6 => prop::collection::vec(one.clone(), 0..5),
        1 => prop::collection::vec(one, 60..400),
    ]
}

pub(crate) fn slices(all: &[Vec<u8>]) -> Vec<&[u8]> {
    all.iter().map(|it| &it[..]).collect()
}

/// The expected result of the element limit.
pub(crate) fn admit<'a>(elements: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<(), Error> {
    let limit = LIMITS.element_bytes;
    let fits = elements.into_iter().all(|it| it.len() as u64 <= limit);
    if fits { Ok(()) } else { Err(Error::ElementTooLarge { limit }) }
}

impl<K: Kind> World<K> {
    pub(crate) fn new() -> Self {
        let memory_bytes = 1 << 30;
        let config = Config { memory_bytes, shards: 2, seed: [1, 2, 3, 4], limits: LIMITS };
        Self { engine: Engine::new(config), now: 1000, cache: Namespace(0), items: HashMap::new() }
    }

    pub(crate) fn ask<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        self.engine.run(self.cache, command, Moment(self.now))
    }

    /// The plain collection at a key.
    pub(crate) fn plain(&self, key: &[u8]) -> Result<Option<K>, Error> {
        match self.item(key) {
            None => Ok(None),
            Some((Item::Collection(plain), _)) => Ok(Some(plain.clone())),
            Some((Item::Scalar, _)) => {
                Err(Error::WrongType { found: ItemType::Scalar, wanted: K::TYPE })
            }
        }
    }

    fn item(&self, key: &[u8]) -> Option<&(Item<K>, u64)> {
        self.items.get(key).filter(|(_, dies)| *dies > self.now)
    }

    /// A write: applies `change` to the collection or a new one, if the result is small enough.
    pub(crate) fn write<R>(
        &mut self,
        key: &[u8],
        ttl: CollectionTtl,
        change: impl FnOnce(&mut K) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let old = self.plain(key)?;
        let is_new = old.is_none();
        let mut plain = old.unwrap_or_default();
        let result = change(&mut plain)?;
        if key.len() as u64 + plain.bytes() > LIMITS.item_bytes {
            return Err(Error::ItemTooLarge { limit: LIMITS.item_bytes });
        }
        let dies = if is_new { self.dies(ttl.ttl) } else { self.items[key].1 };
        let dies = if ttl.refresh && !is_new { self.dies(ttl.ttl) } else { dies };
        self.put(key, plain, dies);
        Ok(result)
    }

    /// The expected result of a removal.
    pub(crate) fn reduce<R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut K) -> R,
    ) -> Result<Option<R>, Error> {
        let Some(mut plain) = self.plain(key)? else { return Ok(None) };
        let result = change(&mut plain);
        let dies = self.items[key].1;
        self.put(key, plain, dies);
        Ok(Some(result))
    }

    fn put(&mut self, key: &[u8], plain: K, dies: u64) {
        if plain.is_empty() {
            self.items.remove(key);
        } else {
            self.items.insert(key.to_vec(), (Item::Collection(plain), dies));
        }
    }

    /// Replaces any item.
    pub(crate) fn overwrite(&mut self, key: &[u8], plain: K, ttl: Ttl) {
        let dies = self.dies(ttl);
        self.put(key, plain, dies);
    }

    fn dies(&self, ttl: Ttl) -> u64 {
        self.now.saturating_add(ttl.0).min((1 << 48) - 1)
    }

    fn step(&mut self, step: Step<K::Step>) {
        let name = |key: u8| vec![b'k'; usize::from(key)];
        match step {
            Step::Run(key, step) => K::run(self, &name(key), step),
            // Leaderboards have their own key space.
            Step::Set(..) | Step::Delete(..) | Step::UpdateTtl(..)
                if K::TYPE == ItemType::Leaderboard => {}
            Step::Set(key, ttl) => {
                let set = Set { key: &name(key), value: b"text"[..].into(), ttl };
                assert_eq!(self.ask(set), Ok(()));
                self.items.insert(name(key), (Item::Scalar, self.dies(ttl)));
            }
            Step::Delete(key) => {
                let was = self.item(&name(key)).is_some();
                assert_eq!(self.ask(Delete { key: &name(key) }), Ok(was));
                self.items.remove(&name(key));
            }
            Step::UpdateTtl(key, ttl) => {
                let change = TtlChange::Overwrite(ttl);
                let changed = self.ask(UpdateTtl { key: &name(key), change }).unwrap();
                assert_eq!(changed == TtlChanged::Set, self.item(&name(key)).is_some());
                let dies = self.dies(ttl);
                if changed == TtlChanged::Set {
                    self.items.get_mut(&name(key)).unwrap().1 = dies;
                }
            }
            Step::Wait(milliseconds) => self.now += milliseconds,
            Step::Sweep(budget) => {
                self.engine.sweep(Moment(self.now), budget);
            }
            Step::Flush => {
                self.engine.retire(self.cache);
                self.cache = Namespace(self.cache.0 + 1);
                self.items.clear();
            }
            Step::Transfer(milliseconds) => {
                let moved = transferred(&self.engine, milliseconds, Moment(self.now));
                self.engine = moved;
                self.now += milliseconds;
            }
        }
        (0..KEYS).for_each(|key| self.check(&name(key)));
    }

    fn check(&self, key: &[u8]) {
        K::check(self, key);
        if K::TYPE == ItemType::Leaderboard {
            return;
        }
        let item = self.item(key);
        let left = item.map(|(_, dies)| Ttl(dies - self.now - 1));
        assert_eq!(self.ask(ItemGetTtl { key }), Ok(left));
        let found = item.map(|(item, _)| match item {
            Item::Scalar => ItemType::Scalar,
            Item::Collection(_) => K::TYPE,
        });
        assert_eq!(self.ask(ItemGetType { key }), Ok(found));
        let get = self.ask(Get::new(key, |it| it.as_slice().to_vec()));
        match found {
            Some(found) if found == K::TYPE => {
                assert_eq!(get, Err(Error::WrongType { found, wanted: ItemType::Scalar }));
            }
            found => assert_eq!(get, Ok(found.map(|_| b"text".to_vec()))),
        }
    }

    /// After a flush and a sweep, nothing is left or counted.
    fn finish(mut self) {
        self.step(Step::Flush);
        self.engine.sweep(Moment(self.now), usize::MAX);
        let totals = self.engine.totals();
        assert_eq!((totals.items, totals.bytes, totals.evicted), (0, 0, 0));
        assert_eq!(self.engine.stored(Namespace(0)), Stored::default());
    }
}

/// Runs random steps.
pub(crate) fn engine_matches_the_model<K: Kind + 'static>() {
    let steps = prop::collection::vec(step::<K>(), 1..60);
    proptest!(|(steps in steps)| {
        let mut world = World::<K>::new();
        for step in steps {
            world.step(step);
        }
        world.finish();
    });
}
