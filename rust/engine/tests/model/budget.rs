//! With little memory, items may be evicted at any time, but reads are correct and the budget is
//! kept.

use std::collections::HashMap;

use attimo_engine::commands::scalar::{Delete, Get, Set};
use attimo_engine::{Config, Engine, LARGE_VALUE_BYTES, Limits, Moment, Namespace, Ttl};
use proptest::prelude::*;

const CACHE: Namespace = Namespace(1);
const BUDGET: u64 = 48 * 1024;

#[derive(Debug, Clone)]
enum Step {
    Set(u8, usize, u64),
    Get(u8),
    Delete(u8),
    Wait(u64),
    Sweep(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![
        20 => 0..300_usize,
        5 => 300..LARGE_VALUE_BYTES,
        1 => LARGE_VALUE_BYTES..LARGE_VALUE_BYTES * 2,
        1 => Just(LARGE_VALUE_BYTES * 4),
    ];
    prop_oneof![
        20 => (any::<u8>(), len, 1..200_u64).prop_map(|(key, len, ttl)| Step::Set(key, len, ttl)),
        10 => any::<u8>().prop_map(Step::Get),
        2 => any::<u8>().prop_map(Step::Delete),
        1 => (0..20_u64).prop_map(Step::Wait),
        1 => (0..200_usize).prop_map(Step::Sweep),
    ]
}

struct Run {
    engine: Engine,
    now: Moment,
    written: HashMap<u8, (Vec<u8>, u64)>,
    writes: u8,
}

impl Run {
    fn step(&mut self, step: Step) {
        match step {
            Step::Wait(milliseconds) => self.now.0 += milliseconds,
            Step::Sweep(budget) => {
                self.engine.sweep(self.now, budget);
            }
            Step::Get(key) => {
                self.get(key);
            }
            Step::Delete(key) => {
                assert!(self.engine.run(CACHE, Delete { key: &[key] }, self.now).is_ok());
                self.written.remove(&key);
                assert!(!self.get(key));
            }
            Step::Set(key, len, ttl) => self.set(key, len, ttl),
        }
    }

    fn set(&mut self, key: u8, len: usize, ttl: u64) {
        self.writes = self.writes.wrapping_add(1);
        let value = vec![self.writes; len];
        let set = Set { key: &[key], value: value[..].into(), ttl: Ttl(ttl) };
        assert_eq!(self.engine.run(CACHE, set, self.now), Ok(()));
        self.written.insert(key, (value, self.now.0 + ttl));

        assert!(self.engine.totals().bytes <= BUDGET);
        let fits = (len as u64) < BUDGET / 4 * 3;
        assert_eq!(self.get(key), fits, "a new item that fits is not evicted");
    }

    /// Whether it was a hit; a hit must return the last value written.
    fn get(&self, key: u8) -> bool {
        let key_bytes = [key];
        let get = Get::new(&key_bytes, |it| it.as_slice().to_vec());
        let got = self.engine.run(CACHE, get, self.now).expect("it is a scalar");
        if let Some(value) = &got {
            let (expected, dies) = &self.written[&key];
            assert!(value == expected && *dies > self.now.0);
        }
        got.is_some()
    }
}

proptest! {
    #[test]
    fn hits_are_correct_and_the_budget_is_kept(
        steps in prop::collection::vec(step(), 1..400),
        shards in 1..5_usize,
    ) {
        let config = Config { memory_bytes: BUDGET, shards, seed: [1, 2, 3, 4], limits: Limits::default() };
        let engine = Engine::new(config);
        let mut run = Run { engine, now: Moment(0), written: HashMap::new(), writes: 0 };
        for step in steps {
            run.step(step);
        }
    }
}

#[test]
fn a_large_item_evicts_from_all_shards() {
    let engine = Engine::new(Config {
        memory_bytes: 64 << 20,
        shards: 64,
        seed: [1, 2, 3, 4],
        limits: Limits::default(),
    });
    let set = |key: u32, value: &[u8]| {
        let set = Set { key: &key.to_le_bytes(), value: value.into(), ttl: Ttl(1000) };
        engine.run(CACHE, set, Moment(0)).unwrap();
    };
    (0..400_000).for_each(|key| set(key, &[7; 100]));
    let before = engine.totals();
    set(u32::MAX, &vec![7; 5_000_000]);

    let after = engine.totals();
    assert!(after.bytes <= 64 << 20);
    assert!(after.items > before.items - 40_000, "no more was evicted than needed");
    let exists = Get::new(&[255; 4], |it| it.as_slice().len());
    assert_eq!(engine.run(CACHE, exists, Moment(0)), Ok(Some(5_000_000)));
}
