//! `Subscribe`: a stream of messages, on HTTP/2 or by grpc-web.

use bytes::Bytes;

use super::pubsub::{HEARTBEAT, NO_CACHE, Request, framed, text};
use super::status::Status;
use super::{CONTENT_TYPE, frame, headers, inject, offered, or_status};
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::cors;
use crate::front::fault_injection::stream_error;
use crate::front::streamed::{End, From, Streamed, Wire};
use crate::gate::{DataRequest, Subscribe};
use crate::message::{Headers, Parts, Response};
use crate::methods::Api;
use crate::stats::{Via, guarded};
use crate::steps::Steps;
use crate::topics::{Delivery, Encoded, Notifier, Places};

/// The name of the method.
const API: &str = "Subscribe";

/// Where a stream goes.
pub(super) struct To {
    /// Its head.
    pub(super) response: Response,
    pub(super) wire: Box<dyn Wire>,
    /// How it ends with a status.
    pub(super) ends: fn(Status) -> End,
    pub(super) notifier: Notifier,
}

/// Begins a stream on HTTP/2.
pub(crate) async fn subscribe(
    client: &Client,
    parts: &Parts,
    body: Result<Bytes>,
    notifier: Notifier,
) -> std::result::Result<Streamed, Status> {
    let mut response = Response::new(Bytes::new());
    response.headers.insert(CONTENT_TYPE.0.clone(), CONTENT_TYPE.1.clone());
    let to = To { response, wire: Box::new(Native), ends: ended, notifier };
    begin(client, Via::Grpc, parts, body, to).await
}

/// Begins a stream, which fails later if a `--local` server is asked for that.
pub(super) async fn begin(
    client: &Client,
    via: Via,
    parts: &Parts,
    body: Result<Bytes>,
    to: To,
) -> std::result::Result<Streamed, Status> {
    inject(client, parts).await?;
    let failure = client.local.then(|| stream_error(API, &parts.headers)).flatten();
    if let Some((code, 0)) = failure {
        return Err(Status::injected(code));
    }
    let ends = to.ends;
    let begun = guarded(|| subscribed(client, via, parts, body, to));
    let mut streamed = or_status(client, via, parts, begun)?;
    if let Some((code, after)) = failure {
        streamed.fail_after(after, ends(Status::injected(code)));
    }
    Ok(streamed)
}

/// `_SubscriptionRequest` → a stream of `_SubscriptionItem`, whose head is `response`.
fn subscribed(
    client: &Client,
    via: Via,
    parts: &Parts,
    body: Result<Bytes>,
    To { response, wire, notifier, .. }: To,
) -> Result<Streamed> {
    offered(client, via)?;
    cors::admit(client, parts)?;
    let ready = notifier.ready.clone();
    let worker = &client.worker;
    let (now, steps, gate) = (worker.core.clock.now(), Steps::one(), &worker.core.gate);
    let message = body.and_then(frame::message);
    let request = message.as_ref().map_err(Clone::clone).and_then(|bytes| Request::read(bytes));
    let cache = request.as_ref().map_or(&b""[..], |request| request.cache);
    let credential = client.credential(parts, headers::token(&parts.headers)?);
    let mut authorizations = client.authorizations.borrow_mut();
    let authorized = authorizations.authorize(gate, &worker.meter, credential, cache, now);
    let authorization = &client.noting(authorized)?;
    let call = DataRequest { authorization, api: Api::Subscribe, via, now, steps: &steps };
    let input = request.as_ref().map_err(Clone::clone);
    let input = if cache.is_empty() { input.and(Err(NO_CACHE)) } else { input };
    let subscription = gate.serve(call, &worker.stats, input, |call, request| {
        let (cache, topic, resume) = (text(request.cache)?, request.topic()?, request.resume);
        let places = &Places::of(1);
        let asked = Subscribe { credential, authorization, cache, topic, resume, notifier, places };
        call.subscribe(asked, &worker.permits, &worker.topics)
    })?;
    Ok(Streamed::new(response, (vec![subscription], ready), wire, client.local))
}

/// gRPC on HTTP/2.
pub(super) struct Native;

impl Wire for Native {
    fn delivery(&mut self, _: From<'_>, delivery: &Delivery) -> Encoded {
        framed(delivery)
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(HEARTBEAT)
    }

    fn end(&self, why: Error) -> End {
        ended(why.into())
    }
}

fn ended(status: Status) -> End {
    let mut trailers = Headers::default();
    status.write(&mut trailers);
    End { trailers: Some(trailers), ..End::default() }
}
