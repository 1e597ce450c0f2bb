//! Caches that share a quota lose items of their own, and nobody else does.

use attimo_engine::commands::scalar::{Get, Set};
use attimo_engine::{Config, Engine, Limits, Moment, Namespace, Quota, QuotaUse, Ttl};

const ONE: Namespace = Namespace(1);
const TWO: Namespace = Namespace(2);
const OTHER: Namespace = Namespace(3);
const NOW: Moment = Moment(1);
const QUOTA: u64 = 1 << 20;
/// What one write may leave above the quota for the next one.
const ITEM: u64 = 2_000;

struct Account {
    engine: Engine,
    used: QuotaUse,
    quota: u64,
}

impl Account {
    fn new() -> Self {
        let (seed, limits) = ([1, 2, 3, 4], Limits::default());
        let engine = Engine::new(Config { memory_bytes: 1 << 30, shards: 16, seed, limits });
        Account { engine, used: QuotaUse::default(), quota: QUOTA }
    }

    fn write_for(&self, cache: Namespace, key: u32, bytes: usize, ttl: Ttl, now: Moment) {
        let (key, value) = (key.to_le_bytes(), vec![1; bytes]);
        let set = Set { key: &key, value: value[..].into(), ttl };
        let (namespaces, used) = (&[ONE, TWO][..], &self.used);
        let quota = Quota { bytes: self.quota, namespaces, used };
        let of_account = (cache != OTHER).then_some(quota);
        let written = self.engine.measure(
            cache,
            set,
            (&Limits::default(), of_account),
            now,
            &attimo_engine::Unpaced,
        );
        written.expect("a write is never refused");
    }

    fn write(&self, cache: Namespace, keys: std::ops::Range<u32>, bytes: usize) {
        keys.for_each(|key| self.write_for(cache, key, bytes, Ttl::FOREVER, NOW));
    }

    fn kept(&self, cache: Namespace, keys: std::ops::Range<u32>) -> usize {
        let has = |key: &u32| {
            let key = key.to_le_bytes();
            self.engine.run(cache, Get::new(&key, |_| ()), NOW) == Ok(Some(()))
        };
        keys.filter(has).count()
    }

    fn stored(&self) -> u64 {
        self.engine.stored_of(&[ONE, TWO]).iter().map(|stored| stored.bytes).sum()
    }
}

#[test]
fn an_account_stays_within_its_quota_and_others_keep_their_items() {
    let account = Account::new();
    account.write(OTHER, 0..5_000, 1_000);

    for round in 0..20 {
        account.write(ONE, round * 1_000..(round + 1) * 1_000, 1_000);
        account.write(TWO, round * 100..(round + 1) * 100, 500);
        assert!(account.stored() <= QUOTA, "{}", account.stored());
    }

    assert!(account.stored() > QUOTA - 10 * ITEM);
    assert_eq!(account.kept(OTHER, 0..5_000), 5_000);
    let evicted = account.engine.take_evicted();
    assert!(evicted[&ONE] > 15_000 && !evicted.contains_key(&OTHER));
}

#[test]
fn a_new_item_is_not_evicted() {
    let account = Account::new();
    for key in 0..3_000 {
        account.write(ONE, key..key + 1, 1_000);
        assert_eq!(account.kept(ONE, key..key + 1), 1, "{key}");
    }
    account.write(TWO, 0..1, 2 << 20);
    assert_eq!(account.kept(TWO, 0..1), 1, "even if it alone is larger");
    let left = account.kept(ONE, 0..3_000);
    assert!(left < 30, "{left}");
}

#[test]
fn used_items_stay_longer_than_unused_ones() {
    let account = Account::new();
    account.write(ONE, 0..700, 1_000);
    for round in 0..50 {
        account.kept(ONE, 0..200);
        account.write(TWO, round * 100..(round + 1) * 100, 1_000);
    }

    let (used, unused) = (account.kept(ONE, 0..200), account.kept(ONE, 200..700));
    assert!(used > 120 && unused < 25, "{used} {unused}");
}

#[test]
fn a_smaller_quota_is_reached_by_writes_of_which_none_evicts_much() {
    let mut account = Account::new();
    account.quota = 64 << 20;
    account.write(ONE, 0..50_000, 1_000);
    account.quota = QUOTA;

    let mut most = 0;
    for key in 0..1_000 {
        let before = account.stored();
        account.write(TWO, key..key + 1, 100);
        most = most.max(before.saturating_sub(account.stored()));
    }

    assert!(account.stored() <= QUOTA);
    assert!(most < 80 << 10, "{most}");
}

#[test]
fn expired_items_cause_evictions_for_at_most_a_second() {
    let account = Account::new();
    (0..900).for_each(|key| account.write_for(ONE, key, 1_000, Ttl(5_000), NOW));
    account.engine.sweep(Moment(6_000), 10_000);
    assert_eq!(account.stored(), 0);

    (0..900).for_each(|key| account.write_for(TWO, key, 1_000, Ttl::FOREVER, Moment(6_000)));

    assert_eq!(account.kept(TWO, 0..900), 900);
}
