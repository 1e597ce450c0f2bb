//! Many threads at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use attimo_engine::commands::scalar::{Get, Increment, Set};
use attimo_engine::{
    Config, Engine, Limits, Moment, Namespace, PageLimits, Position, Selection, Ttl,
};

const COUNTERS: Namespace = Namespace(1);
const NOISE: Namespace = Namespace(2);
const NOW: Moment = Moment(1);
const TTL: Ttl = Ttl(1000);
const THREADS: u8 = 4;
const ROUNDS: i64 = 20_000;
const KEYS: &[u8] = b"abcdefgh";

fn add_up(engine: &Engine) {
    for i in 0..ROUNDS {
        for key in KEYS.chunks(1) {
            let increment = Increment { key, amount: i, ttl: TTL };
            assert!(engine.run(COUNTERS, increment, NOW).is_ok());
        }
    }
}

fn make_noise(engine: &Engine, thread: u8) {
    for i in 0..ROUNDS {
        let key = [&[thread][..], &i.to_le_bytes()].concat();
        let value = key.repeat(1 + usize::from(i.to_le_bytes()[0] % 80));
        let set = Set { key: &key, value: value[..].into(), ttl: TTL };
        assert_eq!(engine.run(NOISE, set, NOW), Ok(()));
    }
}

/// Runs `work` on several threads, and sweeps meanwhile.
fn together(engine: &Engine, work: impl Fn(u8) + Sync) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                engine.sweep(NOW, 100);
            }
        });
        let work = &work;
        let workers: Vec<_> = (0..THREADS).map(|i| scope.spawn(move || work(i))).collect();
        for worker in workers {
            worker.join().expect("no assertion fails");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn increments_of_many_threads_add_up() {
    let engine = Engine::new(Config {
        memory_bytes: 1 << 30,
        shards: 4,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });

    together(&engine, |thread| {
        add_up(&engine);
        make_noise(&engine, thread);
    });

    let sum = (0..ROUNDS).sum::<i64>() * i64::from(THREADS);
    for key in KEYS.chunks(1) {
        let text = Get::new(key, |it| it.as_slice().to_vec());
        assert_eq!(engine.run(COUNTERS, text, NOW), Ok(Some(sum.to_string().into_bytes())));
    }
}

#[test]
fn the_budget_is_kept_when_many_threads_write() {
    let engine = Engine::new(Config {
        memory_bytes: 1 << 20,
        shards: 8,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });

    together(&engine, |thread| make_noise(&engine, thread));

    assert!(engine.totals().bytes <= 1 << 20);
    assert!(engine.totals().evicted > 0);
    engine.retire(NOISE);
    engine.sweep(NOW, usize::MAX);
    assert_eq!(engine.totals().bytes, 0);
}

#[test]
fn a_listing_is_exact_while_many_threads_write() {
    let limits = Limits::default();
    let engine = Engine::new(Config { memory_bytes: 1 << 30, shards: 4, seed: [1; 4], limits });
    for i in 0..1_000_u32 {
        let set = Set { key: &i.to_le_bytes(), value: b"v"[..].into(), ttl: TTL };
        assert_eq!(engine.run(COUNTERS, set, NOW), Ok(()));
    }

    together(&engine, |thread| {
        if thread > 0 {
            return make_noise(&engine, thread);
        }
        for _ in 0..100 {
            let limits = PageLimits { keys: 30, bytes: 1 << 20, cells: 4_000 };
            let all = Selection { prefix: b"", leaderboards: false };
            let (mut keys, mut next) = (Vec::new(), Some(Position::default()));
            while let Some(from) = next {
                let page = engine.list(COUNTERS, all, from, limits, NOW);
                keys.extend(page.items.into_iter().map(|item| item.key));
                next = page.next;
            }
            assert_eq!(keys.len(), 1_000);
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), 1_000);
        }
    });
}
