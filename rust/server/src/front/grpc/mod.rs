//! gRPC: the services of the data plane and `Ping` are answered here, others by the control plane.

use std::rc::Rc;

use bytes::Bytes;
use http::Request;
use http::header::{self, HeaderName, HeaderValue};
use http_body_util::Full;

use super::client::Client;
use super::cors;
use super::known::Known;
use super::request_id::{self, REQUEST_ID};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::forward::{self, From, Speaks};
use crate::gate::Authorization;
use crate::message::{Headers, Parts};
use crate::methods::{Api, Length, Service};
use crate::protocol::Protocol;
use crate::stats::{Class, Via, guarded};
use crate::steps::Steps;

mod batch;
pub(crate) mod code;
mod collection;
mod control;
mod dictionary;
mod elements;
mod frame;
pub(crate) mod grpc_web;
mod headers;
mod known_call;
mod leaderboard;
mod list;
mod protobuf;
mod pubsub;
mod quirks;
mod reply;
mod routes;
mod scalar;
mod set;
mod sorted_set;
mod status;
pub(crate) mod subscribe;
pub(crate) mod web_stream;
mod wire;

pub(crate) use self::known_call::KnownCall;
pub(crate) use self::pubsub::is_subscribe;
pub(crate) use self::reply::Reply;
pub(crate) use self::status::Status;

const NO_CACHE: Error = Error::Malformed("the `cache` header names no cache");
const PING: &str = "/cache_client.Ping/Ping";
/// What the control plane answers.
const CONTROL: [&str; 4] =
    ["/control_client.ScsControl/", "/auth.Auth/", "/token.Token/", "/webhook.Webhook/"];
/// The trace of a request (W3C Trace Context).
const OF_TRACES: [&str; 2] = ["traceparent", "tracestate"];
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// The content type of every answer.
pub(crate) static CONTENT_TYPE: (HeaderName, HeaderValue) = (header::CONTENT_TYPE, GRPC);

/// Whether a gRPC request is for the data plane.
fn is_data(path: &str) -> bool {
    Service::of_path(path).is_some() || path == PING
}

/// Whether no such method exists, whatever the message will be. A streaming client waits for this
/// status before it ends its side of the stream.
pub(crate) fn is_unknown_method(path: &str) -> bool {
    if let Some((service, method)) = Service::of_path(path) {
        return Api::called(service, method).is_none();
    }
    path != PING && !CONTROL.iter().any(|service| path.starts_with(service))
}

/// Whether a call may take long.
pub(crate) fn length(path: &str) -> Length {
    let method = Service::of_path(path).and_then(|(service, method)| Api::called(service, method));
    method.map_or(Length::Short, Api::length)
}

/// The refusal of a path that no method has.
pub(crate) fn unimplemented(path: &str) -> Error {
    let method = path.strip_prefix('/').filter(|method| !method.is_empty());
    Error::Unimplemented(method.unwrap_or(path).to_owned())
}

/// Whether a path can only be meant for gRPC: `/{package.Service}/…`, or `/`. No path of plain HTTP
/// looks like that, so what a client says of its body cannot make one the other.
pub(crate) fn is_method(path: &[u8]) -> bool {
    let mut parts = path.split(|byte| *byte == b'/').skip(1);
    let service = parts.next().unwrap_or_default();
    let has_package = service.contains(&b'.') && !service.starts_with(b".");
    service.is_empty() || (has_package && parts.next().is_some())
}

/// Whether the client says that its message is gRPC's; `application/grpc-web` is another protocol.
pub(crate) fn is_grpc(headers: &Headers) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let rest = kind.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// Whether the request asks for injected errors or delays.
fn wants_faults(headers: &Headers) -> bool {
    headers.contains_key("error-rpcs") || headers.contains_key("delay-rpcs")
}

/// Whether another task answers: the control plane, a remote store, one that waits for an injected
/// delay, or one that begins a stream.
pub(crate) fn is_async(client: &Client, parts: &Parts) -> bool {
    !is_data(parts.target.path())
        || is_subscribe(parts.target.path())
        || client.is_remote()
        || (client.local && wants_faults(&parts.headers))
}

/// Answers a request for the data plane; `known` is what the same headers have called before.
pub(crate) fn answer(
    client: &Client,
    via: Via,
    parts: &Parts,
    known: Option<&Known<KnownCall>>,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> std::result::Result<Reply, Status> {
    let serve = || match known.and_then(|known| known.get(&client.worker, now)) {
        Some(call) => call.serve(&client.worker, &parts.headers, body, now, steps),
        None => called(client, via, parts, known, body, now, steps),
    };
    or_status(client, via, parts, guarded(serve))
}

/// The reply, or the status of the error; internal errors are logged.
fn or_status<T>(
    client: &Client,
    via: Via,
    parts: &Parts,
    answered: Result<T>,
) -> std::result::Result<T, Status> {
    answered.map_err(|error| {
        if error == Error::Waiting {
            return Status::from(error);
        }
        let is_ours = error == Error::Internal;
        let status = refused(client, via, error);
        if is_ours { status.named(client.log_internal_error(&parts.headers)) } else { status }
    })
}

/// The status of `error`, which is counted.
pub(crate) fn refused(client: &Client, via: Via, error: Error) -> Status {
    let status = Status::from(error);
    client.worker.stats.failed(via, status.code());
    status
}

/// Finds the method, authorizes the call for its cache, and serves it.
fn called(
    client: &Client,
    via: Via,
    parts: &Parts,
    known: Option<&Known<KnownCall>>,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Result<Reply> {
    offered(client, via)?;
    cors::admit(client, parts)?;
    let path = parts.target.path();
    let Some((service, method)) = Service::of_path(path) else { return Ok(Reply::empty()) };
    let api = Api::called(service, method).ok_or_else(|| unimplemented(path))?;
    let authorized = |cache| authorized(client, parts, cache, now);
    let call = |authorization| KnownCall::new(authorization, via, api);
    let serve =
        |call: &KnownCall, body| call.serve(&client.worker, &parts.headers, body, now, steps);
    if service == Service::Pubsub {
        // It names the cache in its message.
        let message = body.clone();
        let cache = pubsub::cache(&message);
        let body = if cache.is_empty() { body.and(Err(pubsub::NO_CACHE)) } else { body };
        return serve(&call(authorized(cache)?), body);
    }
    let cache = headers::cache(&parts.headers)?;
    let call = Rc::new(call(authorized(cache)?));
    if cache.is_empty() {
        return serve(&call, body.and(Err(NO_CACHE)));
    }
    if let Some(known) = known {
        known.set(call.clone());
    }
    serve(&call, body)
}

/// What the caller may do in a cache.
fn authorized(client: &Client, parts: &Parts, cache: &[u8], now: Now) -> Result<Rc<Authorization>> {
    let (gate, meter) = (&client.worker.core.gate, &client.worker.meter);
    let credential = client.credential(parts, headers::token(&parts.headers)?);
    let authorized =
        client.authorizations.borrow_mut().authorize(gate, meter, credential, cache, now);
    client.noting(authorized)
}

/// Whether the listener offers gRPC or grpc-web, as `via` says.
fn offered(client: &Client, via: Via) -> Result<()> {
    let (protocol, name) = match via {
        Via::GrpcWeb => (Protocol::Web, "grpc-web"),
        _ => (Protocol::Grpc, "gRPC"),
    };
    if client.offers(protocol) { Ok(()) } else { Err(Error::NotOffered(name)) }
}

/// Answers a request that waits: after injected faults, or by the control plane.
pub(crate) async fn answer_async(
    client: &Client,
    via: Via,
    parts: &Parts,
    body: Result<Bytes>,
) -> std::result::Result<Reply, Status> {
    if !is_data(parts.target.path()) {
        return forward(client, via, parts, body).await;
    }
    inject(client, parts).await?;
    let now = client.worker.core.clock.now();
    let steps = Steps::one();
    let serve = || guarded(|| called(client, via, parts, None, body.clone(), now, &steps));
    or_status(client, via, parts, client.worker.core.gate.backend().wait_for(serve).await)
}

/// Waits and fails as the client asks for, on a `--local` server.
async fn inject(client: &Client, parts: &Parts) -> std::result::Result<(), Status> {
    if !client.local {
        return Ok(());
    }
    let method = parts.target.path().rsplit('/').next().unwrap_or_default();
    let injected = client.worker.faults.inject(method, &parts.headers).await;
    injected.map_or(Ok(()), |code| Err(Status::injected(code)))
}

/// Forwards the call to the control plane.
async fn forward(
    client: &Client,
    via: Via,
    parts: &Parts,
    body: Result<Bytes>,
) -> std::result::Result<Reply, Status> {
    let began = client.worker.core.clock.now();
    let id = request_id::of(&parts.headers);
    let answered = ask(client, via, parts, &id, body).await.map_err(|status| status.named(id));
    let code = answered.as_ref().map_or_else(Status::code, |_| 0);
    client.worker.stats.controlled(via, began, Class::of_grpc(code));
    answered
}

async fn ask(
    client: &Client,
    via: Via,
    parts: &Parts,
    id: &HeaderValue,
    body: Result<Bytes>,
) -> std::result::Result<Reply, Status> {
    offered(client, via)?;
    cors::admit(client, parts)?;
    let message = frame::message(body?)?;
    let caller = control::caller(client, parts, &message)?;
    let mut headers = Headers::default();
    let peer = client.peer.ip();
    forward::introduce(&mut headers, caller.as_ref(), peer, client.secure, Speaks::Grpc);
    let from = caller.map_or(From::Unknown(peer), |_| From::Known);
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert(REQUEST_ID, id.clone());
    for name in OF_TRACES {
        let given = parts.headers.get(name).cloned();
        headers.extend(given.map(|value| (HeaderName::from_static(name), value)));
    }
    let mut request = Request::post(parts.target.path())
        .body(Full::new(message))
        .map_err(|_| Error::Malformed("the path is no gRPC method"))?;
    *request.headers_mut() = headers.into();
    let answer = client.worker.app.ask(request, from).await?;
    Status::of_answer(&answer.headers)?;
    Ok(Reply::message(&answer.body))
}

#[cfg(test)]
mod step_tests;
#[cfg(test)]
mod tests;
