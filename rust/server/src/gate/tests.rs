//! What the door lets through.

use std::net::Ipv4Addr;
use std::sync::Arc;

use attimo_engine::commands::scalar::{KeyExists, Set};
use attimo_engine::{Config, Engine, Given, Limits, Ttl};
use serde_json::{Value, json};

use super::call::{NO_ITEM, NO_METHOD};
use super::caller::{ENDED, LOCAL_OWNER};
use super::*;
use crate::api::Api;
use crate::clock::Clock;
use crate::directory::{Cache, CacheId};
use crate::meter::ThreadMeter;
use crate::permissions::Permissions;

fn gate() -> Gate {
    let limits = Limits::default();
    let engine = Engine::new(Config { memory_bytes: 1 << 24, shards: 4, seed: [1; 4], limits });
    let gate = Gate::new(Backend::Embedded(engine.into()));
    let name = "there".to_owned();
    let id = CacheId(1);
    let namespace = Namespace(1);
    let cache = Cache { id, account: LOCAL_OWNER, name, namespace, expires_at: u64::MAX };
    gate.learn(Changes { revision: 1, caches: vec![cache], ..Changes::default() }).unwrap();
    gate
}

/// What a token that bears `rules` gives its bearer at the cache called `cache`.
fn pass(gate: &Gate, rules: Value, cache: &str) -> Pass {
    let json = json!({ "rules": rules }).to_string();
    let permissions = Arc::new(Permissions::read(&json).unwrap());
    let caller = Caller { permissions, ..Caller::local_owner() };
    let tally = ThreadMeter::new(Arc::default()).tally(None, &caller.key_id);
    let grants = caller.permissions.at(cache.as_bytes());
    let cache = gate.directory.cache(LOCAL_OWNER, cache);
    Pass { grants, cache, tally, until: u64::MAX }
}

fn rules(verbs: &[&str], items: Value) -> Value {
    json!([{"type": "cache", "permissions": verbs, "caches": "*", "items": items}])
}

fn set(call: &mut Call<'_>, key: &[u8]) -> Result<()> {
    call.run(0, Set { key, value: Given::Short(b"v"), ttl: Ttl(1_000) })
}

fn now() -> Now {
    Clock::start().now()
}

#[test]
fn what_is_not_allowed_is_refused_before_anything_is_said_of_the_cache() {
    let gate = gate();
    for cache in ["there", "missing"] {
        let reader = pass(&gate, rules(&["read"], json!("*")), cache);
        let mut call = gate.call(&reader, Api::Set, now());
        assert_eq!([call.begin(), set(&mut call, b"k")], [Err(NO_METHOD), Err(NO_METHOD)]);
    }
}

#[test]
fn a_prefix_is_asked_for_each_key() {
    let gate = gate();
    let own = rules(&["read", "write"], json!({"key_prefix": "own/"}));
    let [there, missing] = ["there", "missing"].map(|name| pass(&gate, own.clone(), name));

    let mut call = gate.call(&there, Api::Set, now());
    assert_eq!(
        [call.begin(), set(&mut call, b"own/1"), set(&mut call, b"else")],
        [Ok(()), Ok(()), Err(NO_ITEM)]
    );
    let mut call = gate.call(&missing, Api::Set, now());
    assert_eq!(
        [call.begin(), set(&mut call, b"else"), set(&mut call, b"own/1")],
        [Ok(()), Err(NO_ITEM), Err(Error::NoSuchCache)]
    );
}

#[test]
fn who_may_only_write_learns_nothing_of_what_was_there() {
    let gate = gate();
    let writer = pass(&gate, rules(&["write"], json!("*")), "there");
    let begin = |api| gate.call(&writer, api, now()).begin();

    assert_eq!([Api::Set, Api::Delete, Api::SortedSetPut].map(begin), [(); 3].map(Ok));
    for api in [Api::Get, Api::SetIf, Api::Increment, Api::ListPushBack, Api::UpdateTtl] {
        assert_eq!(begin(api), Err(NO_METHOD), "{api:?}");
    }
}

#[test]
fn what_a_write_only_reads_need_only_be_readable() {
    let gate = gate();
    let read = rules(&["read"], json!("*"));
    let own = rules(&["read", "write"], json!({"key": "own"}));
    let both = json!([read[0], own[0]]);
    let pass = pass(&gate, both, "there");
    let mut call = gate.call(&pass, Api::SortedSetUnionStore, now());

    assert_eq!(call.run(0, KeyExists { key: b"source" }), Ok(false));
    assert_eq!(set(&mut call, b"source"), Err(NO_ITEM));
    assert_eq!(set(&mut call, b"own"), Ok(()));
}

#[test]
fn a_local_owner_needs_no_token_and_everybody_else_does() {
    let gate = gate();
    let peer = Ipv4Addr::LOCALHOST.into();
    let admit = |local| gate.admit(Credential { token: b"", local, peer }, now());

    assert_eq!(admit(true).unwrap().account, LOCAL_OWNER);
    assert_eq!(admit(false), Err(NO_TOKEN));
}

#[test]
fn a_cache_is_gone_from_the_second_on_at_which_it_ends() {
    let (gate, meter, mut passes) = (gate(), ThreadMeter::new(Arc::default()), Passes::default());
    let (name, namespace) = ("brief".to_owned(), Namespace(2));
    let brief = Cache { id: CacheId(2), account: LOCAL_OWNER, name, namespace, expires_at: 100 };
    gate.learn(Changes { revision: 2, since: Some(1), caches: vec![brief], ..Changes::default() })
        .unwrap();
    let mut set_at = |epoch_seconds| {
        let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
        let now = Now { epoch_seconds, ..now() };
        let pass = passes.pass(&gate, &meter, owner, b"brief", now)?;
        set(&mut gate.call(&pass, Api::Set, now), b"k")
    };

    assert_eq!([98, 99].map(&mut set_at), [Ok(()), Ok(())]);
    assert_eq!([100, 101].map(&mut set_at), [Err(Error::NoSuchCache), Err(Error::NoSuchCache)]);
}

#[test]
fn a_caller_ends_at_its_second() {
    let caller = Caller { expires_at: 2_000, ..Caller::local_owner() };
    let at = |epoch_seconds| caller.check_expiry(Now { epoch_seconds, ..now() });

    assert_eq!([at(1_999), at(2_000)], [Ok(()), Err(ENDED)]);
}
