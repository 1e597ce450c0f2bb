//! Prints the processor time of commands on one thread, the time of pages of a listing, the longest
//! sweep, and the time of the same reads on a plain map.
//!
//! `cargo run --release -p attimo-engine --example speed -- [items] [shards]`
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use attimo_engine::commands::scalar::{Get, Increment, KeyExists, Set};
use attimo_engine::{
    Config, Engine, Limits, Moment, Namespace, PageLimits, Position, Selection, Ttl,
};
use parking_lot::Mutex;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CACHE: Namespace = Namespace(1);
const SMALL_CACHE: Namespace = Namespace(2);
const NOW: Moment = Moment(1);
const TTL: Ttl = Ttl(60_000);
const ROUNDS: u32 = 4_000_000;
const VALUE: [u8; 100] = [b'v'; 100];

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let items: u32 = arguments.next().unwrap_or(1_000_000);
    let shards = arguments.next().unwrap_or(64) as usize;
    let engine = |memory_bytes| {
        Engine::new(Config { memory_bytes, shards, seed: [1, 2, 3, 4], limits: Limits::default() })
    };
    let roomy = engine(u64::MAX);
    let mut reply = Vec::with_capacity(128);

    println!("{items} items of 100 bytes, {shards} shards; ns per operation:");
    time("set, new", items, |i| set(&roomy, i, &VALUE));
    let any = |i: u32| scramble(i) % items;
    time("set, same length", ROUNDS, |i| set(&roomy, any(i), &VALUE));
    time("set, other length", ROUNDS, |i| set(&roomy, any(i), &VALUE[..80 + (i % 20) as usize]));
    time("get, hit", ROUNDS, |i| get(&roomy, any(i), &mut reply));
    time("get, hit, skewed", ROUNDS, |i| get(&roomy, skewed(i, items), &mut reply));
    for together in [false, true] {
        let name = if together { "get, batches of 50, prefetched" } else { "get, batches of 50" };
        time(name, ROUNDS, |i| {
            if i % 50 == 0 && together {
                let keys: Vec<_> = (i..i + 50).map(|i| key(any(i))).collect();
                roomy.prefetch(CACHE, keys.iter().map(|key| &key[..]));
            }
            get(&roomy, any(i), &mut reply);
        });
    }
    time("get, miss", ROUNDS, |i| get(&roomy, items + i, &mut reply));
    time("key exists", ROUNDS, |i| {
        roomy.run(CACHE, KeyExists { key: &key(any(i)) }, NOW).expect("it is a read");
    });
    time("increment", ROUNDS, |i| {
        let increment = Increment { key: &key(items + i % 1000), amount: 1, ttl: TTL };
        roomy.run(CACHE, increment, NOW).expect("it is a number");
    });
    compare(items, &mut reply);
    list(&roomy, CACHE, "all keys", b"");
    list(&roomy, CACHE, "no key", b"none");
    for i in 0..1000 {
        let set = Set { key: &key(i), value: VALUE[..].into(), ttl: TTL };
        roomy.run(SMALL_CACHE, set, NOW).expect("never refused");
    }
    list(&roomy, SMALL_CACHE, "a small cache", b"");
    let tight = engine(roomy.totals().bytes / 2);
    time("set, new, evicting", 2 * ROUNDS, |i| set(&tight, i, &VALUE));
    sweep(&roomy, Moment(NOW.0 + TTL.0));
}

fn set(engine: &Engine, i: u32, value: &[u8]) {
    engine
        .run(CACHE, Set { key: &key(i), value: value.into(), ttl: TTL }, NOW)
        .expect("never refused");
}

fn get(engine: &Engine, i: u32, reply: &mut Vec<u8>) {
    reply.clear();
    let key = key(i);
    let get = Get::new(&key, |found| reply.extend_from_slice(found.as_slice()));
    engine.run(CACHE, get, NOW).expect("it is a scalar");
}

/// The same reads on a plain map behind a lock.
fn compare(items: u32, reply: &mut Vec<u8>) {
    let map = (0..items).map(|i| (key(i).to_vec(), VALUE.to_vec()));
    let map: Mutex<HashMap<Vec<u8>, Vec<u8>>> = Mutex::new(map.collect());
    let mut read = |i: u32| {
        reply.clear();
        reply.extend_from_slice(&map.lock()[&key(i)[..]]);
    };
    time("(map: get, hit)", ROUNDS, |i| read(scramble(i) % items));
    time("(map: skewed)", ROUNDS, |i| read(skewed(i, items)));
}

/// Pages of the listing with a prefix, with the limits of the server.
fn list(engine: &Engine, cache: Namespace, what: &str, prefix: &[u8]) {
    let limits = PageLimits { keys: 10_000, bytes: 1 << 20, cells: 8_192 };
    let selection = Selection { prefix, leaderboards: false };
    let (mut took, mut next, mut keys) = (Vec::new(), Some(Position::default()), 0);
    while let Some(from) = next {
        let start = Instant::now();
        let page = engine.list(cache, selection, from, limits, NOW);
        took.push(start.elapsed());
        keys += page.items.len();
        next = page.next;
    }
    took.sort();
    let (median, most) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!("list {what}, {} pages, {keys} keys: a page takes {median:?},", took.len());
    println!("  99 of 100 within {most:?}");
}

fn sweep(engine: &Engine, now: Moment) {
    let items = engine.totals().items;
    let mut took = Vec::new();
    while engine.totals().items > 0 {
        let start = Instant::now();
        engine.sweep(now, 4096);
        took.push(start.elapsed());
    }
    took.sort();
    let (sum, calls) = (took.iter().sum::<Duration>(), took.len());
    let (median, most) = (took[calls / 2], took[calls * 99 / 100]);
    println!("sweep of {items} expired items, 4096 records a call: {sum:?} in {calls} calls,");
    println!("  median {median:?}, 99 of 100 within {most:?}; a lock is held for a sixteenth");
}

fn time(what: &str, rounds: u32, mut operation: impl FnMut(u32)) {
    let start = on_processor();
    (0..rounds).for_each(&mut operation);
    println!("  {what:20} {:4}", (on_processor() - start) / u64::from(rounds));
}

/// The processor time of this thread, in nanoseconds; waiting does not count.
fn on_processor() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    text.split(' ').next().expect("a first word").parse().expect("a number")
}

/// Sixteen bytes that are unique for each number.
fn key(i: u32) -> [u8; 16] {
    (u128::from(i) << 64 | 0x6b65_793a).to_le_bytes()
}

/// A skewed distribution: half of all numbers are in an eighth of the range.
fn skewed(i: u32, range: u32) -> u32 {
    let random = |i| u64::from(scramble(i) % range);
    let range = u64::from(range);
    let skewed = random(i) * random(!i) / range * random(i ^ 0x5555_5555) / range;
    u32::try_from(skewed).expect("below the range")
}

/// A number that looks random (Murmur's finish).
fn scramble(i: u32) -> u32 {
    let i = (i ^ i >> 16).wrapping_mul(0x85eb_ca6b);
    let i = (i ^ i >> 13).wrapping_mul(0xc2b2_ae35);
    i ^ i >> 16
}
