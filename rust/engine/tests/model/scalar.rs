//! Any sequence of commands has the same results as on plain maps.
//!
//! The model specifies scalars completely, on one page. When it and the engine disagree, one of
//! them is wrong, and proptest shrinks the sequence to the few commands that show it.

use std::collections::HashMap;

use attimo_engine::commands::scalar::{
    Condition, Delete, Get, GetWithHash, HashCondition, Increment, ItemGetTtl, ItemGetType,
    KeyExists, Set, SetIf, SetIfHash, TtlChange, TtlChanged, UpdateTtl,
};
use attimo_engine::{
    Command, Config, Engine, Error, Found, ItemType, LARGE_VALUE_BYTES, Limits, Moment, Namespace,
    Stored, Totals, Ttl, ValueHash,
};
use proptest::prelude::*;

use crate::transfer::transferred;

const CACHES: u32 = 3;
const KEYS: usize = 4;
const EVER: u64 = (1 << 48) - 1;

#[derive(Debug, Clone)]
enum Step {
    Run(u32, usize, Ask),
    Wait(u64),
    ClockBack(u64),
    Flush(u32),
    Sweep(usize),
    Transfer(u64),
}

#[derive(Debug, Clone)]
enum Ask {
    Get,
    Set(usize, Ttl),
    Delete,
    KeyExists,
    Increment(i64, Ttl),
    SetIf(usize, usize, usize, Ttl),
    SetIfHash(usize, usize, usize, Ttl),
    UpdateTtl(usize, Ttl),
}

/// Few keys and short TTLs, so that steps collide and items expire.
fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (0..CACHES, 0..KEYS, ask()).prop_map(|(cache, key, ask)| Step::Run(cache, key, ask)),
        5 => (0..9_u64).prop_map(Step::Wait),
        1 => (0..9_u64).prop_map(Step::ClockBack),
        1 => (0..CACHES).prop_map(Step::Flush),
        3 => (0..9_usize).prop_map(Step::Sweep),
        1 => (0..9_u64).prop_map(Step::Transfer),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let value = || 0..values().len();
    let amount = prop_oneof![4 => -9..9_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    prop_oneof![
        4 => Just(Ask::Get),
        4 => (value(), ttl()).prop_map(|(value, ttl)| Ask::Set(value, ttl)),
        1 => Just(Ask::Delete),
        1 => Just(Ask::KeyExists),
        3 => (amount, ttl()).prop_map(|(amount, ttl)| Ask::Increment(amount, ttl)),
        3 => (0..6_usize, value(), value(), ttl()).prop_map(|(c, v, n, t)| Ask::SetIf(c, v, n, t)),
        3 => (0..5_usize, value(), value(), ttl()).prop_map(|(c, v, n, t)| Ask::SetIfHash(c, v, n, t)),
        3 => (0..3_usize, ttl()).prop_map(|(change, ttl)| Ask::UpdateTtl(change, ttl)),
    ]
}

fn ttl() -> impl Strategy<Value = Ttl> {
    prop_oneof![9 => (0..12_u64).prop_map(Ttl), 1 => Just(Ttl::FOREVER)]
}

fn keys() -> [Vec<u8>; KEYS] {
    [vec![], b"k".to_vec(), vec![b'k'; 200], b"other".to_vec()]
}

fn values() -> Vec<Vec<u8>> {
    let numbers = [&b""[..], b"41", b"42", b"-7", b"9223372036854775807", b"9223372036854775808"];
    let long = [
        vec![b'a'; LARGE_VALUE_BYTES - 1],
        vec![b'a'; LARGE_VALUE_BYTES],
        vec![b'b'; LARGE_VALUE_BYTES],
        vec![b'1'; 2 * LARGE_VALUE_BYTES],
    ];
    numbers.map(<[u8]>::to_vec).into_iter().chain(long).collect()
}

/// What a cache should hold, expired items included.
type Items = HashMap<Vec<u8>, (Vec<u8>, u64)>;

struct Run {
    engine: Engine,
    now: u64,
    caches: Vec<(Namespace, Items)>,
    next_namespace: u32,
}

impl Run {
    fn new() -> Self {
        let config = Config {
            memory_bytes: 1 << 30,
            shards: 4,
            seed: [1, 2, 3, 4],
            limits: Limits::default(),
        };
        let caches = (0..CACHES).map(|i| (Namespace(i), Items::new())).collect();
        Self { engine: Engine::new(config), now: 1000, caches, next_namespace: CACHES }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Wait(milliseconds) => self.now += milliseconds,
            Step::ClockBack(milliseconds) => {
                // Sweep before the clock goes back, or expired items would be live again.
                self.sweep_all();
                self.now -= milliseconds;
            }
            Step::Flush(cache) => {
                let (namespace, items) = &mut self.caches[cache as usize];
                self.engine.retire(*namespace);
                *namespace = Namespace(self.next_namespace);
                items.clear();
                self.next_namespace += 1;
            }
            Step::Sweep(budget) => {
                let swept = self.engine.sweep(Moment(self.now), budget);
                assert!(swept.looked_at <= budget);
            }
            Step::Transfer(milliseconds) => {
                let moved = transferred(&self.engine, milliseconds, Moment(self.now));
                self.engine = moved;
                self.now += milliseconds;
            }
            Step::Run(cache, key, ask) => self.ask(cache as usize, &keys()[key], ask),
        }
        self.check_counts();
    }

    fn ask(&mut self, cache: usize, key: &[u8], ask: Ask) {
        let at = (cache, key);
        let value = self.current(at).map(|(value, _)| value);
        match ask {
            Ask::Get => {}
            Ask::KeyExists => assert_eq!(self.run(cache, KeyExists { key }), Ok(value.is_some())),
            Ask::Delete => {
                assert_eq!(self.run(cache, Delete { key }), Ok(value.is_some()));
                self.caches[cache].1.remove(key);
            }
            Ask::Set(new, ttl) => {
                let new = &values()[new];
                assert_eq!(self.run(cache, Set { key, value: new[..].into(), ttl }), Ok(()));
                self.put(at, new, ttl);
            }
            Ask::Increment(amount, ttl) => {
                let sum = add(value.as_deref(), amount);
                assert_eq!(self.run(cache, Increment { key, amount, ttl }), sum);
                if let Ok(sum) = sum {
                    self.put(at, sum.to_string().as_bytes(), ttl);
                }
            }
            Ask::SetIf(condition, asked, new, ttl) => {
                let (asked, new) = (&values()[asked], &values()[new]);
                let (condition, holds) = condition_of(condition, asked, value.as_deref());
                let set = SetIf { key, condition, value: new[..].into(), ttl };
                assert_eq!(self.run(cache, set), Ok(holds));
                if holds {
                    self.put(at, new, ttl);
                }
            }
            Ask::SetIfHash(condition, asked, new, ttl) => {
                let (asked, new) = (&values()[asked], &values()[new]);
                let ValueHash(hash) = ValueHash::of(asked);
                let (condition, holds) =
                    hash_condition_of(condition, (&hash, asked), value.as_deref());
                let set = SetIfHash::new(key, condition, new[..].into(), ttl);
                assert_eq!(self.run(cache, set), Ok(holds.then(|| ValueHash::of(new))));
                if holds {
                    self.put(at, new, ttl);
                }
            }
            Ask::UpdateTtl(change, ttl) => self.update_ttl(at, change, ttl),
        }
        self.check_item(cache, key);
    }

    fn update_ttl(&mut self, at: (usize, &[u8]), change: usize, ttl: Ttl) {
        let (new, current) = (self.dies(ttl), self.current(at));
        let (change, expected) = match (change, &current) {
            (_, None) => (TtlChange::Overwrite(ttl), TtlChanged::Missing),
            (0, Some(_)) => (TtlChange::Overwrite(ttl), TtlChanged::Set),
            (1, Some((_, old))) => (TtlChange::Increase(ttl), changed(new > *old)),
            (_, Some((_, old))) => (TtlChange::Decrease(ttl), changed(new < *old)),
        };
        assert_eq!(self.run(at.0, UpdateTtl { key: at.1, change }), Ok(expected));
        if let (TtlChanged::Set, Some((value, _))) = (expected, current) {
            self.put(at, &value, ttl);
        }
    }

    fn run<C: Command>(&self, cache: usize, command: C) -> Result<C::Reply, Error> {
        self.engine.run(self.caches[cache].0, command, Moment(self.now))
    }

    fn dies(&self, ttl: Ttl) -> u64 {
        self.now.saturating_add(ttl.0).min(EVER)
    }

    fn current(&self, (cache, key): (usize, &[u8])) -> Option<(Vec<u8>, u64)> {
        self.caches[cache].1.get(key).filter(|(_, dies)| *dies > self.now).cloned()
    }

    fn put(&mut self, (cache, key): (usize, &[u8]), value: &[u8], ttl: Ttl) {
        let dies = self.dies(ttl);
        self.caches[cache].1.insert(key.to_vec(), (value.to_vec(), dies));
    }

    /// Checks that all ways to read the item agree with the model.
    fn check_item(&self, cache: usize, key: &[u8]) {
        let current = self.current((cache, key));
        let value = current.as_ref().map(|(value, _)| value.clone());

        let got = self.run(cache, Get::new(key, |it| it.as_slice().to_vec()));
        assert_eq!(got, Ok(value.clone()));
        let both = |it: Found<'_>, hash| (it.as_slice().to_vec(), hash);
        let hashed = self.run(cache, GetWithHash::new(key, both));
        assert_eq!(hashed, Ok(value.map(|it| (it.clone(), ValueHash::of(&it)))));
        let ttl = self.run(cache, ItemGetTtl { key });
        assert_eq!(ttl, Ok(current.as_ref().map(|(_, dies)| Ttl(dies - self.now - 1))));
        let kind = self.run(cache, ItemGetType { key });
        assert_eq!(kind, Ok(current.map(|_| ItemType::Scalar)));
    }

    /// Expired items may be counted until they are swept; live ones must be.
    fn check_counts(&self) {
        let (mut at_least, mut at_most) = (0, 0);
        for (namespace, items) in &self.caches {
            let live = items.values().filter(|(_, dies)| *dies > self.now).count() as u64;
            let stored = self.engine.stored(*namespace);
            assert!(live <= stored.items && stored.items <= items.len() as u64);
            assert_eq!(stored.items == 0, stored.bytes == 0);
            at_least += stored.items;
            at_most += stored.bytes;
        }
        let Totals { items, bytes, evicted, .. } = self.engine.totals();
        assert!(items >= at_least && bytes >= at_most);
        assert_eq!(evicted, 0);
    }

    fn sweep_all(&mut self) {
        self.engine.sweep(Moment(self.now), usize::MAX);
        for (_, items) in &mut self.caches {
            items.retain(|_, (_, dies)| *dies > self.now);
        }
    }

    /// Once everything has expired or was flushed, nothing is left.
    fn finish(mut self) {
        self.now += 1_000_000;
        self.sweep_all();
        let kept: usize = self.caches.iter().map(|(_, items)| items.len()).sum();
        assert_eq!(self.engine.totals().items, kept as u64);

        (0..CACHES).for_each(|cache| self.step(Step::Flush(cache)));
        self.sweep_all();
        let Totals { items, bytes, .. } = self.engine.totals();
        assert_eq!((items, bytes), (0, 0));
        assert_eq!(self.engine.stored(Namespace(0)), Stored::default());
    }
}

fn add(text: Option<&[u8]>, amount: i64) -> Result<i64, Error> {
    let text = str::from_utf8(text.unwrap_or(b"0")).map_err(|_| Error::NotANumber)?;
    let number: i64 = text.parse().map_err(|_| Error::NotANumber)?;
    number.checked_add(amount).ok_or(Error::Overflow)
}

fn changed(changes: bool) -> TtlChanged {
    if changes { TtlChanged::Set } else { TtlChanged::NotSet }
}

fn condition_of<'a>(
    number: usize,
    asked: &'a [u8],
    current: Option<&[u8]>,
) -> (Condition<'a>, bool) {
    let (present, equal) = (current.is_some(), current == Some(asked));
    match number {
        0 => (Condition::Present, present),
        1 => (Condition::Absent, !present),
        2 => (Condition::Equal(asked), equal),
        3 => (Condition::NotEqual(asked), !equal),
        4 => (Condition::PresentAndNotEqual(asked), present && !equal),
        _ => (Condition::AbsentOrEqual(asked), !present || equal),
    }
}

fn hash_condition_of<'a>(
    number: usize,
    (hash, asked): (&'a [u8], &[u8]),
    current: Option<&[u8]>,
) -> (HashCondition<'a>, bool) {
    let (present, equal) = (current.is_some(), current == Some(asked));
    match number {
        0 => (HashCondition::Unconditional, true),
        1 => (HashCondition::PresentAndEqual(hash), equal),
        2 => (HashCondition::PresentAndNotEqual(hash), present && !equal),
        3 => (HashCondition::AbsentOrEqual(hash), !present || equal),
        _ => (HashCondition::AbsentOrNotEqual(hash), !equal),
    }
}

proptest! {
    #[test]
    fn the_engine_matches_the_model(steps in prop::collection::vec(step(), 1..80)) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
        }
        run.finish();
    }
}
