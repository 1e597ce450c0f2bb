//! How limits hold for requests that wait for a remote store.

use std::cell::Cell;

use super::*;

/// A gate whose store nobody answers for, and where an account has these limits.
fn remote(numbers: &[(&str, u64)]) -> Gate {
    let limits = Limits::default();
    let config = Config { memory_bytes: 1 << 24, shards: 4, seed: [1; 4], limits };
    let backend = Backend::new(config).at(Some("valkey://127.0.0.1:1".to_owned()));
    let backend = Arc::new(backend);
    let gate = Gate::new(backend.clone(), Hub::unused(&backend));
    let caches = vec![cache(1, 1)];
    gate.learn(Changes { revision: 1, caches, ..Changes::default() }).unwrap();
    gate.learn(super::limits(2, numbers)).unwrap();
    gate
}

/// Serves a request of the owner; counts how often it is run.
async fn serve(gate: &Gate, runs: &Cell<usize>) -> Result<()> {
    let (meter, stats) = (ThreadMeter::new(Arc::default()), Stats::default());
    let thread = ThreadStats::new(&stats, Clock::start());
    let owner = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
    let mut connection = AuthorizationCache::default();
    let authorization = connection.authorize(gate, &meter, owner, b"there", now())?;
    let (authorization, api, via) = (&*authorization, Api::Set, Via::Grpc);
    let request = DataRequest { authorization, api, via, now: now(), steps: Steps::at_once() };
    let run = || {
        gate.serve(request, &thread, Ok(()), |call, ()| {
            runs.set(runs.get() + 1);
            set(call, b"key")
        })
    };
    gate.backend.wait_for(run).await
}

#[tokio::test(flavor = "current_thread")]
async fn a_request_takes_its_operation_before_it_waits_and_none_afterwards() {
    let gate = remote(&[("operations_per_second", 1)]);
    let (first, second) = (Cell::new(0), Cell::new(0));

    let (served, refused) = tokio::join!(serve(&gate, &first), serve(&gate, &second));

    assert_eq!((served, first.get()), (Err(Error::NoBackend), 2));
    assert!(matches!(refused, Err(Error::Limited(met)) if met.limit == Limit::Operations));
    assert_eq!(second.get(), 0, "nothing was done for it");
}
