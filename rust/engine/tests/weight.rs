//! Compares the counted memory of collections with that of the allocator.
//!
//! jemalloc counts allocations per thread, so the tests can run in parallel.

use attimo_engine::commands::{dictionary, leaderboard, list, scalar, set, sorted_set};
use attimo_engine::{CollectionTtl, Command, Config, End, Engine, Limits, Moment, Namespace, Ttl};
use tikv_jemalloc_ctl::thread;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CACHE: Namespace = Namespace(1);
const TTL: CollectionTtl = CollectionTtl { ttl: Ttl(60_000), refresh: true };
/// The counted memory, in percent of the allocated memory.
const LEAST: u64 = 97;
const MOST: u64 = 105;

/// How many collections, elements each, and bytes per element.
#[derive(Debug, Clone, Copy)]
struct Shape {
    collections: u32,
    elements: u32,
    bytes: usize,
}

const SHAPES: [Shape; 8] = [
    Shape { collections: 1, elements: 100_000, bytes: 10 },
    Shape { collections: 1, elements: 20_000, bytes: 40 },
    Shape { collections: 1, elements: 5_000, bytes: 1_000 },
    Shape { collections: 100, elements: 1_000, bytes: 10 },
    Shape { collections: 1_000, elements: 70, bytes: 23 },
    Shape { collections: 3_000, elements: 20, bytes: 10 },
    Shape { collections: 10_000, elements: 5, bytes: 30 },
    Shape { collections: 30_000, elements: 1, bytes: 10 },
];

/// The order in which elements are added and removed.
#[derive(Debug, Clone, Copy)]
enum Order {
    Up,
    Down,
    Chance,
}

impl Order {
    /// The score of element `i`, which determines its order.
    fn score(self, i: u32) -> u32 {
        match self {
            Order::Up => i,
            Order::Down => u32::MAX - i,
            Order::Chance => scramble(i),
        }
    }
}

/// A type of collection that grows and shrinks.
trait Kind {
    fn add(&self, engine: &Engine, key: &[u8], i: u32, order: Order, bytes: usize);
    fn remove(&self, engine: &Engine, key: &[u8], i: u32, bytes: usize);
}

struct Dictionaries;
struct Sets;
struct Lists;
struct SortedSets;
struct Leaderboards;

impl Kind for Dictionaries {
    fn add(&self, engine: &Engine, key: &[u8], i: u32, _: Order, bytes: usize) {
        let (field, value) = (element(i, 10), element(i, bytes));
        let pairs = [(&field[..], &value[..])];
        run(engine, dictionary::Set { key, pairs, ttl: TTL });
    }

    fn remove(&self, engine: &Engine, key: &[u8], i: u32, _: usize) {
        let field = element(i, 10);
        run(engine, dictionary::Remove::new(key, [&field[..]]));
    }
}

impl Kind for Sets {
    fn add(&self, engine: &Engine, key: &[u8], i: u32, _: Order, bytes: usize) {
        let element = element(i, bytes);
        run(engine, set::Union { key, elements: [&element[..]], ttl: TTL });
    }

    fn remove(&self, engine: &Engine, key: &[u8], i: u32, bytes: usize) {
        let element = element(i, bytes);
        run(engine, set::Remove::new(key, [&element[..]]));
    }
}

impl Kind for Lists {
    fn add(&self, engine: &Engine, key: &[u8], i: u32, order: Order, bytes: usize) {
        let value = element(i, bytes);
        let at = if order.score(i) < u32::MAX / 2 { End::Back } else { End::Front };
        run(engine, list::Push { key, at, values: [&value[..]], truncate: None, ttl: TTL });
    }

    fn remove(&self, engine: &Engine, key: &[u8], i: u32, _: usize) {
        let at = if scramble(i).is_multiple_of(2) { End::Back } else { End::Front };
        run(engine, list::Pop { key, at });
    }
}

impl Kind for SortedSets {
    fn add(&self, engine: &Engine, key: &[u8], i: u32, order: Order, bytes: usize) {
        let value = element(i, bytes);
        let elements = [(&value[..], f64::from(order.score(i)))];
        run(engine, sorted_set::Put { key, elements, ttl: TTL });
    }

    fn remove(&self, engine: &Engine, key: &[u8], i: u32, bytes: usize) {
        let value = element(i, bytes);
        run(engine, sorted_set::Remove::new(key, [&value[..]]));
    }
}

impl Kind for Leaderboards {
    fn add(&self, engine: &Engine, key: &[u8], i: u32, order: Order, _: usize) {
        let elements = [(i, f64::from(order.score(i)))];
        run(engine, leaderboard::Upsert { key, elements, ttl: TTL });
    }

    fn remove(&self, engine: &Engine, key: &[u8], i: u32, _: usize) {
        run(engine, leaderboard::Remove::new(key, [i]));
    }
}

#[test]
fn the_counted_memory_of_dictionaries_is_right() {
    weigh(&Dictionaries);
}

#[test]
fn the_counted_memory_of_sets_is_right() {
    weigh(&Sets);
}

#[test]
fn the_counted_memory_of_lists_is_right() {
    weigh(&Lists);
}

#[test]
fn the_counted_memory_of_sorted_sets_is_right() {
    weigh(&SortedSets);
}

#[test]
fn the_counted_memory_of_leaderboards_is_right() {
    weigh(&Leaderboards);
}

fn weigh(kind: &impl Kind) {
    let mut wrong = Vec::new();
    for shape in SHAPES {
        for order in [Order::Up, Order::Down, Order::Chance] {
            grow_and_shrink(kind, shape, order, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Compares with half and all elements added, and with half and a tenth of them left.
fn grow_and_shrink(kind: &impl Kind, shape: Shape, order: Order, wrong: &mut Vec<String>) {
    let engine = engine();
    // The first item in a shard allocates memory for the shard, too.
    let first = scalar::Set { key: b"first", value: b"item"[..].into(), ttl: TTL.ttl };
    run(&engine, first);
    let (before, counted_before) = (taken(), engine.totals().bytes);
    let Shape { collections, elements, bytes } = shape;
    let half = elements.div_ceil(2);
    let mut compare = |when: &str| {
        let (counted, taken) = (engine.totals().bytes - counted_before, taken() - before);
        let percent = counted * 100 / taken;
        if !(LEAST..=MOST).contains(&percent) {
            wrong.push(format!("{when}: {percent} % of {taken} bytes, {order:?}, {shape:?}"));
        }
    };
    for (part, when) in [(0..half, "half added"), (half..elements, "all added")] {
        for i in part {
            each(collections, |key| kind.add(&engine, key, i, order, bytes));
        }
        compare(when);
    }
    let tenth = elements - elements.div_ceil(10);
    for (part, when) in
        [(0..elements - half, "half left"), (elements - half..tenth, "a tenth left")]
    {
        for i in part {
            each(collections, |key| kind.remove(&engine, key, i, bytes));
        }
        compare(when);
    }
}

fn each(collections: u32, mut work: impl FnMut(&[u8])) {
    (0..collections).for_each(|number| work(&number.to_le_bytes()));
}

fn engine() -> Engine {
    let limits = Limits { item_bytes: u64::MAX / 2, ..Limits::default() };
    Engine::new(Config { memory_bytes: u64::MAX, shards: 1, seed: [1, 2, 3, 4], limits })
}

fn run<C: Command>(engine: &Engine, command: C) -> C::Reply {
    engine.run(CACHE, command, Moment(1)).expect("it is of the right type")
}

/// The memory that this thread has allocated and not freed, in bytes.
fn taken() -> u64 {
    let taken = thread::allocatedp::read().expect("jemalloc counts").get();
    taken - thread::deallocatedp::read().expect("jemalloc counts").get()
}

/// Bytes that are unique for each number.
fn element(i: u32, bytes: usize) -> Vec<u8> {
    let mut element = vec![b'e'; bytes];
    element[..4].copy_from_slice(&scramble(i).to_le_bytes());
    element
}

/// A number that looks random (Murmur's finish).
fn scramble(i: u32) -> u32 {
    let i = (i ^ i >> 16).wrapping_mul(0x85eb_ca6b);
    let i = (i ^ i >> 13).wrapping_mul(0xc2b2_ae35);
    i ^ i >> 16
}
