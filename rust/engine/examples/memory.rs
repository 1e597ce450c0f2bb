//! Prints the resident memory per item beyond key and value, how long a listing of a small cache
//! takes beside them, and what is left after a flush and a sweep.
//!
//! `cargo run --release -p attimo-engine --example memory -- [items] [shards] [caches] [least] [most]`
//!
//! The items are spread over so many caches, and their values have from `least` to `most` bytes (by
//! default 100), at random.
//!
//! Measures once per run: a second measurement would reuse the memory of the first. The allocator
//! keeps freed pages for some seconds; to free them immediately, set
//! `_RJEM_MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0`.
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::fs;
use std::ops::RangeInclusive;
use std::time::Instant;

use attimo_engine::commands::scalar::Set;
use attimo_engine::{
    Config, Engine, Limits, Moment, Namespace, PageLimits, Position, Selection, Ttl,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const KEY: u64 = 16;
const SMALL: Namespace = Namespace(0);
const SMALL_ITEMS: u32 = 1000;
const PAGE: u64 = 4096;

struct Run {
    items: u32,
    shards: u32,
    caches: u32,
    values: RangeInclusive<u32>,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let items = arguments.next().unwrap_or(2_000_000);
    let shards = arguments.next().unwrap_or(64);
    let caches = arguments.next().unwrap_or(1);
    let least = arguments.next().unwrap_or(100);
    let values = least..=arguments.next().unwrap_or(least);
    let run = Run { items, shards, caches, values };
    let engine = Engine::new(Config {
        memory_bytes: u64::MAX,
        shards: shards as usize,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });
    let empty = resident();

    let data = run.fill(&engine);
    run.report(&engine, data, resident() - empty);
    list(&engine);
    (0..=caches).for_each(|cache| engine.retire(Namespace(cache)));
    while engine.sweep(Moment(2), 4096).looked_at > 0 {}
    println!(
        "  after flush and sweep: {} B counted, {} MB resident",
        engine.counted(),
        resident().saturating_sub(empty) >> 20
    );
}

impl Run {
    /// Returns the bytes of keys and values.
    fn fill(&self, engine: &Engine) -> u64 {
        let (least, most) = (*self.values.start(), *self.values.end());
        let value = vec![b'v'; most as usize];
        let (mut data, mut random) = (0, 1_u32);
        for i in 0..self.items {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let bytes = least + (random >> 8) % (most - least + 1);
            set(engine, Namespace(1 + i % self.caches), i, &value[..bytes as usize]);
            data += KEY + u64::from(bytes);
        }
        data
    }

    fn report(&self, engine: &Engine, data: u64, resident: u64) {
        let Self { items, shards, caches, .. } = self;
        let counted = engine.counted();
        let each = |bytes: u64| bytes.saturating_sub(data) / u64::from(*items);
        println!("{items} items in {caches} caches, {shards} shards");
        println!("  overhead {} B/item resident", each(resident));
        println!("  counted {} B/item, {} % of resident", each(counted), counted * 100 / resident);
    }
}

fn list(engine: &Engine) {
    (0..SMALL_ITEMS).for_each(|i| set(engine, SMALL, i, b"value"));
    let limits = PageLimits { keys: usize::MAX, bytes: usize::MAX, cells: usize::MAX };
    let start = Instant::now();
    let all = Selection { prefix: b"", leaderboards: false };
    let page = engine.list(SMALL, all, Position::default(), limits, Moment(1));
    let taken = start.elapsed();
    println!("  listed {} items of a small cache in {taken:?}", page.items.len());
}

fn set(engine: &Engine, cache: Namespace, key: u32, value: &[u8]) {
    let key = format!("key:{key:012}");
    let set = Set { key: key.as_bytes(), value: value.into(), ttl: Ttl(60_000) };
    engine.run(cache, set, Moment(1)).expect("a write is never refused");
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: u64 = text.split(' ').nth(1).expect("a second word").parse().expect("a number");
    pages * PAGE
}
