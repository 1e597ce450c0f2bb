//! How the limits of a plan hold for requests, and what changes of the directory do to them.

use attimo_engine::commands::list::Fetch;
use attimo_engine::{Moment, Slice};

use super::*;
use crate::directory::AccountLimits;
use crate::plan::Limit;
use crate::stats::{Stats, ThreadStats, Via};
use crate::steps::{Steps, Tried, Turns};

mod remote;

/// A gate where the local owner's account has these limits, at revision 2.
fn limited(numbers: &[(&str, u64)]) -> Gate {
    let gate = gate();
    gate.learn(limits(2, numbers)).unwrap();
    gate
}

fn limits(revision: u64, numbers: &[(&str, u64)]) -> Changes {
    let numbers = numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    let limits = vec![AccountLimits { account: LOCAL_OWNER, numbers }];
    Changes { revision, since: Some(revision - 1), limits, ..Changes::default() }
}

/// The owner's cache called "there".
fn cache(id: u64, namespace: u32) -> Cache {
    let (name, namespace) = ("there".to_owned(), Namespace(namespace));
    Cache { id: CacheId(id), account: LOCAL_OWNER, name, namespace, expires_at: u64::MAX }
}

/// What is counted for a request of the owner.
fn counted(
    gate: &Gate,
    run: impl FnOnce(&mut Call<'_>, ()) -> Result<()>,
) -> Vec<(&'static str, u64)> {
    let (meter, mut connection) = (Arc::<Meter>::default(), AuthorizationCache::default());
    let (thread, stats) = (ThreadMeter::new(meter.clone()), Stats::default());
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let authorization = connection.authorize(gate, &thread, owner, b"there", now()).unwrap();
    let (authorization, api, via) = (&*authorization, Api::SetBatch, Via::Http);
    let request = DataRequest { authorization, api, via, now: now(), steps: Steps::at_once() };
    let stats = ThreadStats::new(&stats, Clock::start());
    gate.serve(request, &stats, Ok(()), run).unwrap_err();

    let counts = COUNT_NAMES.into_iter().zip(meter.take()[0].counts);
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Serves requests of the owner, one for each command of `run`, until one fails.
fn serve_until_refused(gate: &Gate, connection: &mut AuthorizationCache) -> (usize, Error) {
    let (meter, stats) = (ThreadMeter::new(Arc::default()), Stats::default());
    let stats = ThreadStats::new(&stats, Clock::start());
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let now = Now { moment: Moment(0), micros: 0, epoch_seconds: 0 };
    for at in 0..10_000 {
        let authorization = connection.authorize(gate, &meter, owner, b"there", now).unwrap();
        let (authorization, api, via) = (&*authorization, Api::Set, Via::Grpc);
        let request = DataRequest { authorization, api, via, now, steps: Steps::at_once() };
        let served = gate.serve(request, &stats, Ok(()), |call, ()| set(call, b"key"));
        if let Err(error) = served {
            return (at, error);
        }
    }
    panic!("every request was served")
}

#[test]
fn a_limit_holds_for_all_connections_and_changes_on_open_ones() {
    let gate = limited(&[("operations_per_second", 10)]);
    let (mut one, mut other) = (AuthorizationCache::default(), AuthorizationCache::default());
    let (served, error) = serve_until_refused(&gate, &mut one);
    assert_eq!(served, 10);
    assert!(matches!(error, Error::Limited(met) if met.limit == Limit::Operations));
    assert_eq!(serve_until_refused(&gate, &mut other).0, 0);

    gate.learn(limits(3, &[("bytes_in_per_second", 40)])).unwrap();
    let (served, error) = serve_until_refused(&gate, &mut one);
    assert_eq!(served, 10, "each request has a key of three bytes and a value of one");
    assert!(matches!(error, Error::Limited(met) if met.limit == Limit::BytesIn));
}

#[test]
fn a_limit_is_met_before_the_request_is_looked_at() {
    let gate = limited(&[("operations_per_second", 0)]);
    let (error, met) = (Error::Malformed("x"), "operations_per_second");
    let (meter, mut connection) = (ThreadMeter::new(Arc::default()), AuthorizationCache::default());
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let authorization = connection.authorize(&gate, &meter, owner, b"missing", now()).unwrap();
    let stats = Stats::default();
    let thread = ThreadStats::new(&stats, Clock::start());
    let (authorization, api, via) = (&*authorization, Api::Get, Via::Http);
    let request = DataRequest { authorization, api, via, now: now(), steps: Steps::at_once() };
    let served = gate.serve(request, &thread, Err::<(), _>(error), |_, ()| Ok(()));

    assert!(served.unwrap_err().to_string().contains(met));
    assert_eq!(stats.requests().limited().next(), Some((Limit::Operations, 1)));
}

#[test]
fn a_refused_request_is_counted_and_costs_nothing() {
    let gate = limited(&[("operations_per_second", 0)]);

    let counts = counted(&gate, |call, ()| set(call, b"key"));

    assert_eq!(counts, [("requests", 1), ("errors", 1)]);
}

#[test]
fn a_write_that_is_refused_counts_what_was_sent() {
    let gate = limited(&[("item_bytes", 2_000), ("ttl_seconds", 60)]);
    let (long, ttl) = ([0; 3_000], Ttl(1_000));
    let value = NewValue::Short(&long);
    let expected = [
        ("requests", 1),
        ("errors", 1),
        ("bytes_in", 3_001),
        ("kib_in", 3),
        ("commands", 1),
        ("operations", 3),
        ("ecpu_thousandths", 2_931),
    ];

    let too_large = counted(&gate, |call, ()| call.run(Set { key: b"k", value, ttl }));
    assert_eq!(too_large, expected);
    let too_long = counted(&limited(&[("ttl_seconds", 60)]), |call, ()| {
        call.run(Set { key: b"k", value: NewValue::Short(&long), ttl: Ttl(61_000) })
    });
    assert_eq!(too_long, expected);
}

#[test]
fn a_batch_that_is_refused_counts_its_items_until_the_one_that_is_the_reason() {
    let gate = limited(&[("item_bytes", 2_000), ("ttl_seconds", 60)]);
    let items: [(&[u8], &[u8], Ttl); 3] =
        [(b"a", &[0; 1_500], Ttl(1)), (b"b", &[0; 2_500], Ttl(1)), (b"c", b"", Ttl(1))];
    let late = [items[0], (items[1].0, &[0; 3], Ttl(61_000))];
    let sent = |mut counts: Vec<(&'static str, u64)>| {
        counts.retain(|(name, _)| ["bytes_in", "commands"].contains(name));
        counts
    };

    let too_large = sent(counted(&gate, |call, ()| call.admit(items.into_iter())));
    assert_eq!(too_large, [("bytes_in", 4_002), ("commands", 2)]);
    let too_long = sent(counted(&gate, |call, ()| call.admit(late.into_iter())));
    assert_eq!(too_long, [("bytes_in", 1_505), ("commands", 2)]);
}

#[test]
fn a_flushed_cache_keeps_its_bucket_and_the_next_of_its_name_has_a_new_one() {
    let gate = limited(&[("cache_operations_per_second", 5)]);
    let mut connection = AuthorizationCache::default();
    assert_eq!(serve_until_refused(&gate, &mut connection).0, 5);

    let flushed = Changes { caches: vec![cache(1, 8)], ..limits(3, &[]) };
    gate.learn(Changes { limits: Vec::new(), ..flushed }).unwrap();
    assert_eq!(serve_until_refused(&gate, &mut connection).0, 0);

    let (deleted_caches, caches) = (vec![CacheId(1)], vec![cache(2, 9)]);
    let replaced = Changes { caches, deleted_caches, ..limits(4, &[]) };
    gate.learn(Changes { limits: Vec::new(), ..replaced }).unwrap();
    assert_eq!(serve_until_refused(&gate, &mut connection).0, 5);
}

#[test]
fn a_whole_directory_keeps_the_buckets_of_those_who_still_have_limits() {
    let gate = limited(&[("operations_per_second", 5)]);
    let mut connection = AuthorizationCache::default();
    assert_eq!(serve_until_refused(&gate, &mut connection).0, 5);

    let caches = gate.caches();
    let whole = Changes { since: None, caches, ..limits(3, &[("operations_per_second", 7)]) };
    gate.learn(whole).unwrap();
    assert_eq!(serve_until_refused(&gate, &mut connection).0, 0);

    let whole = Changes { since: None, caches: gate.caches(), ..limits(4, &[]) };
    gate.learn(whole).unwrap();
    gate.learn(limits(5, &[("operations_per_second", 7)])).unwrap();
    assert_eq!(serve_until_refused(&gate, &mut connection).0, 7);
}

#[test]
fn items_and_lifetimes_are_limited_by_the_plan() {
    let gate = limited(&[("item_bytes", 4), ("ttl_seconds", 1)]);
    let mut connection = AuthorizationCache::default();
    let meter = ThreadMeter::new(Arc::default());
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let authorization = connection.authorize(&gate, &meter, owner, b"there", now()).unwrap();
    let mut call = Call::at_once(&gate, &authorization, Api::Set, now());
    let mut set = |key, ttl| call.run(Set { key, value: NewValue::Short(b"v"), ttl: Ttl(ttl) });

    assert_eq!(set(b"abc", 1_000), Ok(()));
    let engine = attimo_engine::Error::ItemTooLarge { limit: 4 };
    assert_eq!(set(b"abcd", 1_000), Err(Error::Engine(engine)));
    let error = set(b"abc", 1_001).unwrap_err().to_string();
    assert!(error.contains("limit of 1 seconds") && error.contains("ttl_seconds"), "{error}");
}

#[test]
fn an_account_that_stores_more_than_its_plan_allows_loses_its_own_items() {
    let gate = limited(&[("stored_bytes", 50_000)]);
    let (mut connection, meter) = (AuthorizationCache::default(), ThreadMeter::new(Arc::default()));
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let authorization = connection.authorize(&gate, &meter, owner, b"there", now()).unwrap();
    let mut call = Call::at_once(&gate, &authorization, Api::Set, now());
    for key in 0..2_000_u32 {
        assert_eq!(set(&mut call, &key.to_le_bytes()), Ok(()));
    }

    let stored = gate.backend().stored_of(&[Namespace(1)])[0];
    assert!((40_000..=50_000).contains(&stored.bytes), "{stored:?}");
}

#[test]
fn a_request_that_was_tried_takes_its_operation_once_and_is_counted_once() {
    let gate = limited(&[("operations_per_second", 1)]);
    let (meter, mut connection) = (Arc::<Meter>::default(), AuthorizationCache::default());
    let (thread, stats) = (ThreadMeter::new(meter.clone()), Stats::default());
    let stats = ThreadStats::new(&stats, Clock::start());
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let authorization = connection.authorize(&gate, &thread, owner, b"there", now()).unwrap();
    let serve = |steps: &Steps<'_>| {
        let (authorization, api, via) = (&*authorization, Api::ListFetch, Via::Grpc);
        let request = DataRequest { authorization, api, via, now: now(), steps };
        gate.serve(request, &stats, Ok(()), |call, ()| {
            call.steps().work(1_000_000);
            call.run(Fetch { key: b"list", slice: Slice::default() }).map(drop)
        })
    };
    let turns = Turns::new(Clock::start());

    assert!(matches!(turns.try_now(now(), serve), Tried::GaveUp));
    let second = Steps::at_once();
    second.mark_retried();
    assert_eq!(serve(second), Ok(()));
    assert!(matches!(serve(Steps::at_once()), Err(Error::Limited(_))));

    let counts = COUNT_NAMES.into_iter().zip(meter.take()[0].counts);
    let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
    assert!(counts.contains(&("requests", 2)) && counts.contains(&("misses", 1)), "{counts:?}");
}
