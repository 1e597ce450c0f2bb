//! Prints the resident memory per item beyond key and value, and what is left of it after a flush
//! and a sweep.
//!
//! `cargo run --release -p attimo-engine --example memory -- [items] [shards]`
//!
//! Measures once per run: a second measurement would reuse the memory of the first. The allocator
//! keeps freed pages for some seconds; to free them immediately, set
//! `_RJEM_MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0`.
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::fs;

use attimo_engine::commands::scalar::Set;
use attimo_engine::{Config, Engine, Limits, Moment, Namespace, Ttl};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const KEY: u64 = 16;
const VALUE: [u8; 100] = [b'v'; 100];
const CACHE: Namespace = Namespace(1);
const PAGE: u64 = 4096;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let items: u32 = arguments.next().unwrap_or(2_000_000);
    let shards = arguments.next().unwrap_or(64) as usize;
    let engine = Engine::new(Config {
        memory_bytes: u64::MAX,
        shards,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });
    let empty = resident();

    for i in 0..items {
        let key = format!("key:{i:012}");
        let set = Set { key: key.as_bytes(), value: VALUE[..].into(), ttl: Ttl(60_000) };
        engine.run(CACHE, set, Moment(1)).expect("a write is never refused");
    }
    let full = resident() - empty;
    let counted = engine.totals().bytes;
    let each = |bytes: u64| bytes / u64::from(items) - KEY - VALUE.len() as u64;
    println!("{items} items, {shards} shards: overhead {} B/item resident", each(full));
    println!("  counted {} B/item, {} % of resident", each(counted), counted * 100 / full);

    engine.retire(CACHE);
    while engine.sweep(Moment(2), 4096).looked_at > 0 {}
    println!(
        "  after flush and sweep: {} B counted, {} MB resident",
        engine.totals().bytes,
        resident().saturating_sub(empty) >> 20
    );
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: u64 = text.split(' ').nth(1).expect("a second word").parse().expect("a number");
    pages * PAGE
}
