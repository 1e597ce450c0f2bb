//! Properties of collections beside their content: distinct types, counted and freed memory,
//! snapshots that do not change.

use attimo_engine::commands::{dictionary, leaderboard, list, scalar, set, sorted_set};
use attimo_engine::{
    CollectionTtl, Command, Config, End, Engine, Error, ItemType, Limits, Moment, Namespace, Order,
    Slice, Ttl,
};

const CACHE: Namespace = Namespace(1);
const NOW: Moment = Moment(1);
const TTL: CollectionTtl = CollectionTtl { ttl: Ttl(1000), refresh: true };

fn engine(memory_bytes: u64) -> Engine {
    let limits = Limits::default();
    Engine::new(Config { memory_bytes, shards: 2, seed: [1, 2, 3, 4], limits })
}

fn run<C: Command>(engine: &Engine, command: C) -> Result<C::Reply, Error> {
    engine.run(CACHE, command, NOW)
}

fn union(engine: &Engine, key: &[u8], elements: &[&[u8]]) {
    run(engine, set::Union { key, elements: elements.iter().copied(), ttl: TTL }).unwrap();
}

#[test]
fn the_error_names_both_types() {
    let engine = engine(1 << 20);
    let values = [&b"value"[..]];
    let push = list::Push { key: b"k", at: End::Back, values, truncate: None, ttl: TTL };
    assert_eq!(run(&engine, push), Ok(1));

    let error = run(&engine, dictionary::Fetch { key: b"k" }).unwrap_err();
    let words = "The stored type for this key is not compatible with this operation: ";
    assert_eq!(error.to_string(), format!("{words}the key holds a list, not a dictionary"));
    let error = run(&engine, scalar::Increment { key: b"k", amount: 1, ttl: TTL.ttl }).unwrap_err();
    assert_eq!(error.to_string(), format!("{words}the key holds a list, not a single value"));
    let (found, wanted) = (ItemType::List, ItemType::SortedSet);
    let fetch =
        sorted_set::FetchByIndex { key: b"k", slice: Slice::default(), order: Order::Ascending };
    assert_eq!(run(&engine, fetch).map(drop), Err(Error::WrongType { found, wanted }));
}

#[test]
fn a_leaderboard_and_an_item_of_the_same_name_are_independent() {
    let engine = engine(1 << 20);
    let upsert = leaderboard::Upsert { key: b"k", elements: [(7, 1.0)], ttl: TTL };
    assert_eq!(run(&engine, upsert), Ok(()));
    assert_eq!(run(&engine, scalar::KeyExists { key: b"k" }), Ok(false));
    union(&engine, b"k", &[b"a"]);

    assert_eq!(engine.stored(CACHE).items, 2);
    assert_eq!(run(&engine, scalar::Delete { key: b"k" }), Ok(true));
    assert_eq!(run(&engine, leaderboard::Length::new(b"k")), Ok(Some(1)));
    engine.retire(CACHE);
    engine.sweep(NOW, usize::MAX);
    assert_eq!(engine.totals().bytes, 0);
}

#[test]
fn a_scalar_replaces_a_collection_and_a_collection_replaces_an_expired_item() {
    let engine = engine(1 << 20);
    union(&engine, b"k", &[b"a", b"b"]);
    let set = scalar::Set { key: b"k", value: b"text"[..].into(), ttl: Ttl(5) };
    assert_eq!(run(&engine, set), Ok(()));
    assert_eq!(run(&engine, scalar::Get::new(b"k", |it| it.as_slice().len())), Ok(Some(4)));

    let later = Moment(NOW.0 + 5);
    let union = set::Union { key: b"k", elements: [&b"c"[..]], ttl: TTL };
    assert_eq!(engine.run(CACHE, union, later), Ok(()));
    assert_eq!(engine.run(CACHE, set::Length::new(b"k"), later), Ok(Some(1)));
    assert_eq!(engine.stored(CACHE).items, 1);
}

#[test]
fn a_snapshot_is_unaffected_by_changes_and_deletion() {
    let engine = engine(64 << 20);
    for i in 0..5000_u32 {
        union(&engine, b"k", &[&i.to_le_bytes()]);
    }
    let all = run(&engine, set::Fetch { key: b"k" }).unwrap().unwrap();
    let popped = run(&engine, set::Pop { key: b"k", count: 4000 }).unwrap().unwrap();
    run(&engine, scalar::Delete { key: b"k" }).unwrap();

    assert_eq!((all.len(), all.iter().count(), popped.len()), (5000, 5000, 4000));
    assert_eq!(engine.totals().bytes, 0);
}

#[test]
fn a_fetch_is_consistent_while_others_write() {
    let engine = engine(64 << 20);
    let put = |round: u32| {
        let ids = (0..500_u32).map(|id| (id, f64::from(round)));
        run(&engine, leaderboard::Upsert { key: b"k", elements: ids, ttl: TTL }).unwrap();
    };
    put(0);
    let fetch = || {
        let (slice, order) = (Slice::default(), Order::Ascending);
        let all = run(&engine, leaderboard::GetByRank { key: b"k", slice, order });
        let scores: Vec<_> = all.unwrap().unwrap().iter().map(|it| it.score).collect();
        assert_eq!(scores.len(), 500);
        assert!(scores.iter().all(|score| *score == scores[0]));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| (1..400).for_each(put));
        scope.spawn(|| (0..400).for_each(|_| fetch()));
        (0..400).for_each(|_| fetch());
    });
    run(&engine, leaderboard::Delete::new(b"k")).unwrap();
    assert_eq!(engine.totals().bytes, 0);
}

#[test]
fn collections_are_evicted_and_the_budget_is_kept() {
    let engine = engine(1 << 20);
    for i in 0..200_u32 {
        let key = (i % 50).to_le_bytes();
        let elements: Vec<_> = (0..300_u32).map(|j| (j * 7 + i).to_le_bytes()).collect();
        let elements: Vec<_> = elements.iter().map(|it| &it[..]).collect();
        union(&engine, &key, &elements);
        let elements = (0..300_u32).map(|j| (j + i, f64::from(j)));
        run(&engine, leaderboard::Upsert { key: &key, elements, ttl: TTL }).unwrap();
        assert!(engine.totals().bytes <= 1 << 20);
    }
    assert!(engine.totals().evicted > 0);
}

#[test]
fn a_write_that_makes_an_item_too_large_is_refused_and_changes_nothing() {
    let engine = engine(64 << 20);
    let (element, limit) = (vec![7; 128 * 1024], Limits::default().item_bytes);
    for i in 0..38_u8 {
        let pairs = [(&[i][..], &element[..])];
        assert_eq!(run(&engine, dictionary::Set { key: b"k", pairs, ttl: TTL }), Ok(()));
    }
    let before = engine.totals();
    let pairs = [(&b"small"[..], &b"value"[..]), (b"large", &element)];
    let set = dictionary::Set { key: b"k", pairs, ttl: TTL };
    assert_eq!(run(&engine, set), Err(Error::ItemTooLarge { limit }));
    let longer = [&element[..], b"x"].concat();
    let pairs = [(&b"f"[..], &longer[..])];
    let set = dictionary::Set { key: b"k", pairs, ttl: TTL };
    assert_eq!(run(&engine, set), Err(Error::ElementTooLarge { limit: 128 * 1024 }));
    let replaced = [(&[0][..], &element[..])];
    assert_eq!(run(&engine, dictionary::Set { key: b"k", pairs: replaced, ttl: TTL }), Ok(()));

    assert_eq!(run(&engine, dictionary::Length::new(b"k")), Ok(Some(38)));
    assert_eq!(engine.totals(), before);
    let value = vec![7; usize::try_from(limit).unwrap()];
    let set = scalar::Set { key: b"k", value: value[..].into(), ttl: TTL.ttl };
    assert_eq!(run(&engine, set), Err(Error::ItemTooLarge { limit }));
}
