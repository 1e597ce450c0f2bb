//! What both versions of HTTP carry beside gRPC: plain HTTP and grpc-web, with
//! their CORS headers.

use bytes::Bytes;
use http::header;

use super::client::Client;
use super::grpc::grpc_web::{self, Mode};
use super::grpc::web_stream;
use super::known::Known;
use super::rest::{self, paths};
use super::streamed::Answered;
use super::{cors, grpc};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::limits::REQUEST_BYTES;
use crate::message::{Parts, Response};
use crate::methods::Length;
use crate::steps::Steps;
use crate::topics::Notifier;

/// Whether the answer has to wait: for the control plane, a remote store or an injected delay.
pub(crate) fn is_async(client: &Client, parts: &Parts) -> bool {
    if parts.is_for_stream() {
        true
    } else if Mode::of(parts).is_some() {
        grpc::is_async(client, parts)
    } else {
        !(is_at_once(client, parts) || cors::is_preflight(parts))
    }
}

/// Whether this node answers it by itself: not where items are elsewhere.
fn is_at_once(client: &Client, parts: &Parts) -> bool {
    paths::is_data(&parts.target) && !(client.is_remote() && paths::is_of_cache(&parts.target))
        || paths::is_publish(parts)
}

/// Whether a request that does not wait may take long.
pub(crate) fn length(parts: &Parts) -> Length {
    match Mode::of(parts) {
        Some(_) => grpc::length(parts.target.path()),
        None => paths::length(parts),
    }
}

/// How many bytes the body of a request may have.
pub(crate) fn limit(parts: &Parts) -> usize {
    Mode::of(parts).map_or(REQUEST_BYTES, Mode::limit)
}

/// Answers a request that does not wait; `known` is what the same headers have asked for before.
pub(crate) fn answer(
    client: &Client,
    parts: &Parts,
    known: Option<&Known<rest::KnownCall>>,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Response {
    let origins = &client.worker.core.origins;
    if let Some(call) = known.and_then(|known| known.get(&client.worker, now)) {
        let response = rest::answer_known(client, parts, &call, body, now, steps);
        return cors::opened(origins, parts.headers.get("origin"), response);
    }
    if cors::is_preflight(parts) {
        return cors::preflight(origins, parts);
    }
    if let Err(error) = cors::admit(client, parts) {
        return refusal(client, parts, error);
    }
    let response = match Mode::of(parts) {
        Some(mode) => grpc_web::answer(client, parts, mode, body, now, steps),
        None => rest::answer(client, parts, known, body, now, steps),
    };
    cors::opened(origins, parts.headers.get("origin"), response)
}

/// Answers a request that waits, or begins a stream, which tells `notifier` when it has something to
/// send.
pub(crate) async fn answer_async(
    client: &Client,
    parts: Parts,
    body: Result<Bytes>,
    notifier: Notifier,
) -> Answered {
    if let Err(error) = cors::admit(client, &parts) {
        return Answered::Whole(refusal(client, &parts, error));
    }
    let origin = parts.headers.get(header::ORIGIN).cloned();
    let answered = match Mode::of(&parts) {
        _ if parts.is_for_stream() => rest::subscribe(client, &parts, notifier).await,
        Some(mode) if grpc::is_subscribe(parts.target.path()) => {
            web_stream::subscribe(client, &parts, mode, body, notifier).await
        }
        Some(mode) => Answered::Whole(grpc_web::answer_async(client, &parts, mode, body).await),
        None if paths::is_of_cache(&parts.target) => {
            Answered::Whole(rest::answer_async(client, &parts, body).await)
        }
        None if paths::is_of_topic(&parts.target) => {
            rest::subscribe(client, &parts, notifier).await
        }
        None => Answered::Whole(rest::forward(client, parts, body).await),
    };
    answered.map(|response| cors::opened(&client.worker.core.origins, origin.as_ref(), response))
}

/// The response for an error of a request.
pub(crate) fn refusal(client: &Client, parts: &Parts, error: Error) -> Response {
    let response = match Mode::of(parts) {
        Some(mode) => grpc_web::refusal(client, parts, mode, error),
        None => rest::refusal(client, parts, error),
    };
    cors::opened(&client.worker.core.origins, parts.headers.get(header::ORIGIN), response)
}
