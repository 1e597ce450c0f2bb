//! The budget counts what the shards use, whatever happens.

use crate::commands::list::Push;
use crate::commands::scalar::{Delete, Set};
use crate::random::Random;
use crate::{CollectionTtl, Config, End, Engine, Limits, Moment, Namespace, Ttl};

struct Run {
    engine: Engine,
    random: Random,
    now: Moment,
}

impl Run {
    fn new(seed: u64, shards: usize, memory_bytes: u64) -> Self {
        let (limits, random) = (Limits::default(), Random::new(seed));
        let engine = Engine::new(Config { memory_bytes, shards, seed: [1, 2, 3, seed], limits });
        Self { engine, random, now: Moment(0) }
    }

    /// Mostly short values, some around the sizes from which on they are stored in another way.
    fn value(&mut self) -> Vec<u8> {
        let len = match self.random.below(30) {
            0 => 16_383 + self.random.below(2),
            1 => self.random.below(40_000),
            2 => 127 + self.random.below(2),
            _ => self.random.below(300),
        };
        vec![7; len]
    }

    fn step(&mut self) {
        let cache = Namespace(1 + u32::from(self.random.below(5) == 0));
        let key = vec![self.random.below(256).to_le_bytes()[0]; 1 + self.random.below(3) * 2500];
        let ttl = if self.random.below(3) == 0 { Ttl(20) } else { Ttl::FOREVER };
        match self.random.below(10) {
            0..6 => {
                let value = self.value();
                let set = Set { key: &key, value: value[..].into(), ttl };
                self.engine.run(cache, set, self.now).expect("it is small");
            }
            6 => {
                let ttl = CollectionTtl { ttl, refresh: true };
                let values = [&b"element"[..]; 20];
                let push = Push { key: &key, at: End::Back, values, truncate: None, ttl };
                // It may be a scalar.
                let _ = self.engine.run(cache, push, self.now);
            }
            7 => {
                self.engine.run(cache, Delete { key: &key }, self.now).expect("it always works");
            }
            8 => self.now.0 += 1,
            _ => {
                let records = self.random.below(300);
                self.engine.sweep(self.now, records);
            }
        }
    }
}

#[test]
fn the_budget_counts_what_the_shards_use() {
    for seed in 0..12 {
        let mut run =
            Run::new(seed, 1 + usize::try_from(seed % 5).expect("small"), 50_000 * (1 + seed));
        for _ in 0..1500 {
            run.step();
            let shards = 0..run.engine.shards();
            let used: u64 = shards.map(|shard| run.engine.lock(shard).memory()).sum();
            assert_eq!(run.engine.counted(), used, "seed {seed}");
            assert!(used <= run.engine.allowance(), "seed {seed}");
        }
        run.engine.retire(Namespace(1));
        run.engine.retire(Namespace(2));
        run.engine.sweep(run.now, usize::MAX);
        assert_eq!(run.engine.counted(), 0);
    }
}
