//! A request that is served in steps does what it would do in one, whatever others write meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use attimo_engine::commands::{dictionary, list, scalar, set, sorted_set};
use attimo_engine::{CollectionTtl, Command, End, Ttl};
use momento_protos::cache_client as pb;
use prost::Message;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::yield_now;

use super::tests::{authorize, gate};
use super::*;
use crate::clock::Clock;
use crate::gate::{Authorization, Call, Gate};
use crate::steps::{Begun, Steps, Tried, Turns};

const ELEMENTS: u32 = 30_000;
const TTL: CollectionTtl = CollectionTtl { ttl: Ttl(1_000_000), refresh: true };
/// The least number of pauses in which such a request is served.
const PAUSES: u32 = 20;

/// A cache with a caller who may do everything.
struct Cache {
    gate: Gate,
    authorization: Rc<Authorization>,
    clock: Clock,
}

impl Cache {
    fn new() -> Rc<Self> {
        let gate = gate();
        let authorization = authorize(&gate);
        Rc::new(Cache { gate, authorization, clock: Clock::start() })
    }

    fn call<'a>(&'a self, api: Api, steps: &'a Steps<'a>) -> Call<'a> {
        Call::new(&self.gate, &self.authorization, api, self.clock.now(), steps)
    }

    fn run<C: Command>(&self, command: C) -> C::Reply {
        self.call(Api::SetIf, &Steps::one()).run(command).unwrap()
    }

    fn asked(&self, api: Api, message: &Bytes, steps: &Steps<'_>) -> Result<Vec<u8>> {
        let reply = routes::run(&mut self.call(api, steps), api, message)?;
        Ok(reply.into_data().flat_map(Vec::from).collect())
    }
}

/// The reply to a request, and how often others ran before it was there: `meanwhile`, each time.
fn in_steps<M: Message + Default>(
    cache: &Rc<Cache>,
    api: Api,
    request: &impl Message,
    meanwhile: impl FnMut(&Cache, u32) + 'static,
) -> (M, u32) {
    let (reply, pauses) = in_steps_of(cache, api, request, meanwhile);
    (M::decode(messages(&reply).next().unwrap()).unwrap(), pauses)
}

/// The messages of a reply.
fn messages(mut reply: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = reply.split_at_checked(frame::PREFIX)?;
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        let (message, rest) = rest.split_at(length);
        reply = rest;
        Some(message)
    })
}

/// The same, as bytes.
fn in_steps_of(
    cache: &Rc<Cache>,
    api: Api,
    request: &impl Message,
    mut meanwhile: impl FnMut(&Cache, u32) + 'static,
) -> (Vec<u8>, u32) {
    let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
    let message = Bytes::from(request.encode_to_vec());
    let (served, others) = (cache.clone(), cache.clone());
    runtime.block_on(async move {
        let turns = Rc::new(Turns::new(served.clock));
        let slot = turns.slot().unwrap();
        let begun = turns.begin(slot, |_| Ok(()), move |steps| served.asked(api, &message, steps));
        let Begun::Unfinished(rest) = begun else { panic!("it takes more than a step") };
        let rest = tokio::task::spawn_local(rest.finish());
        let mut pauses = 0;
        while !rest.is_finished() {
            meanwhile(&others, pauses);
            pauses += 1;
            yield_now().await;
        }
        (rest.await.unwrap().unwrap(), pauses)
    })
}

fn name(at: u32) -> Vec<u8> {
    format!("element {at}").into_bytes()
}

fn names() -> BTreeSet<Vec<u8>> {
    (0..ELEMENTS).map(name).collect()
}

#[test]
fn a_fetch_of_a_dictionary_tells_what_it_held_when_it_began() {
    let cache = Cache::new();
    let fields = names();
    let pairs = fields.iter().map(|field| (&field[..], &b"old"[..]));
    cache.run(dictionary::Set { key: b"k", pairs, ttl: TTL });

    let request = pb::DictionaryFetchRequest { dictionary_name: b"k".into() };
    let (reply, pauses) = in_steps(&cache, Api::DictionaryFetch, &request, |cache, at| {
        let (field, new) = (name(at), name(ELEMENTS + at));
        let pairs = [(&field[..], &b"new"[..]), (&new, b"new")].into_iter();
        cache.run(dictionary::Set { key: b"k", pairs, ttl: TTL });
    });

    let pb::DictionaryFetchResponse { dictionary } = reply;
    let Some(pb::dictionary_fetch_response::Dictionary::Found(found)) = dictionary else {
        panic!("it is there")
    };
    assert!(pauses >= PAUSES, "{pauses}");
    assert!(found.items.iter().all(|item| item.value == b"old"));
    assert_eq!(found.items.into_iter().map(|item| item.field).collect::<BTreeSet<_>>(), fields);
}

#[test]
fn a_fetch_of_a_set_tells_what_it_held_when_it_began() {
    let cache = Cache::new();
    let elements = names();
    cache.run(set::Union { key: b"k", elements: elements.iter().map(|it| &it[..]), ttl: TTL });

    let request = pb::SetFetchRequest { set_name: b"k".into() };
    let (reply, pauses) = in_steps(&cache, Api::SetFetch, &request, |cache, at| {
        if at == PAUSES / 2 {
            cache.run(set::Delete::new(b"k"));
        }
        cache.run(set::Pop { key: b"k", count: 10 });
    });

    let pb::SetFetchResponse { set } = reply;
    let Some(pb::set_fetch_response::Set::Found(found)) = set else { panic!("it is there") };
    assert!(pauses >= PAUSES, "{pauses}");
    assert_eq!(found.elements.into_iter().collect::<BTreeSet<_>>(), elements);
}

#[test]
fn a_fetch_of_a_list_tells_what_it_held_when_it_began() {
    let cache = Cache::new();
    let elements: Vec<_> = (0..ELEMENTS).map(name).collect();
    let values = elements.iter().map(|it| &it[..]);
    cache.run(list::Push { key: b"k", at: End::Back, values, truncate: None, ttl: TTL });

    let request = pb::ListFetchRequest { list_name: b"k".into(), ..Default::default() };
    let (reply, pauses) = in_steps(&cache, Api::ListFetch, &request, |cache, _| {
        cache.run(list::Pop { key: b"k", at: End::Front });
        let values = [&b"new"[..]].into_iter();
        cache.run(list::Push { key: b"k", at: End::Back, values, truncate: None, ttl: TTL });
    });

    let pb::ListFetchResponse { list } = reply;
    let Some(pb::list_fetch_response::List::Found(found)) = list else { panic!("it is there") };
    assert!(pauses >= PAUSES, "{pauses}");
    assert_eq!(found.values, elements);
}

#[test]
fn others_see_a_write_of_a_dictionary_as_a_whole_and_are_not_undone() {
    let cache = Cache::new();
    let item = |at| pb::DictionaryFieldValuePair { field: name(at), value: b"new".into() };
    let request = pb::DictionarySetRequest {
        dictionary_name: b"k".into(),
        items: (0..ELEMENTS).map(item).collect(),
        ttl_milliseconds: 1_000_000,
        refresh_ttl: true,
    };
    let (_, pauses): (pb::DictionarySetResponse, _) =
        in_steps(&cache, Api::DictionarySet, &request, |cache, at| {
            // It finds its place once nobody writes the item while it works.
            let others = [(&b"other"[..], &b"value"[..])].into_iter();
            if at == 0 {
                cache.run(dictionary::Set { key: b"k", pairs: others, ttl: TTL });
            }
            let length = cache.run(dictionary::Length::new(b"k"));
            assert!([1, ELEMENTS as usize + 1].map(Some).contains(&length), "{length:?}");
        });

    assert!(pauses >= PAUSES, "{pauses}");
    assert_eq!(cache.run(dictionary::Length::new(b"k")), Some(ELEMENTS as usize + 1));
}

#[test]
fn a_union_is_that_of_its_sources_when_it_began() {
    let cache = Cache::new();
    let scores = |from: u32| (from..from + ELEMENTS).map(|at| (name(at), f64::from(at)));
    let sources = [(&b"a"[..], 0), (b"b", ELEMENTS / 2)];
    for (key, from) in sources {
        let members: Vec<_> = scores(from).collect();
        let elements = members.iter().map(|(value, score)| (&value[..], *score));
        cache.run(sorted_set::Put { key, elements, ttl: TTL });
    }
    let mut expected = BTreeMap::new();
    for (value, score) in scores(0).chain(scores(ELEMENTS / 2)) {
        *expected.entry(value).or_insert(0.0) += score;
    }

    let source = |(key, _): (&[u8], u32)| pb::sorted_set_union_store_request::Source {
        set_name: key.into(),
        weight: 1.0,
    };
    let request = pb::SortedSetUnionStoreRequest {
        set_name: b"union".into(),
        sources: sources.map(source).into(),
        ttl_milliseconds: 1_000_000,
        ..Default::default()
    };
    let (reply, pauses): (pb::SortedSetUnionStoreResponse, _) =
        in_steps(&cache, Api::SortedSetUnionStore, &request, |cache, at| {
            let (old, new) = (name(at), name(10 * ELEMENTS + at));
            for key in [&b"a"[..], b"b", b"union"] {
                let elements = [(&old[..], -1.0), (&new, 1.0)].into_iter();
                cache.run(sorted_set::Put { key, elements, ttl: TTL });
            }
        });

    let values = expected.keys().map(|value| &value[..]);
    let mut stored = Vec::new();
    let read = |score: Option<f64>| stored.push(score);
    cache.run(sorted_set::GetScore { key: b"union", values, read });
    assert!(pauses >= PAUSES, "{pauses}");
    assert_eq!(reply.length as usize, expected.len());
    assert!(stored.iter().zip(expected.values()).all(|(found, score)| *found == Some(*score)));
}

#[test]
fn a_batch_finds_no_item_that_expired_while_it_paused() {
    let cache = Cache::new();
    let keys: Vec<_> = (0..ELEMENTS).map(name).collect();
    for key in &keys {
        cache.run(scalar::Set { key, value: b"value"[..].into(), ttl: Ttl(1_000_000) });
    }

    let items = keys.iter().map(|key| pb::GetRequest { cache_key: key.clone() });
    let request = pb::GetBatchRequest { items: items.collect() };
    let last = keys[keys.len() - 1].clone();
    let batch = in_steps_of(&cache, Api::GetBatch, &request, move |cache, at| {
        if at == 0 {
            let change = scalar::TtlChange::Overwrite(Ttl(1));
            cache.run(scalar::UpdateTtl { key: &last, change });
            let changed = cache.clock.now().moment;
            while cache.clock.now().moment.0 <= changed.0 + 1 {}
        }
    });
    let (reply, pauses) = batch;
    let results = messages(&reply).map(|it| pb::GetResponse::decode(it).unwrap().result());

    assert!(pauses >= PAUSES, "{pauses}");
    let misses: Vec<_> = results.map(|it| it == pb::ECacheResult::Miss).collect();
    assert!(misses.len() == keys.len() && misses.iter().filter(|missed| **missed).count() == 1);
    assert_eq!(misses.last(), Some(&true));
}

/// Puts a collection of each kind at `k`, and returns a request for each.
fn fetches(cache: &Cache, elements: u32) -> Vec<(Api, Vec<u8>)> {
    let names: Vec<_> = (0..elements).map(name).collect();
    let names = || names.iter().map(|it| &it[..]);
    let pairs = names().zip(names());
    cache.run(dictionary::Set { key: b"dictionary", pairs, ttl: TTL });
    cache.run(set::Union { key: b"set", elements: names(), ttl: TTL });
    let values = names();
    cache.run(list::Push { key: b"list", at: End::Back, values, truncate: None, ttl: TTL });
    let scored = names().map(|name| (name, 1.0));
    cache.run(sorted_set::Put { key: b"sorted", elements: scored, ttl: TTL });
    let of = |key: &[u8]| super::tests::framed(1, key);
    vec![
        (Api::DictionaryFetch, of(b"dictionary")),
        (Api::SetFetch, of(b"set")),
        (Api::ListFetch, of(b"list")),
        (Api::SortedSetFetch, of(b"sorted")),
    ]
}

#[test]
fn a_fetch_is_answered_on_trial_if_the_collection_is_small() {
    let turns = Turns::new(Clock::start());
    for (elements, is_small) in [(10, true), (ELEMENTS, false)] {
        let cache = Cache::new();
        for (api, message) in fetches(&cache, elements) {
            let message = Bytes::from(message);
            let serve = |steps: &Steps<'_>| cache.asked(api, &message, steps);
            match turns.try_now(cache.clock.now(), serve) {
                Tried::Done(reply) => {
                    assert!(is_small, "{api:?}");
                    assert_eq!(reply, cache.asked(api, &message, &Steps::one()));
                }
                Tried::GaveUp => assert!(!is_small, "{api:?}"),
                Tried::Not => panic!("few are tried"),
            }
        }
    }
}
