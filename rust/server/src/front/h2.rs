//! HTTP/2 connections, straight on the `h2` crate.
//!
//! All requests that have arrived are taken in before the first is answered, and
//! all answers of such a batch leave in one write: `poll_accept` writes out what
//! is pending at every call. A request whose body has arrived with it is answered
//! on the spot; only one that must wait (for its body, for the control plane)
//! gets a task of its own.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, SendResponse};
use http::Request;
use http::request::Parts;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::body::{Body, BodyError};
use super::{Visit, grpc, http as plain};
use crate::clock::Now;
use crate::error::Error;
use crate::limits::{HANDSHAKE, HEADER_BYTES, REQUEST_BYTES, STREAMS_PER_CONNECTION};

const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// What may come before and after a message in a body: the gRPC prefix, and slack for other protocols.
const FRAMING: usize = 64;

type Arrived = (Request<RecvStream>, SendResponse<Bytes>);

/// Serves one connection until it ends or the server drains.
pub(super) async fn serve<I>(io: I, visit: Rc<Visit>)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(HEADER_BYTES);
    let Ok(Ok(mut connection)) = timeout(HANDSHAKE, builder.handshake(io)).await else { return };
    let mut stop = visit.worker.stopped.clone();
    let mut stop = pin!(stop.wait_for(|stop| *stop));
    let mut stopping = false;
    let mut batch = Vec::new();
    poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.graceful_shutdown();
        }
        loop {
            match connection.poll_accept(cx) {
                Poll::Ready(Some(Ok(arrived))) => batch.push(arrived),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if batch.is_empty() => return Poll::Pending,
                Poll::Pending => {
                    let now = visit.worker.core.clock.now();
                    batch.drain(..).for_each(|arrived| take_in(&visit, arrived, now, cx));
                }
            }
        }
    })
    .await;
}

/// Who is to answer a request, and in which protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    GrpcData,
    GrpcControl,
    HttpData,
    HttpControl,
}

impl Route {
    fn of(parts: &Parts) -> Self {
        match (grpc::is_grpc(&parts.headers), &parts.uri) {
            (true, uri) if grpc::is_data(uri) => Route::GrpcData,
            (true, _) => Route::GrpcControl,
            (false, uri) if plain::is_data(uri) => Route::HttpData,
            (false, _) => Route::HttpControl,
        }
    }

    /// Whether the answer needs somebody else, or a delay that a test asked for.
    fn waits(self, visit: &Visit, parts: &Parts) -> bool {
        match self {
            Route::GrpcData => visit.local && grpc::wants_faults(&parts.headers),
            Route::HttpData => false,
            Route::GrpcControl | Route::HttpControl => true,
        }
    }
}

/// Answers a request now if it is all there and needs nobody else; else gives it a task.
fn take_in(visit: &Rc<Visit>, (request, respond): Arrived, now: Now, cx: &mut Context<'_>) {
    let (parts, stream) = request.into_parts();
    let mut body = Body::new(stream, REQUEST_BYTES + FRAMING);
    let route = Route::of(&parts);
    let waits = route.waits(visit, &parts);
    match body.poll(cx) {
        Poll::Ready(body) if !waits => answer(visit, route, &parts, respond, body, now),
        polled => {
            let visit = visit.clone();
            tokio::task::spawn_local(async move {
                let body = match polled {
                    Poll::Ready(body) => body,
                    Poll::Pending => poll_fn(|cx| body.poll(cx)).await,
                };
                if waits {
                    answer_later(&visit, route, parts, respond, body).await;
                } else {
                    let now = visit.worker.core.clock.now();
                    answer(&visit, route, &parts, respond, body, now);
                }
            });
        }
    }
}

fn answer(
    visit: &Visit,
    route: Route,
    parts: &Parts,
    respond: SendResponse<Bytes>,
    body: Result<Bytes, BodyError>,
    now: Now,
) {
    let Some(body) = arrived(body) else { return };
    if route == Route::GrpcData {
        grpc::send(respond, grpc::answer(visit, parts, body, now));
    } else {
        plain::send(respond, plain::answer(visit, parts, body, now));
    }
}

async fn answer_later(
    visit: &Visit,
    route: Route,
    parts: Parts,
    respond: SendResponse<Bytes>,
    body: Result<Bytes, BodyError>,
) {
    let Some(body) = arrived(body) else { return };
    match route {
        Route::GrpcData => grpc::send(respond, grpc::answer_late(visit, &parts, body).await),
        Route::GrpcControl => grpc::send(respond, grpc::forward(visit, &parts, body).await),
        _ => plain::send(respond, plain::forward(visit, parts, body).await),
    }
}

/// The body or what is wrong with it; `None` if nobody waits for an answer any more.
fn arrived(body: Result<Bytes, BodyError>) -> Option<Result<Bytes, Error>> {
    match body {
        Ok(body) => Some(Ok(body)),
        Err(BodyError::TooLarge) => Some(Err(Error::RequestTooLarge)),
        Err(BodyError::Gone) => None,
    }
}
