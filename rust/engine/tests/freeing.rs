//! However large a collection is, no call frees more than a bounded part of it, and all of it counts
//! until it is freed.
//!
//! jemalloc counts what a thread frees, so the tests can run in parallel.

use std::cell::Cell;

use attimo_engine::commands::{dictionary, leaderboard, list, scalar, set, sorted_set};
use attimo_engine::{
    CollectionTtl, Command, Config, End, Engine, Limits, Moment, Namespace, Order, Pace, Slice,
    Ttl, Unpaced,
};
use tikv_jemalloc_ctl::thread;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CACHE: Namespace = Namespace(1);
const TTL: CollectionTtl = CollectionTtl { ttl: Ttl(60_000), refresh: true };
const NOW: Moment = Moment(0);
const KEY: &[u8] = b"k";
const COUNT: u32 = 100_000;
/// The most that is freed between two pauses, or in one call that never pauses, in bytes.
const MOST: u64 = 300 * 1024;

fn freed() -> u64 {
    thread::deallocatedp::read().expect("jemalloc counts").get()
}

/// Measures how much was freed between calls.
struct Watch {
    last: Cell<u64>,
    most: Cell<u64>,
}

impl Watch {
    fn start() -> Self {
        Watch { last: Cell::new(freed()), most: Cell::default() }
    }

    fn end(self) -> u64 {
        self.work(0);
        self.most.get()
    }
}

impl Pace for Watch {
    fn work(&self, _: usize) {
        let freed = freed();
        self.most.set(self.most.get().max(freed - self.last.replace(freed)));
    }
}

#[track_caller]
fn assert_bounded(watch: Watch) {
    let most = watch.end();
    assert!(most < MOST, "{most}");
}

fn engine(memory_bytes: u64) -> Engine {
    let limits = Limits { item_bytes: u64::MAX, ..Limits::default() };
    Engine::new(Config { memory_bytes, shards: 2, seed: [1, 2, 3, 4], limits })
}

fn run<C: Command>(engine: &Engine, command: C, pace: &dyn Pace) -> C::Reply {
    engine.measure(CACHE, command, (engine.limits(), None), NOW, pace).expect("it is not refused").0
}

fn names() -> Vec<Vec<u8>> {
    (0..COUNT).map(|at| format!("a name that is on the heap {at:06}").into_bytes()).collect()
}

fn slices(all: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> + Clone {
    all.iter().map(|it| &it[..])
}

type Fill = fn(&Engine, &[Vec<u8>]);
type Fetch = fn(&Engine) -> Box<dyn std::any::Any>;

/// Fills a collection of each type, under the same key if that is possible, one by one.
fn kinds() -> [Fill; 5] {
    [
        |engine, names| {
            let pairs = slices(names).map(|it| (it, it));
            run(engine, dictionary::Set { key: KEY, pairs, ttl: TTL }, &Unpaced);
        },
        |engine, names| {
            run(engine, set::Union { key: KEY, elements: slices(names), ttl: TTL }, &Unpaced);
        },
        |engine, names| {
            let (at, values) = (End::Back, slices(names));
            run(engine, list::Push { key: KEY, at, values, truncate: None, ttl: TTL }, &Unpaced);
        },
        |engine, names| {
            let elements = slices(names).zip([1.0, 2.0].into_iter().cycle());
            run(engine, sorted_set::Put { key: KEY, elements, ttl: TTL }, &Unpaced);
        },
        |engine, _| {
            let elements = (0..COUNT).map(|id| (id, f64::from(id % 1000)));
            run(engine, leaderboard::Upsert { key: KEY, elements, ttl: TTL }, &Unpaced);
        },
    ]
}

/// How much `remove` frees at most between its pauses, for each type of collection; afterwards, all is
/// still counted, is freed in portions, and nothing is left.
fn check(remove: impl Fn(&Engine, &Watch)) {
    let names = names();
    for fill in kinds() {
        let engine = engine(1 << 30);
        fill(&engine, &names);
        while engine.free_some() {}
        let all = engine.counted();
        let watch = Watch::start();
        remove(&engine, &watch);
        assert_bounded(watch);
        assert_eq!(engine.totals().items, 0);
        assert!(engine.garbage() > all * 9 / 10 && engine.counted() <= all);

        let (start, watch) = (freed(), Watch::start());
        while engine.free_some() {
            watch.work(0);
        }

        assert_bounded(watch);
        assert_eq!((engine.garbage(), engine.counted()), (0, 0));
        assert!(freed() - start > all * 9 / 10);
    }
}

#[test]
fn a_deleted_collection_is_freed_in_portions() {
    check(|engine, watch| {
        run(engine, scalar::Delete { key: KEY }, watch);
        run(engine, leaderboard::Delete::new(KEY), watch);
    });
}

#[test]
fn an_expired_collection_is_freed_in_portions() {
    check(|engine, _| {
        engine.sweep(Moment(60_000), usize::MAX);
    });
}

#[test]
fn a_sweep_of_many_collections_frees_them_in_portions() {
    let (engine, names) = (engine(1 << 30), names());
    for at in 0..2_000_u32 {
        let pairs = slices(&names[..200]).map(|it| (it, it));
        run(&engine, dictionary::Set { key: &at.to_le_bytes(), pairs, ttl: TTL }, &Unpaced);
    }
    let watch = Watch::start();
    while engine.sweep(Moment(60_000), 256).expired > 0 || engine.free_some() {
        watch.work(0);
    }
    assert_bounded(watch);
    assert_eq!(engine.counted(), 0);
}

#[test]
fn a_flushed_collection_is_freed_in_portions() {
    check(|engine, _| {
        engine.retire(CACHE);
        engine.sweep(NOW, usize::MAX);
    });
}

#[test]
fn an_evicted_collection_is_freed_in_portions() {
    let names = names();
    for fill in kinds() {
        let engine = engine(40 << 20);
        fill(&engine, &names);
        while engine.free_some() {}
        let watch = Watch::start();
        engine.reserve(40 << 20);
        engine.note_overhead(40 << 20);
        while engine.counted() - engine.reserved() > 40 << 16 {
            engine.fit(NOW, 1);
            watch.work(0);
        }
        assert_bounded(watch);
    }
}

#[test]
fn a_collection_that_is_overwritten_is_freed_in_portions() {
    let names = names();
    for fill in &kinds()[..4] {
        let engine = engine(1 << 30);
        fill(&engine, &names);
        while engine.free_some() {}
        let all = engine.counted();
        let watch = Watch::start();
        let set = scalar::Set { key: KEY, value: b"value"[..].into(), ttl: Ttl::FOREVER };
        run(&engine, set, &watch);
        assert_bounded(watch);
        assert!(engine.garbage() > all * 9 / 10);
    }
}

#[test]
fn the_version_before_a_large_write_is_freed_in_portions_and_counted_once() {
    let (engine, names) = (engine(1 << 30), names());
    kinds()[0](&engine, &names);
    while engine.free_some() {}
    let all = engine.counted();
    for step in [1, 100] {
        let watch = Watch::start();
        let pairs = slices(&names).step_by(step).map(|it| (it, &b"new"[..]));
        run(&engine, dictionary::Set { key: KEY, pairs, ttl: TTL }, &watch);

        assert_bounded(watch);
        let garbage = engine.garbage();
        assert!(garbage > 0 && garbage <= all && engine.counted() <= 2 * all, "{garbage}");
        while engine.free_some() {}
        assert!(engine.counted() <= all && engine.garbage() == 0);
    }
}

#[test]
fn a_large_write_that_is_refused_is_freed_in_portions() {
    let (engine, names) = (engine(1 << 30), names());
    let limits = Limits { item_bytes: 1_000_000, ..Limits::default() };
    for there in [0, 1000] {
        let old = slices(&names[..there]).map(|it| (it, it));
        run(&engine, dictionary::Set { key: KEY, pairs: old, ttl: TTL }, &Unpaced);
        let watch = Watch::start();
        let pairs = slices(&names).map(|it| (it, it));
        let set = dictionary::Set { key: KEY, pairs, ttl: TTL };
        assert!(engine.measure(CACHE, set, (&limits, None), NOW, &watch).is_err());
        assert_bounded(watch);
        assert!(engine.garbage() > 1_000_000);
        while engine.free_some() {}
    }
}

#[test]
fn elements_that_are_taken_out_of_a_list_are_freed_in_portions() {
    let names = names();
    let slice = Slice { start: Some(10), end: Some(20) };
    let removals: [fn(&Engine, Slice, &Watch); 3] = [
        |engine, slice, watch| {
            run(engine, list::Retain { key: KEY, slice, ttl: TTL }, watch);
        },
        |engine, _, watch| {
            let truncate = std::num::NonZeroU32::new(10);
            let (at, values) = (End::Front, [&b"value"[..]]);
            run(engine, list::Push { key: KEY, at, values, truncate, ttl: TTL }, watch);
        },
        |engine, _, watch| {
            run(engine, list::Erase { key: KEY, ranges: [(10, COUNT)] }, watch);
        },
    ];
    for remove in removals {
        let engine = engine(1 << 30);
        kinds()[2](&engine, &names);
        while engine.free_some() {}
        let all = engine.counted();
        let watch = Watch::start();
        remove(&engine, slice, &watch);
        assert_bounded(watch);
        let (garbage, counted) = (engine.garbage(), engine.counted());
        assert!(
            garbage > all * 9 / 10 && counted <= all + 64 * 1024,
            "{garbage}, {counted}, {all}"
        );
        while engine.free_some() {}
        assert!(engine.counted() < 64 * 1024);
    }
}

#[test]
fn what_only_a_fetch_has_is_freed_in_portions() {
    let names = names();
    let fetches: [Fetch; 5] = [
        |engine| Box::new(run(engine, dictionary::Fetch { key: KEY }, &Unpaced)),
        |engine| Box::new(run(engine, set::Fetch { key: KEY }, &Unpaced)),
        |engine| {
            let slice = Slice { start: None, end: None };
            Box::new(run(engine, list::Fetch { key: KEY, slice }, &Unpaced))
        },
        |engine| {
            let (slice, order) = (Slice::default(), Order::Ascending);
            Box::new(run(engine, sorted_set::FetchByIndex { key: KEY, slice, order }, &Unpaced))
        },
        |engine| {
            let (slice, order) = (Slice::default(), Order::Ascending);
            Box::new(run(engine, leaderboard::GetByRank { key: KEY, slice, order }, &Unpaced))
        },
    ];
    for (fill, fetch) in kinds().into_iter().zip(fetches) {
        let engine = engine(1 << 30);
        fill(&engine, &names);
        let snapshot = fetch(&engine);
        run(&engine, scalar::Delete { key: KEY }, &Unpaced);
        run(&engine, leaderboard::Delete::new(KEY), &Unpaced);
        while engine.free_some() {}
        let (start, watch) = (freed(), Watch::start());
        drop(snapshot);
        watch.work(0);
        while engine.free_some() {
            watch.work(0);
        }
        assert_bounded(watch);
        assert!(freed() - start > u64::from(COUNT) * 10);
        assert_eq!(engine.counted(), 0);
    }
}

#[test]
fn popped_elements_are_freed_in_portions() {
    let (engine, names) = (engine(1 << 30), names());
    for count in [COUNT as usize / 2, COUNT as usize] {
        kinds()[1](&engine, &names);
        while engine.free_some() {}
        let watch = Watch::start();
        drop(run(&engine, set::Pop { key: KEY, count }, &watch));
        while engine.free_some() {
            watch.work(0);
        }
        assert_bounded(watch);
    }
}

#[test]
fn a_writer_that_needs_memory_frees_what_was_removed_before_it_evicts() {
    let (engine, names) = (engine(64 << 20), names());
    let set = |key: u32| {
        let set =
            scalar::Set { key: &key.to_le_bytes(), value: [7; 1000][..].into(), ttl: TTL.ttl };
        run(&engine, set, &Unpaced);
    };
    let mut key = 0;
    for fill in kinds() {
        fill(&engine, &names);
        run(&engine, scalar::Delete { key: KEY }, &Unpaced);
        run(&engine, leaderboard::Delete::new(KEY), &Unpaced);
        let evicted = engine.totals().evicted;
        while engine.garbage() > 100 * 1024 {
            set(key);
            key += 1;
            assert_eq!(engine.totals().evicted, evicted);
            assert!(engine.counted() <= 64 << 20);
        }
    }
    assert!(key > 10_000);
}

#[test]
fn removed_collections_stay_within_the_budget_although_nobody_sweeps() {
    let (engine, names) = (engine(64 << 20), names());
    for round in 0..40 {
        kinds()[round % 4](&engine, &names);
        run(&engine, scalar::Delete { key: KEY }, &Unpaced);
        assert!(engine.counted() <= 64 << 20);
    }
}
