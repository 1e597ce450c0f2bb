//! Whatever a client sends as a message, every method of a gRPC service answers or refuses it, and goes
//! on working.

use std::net::Ipv4Addr;
use std::sync::Arc;

use attimo_engine::{Config, Limits, Namespace};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::directory::{AccountId, Cache, CacheId, Changes};
use crate::gate::{Authorization, AuthorizationCache, Call, Credential, Gate};
use crate::meter::ThreadMeter;
use crate::topics::Hub;

pub(super) fn gate() -> Gate {
    let limits = Limits::default();
    let backend = Backend::new(Config { memory_bytes: 1 << 24, shards: 4, seed: [1; 4], limits });
    let backend = Arc::new(backend);
    let gate = Gate::new(backend.clone(), Hub::unused(&backend));
    let cache = Cache {
        id: CacheId(1),
        account: AccountId(1),
        name: "c".to_owned(),
        namespace: Namespace(1),
        expires_at: u64::MAX,
    };
    gate.learn(Changes { revision: 1, caches: vec![cache], ..Changes::default() }).unwrap();
    gate
}

pub(super) fn authorize(gate: &Gate) -> Rc<Authorization> {
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let meter = ThreadMeter::new(Arc::default());
    AuthorizationCache::default()
        .authorize(gate, &meter, owner, b"c", Clock::start().now())
        .unwrap()
}

/// Fields as a client of these services might have written them, nested and repeated at will, with
/// few names and values so that messages meet at the same items.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![0..4_u64, Just(1_000), Just(u64::MAX), any::<u64>()];
    let varint = (1..10_u8, number).prop_map(|(field, number)| {
        let mut bytes = vec![field << 3];
        prost::encoding::encode_varint(number, &mut bytes);
        bytes
    });
    let double = (1..7_u8, any::<f64>())
        .prop_map(|(field, double)| [&[field << 3 | 1][..], &double.to_le_bytes()].concat());
    let name = prop_oneof![Just(b"".to_vec()), Just(b"a".to_vec()), vec(any::<u8>(), 0..40)];
    let text = (1..10_u8, name).prop_map(|(field, name)| framed(field, &name));
    let leaf = prop_oneof![varint, double, text];
    leaf.prop_recursive(3, 24, 6, |inner| {
        (1..10_u8, vec(inner, 0..6)).prop_map(|(field, parts)| framed(field, &parts.concat()))
    })
}

pub(super) fn framed(field: u8, bytes: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    protobuf::write_bytes(&mut framed, field, bytes);
    framed
}

fn run_all(messages: &[(usize, Vec<u8>)]) {
    let gate = gate();
    let authorization = authorize(&gate);
    let now = Clock::start().now();
    let steps = Steps::one();
    for (api, message) in messages {
        let mut call = Call::new(&gate, &authorization, Api::ALL[*api], now, &steps);
        let reply = routes::run(&mut call, Api::ALL[*api], &Bytes::from(message.clone()));
        call.finish(reply.is_err());
    }
}

#[test]
fn a_method_is_answered_if_a_grpc_service_has_it() {
    let gate = gate();
    let authorization = authorize(&gate);
    let steps = Steps::one();
    for api in Api::ALL {
        let mut call = Call::new(&gate, &authorization, *api, Clock::start().now(), &steps);
        let reply = routes::run(&mut call, *api, &Bytes::new());
        let is_answered = !matches!(reply, Err(Error::Internal));
        let is_one = api.service().is_some() && *api != Api::Subscribe;
        assert_eq!(is_answered, is_one, "{api:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_or_refused(
        messages in vec((0..Api::COUNT, vec(any::<u8>(), 0..60)), 1..30),
    ) {
        run_all(&messages);
    }

    #[test]
    fn any_fields_are_answered_or_refused(
        messages in vec((0..Api::COUNT, vec(message(), 0..6).prop_map(|parts| parts.concat())), 1..40),
    ) {
        run_all(&messages);
    }
}
