//! What the gate lets through.

use std::net::Ipv4Addr;
use std::sync::Arc;

use attimo_engine::commands::scalar::{KeyExists, Set};
use attimo_engine::{Config, Limits, NewValue, Ttl};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::caller::{ENDED, LOCAL_OWNER};
use super::*;
use crate::clock::Clock;
use crate::directory::{ApiKey, Cache, CacheId, Role, Session};
use crate::meter::{COUNT_NAMES, Meter, ThreadMeter};
use crate::methods::{Access, Api, Rights};
use crate::permissions::Permissions;
use crate::topics::Hub;

mod limits;
mod refusals;

pub(super) fn gate() -> Gate {
    let limits = Limits::default();
    let backend = Backend::new(Config { memory_bytes: 1 << 24, shards: 4, seed: [1; 4], limits });
    let backend = Arc::new(backend);
    let gate = Gate::new(backend.clone(), Hub::unused(&backend));
    let (name, id, namespace) = ("there".to_owned(), CacheId(1), Namespace(1));
    let cache = Cache { id, account: LOCAL_OWNER, name, namespace, expires_at: u64::MAX };
    gate.learn(Changes { revision: 1, caches: vec![cache], ..Changes::default() }).unwrap();
    gate
}

/// What a token that bears `rules` gives its bearer at the cache called `cache`.
fn authorize(gate: &Gate, rules: Value, cache: &str) -> Authorization {
    let permissions = Permissions::read(&json!({ "rules": rules }).to_string()).unwrap();
    let caller = Caller { permissions: permissions.into(), ..Caller::local_owner() };
    let counters = ThreadMeter::new(Arc::default()).counters(None, &caller.key_id);
    let grants = caller.permissions.at(cache.as_bytes());
    Authorization {
        holder: caller.holder(),
        grants,
        account: caller.account,
        publisher: caller.token_id.clone(),
        cache: gate.directory.cache(LOCAL_OWNER, cache),
        counters,
        limits: None,
        transfer: None,
        until: u64::MAX,
        revision: 0,
    }
}

/// What came of a request, without the details of a refusal.
fn outcome(result: Result<()>) -> &'static str {
    match result {
        Ok(()) => "done",
        Err(Error::NoSuchCache) => "no cache",
        Err(Error::Denied(text)) if text.contains(" on key '") => "not this key",
        Err(Error::Denied(text)) if text.contains(" on this cache") => "not this method",
        Err(other) => panic!("{other}"),
    }
}

fn rules(verbs: &[&str], items: Value) -> Value {
    json!([{"type": "cache", "permissions": verbs, "caches": "*", "items": items}])
}

fn set(call: &mut Call<'_>, key: &[u8]) -> Result<()> {
    call.run(Set { key, value: NewValue::Short(b"v"), ttl: Ttl(1_000) })
}

fn now() -> Now {
    Clock::start().now()
}

#[test]
fn what_is_not_allowed_is_refused_before_anything_is_said_of_the_cache() {
    let gate = gate();
    for cache in ["there", "missing"] {
        let reader = authorize(&gate, rules(&["read"], json!("*")), cache);
        let mut call = Call::at_once(&gate, &reader, Api::Set, now());
        assert_eq!([call.begin(), set(&mut call, b"k")].map(outcome), ["not this method"; 2]);
    }
}

#[test]
fn a_prefix_is_asked_for_each_key() {
    let gate = gate();
    let own = rules(&["read", "write"], json!({"key_prefix": "own/"}));
    let [there, missing] = ["there", "missing"].map(|name| authorize(&gate, own.clone(), name));

    let mut call = Call::at_once(&gate, &there, Api::Set, now());
    assert_eq!(
        [call.begin(), set(&mut call, b"own/1"), set(&mut call, b"else")].map(outcome),
        ["done", "done", "not this key"]
    );
    let mut call = Call::at_once(&gate, &missing, Api::Set, now());
    assert_eq!(
        [call.begin(), set(&mut call, b"else"), set(&mut call, b"own/1")].map(outcome),
        ["done", "not this key", "no cache"]
    );
}

#[test]
fn who_may_only_write_learns_nothing_of_what_was_there() {
    let gate = gate();
    let writer = authorize(&gate, rules(&["write"], json!("*")), "there");
    let begin = |api| Call::at_once(&gate, &writer, api, now()).begin();

    assert_eq!([Api::Set, Api::Delete, Api::SortedSetPut].map(begin), [(); 3].map(Ok));
    for api in [Api::Get, Api::SetIf, Api::Increment, Api::ListPushBack, Api::UpdateTtl] {
        assert_eq!(outcome(begin(api)), "not this method", "{api:?}");
    }
}

#[test]
fn what_a_write_only_reads_need_only_be_readable() {
    let gate = gate();
    let read = rules(&["read"], json!("*"));
    let own = rules(&["read", "write"], json!({"key": "own"}));
    let both = json!([read[0], own[0]]);
    let authorization = authorize(&gate, both, "there");
    let mut call = Call::at_once(&gate, &authorization, Api::SortedSetUnionStore, now());

    assert_eq!(call.run(KeyExists { key: b"source" }), Ok(false));
    assert_eq!(outcome(set(&mut call, b"source")), "not this key");
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
    let (gate, meter, mut authorizations) =
        (gate(), ThreadMeter::new(Arc::default()), AuthorizationCache::default());
    let (name, namespace) = ("brief".to_owned(), Namespace(2));
    let brief = Cache { id: CacheId(2), account: LOCAL_OWNER, name, namespace, expires_at: 100 };
    gate.learn(Changes { revision: 2, since: Some(1), caches: vec![brief], ..Changes::default() })
        .unwrap();
    let mut set_at = |epoch_seconds| {
        let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
        let now = Now { epoch_seconds, ..now() };
        let authorization = authorizations.authorize(&gate, &meter, owner, b"brief", now)?;
        set(&mut Call::at_once(&gate, &authorization, Api::Set, now), b"k")
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

const TOKEN: &str = "xYb6Tq0m3f-aS_9wV1kR7uZpL2cE4hJ5nGdQ8oBiMtW";

/// A session of the role `member` that ends at second 1000.
fn session() -> Session {
    let (hash, role) = (Sha256::digest(TOKEN).into(), "member".into());
    Session { hash, account: LOCAL_OWNER, expires_at: 1_000, role }
}

fn role(permissions: Value) -> Role {
    Role { id: "member".to_owned(), permissions: permissions.to_string() }
}

/// A gate that knows the session, whose role has these rules.
fn gate_with_session(permitted: Value) -> Gate {
    let gate = gate();
    let (sessions, roles) = (vec![session()], vec![role(json!({ "rules": permitted }))]);
    let changes = Changes { revision: 2, since: Some(1), sessions, roles, ..Changes::default() };
    gate.learn(changes).unwrap();
    gate
}

fn bearer(token: &[u8]) -> Credential<'_> {
    Credential { token, local: false, peer: Ipv4Addr::LOCALHOST.into() }
}

fn at(epoch_seconds: u64) -> Now {
    Now { epoch_seconds, ..now() }
}

fn wrapped(token: &str) -> String {
    STANDARD.encode(json!({"endpoint": "cache.example.com", "api_key": token}).to_string())
}

#[test]
fn a_sessions_token_bare_or_wrapped_is_its_members_until_it_ends() {
    let gate = gate_with_session(rules(&["read"], json!("*")));
    for token in [TOKEN.to_owned(), wrapped(TOKEN)] {
        let admit = |second| gate.admit(bearer(token.as_bytes()), at(second));
        let caller = admit(999).unwrap();

        assert_eq!((caller.account, &*caller.key_id), (LOCAL_OWNER, "session"));
        assert_eq!(caller.session, Some(session().hash));
        assert!(gate.admit_to_control(bearer(token.as_bytes()), at(999)).is_ok());
        assert_eq!([admit(1_000), admit(1_001)], [Err(ENDED), Err(ENDED)]);
    }
}

#[test]
fn what_is_not_the_token_itself_opens_nothing() {
    let gate = gate_with_session(rules(&["read"], json!("*")));
    let hash: [u8; 32] = session().hash;
    let long = STANDARD.encode(json!({"api_key": TOKEN, "more": "x".repeat(800)}).to_string());
    let others = [
        TOKEN[1..].to_owned(),
        format!("{TOKEN} "),
        TOKEN.to_lowercase(),
        format!("{TOKEN}."),
        format!("{TOKEN}.{TOKEN}.{TOKEN}"),
        wrapped(&wrapped(TOKEN)),
        wrapped(&format!("{TOKEN}.")),
        STANDARD.encode(TOKEN),
        STANDARD.encode(hash),
        long,
    ];
    for other in others {
        assert_eq!(gate.admit(bearer(other.as_bytes()), at(1)), Err(INVALID), "{other}");
    }
    assert_eq!(gate.admit(bearer(&hash), at(1)), Err(INVALID));
}

#[test]
fn a_session_is_felt_to_change_and_to_end_on_an_open_connection() {
    let gate = gate_with_session(rules(&["read", "write"], json!("*")));
    let (meter, mut authorizations) =
        (ThreadMeter::new(Arc::default()), AuthorizationCache::default());
    let mut set_after = |changes| {
        gate.learn(changes).unwrap();
        let authorization =
            authorizations.authorize(&gate, &meter, bearer(TOKEN.as_bytes()), b"there", at(1))?;
        set(&mut Call::at_once(&gate, &authorization, Api::Set, at(1)), b"k")
    };
    let step = |revision| Changes { revision, since: Some(revision - 1), ..Changes::default() };
    let (other, nobodys) = (
        Session { account: crate::directory::AccountId(9), ..session() },
        Session { role: "none".into(), ..session() },
    );

    assert_eq!(set_after(Changes::default()), Ok(()));
    let narrowed = vec![role(json!({ "rules": rules(&["read"], json!("*")) }))];
    assert_eq!(outcome(set_after(Changes { roles: narrowed, ..step(3) })), "not this method");
    let widened = vec![role(json!({ "rules": rules(&["write"], json!("*")) }))];
    assert_eq!(set_after(Changes { roles: widened, ..step(4) }), Ok(()));
    assert_eq!(set_after(Changes { sessions: vec![other], ..step(5) }), Err(Error::NoSuchCache));
    assert_eq!(
        outcome(set_after(Changes { sessions: vec![nobodys], ..step(6) })),
        "not this method"
    );
    assert_eq!(set_after(Changes { sessions: vec![session()], ..step(7) }), Ok(()));
    let ended_sessions = vec![session().hash];
    assert_eq!(set_after(Changes { ended_sessions, ..step(8) }), Err(INVALID));
}

#[test]
fn the_networks_of_a_members_role_are_for_the_session_too() {
    let filter = json!({"ip_filter": {"allowed_cidr_ranges": ["10.0.0.0/8"]}});
    let gate = gate();
    let roles = vec![role(json!({"rules": rules(&["read"], json!("*")), "conditions": [filter]}))];
    let sessions = vec![session()];
    gate.learn(Changes { revision: 2, since: Some(1), sessions, roles, ..Changes::default() })
        .unwrap();

    let from = |peer: [u8; 4]| {
        gate.admit(
            Credential { peer: Ipv4Addr::from(peer).into(), ..bearer(TOKEN.as_bytes()) },
            at(1),
        )
    };

    assert!(from([10, 1, 2, 3]).is_ok());
    assert_eq!(from([127, 0, 0, 1]), Err(NO_ADDRESS));
}

/// A token to read and write the whole cache, for which the key `vendor` has asked.
fn vended() -> Claims {
    let all = rules(&["read", "write"], json!("*"));
    let permissions = Permissions::read(&json!({ "rules": all }).to_string()).unwrap();
    let kind = Kind::Disposable {
        issuer: Some("vendor".to_owned()),
        permissions: Arc::new(permissions),
        token_id: "".into(),
    };
    Claims { kid: "k1".to_owned(), account: LOCAL_OWNER, issued_at: 0, expires_at: 2_000, kind }
}

/// A gate that knows the key `vendor`, which ends at second 1000, with a role that says this.
fn gate_with_vendor(permissions: Value) -> Gate {
    let gate = gate();
    let (id, role_id) = ("vendor".into(), "member".into());
    let key = ApiKey { id, account: LOCAL_OWNER, expires_at: 1_000, role: role_id };
    let verifying_keys = vec![("k1".to_owned(), vec![0; 32])];
    let (api_keys, roles) = (vec![key], vec![role(permissions)]);
    gate.learn(Changes {
        revision: 2,
        since: Some(1),
        verifying_keys,
        api_keys,
        roles,
        ..Changes::default()
    })
    .unwrap();
    gate
}

/// A vendor's rules: it may make tokens, and may itself do this.
fn vendor(verbs: &[&str], items: Value) -> Value {
    json!([rules(verbs, items)[0], {"type": "token_management", "permissions": ["write"]}])
}

#[test]
fn a_token_may_no_more_than_whoever_asked_for_it_may_now() {
    let writes = |rules: Value| {
        let gate = gate_with_vendor(json!({ "rules": rules }));
        let caller = gate.caller_for(&vended(), at(1)).unwrap();
        let grants = caller.grants(b"there");
        [&b"own/1"[..], b"else"].map(|key| grants.to(Access::Item(Rights::Write)).hold(key))
    };

    assert_eq!(writes(vendor(&["read", "write"], json!("*"))), [true, true]);
    assert_eq!(writes(vendor(&["read", "write"], json!({"key_prefix": "own/"}))), [true, false]);
    assert_eq!(writes(vendor(&["read"], json!("*"))), [false, false]);
    assert_eq!(writes(rules(&["read", "write"], json!("*"))), [false, false]);
}

#[test]
fn a_token_is_good_where_and_until_the_key_is_that_asked_for_it() {
    let filter = json!({"ip_filter": {"allowed_cidr_ranges": ["10.0.0.0/8"]}});
    let gate = gate_with_vendor(
        json!({"rules": vendor(&["read", "write"], json!("*")), "conditions": [filter]}),
    );
    let caller = gate.caller_for(&vended(), at(1)).unwrap();

    assert!(caller.disposable && &*caller.key_id == "vendor");
    assert_eq!(caller.holder().to_string(), "this disposable token");
    assert!(caller.admits(Ipv4Addr::new(10, 0, 0, 1).into()));
    assert!(!caller.admits(Ipv4Addr::LOCALHOST.into()));
    assert_eq!(
        [caller.check_expiry(at(999)), caller.check_expiry(at(1_000))],
        [Ok(()), Err(ENDED)]
    );
}

#[test]
fn a_token_that_no_key_asked_for_may_what_it_says() {
    let gate = gate_with_vendor(json!({"rules": []}));
    let Kind::Disposable { permissions, token_id, .. } = vended().kind else { panic!() };
    let claims =
        Claims { kind: Kind::Disposable { issuer: None, permissions, token_id }, ..vended() };
    let caller = gate.caller_for(&claims, at(1)).unwrap();

    assert_eq!(&*caller.key_id, NO_KEY);
    assert!(
        caller.disposable && caller.grants(b"there").to(Access::Item(Rights::ReadWrite)).hold(b"k")
    );
}

#[test]
fn a_suspended_account_is_refused_on_an_open_connection_until_it_is_resumed() {
    let gate = gate_with_session(rules(&["read", "write"], json!("*")));
    let (meter, mut authorizations) =
        (ThreadMeter::new(Arc::default()), AuthorizationCache::default());
    let mut set_after = |changes| {
        gate.learn(changes).unwrap();
        assert_eq!(
            gate.admit(bearer(TOKEN.as_bytes()), at(1)).map(drop),
            gate.admit_to_control(bearer(TOKEN.as_bytes()), at(1)).map(drop)
        );
        let authorization =
            authorizations.authorize(&gate, &meter, bearer(TOKEN.as_bytes()), b"there", at(1))?;
        set(&mut Call::at_once(&gate, &authorization, Api::Set, at(1)), b"k")
    };
    let step = |revision| Changes { revision, since: Some(revision - 1), ..Changes::default() };
    let accounts = || vec![LOCAL_OWNER];

    assert_eq!(set_after(Changes::default()), Ok(()));
    let suspended = Changes { suspended_accounts: accounts(), ..step(3) };
    assert_eq!(set_after(suspended), Err(Error::Suspended));
    assert_eq!(gate.admit(bearer(TOKEN.as_bytes()), at(1_000)), Err(ENDED));
    assert_eq!(set_after(Changes { resumed_accounts: accounts(), ..step(4) }), Ok(()));
}
