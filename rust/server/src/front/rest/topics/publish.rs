//! Publishes to a topic, for a request or a message on a WebSocket.

use super::super::query::Query;
use crate::clock::Now;
use crate::error::Result;
use crate::front::client::Client;
use crate::front::{admission, basic};
use crate::gate::DataRequest;
use crate::message::Parts;
use crate::methods::Api;
use crate::stats::Via;
use crate::steps::Steps;
use crate::topics::Value;

/// Publishes a message to a topic of a cache; returns its page and its number.
///
/// # Errors
///
/// That of `value`, and those of [`crate::gate::Call::publish`].
pub(super) fn publish(
    client: &Client,
    parts: &Parts,
    (cache, topic): (&str, &str),
    value: Result<Value>,
    (now, steps): (Now, &Steps<'_>),
) -> Result<(u64, u64)> {
    let query = Query::of(&parts.target)?;
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, parts, query.token.as_deref(), basic.as_deref())?;
    let worker = &client.worker;
    let gate = &worker.core.gate;
    let mut authorizations = client.authorizations.borrow_mut();
    let authorized =
        authorizations.authorize(gate, &worker.meter, credential, cache.as_bytes(), now);
    let authorization = &client.noting(authorized)?;
    let call = DataRequest { authorization, api: Api::Publish, via: Via::Http, now, steps };
    gate.serve(call, &worker.stats, value, |call, value| call.publish(topic, value))
}
