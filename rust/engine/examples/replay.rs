//! Replays a trace against the engine alone and prints how many requests missed.
//!
//! `cargo run --release -p attimo-engine --example replay -- TRACE MEMORY_BYTES [SHARDS]`
//!
//! Each line of the trace is a request: `KEY,VALUE_BYTES` or `KEY,VALUE_BYTES,TTL_SECONDS`, by
//! default with a TTL of ten hours. The clock advances by a microsecond with each request. What is
//! missed is written at once. Requests come in batches of 100, of which all are read before any is
//! written: of a key that a batch asks for twice, the second is a hit.
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};

use attimo_engine::commands::scalar::{Get, Set};
use attimo_engine::{Config, Engine, Limits, Moment, Namespace, Ttl};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CACHE: Namespace = Namespace(1);
const BATCH: usize = 100;
const TEN_HOURS: u64 = 36_000;
const REQUESTS_PER_MILLISECOND: u64 = 1000;
const PAGE: u64 = 4096;

struct Request {
    key: String,
    bytes: usize,
    ttl: Ttl,
}

struct Replay {
    engine: Engine,
    value: Vec<u8>,
    requests: u64,
    misses: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [trace, memory, shards @ ..] = &arguments[..] else {
        println!("Usage: replay TRACE MEMORY_BYTES [SHARDS]");
        return;
    };
    let number = |text: &String| text.parse::<u64>().expect("a number");
    let shards = shards.first().map_or(64, number);
    let lines = BufReader::new(File::open(trace).expect("the trace")).lines();
    let requests: Vec<_> = lines.map(|line| Request::parse(&line.expect("text"))).collect();
    let first = requests.iter().map(|request| &request.key).collect::<HashSet<_>>().len() as u64;
    let mut replay = Replay::new(number(memory), usize::try_from(shards).expect("few"));
    let before = resident();
    requests.chunks(BATCH).for_each(|batch| replay.batch(batch));
    let grown = resident().saturating_sub(before);
    replay.report(first);
    println!("  resident memory grew by {:.1} MB", to_mb(grown));
}

impl Request {
    fn parse(line: &str) -> Self {
        let mut fields = line.split(',');
        let key = fields.next().expect("a key").to_owned();
        let bytes = fields.next().expect("the size of the value").parse().expect("a number");
        let seconds = fields.next().map_or(TEN_HOURS, |field| field.parse().expect("a number"));
        Self { key, bytes, ttl: Ttl(seconds * 1000) }
    }
}

impl Replay {
    fn new(memory_bytes: u64, shards: usize) -> Self {
        let config = Config { memory_bytes, shards, seed: [1, 2, 3, 4], limits: Limits::default() };
        Self { engine: Engine::new(config), value: vec![b'v'; 5 << 20], requests: 0, misses: 0 }
    }

    fn batch(&mut self, batch: &[Request]) {
        let now = Moment(self.requests / REQUESTS_PER_MILLISECOND);
        let mut missed: Vec<&Request> = Vec::new();
        for request in batch {
            let get = Get::new(request.key.as_bytes(), |_| ());
            let found = self.engine.run(CACHE, get, now).expect("it is a scalar");
            let twice = missed.iter().any(|other| other.key == request.key);
            if found.is_none() && !twice {
                missed.push(request);
            }
        }
        for Request { key, bytes, ttl } in &missed {
            let value = self.value[..*bytes].into();
            let set = Set { key: key.as_bytes(), value, ttl: *ttl };
            self.engine.run(CACHE, set, now).expect("it is no larger than a value may be");
        }
        self.requests += batch.len() as u64;
        self.misses += missed.len() as u64;
        self.engine.sweep(now, batch.len());
    }

    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
    fn report(&self, first: u64) {
        let part = |count: u64| count as f64 / self.requests as f64;
        let first = part(first);
        println!("{} requests, misses {:.4}", self.requests, part(self.misses));
        println!("  first requests {first:.4}, avoidable {:.4}", part(self.misses) - first);
        let totals = self.engine.totals();
        println!("  {} items, {:.1} MB counted", totals.items, to_mb(totals.bytes));
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
fn to_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: u64 = text.split(' ').nth(1).expect("a second word").parse().expect("a number");
    pages * PAGE
}
