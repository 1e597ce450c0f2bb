//! A listing returns each item that exists throughout exactly once, whatever happens between pages.
//!
//! The model knows which items exist at each page. Other items come and go by the thousand, so that
//! tables grow and shrink.

use std::collections::{HashMap, HashSet};

use attimo_engine::commands::scalar::{Delete, Set};
use attimo_engine::{
    Config, Engine, Limits, Moment, Namespace, PageLimits, Position, Selection, Ttl,
};
use proptest::prelude::*;

const CACHE: Namespace = Namespace(1);
const OTHER: Namespace = Namespace(2);
const KEYS: u32 = 400;
/// The deadline of what never expires.
const NEVER: u64 = (1 << 48) - 1;

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Step {
    Set(u32, Ttl),
    Delete(u32),
    /// So many items of both caches appear that the table grows.
    Flood(u32),
    /// They are gone, so that the table shrinks.
    Ebb(u32),
    Wait(u64),
    Sweep(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..KEYS, ttl()).prop_map(|(key, ttl)| Step::Set(key, ttl)),
        6 => (0..KEYS).prop_map(Step::Delete),
        2 => (1..2_000_u32).prop_map(Step::Flood),
        2 => (1..2_000_u32).prop_map(Step::Ebb),
        2 => (0..9_u64).prop_map(Step::Wait),
        2 => (0..4_000_usize).prop_map(Step::Sweep),
    ]
}

fn ttl() -> impl Strategy<Value = Ttl> {
    prop_oneof![1 => (1..99_u64).prop_map(Ttl), 3 => Just(Ttl::FOREVER)]
}

fn limits() -> impl Strategy<Value = PageLimits> {
    let keys = prop_oneof![1..9_usize, 1..2_000_usize];
    let cells = prop_oneof![1..900_usize, Just(1 << 20)];
    (keys, 1..9_000_usize, cells).prop_map(|(keys, bytes, cells)| PageLimits { keys, bytes, cells })
}

/// A key; every other one starts with `b`, and some are long.
fn key(number: u32) -> Vec<u8> {
    let start = if number.is_multiple_of(2) { 'a' } else { 'b' };
    let long = "x".repeat(if number.is_multiple_of(9) { 3_000 } else { 0 });
    format!("{start}{number}{long}").into_bytes()
}

struct World {
    engine: Engine,
    now: u64,
    /// When each item of the cache expires.
    items: HashMap<Vec<u8>, u64>,
}

impl World {
    fn new(shards: usize, numbers: &HashSet<u32>) -> Self {
        let (seed, limits) = ([1, 2, 3, 4], Limits::default());
        let config = Config { memory_bytes: 1 << 30, shards, seed, limits };
        let mut world = Self { engine: Engine::new(config), now: 0, items: HashMap::new() };
        for number in numbers {
            world.set(key(*number), Ttl::FOREVER);
        }
        world
    }

    fn set(&mut self, key: Vec<u8>, ttl: Ttl) {
        let set = Set { key: &key, value: b"value"[..].into(), ttl };
        self.engine.run(CACHE, set, Moment(self.now)).expect("it fits");
        self.items.insert(key, self.now.saturating_add(ttl.0));
    }

    fn delete(&mut self, key: &[u8]) {
        self.engine.run(CACHE, Delete { key }, Moment(self.now)).expect("it fits");
        self.items.remove(key);
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Set(number, ttl) => self.set(key(number), ttl),
            Step::Delete(number) => self.delete(&key(number)),
            Step::Flood(many) => (0..many).for_each(|number| {
                let other = format!("flood {number}");
                let set = Set { key: other.as_bytes(), value: b"value"[..].into(), ttl: Ttl(99) };
                self.engine.run(OTHER, set, Moment(self.now)).expect("it fits");
                self.set(other.into_bytes(), Ttl::FOREVER);
            }),
            Step::Ebb(many) => {
                (0..many).for_each(|number| self.delete(format!("flood {number}").as_bytes()));
                self.engine.sweep(Moment(self.now), usize::MAX);
            }
            Step::Wait(time) => self.now += time,
            Step::Sweep(slots) => drop(self.engine.sweep(Moment(self.now), slots)),
        }
    }

    fn live(&self, prefix: &[u8]) -> HashSet<Vec<u8>> {
        let live = self.items.iter().filter(|(_, deadline)| self.now < **deadline);
        live.map(|(key, _)| key.clone()).filter(|key| key.starts_with(prefix)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_exists_throughout_a_listing_is_listed_once_and_nothing_twice(
        shards in 1..4_usize,
        numbers in proptest::collection::hash_set(0..KEYS, 0..KEYS as usize),
        steps in proptest::collection::vec(step(), 1..99),
        limits in limits(),
        prefix in prop_oneof![Just(""), Just("b"), Just("b1")],
    ) {
        let prefix = prefix.as_bytes();
        let mut world = World::new(shards, &numbers);
        let mut throughout = world.live(prefix);
        let (mut listed, mut next) = (HashSet::new(), Some(Position::default()));
        let mut steps = steps.chunks(9);
        while let Some(from) = next {
            steps.next().into_iter().flatten().for_each(|step| world.take(step));
            let live = world.live(prefix);
            throughout.retain(|key| live.contains(key));

            let selection = Selection { prefix, leaderboards: false };
            let page = world.engine.list(CACHE, selection, from, limits, Moment(world.now));

            prop_assert!(page.items.len() <= limits.keys);
            prop_assert!(page.bytes <= limits.bytes || page.items.len() == 1);
            for item in page.items {
                let deadline = world.items[&*item.key];
                let left = (deadline < NEVER).then(|| Ttl(deadline - world.now - 1));
                prop_assert_eq!(item.ttl, left);
                prop_assert_eq!(item.bytes, item.key.len() as u64 + 5);
                prop_assert!(live.contains(&*item.key));
                prop_assert!(listed.insert(item.key.into_vec()), "listed twice");
            }
            next = page.next;
        }
        prop_assert!(throughout.is_subset(&listed));
    }
}
