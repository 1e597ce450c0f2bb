//! What the meter hands out.

use attimo_engine::{Looked, Received, Stored};

use super::*;

fn used(used: &[Used], api: Api) -> [u64; COUNTS] {
    used.iter().find(|used| used.api == api.name()).map(|used| used.counts).unwrap()
}

#[test]
fn usage_is_taken_once() {
    let meter = Arc::new(Meter::default());
    let thread = ThreadMeter::new(meter.clone());
    let counters = thread.counters(Some(CacheId(7)), &"key".into());

    let looked = Looked { hits: 1, misses: 0, bytes: 1_025, chunks: 2 };
    let get = RequestUsage { commands: 1, received: Received::item(3), looked };
    counters.count(Api::Get, get, false);

    let counts = [1, 0, 1, 0, 3, 1_025, 1, 2, 1, 3, 1_004, 0, 0, 0];
    assert_eq!(used(&meter.take(), Api::Get), counts);
    assert_eq!(meter.take(), []);
}

#[test]
fn threads_are_summed_and_methods_are_not() {
    let meter = Arc::new(Meter::default());
    let threads = [ThreadMeter::new(meter.clone()), ThreadMeter::new(meter.clone())];
    for thread in &threads {
        let counters = thread.counters(Some(CacheId(7)), &"key".into());
        counters.count(Api::Get, RequestUsage::default(), true);
        counters.count(Api::Set, RequestUsage::default(), false);
    }

    let taken = meter.take();

    assert_eq!(taken.len(), 2);
    assert_eq!(used(&taken, Api::Get)[..2], [2, 2]);
    assert_eq!(used(&taken, Api::Set)[..2], [2, 0]);
}

#[test]
fn usage_of_an_ended_thread_is_still_taken() {
    let meter = Arc::new(Meter::default());
    let thread = ThreadMeter::new(meter.clone());
    thread.counters(None, &"key".into()).count(Api::Get, RequestUsage::default(), false);
    drop(thread);

    assert_eq!(meter.take().len(), 1);
    assert_eq!(meter.take(), []);
    assert!(meter.inner.lock().open.is_empty());
}

#[test]
fn totals_include_taken_usage_and_ended_threads() {
    let meter = Arc::new(Meter::default());
    let requests = || meter.totals().get(&Some(CacheId(7))).map_or(0, |counts| counts[0]);
    for round in 1..4 {
        let thread = ThreadMeter::new(meter.clone());
        let counters = thread.counters(Some(CacheId(7)), &"key".into());
        counters.count(Api::Get, RequestUsage::default(), false);
        counters.count(Api::Set, RequestUsage::default(), true);
        assert_eq!(requests(), 2 * round);
        drop((thread, counters));
        meter.take();
        assert_eq!(requests(), 2 * round);
    }
    assert!(meter.inner.lock().open.is_empty());
}

#[test]
fn an_eviction_is_taken_once_and_stays_in_the_totals() {
    let meter = Meter::default();
    meter.note_evicted(&HashMap::from([(CacheId(7), 2)]));
    meter.note_evicted(&HashMap::from([(CacheId(7), 3)]));

    assert_eq!(meter.take(), [lost((CacheId(7), 5))]);
    assert_eq!(meter.take(), []);
    assert_eq!(meter.totals()[&Some(CacheId(7))][Count::Evicted as usize], 5);
}

#[test]
fn totals_of_deleted_caches_are_dropped_once_they_are_many() {
    let meter = Arc::new(Meter::default());
    let thread = ThreadMeter::new(meter.clone());
    for id in 0..=GONE_KEPT as u64 {
        thread.counters(Some(CacheId(id)), &"key".into()).count(
            Api::Get,
            RequestUsage::default(),
            false,
        );
    }
    drop(thread);
    meter.take();
    meter.forget(|cache| cache.0 < 3);

    assert_eq!(meter.totals().len(), 3);
}

#[test]
fn stored_data_is_counted_by_the_byte_minute_and_no_part_of_one_is_lost() {
    let meter = Meter::default();
    let stored = |data, bytes| Stored { items: 1, bytes, data };
    let sample = |minute_parts: &[(u64, Stored)]| {
        for (now, stored) in minute_parts {
            meter.note_stored(&[(CacheId(7), *stored), (CacheId(8), Stored::default())], *now);
        }
    };

    sample(&[(10_000, stored(60, 90)), (25_000, stored(4, 40))]);
    assert_eq!(meter.take(), [kept((CacheId(7), [11, 25]))]);
    assert_eq!(meter.take(), []);

    sample(&[(26_000, stored(1, 1)), (25_500, stored(9, 9)), (85_000, stored(1, 1))]);
    assert_eq!(meter.take(), [kept((CacheId(7), [1, 1]))]);

    sample(&[(86_000, stored(1, 1)), (86_001, stored(60_000, 60_000))]);
    assert_eq!(meter.take(), [kept((CacheId(7), [1, 1]))]);
    assert_eq!(meter.totals()[&Some(CacheId(7))][Count::Stored as usize], 13);
}

#[test]
fn a_cache_that_stores_nothing_any_more_is_forgotten() {
    let meter = Meter::default();
    meter.note_stored(&[(CacheId(7), Stored { items: 1, bytes: 50, data: 9 })], 61_000);
    meter.note_stored(&[], 62_000);
    assert_eq!(meter.take(), [kept((CacheId(7), [9, 50]))]);

    meter.note_stored(&[], 63_000);

    assert!(meter.stored.lock().by_cache.is_empty());
}

#[test]
fn stored_data_is_sampled_for_those_who_take_usage_at_once_but_not_twice_in_a_moment() {
    let meter = Meter::default();
    meter.note_stored(&[], 10_000);

    let is_due = |later: u64| meter.is_sample_due(10_000 + later);
    assert_eq!([0, 249, 250, 10_000].map(is_due), [false, false, true, true]);
}
