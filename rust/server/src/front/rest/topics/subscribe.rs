//! Subscribes to topics of one cache, for a poll or a stream.

use std::borrow::Cow;

use super::super::query::Query;
use crate::error::Result;
use crate::front::client::Client;
use crate::front::{admission, basic};
use crate::gate::{DataRequest, Subscribe, Subscription};
use crate::message::Parts;
use crate::methods::Api;
use crate::stats::Via;
use crate::steps::Steps;
use crate::topics::{Notifier, Places, Resume};

/// A topic, and where to begin.
pub(super) struct Wanted<'a> {
    pub(super) topic: Cow<'a, str>,
    pub(super) resume: Resume,
}

/// Subscribes to topics of the cache with this name, in order; all tell `notifier` of news.
///
/// # Errors
///
/// That of `wanted`, and those of [`crate::gate::Call::subscribe`] of the first topic that is
/// refused: then there is no subscription at all.
pub(super) fn subscribe(
    client: &Client,
    parts: &Parts,
    query: &Query<'_>,
    (cache, wanted): (&str, Result<Vec<Wanted<'_>>>),
    notifier: &Notifier,
) -> Result<Vec<Subscription>> {
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, parts, query.token.as_deref(), basic.as_deref())?;
    let worker = &client.worker;
    let (now, steps, gate) = (worker.core.clock.now(), Steps::one(), &worker.core.gate);
    let mut authorizations = client.authorizations.borrow_mut();
    let authorized =
        authorizations.authorize(gate, &worker.meter, credential, cache.as_bytes(), now);
    let authorization = &client.noting(authorized)?;
    let places = &Places::of(wanted.as_ref().map_or(1, Vec::len));
    let subscribe = |wanted: Result<Wanted<'_>>| {
        let (api, via) = (Api::Subscribe, Via::Http);
        let call = DataRequest { authorization, api, via, now, steps: &steps };
        gate.serve(call, &worker.stats, wanted, |call, Wanted { topic, resume }| {
            let (topic, notifier) = (&*topic, notifier.clone());
            let asked =
                Subscribe { credential, authorization, cache, topic, resume, notifier, places };
            call.subscribe(asked, &worker.permits, &worker.topics)
        })
    };
    match wanted {
        Ok(wanted) => wanted.into_iter().map(Ok).map(subscribe).collect(),
        // It counts as a request, and only a known caller is told what is wrong with it.
        Err(error) => subscribe(Err(error)).map(|one| vec![one]),
    }
}
