//! Prints the memory of a member of a large sorted set, the time of commands on small and large
//! ones, and how long another client's `Get` takes while large collections are fetched, copied and
//! deleted.
//!
//! `cargo run --release -p attimo-engine --example collections -- [members]`
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use attimo_engine::commands::{dictionary, list, scalar, set, sorted_set};
use attimo_engine::{
    CollectionTtl, Command, Config, End, Engine, Limits, Moment, Namespace, Order, Slice, Ttl,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CACHE: Namespace = Namespace(1);
const NOW: Moment = Moment(1);
const TTL: CollectionTtl = CollectionTtl { ttl: Ttl(60_000), refresh: true };
const ROUNDS: u32 = 1_000_000;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let large: u32 = arguments.next().unwrap_or(1_000_000);
    let limits = Limits { item_bytes: u64::MAX / 2, ..Limits::default() };
    let config = Config { memory_bytes: u64::MAX, shards: 16, seed: [1, 2, 3, 4], limits };
    let engine = Engine::new(config);

    weigh_small(&engine);
    weigh(&engine, large);
    println!("ns per operation, at 1,000 and at {large} members:");
    fill(&engine, b"small", 1000);
    compare("sorted set, rank", large, |key, i| {
        rank(&engine, key, i);
    });
    compare("sorted set, score", large, |key, i| {
        let get = sorted_set::GetScore {
            key,
            values: [&member(i)[..]],
            read: |it: Option<f64>| assert!(it.is_some()),
        };
        run(&engine, get);
    });
    compare("sorted set, other score", large, |key, i| {
        put(&engine, key, i, scramble(i + 7));
    });
    compare("sorted set, ten at an index", large, |key, i| {
        let slice = Slice { start: Some(i64::from(i)), end: Some(i64::from(i) + 10) };
        let fetch = sorted_set::FetchByIndex { key, slice, order: Order::Descending };
        let ten = run(&engine, fetch).expect("there is one");
        black_box(ten.iter().map(|(value, _)| value.len()).sum::<usize>());
    });
    compare("sorted set, new and away", large, |key, i| {
        put(&engine, key, i + large, scramble(i));
        run(&engine, sorted_set::Remove::new(key, [&member(i + large)[..]]));
    });
    others(&engine, large);
    drop(engine);
    disturb();
}

fn weigh_small(engine: &Engine) {
    const COUNT: u64 = 100_000;
    let empty = resident();
    for i in 0..COUNT {
        let pairs = (0..5).map(|field| (&b"field"[field..], &b"ten bytes."[..]));
        run(engine, dictionary::Set { key: &i.to_le_bytes(), pairs, ttl: TTL });
    }
    let (full, counted) = (resident() - empty, engine.totals().bytes);
    println!("a dictionary of five short fields: {} B resident", full / COUNT);
    println!("  counted {} B, {} % of resident", counted / COUNT, counted * 100 / full);
}

fn weigh(engine: &Engine, members: u32) {
    let (before, empty, start) = (engine.totals().bytes, resident(), Instant::now());
    fill(engine, b"large", members);
    let (full, took) = (resident() - empty, start.elapsed());
    let (each, counted) = (full / u64::from(members), engine.totals().bytes - before);
    println!("{members} members of 10 bytes: {each} B each resident, made in {took:?}");
    println!(
        "  counted {} B each, {} % of resident",
        counted / u64::from(members),
        counted * 100 / full
    );
}

/// Members in random order of their scores.
fn fill(engine: &Engine, key: &[u8], members: u32) {
    (0..members).for_each(|i| put(engine, key, i, scramble(i)));
}

fn put(engine: &Engine, key: &[u8], i: u32, score: u32) {
    let elements = [(&member(i)[..], f64::from(score))];
    run(engine, sorted_set::Put { key, elements, ttl: TTL });
}

fn rank(engine: &Engine, key: &[u8], i: u32) -> usize {
    let rank = sorted_set::GetRank { key, value: &member(i), order: Order::Ascending };
    run(engine, rank).expect("the member is there")
}

fn others(engine: &Engine, large: u32) {
    for (key, len) in [(&b"small set"[..], 1000), (b"large set", large)] {
        for i in 0..len {
            run(engine, set::Union { key, elements: [&member(i)[..]], ttl: TTL });
            let pairs = [(&member(i)[..], &b"ten bytes."[..])];
            run(engine, dictionary::Set { key: &[key, b"d"].concat(), pairs, ttl: TTL });
            push(engine, &[key, b"l"].concat(), i);
        }
    }
    let key = |key: &[u8], kind: &[u8]| {
        [if key == b"small" { b"small set" } else { &b"large set"[..] }, kind].concat()
    };
    compare("set, contains", large, |size, i| {
        let contains = set::Contains {
            key: &key(size, b""),
            elements: [&member(i)[..]],
            read: |it: bool| assert!(it),
        };
        run(engine, contains);
    });
    compare("dictionary, get", large, |size, i| {
        let read = |it: Option<&[u8]>| assert!(it.is_some());
        run(engine, dictionary::Get { key: &key(size, b"d"), fields: [&member(i)[..]], read });
    });
    compare("list, push and pop", large, |size, i| {
        push(engine, &key(size, b"l"), i);
        run(engine, list::Pop { key: &key(size, b"l"), at: End::Front });
    });
}

fn push(engine: &Engine, key: &[u8], i: u32) {
    let (values, at) = ([&member(i)[..]], End::Back);
    run(engine, list::Push { key, at, values, truncate: None, ttl: TTL });
}

/// Measures another client's `Get` in the shard of large collections that are repeatedly fetched,
/// copied and deleted.
fn disturb() {
    const LARGE: u32 = 100_000;
    let one = Engine::new(Config {
        memory_bytes: u64::MAX,
        shards: 1,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });
    run(&one, scalar::Set { key: b"k", value: b"value"[..].into(), ttl: TTL.ttl });
    println!("p50, p99.9 and longest `Get` in the same shard, while another thread");
    percentiles("does nothing", &one, || thread::sleep(Duration::from_millis(1)));
    fill(&one, b"z", LARGE);
    let mut reply = Vec::with_capacity(4 << 20);
    percentiles("fetches 100,000 members", &one, || {
        let all = sorted_set::FetchByIndex {
            key: b"z",
            slice: Slice::default(),
            order: Order::Ascending,
        };
        let all = run(&one, all).expect("it is there");
        reply.clear();
        for (value, score) in all.iter() {
            reply.extend_from_slice(value);
            reply.extend_from_slice(&score.to_le_bytes());
        }
    });
    let all =
        sorted_set::FetchByIndex { key: b"z", slice: Slice::default(), order: Order::Ascending };
    let source = vec![(run(&one, all).expect("it is there"), 2.0)];
    percentiles("stores and deletes as many", &one, || {
        let (aggregate, ttl) = (sorted_set::Aggregate::Sum, TTL.ttl);
        run(&one, sorted_set::Store::new(b"union", source.clone(), aggregate, ttl));
        run(&one, scalar::Delete { key: b"union" });
    });
}

fn percentiles(what: &str, engine: &Engine, mut other: impl FnMut() + Send) {
    let done = AtomicBool::new(false);
    let mut took = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                other();
            }
        });
        let gets = (0..400_000).map(|_| {
            let start = Instant::now();
            run(engine, scalar::Get::new(b"k", |it| it.as_slice().len()));
            start.elapsed()
        });
        let took: Vec<Duration> = gets.collect();
        done.store(true, Ordering::Relaxed);
        took
    });
    took.sort_unstable();
    let at = |part: usize| took[took.len() * part / 1000];
    println!("  {what:30} {:?}  {:?}  {:?}", at(500), at(999), took[took.len() - 1]);
}

fn run<C: Command>(engine: &Engine, command: C) -> C::Reply {
    engine.run(CACHE, command, NOW).expect("the type is right")
}

fn compare(what: &str, large: u32, mut operation: impl FnMut(&[u8], u32)) {
    let mut time = |key: &[u8], members: u32| {
        (0..ROUNDS / 10).for_each(|i| operation(key, scramble(i) % members));
        let start = on_processor();
        (0..ROUNDS).for_each(|i| operation(key, scramble(i ^ 0x5555) % members));
        (on_processor() - start) / u64::from(ROUNDS)
    };
    let (small, large) = (time(b"small", 1000), time(b"large", large));
    println!("  {what:30} {small:5} {large:5}");
}

/// The processor time of this thread, in nanoseconds; waiting does not count.
fn on_processor() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    text.split(' ').next().expect("a first word").parse().expect("a number")
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: u64 = text.split(' ').nth(1).expect("a second word").parse().expect("a number");
    pages * 4096
}

/// Ten bytes that are unique for each number.
fn member(i: u32) -> [u8; 10] {
    let mut text = *b"member\0\0\0\0";
    text[6..].copy_from_slice(&i.to_le_bytes());
    text
}

/// A number that looks random (Murmur's finish).
fn scramble(i: u32) -> u32 {
    let i = (i ^ i >> 16).wrapping_mul(0x85eb_ca6b);
    let i = (i ^ i >> 13).wrapping_mul(0xc2b2_ae35);
    i ^ i >> 16
}
