//! For each kind of large command: the longest time without a pause, which includes all that is done
//! under the lock of a shard, the longest step, and all of it, in microseconds of processor time; the
//! least of some rounds. For what is done for many items: the longest time under one lock.
//!
//! `cargo run --release -p attimo-engine --example longest [ELEMENTS [ROUNDS [ROW]]]`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "this is an example")]

use std::cell::Cell;
use std::time::Duration;

use attimo_engine::commands::{dictionary, leaderboard, list, scalar, set, sorted_set};
use attimo_engine::{
    CollectionTtl, Command, Config, End, Engine, Limits, Moment, Namespace, Pace, RankedMember,
    Ttl, Unpaced,
};
use rustix::time::{ClockId, clock_gettime};
use tikv_jemalloc_ctl::{Access, AsName};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CACHE: Namespace = Namespace(1);
const TTL: CollectionTtl = CollectionTtl { ttl: Ttl::FOREVER, refresh: true };
const NOW: Moment = Moment(1);
const MEMORY: u64 = 256 << 20;
/// The parts of a step, as in the server, their work, and after how many microseconds it is over.
const STEP: (usize, usize) = (8, 1024);
const LONGEST_STEP: f64 = 100.0;

/// How long this thread has run, in microseconds.
fn run_time() -> f64 {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap().as_secs_f64() * 1e6
}

/// Measures how long steps take. As in the server, a step has parts, after each of which it is over if it
/// takes longer than it should.
struct Watch {
    part: usize,
    parts: usize,
    left: Cell<usize>,
    done: Cell<usize>,
    began: Cell<f64>,
    longest: Cell<f64>,
}

impl Watch {
    /// Of steps with so many parts of so much work: of 1 and 1, each call ends a step.
    fn start((parts, part): (usize, usize)) -> Self {
        let (left, began) = (Cell::new(part), Cell::new(run_time()));
        Watch { part, parts, left, done: Cell::default(), began, longest: Cell::default() }
    }

    fn end_step(&self, now: f64) {
        self.done.set(0);
        self.longest.set(self.longest.get().max(now - self.began.replace(now)));
    }

    /// In microseconds.
    fn end(self) -> f64 {
        self.end_step(run_time());
        self.longest.get()
    }
}

impl Pace for Watch {
    fn work(&self, units: usize) {
        if self.left.get() > units {
            return self.left.set(self.left.get() - units);
        }
        self.left.set(self.part);
        self.done.set(self.done.get() + 1);
        let now = run_time();
        if self.done.get() == self.parts || now - self.began.get() > LONGEST_STEP {
            self.end_step(now);
        }
    }
}

/// The names of elements, in no order.
fn names(count: u32) -> Vec<Vec<u8>> {
    let name = |at: u32| format!("element {:08}", at.wrapping_mul(2_654_435_761) % 100_000_000);
    (0..count).map(|at| name(at).into_bytes()).collect()
}

struct Bench {
    engine: Engine,
    /// What the names of the rows contain.
    only: String,
    names: Vec<Vec<u8>>,
    rounds: usize,
}

impl Bench {
    fn slices(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.names.iter().map(|it| &it[..])
    }

    fn run<C: Command>(&self, command: C, pace: &dyn Pace) {
        let limits = Limits { item_bytes: u64::MAX, ..Limits::default() };
        self.engine.measure(CACHE, command, (&limits, None), NOW, pace).unwrap();
    }

    /// Prints a line for `command`, which follows `before` in each round.
    fn row<C: Command>(&self, name: &str, before: impl Fn(&Self), command: impl Fn() -> C) {
        self.work(name, before, |bench, watch| bench.run(command(), watch));
    }

    /// The same for other work.
    fn work(&self, name: &str, before: impl Fn(&Self), work: impl Fn(&Self, &Watch)) {
        if !name.contains(&self.only) {
            return;
        }
        let mut least = [f64::MAX; 3];
        for round in 0..2 * self.rounds {
            self.run(dictionary::Delete::new(b"dictionary"), &Unpaced);
            self.run(set::Delete::new(b"set"), &Unpaced);
            self.run(list::Delete::new(b"list"), &Unpaced);
            self.run(sorted_set::Delete::new(b"ranks"), &Unpaced);
            self.run(leaderboard::Delete::new(b"board"), &Unpaced);
            self.run(sorted_set::Delete::new(b"union"), &Unpaced);
            self.engine.sweep(NOW, usize::MAX);
            while self.engine.free_some() {}
            before(self);
            let watch = Watch::start([(1, 1), STEP][round % 2]);
            let start = run_time();
            work(self, &watch);
            least[round % 2] = least[round % 2].min(watch.end());
            least[2] = least[2].min(run_time() - start);
        }
        println!("{name:26} {:10.0} {:10.0} {:10.0}", least[0], least[1], least[2]);
    }

    fn fill_dictionary(&self) {
        let pairs = self.slices().map(|it| (it, it));
        self.run(dictionary::Set { key: b"dictionary", pairs, ttl: TTL }, &Unpaced);
    }

    fn fill_set(&self) {
        self.run(set::Union { key: b"set", elements: self.slices(), ttl: TTL }, &Unpaced);
    }

    fn fill_list(&self) {
        let (at, values) = (End::Back, self.slices());
        self.run(list::Push { key: b"list", at, values, truncate: None, ttl: TTL }, &Unpaced);
    }

    fn fill_ranks(&self) {
        let elements = self.slices().zip([1.0, 2.0, 3.0].into_iter().cycle());
        self.run(sorted_set::Put { key: b"ranks", elements, ttl: TTL }, &Unpaced);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(100_000, |it| it.parse().unwrap());
    let rounds = arguments.next().map_or(9, |it| it.parse().unwrap());
    let only = arguments.next().unwrap_or_default();
    // Unused pages stay: in the server, another thread returns them.
    "arena.0.dirty_decay_ms\0".name().write(-1_isize).unwrap();
    let engine = Engine::new(Config {
        memory_bytes: MEMORY,
        shards: 1,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });
    let bench = Bench { engine, only, names: names(count), rounds };
    println!("{count} elements, us {:17} {:>10} {:>10}", "no pause", "step", "total");
    // What is measured of nothing is the machine's.
    bench.work("nothing", |_| {}, |bench, watch| bench.names.iter().for_each(|_| watch.work(24)));
    writes(&bench);
    removals(&bench);
    lookups(&bench);
    many(&bench);
}

fn unite(bench: &Bench, watch: &Watch) {
    let limits = Limits { item_bytes: u64::MAX, ..Limits::default() };
    let source = |_| {
        let source = sorted_set::Source { key: b"ranks" };
        let members = bench.engine.measure(CACHE, source, (&limits, None), NOW, watch);
        (members.unwrap().0.unwrap(), 1.0)
    };
    let (sources, sum) = ((0..5).map(source).collect(), sorted_set::Aggregate::Sum);
    bench.run(sorted_set::Store::new(b"union", sources, sum, Ttl::FOREVER), watch);
}

/// Collections of some hundred elements.
fn fill_many(bench: &Bench, ttl: Ttl) {
    let ttl = CollectionTtl { ttl, refresh: true };
    for at in 0..4000_u32 {
        let pairs = bench.slices().skip(at as usize % 1000 * 10).take(200).map(|it| (it, it));
        let key = &at.to_le_bytes();
        bench.engine.run(CACHE, dictionary::Set { key, pairs, ttl }, NOW).unwrap();
    }
    fill_scalars(bench, ttl.ttl);
}

fn fill_scalars(bench: &Bench, ttl: Ttl) {
    for at in 0..1_000_000_u32 {
        let key = [&at.to_le_bytes()[..], b"s"].concat();
        let set = scalar::Set { key: &key, value: b"value"[..].into(), ttl };
        bench.engine.run(CACHE, set, NOW).unwrap();
        // Some are used, so they stay for longer.
        let key = [&(at / 2).to_le_bytes()[..], b"s"].concat();
        let get = scalar::Get::new(&key, |_| ());
        bench.engine.run(CACHE, get, NOW).unwrap();
    }
}

/// The longest of calls until one does nothing.
fn longest_of(watch: &Watch, mut call: impl FnMut() -> bool) {
    watch.end_step(run_time());
    while call() {
        watch.end_step(run_time());
    }
}

fn many(bench: &Bench) {
    bench.work("SortedSetUnionStore", Bench::fill_ranks, unite);
    let fills = [Bench::fill_dictionary, Bench::fill_set, Bench::fill_list, Bench::fill_ranks];
    for (name, fill) in ["dictionary", "set", "list", "ranks"].into_iter().zip(fills) {
        bench.work(&format!("free a {name}"), fill, |bench, watch| {
            bench.run(scalar::Delete { key: name.as_bytes() }, watch);
            longest_of(watch, || bench.engine.free_some());
        });
    }
    let sweep = |bench: &Bench, watch: &Watch| {
        longest_of(watch, || bench.engine.sweep(Moment(NOW.0 + 1), 256).expired > 0);
    };
    bench.work("sweep, expired", |bench| fill_many(bench, Ttl(1)), sweep);
    let evict = |bench: &Bench, watch: &Watch| {
        bench.engine.reserve(MEMORY);
        bench.engine.note_overhead(MEMORY);
        longest_of(watch, || bench.engine.fit(NOW, 1) > 0);
        bench.engine.note_overhead(0);
        bench.engine.release(MEMORY);
    };
    bench.work("evict", |bench| fill_many(bench, Ttl::FOREVER), evict);
    bench.work("evict, scalars", |bench| fill_scalars(bench, Ttl::FOREVER), evict);
}

fn writes(bench: &Bench) {
    let pairs = || bench.slices().map(|it| (it, it));
    let elements = || bench.slices().zip([3.0, 1.0, 2.0].into_iter().cycle());
    let set = || dictionary::Set { key: b"dictionary", pairs: pairs(), ttl: TTL };
    let union = || set::Union { key: b"set", elements: bench.slices(), ttl: TTL };
    let (at, truncate) = (End::Back, None);
    let push = || list::Push { key: b"list", at, values: bench.slices(), truncate, ttl: TTL };
    let put = || sorted_set::Put { key: b"ranks", elements: elements(), ttl: TTL };
    bench.row("DictionarySet, new", |_| {}, set);
    bench.row("DictionarySet, all there", Bench::fill_dictionary, set);
    bench.row("SetUnion, new", |_| {}, union);
    bench.row("SetUnion, all there", Bench::fill_set, union);
    bench.row("ListConcatenate, new", |_| {}, push);
    bench.row("ListConcatenate, to as many", Bench::fill_list, push);
    bench.row("SortedSetPut, new", |_| {}, put);
    bench.row("SortedSetPut, all there", Bench::fill_ranks, put);
}

fn removals(bench: &Bench) {
    let half = || bench.slices().step_by(2);
    let ranges = || (0..1000).map(|at| (at * 100, 50));
    let value = &b"no such element"[..];
    bench.row("DictionaryDelete, half", Bench::fill_dictionary, || {
        dictionary::Remove::new(b"dictionary", half())
    });
    bench.row("SetDifference, half", Bench::fill_set, || set::Remove::new(b"set", half()));
    bench.row("SortedSetRemove, half", Bench::fill_ranks, || {
        sorted_set::Remove::new(b"ranks", half())
    });
    bench.row("ListErase, half", Bench::fill_list, || list::Erase {
        key: b"list",
        ranges: ranges(),
    });
    bench.row("ListRemove", Bench::fill_list, || list::RemoveValue { key: b"list", value });
    let slice = attimo_engine::Slice { start: Some(10), end: Some(20) };
    bench.row("ListRetain, ten", Bench::fill_list, || list::Retain {
        key: b"list",
        slice,
        ttl: TTL,
    });
    bench.row("SetPop, half", Bench::fill_set, || set::Pop {
        key: b"set",
        count: bench.names.len() / 2,
    });
    bench.row("Delete a dictionary", Bench::fill_dictionary, || {
        dictionary::Delete::new(b"dictionary")
    });
    bench.row("Delete a sorted set", Bench::fill_ranks, || sorted_set::Delete::new(b"ranks"));
}

fn lookups(bench: &Bench) {
    let drop_value = |_: Option<&[u8]>| {};
    bench.row("DictionaryGet", Bench::fill_dictionary, || dictionary::Get {
        key: b"dictionary",
        fields: bench.slices(),
        read: drop_value,
    });
    bench.row("SetContains", Bench::fill_set, || set::Contains {
        key: b"set",
        elements: bench.slices(),
        read: |_| {},
    });
    bench.row("SortedSetGetScore", Bench::fill_ranks, || sorted_set::GetScore {
        key: b"ranks",
        values: bench.slices(),
        read: |_| {},
    });
    let count = u32::try_from(bench.names.len()).unwrap();
    let fill = |bench: &Bench| {
        let elements = (0..count).map(|id| (id, f64::from(id % 1000)));
        bench.run(leaderboard::Upsert { key: b"board", elements, ttl: TTL }, &Unpaced);
    };
    bench.row("GetRank", fill, || leaderboard::GetRank {
        key: b"board",
        ids: 0..count,
        order: attimo_engine::Order::Ascending,
        read: |_: RankedMember| {},
    });
}
