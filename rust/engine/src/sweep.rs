//! Sweeps: free the memory of expired and retired items, a few at a time.

use crate::engine::{Cursor, Engine};
use crate::log::Position;
use crate::shard::Swept;
use crate::{Moment, Stored};

/// Records visited under one lock: some tens of microseconds at most.
const SLICE: usize = 256;

impl Engine {
    /// Frees expired and retired items among the next `budget` records, and remembers where it
    /// stopped. Records that writes move meanwhile may be visited twice, or in the next call.
    ///
    /// A lock is held for 256 records at a time. What is removed may be freed later: see
    /// [`Engine::free_some`]. One sweep runs at a time; a second caller waits.
    pub fn sweep(&self, now: Moment, budget: usize) -> Swept {
        let mut cursor = self.cursor().lock();
        let mut swept = Swept::default();
        // The first shard comes twice if the last sweep stopped within it.
        let is_within = cursor.position != Position::default() || cursor.shrunk.is_some();
        let mut shards_left = self.shards() + usize::from(is_within);
        while swept.looked_at < budget && shards_left > 0 {
            let more = self.sweep_slice(&mut cursor, now, budget - swept.looked_at, &mut swept);
            if !more {
                shards_left -= 1;
                self.next_shard(&mut cursor, now);
            }
        }
        swept
    }

    /// Returns whether the shard has records left to visit, or caches to make smaller.
    fn sweep_slice(&self, at: &mut Cursor, now: Moment, budget: usize, sum: &mut Swept) -> bool {
        let mut shard = self.lock(at.shard);
        let before = shard.memory();
        if let Some(from) = at.shrunk {
            at.shrunk = shard.shrink(from);
            self.count(before, shard.memory());
            return at.shrunk.is_some();
        }
        let judge = self.retired().judge(now);
        let (swept, next) = shard.sweep(at.position, budget.min(SLICE), &judge);
        at.position = next.unwrap_or_default();
        at.shrunk = next.is_none().then_some(0);
        self.count(before, shard.memory());
        let discarded = shard.take_discarded();
        drop((judge, shard));
        self.free(discarded);
        sum.looked_at += swept.looked_at;
        sum.expired += swept.expired;
        sum.retired += swept.retired;
        true
    }

    fn next_shard(&self, cursor: &mut Cursor, now: Moment) {
        *cursor = Cursor { shard: (cursor.shard + 1) % self.shards(), ..Cursor::default() };
        if cursor.shard == 0 {
            for namespace in self.retired().ripe(now) {
                if self.stored(namespace) == Stored::default() {
                    self.retired().forget(namespace);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::scalar::Set;
    use crate::{Config, Limits, Namespace, Ttl};

    const FLUSHED: Namespace = Namespace(1);
    const KEPT: Namespace = Namespace(2);

    fn engine() -> Engine {
        Engine::new(Config {
            memory_bytes: 1 << 30,
            shards: 4,
            seed: [1, 2, 3, 4],
            limits: Limits::default(),
        })
    }

    fn fill(engine: &Engine, namespace: Namespace, items: u32, ttl: Ttl) {
        for i in 0..items {
            let set = Set { key: &i.to_le_bytes(), value: b"value"[..].into(), ttl };
            engine.run(namespace, set, Moment(0)).unwrap();
        }
    }

    #[test]
    fn a_sweep_frees_only_expired_items() {
        let engine = engine();
        fill(&engine, KEPT, 1000, Ttl(10));
        fill(&engine, FLUSHED, 1000, Ttl(9));

        let swept = engine.sweep(Moment(9), 10_000);

        assert_eq!(swept, Swept { looked_at: 2000, expired: 1000, retired: 0 });
        assert_eq!(engine.stored(KEPT).items, 1000);
        assert_eq!(engine.stored(FLUSHED), Stored::default());
    }

    #[test]
    fn a_sweep_stops_at_its_budget_and_continues_there() {
        let engine = engine();
        fill(&engine, KEPT, 3000, Ttl(1));

        let first = engine.sweep(Moment(1), 1000);
        let rest = engine.sweep(Moment(1), 2000);

        assert_eq!((first.looked_at, first.expired), (1000, 1000));
        assert_eq!((rest.looked_at, rest.expired), (2000, 2000));
        assert_eq!(engine.totals().bytes, 0);
        assert_eq!(engine.totals().expired, 3000);
    }

    #[test]
    fn a_full_cycle_includes_the_start_of_its_first_shard() {
        let engine = engine();
        fill(&engine, KEPT, 3000, Ttl(5));
        engine.sweep(Moment(0), 100);

        let swept = engine.sweep(Moment(5), usize::MAX);

        assert_eq!(swept.expired, 3000);
    }

    #[test]
    fn memory_is_freed_when_few_items_are_left_and_those_are_found() {
        let engine = engine();
        fill(&engine, KEPT, 4000, Ttl(1000));
        fill(&engine, FLUSHED, 40_000, Ttl(1000));
        engine.retire(FLUSHED);

        let swept = engine.sweep(Moment(0), usize::MAX);

        assert_eq!(swept.retired, 40_000);
        let memory: u64 = (0..4).map(|shard| engine.lock(shard).memory()).sum();
        assert!(memory < engine.totals().bytes * 2, "{memory}");
        for i in 0..4000_u32 {
            let get = crate::commands::scalar::KeyExists { key: &i.to_le_bytes() };
            assert_eq!(engine.run(KEPT, get, Moment(0)), Ok(true));
        }
    }

    #[test]
    fn a_retired_namespace_is_forgotten_after_the_grace_period_once_it_has_no_items() {
        let engine = engine();
        engine.retire(FLUSHED);
        engine.sweep(Moment(0), 10);
        assert_eq!(engine.retired().count(), 1);
        fill(&engine, FLUSHED, 1, Ttl(1_000_000));

        engine.sweep(Moment(999_999), 10);

        assert_eq!(engine.retired().count(), 0);
        assert_eq!(engine.totals().items, 0);
    }
}
