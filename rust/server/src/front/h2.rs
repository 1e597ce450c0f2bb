//! HTTP/2 connections, straight on the `h2` crate.
//!
//! All requests that have arrived are taken in before the first is answered, and
//! all answers of such a batch leave in one write: `poll_accept` writes out what
//! is pending at every call. A request whose body has arrived, with it or by the
//! next read, is answered on the spot; only one that must wait longer (for its
//! body, for the control plane) gets a task of its own.

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

use super::body::{Body, BodyError};
use super::{Visit, grpc, http as plain};
use crate::clock::Now;
use crate::error::Error;
use crate::limits::{HEADER_BYTES, REQUEST_BYTES, STRANGER_BYTES, STREAMS_PER_CONNECTION};

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
    let Some(Ok(mut connection)) = visit.unless_stopped(builder.handshake(io)).await else {
        return;
    };
    let mut stop = visit.worker.stopped.clone();
    let mut stop = pin!(stop.wait_for(|stop| *stop));
    let mut stopping = false;
    let (mut batch, mut late) = (Vec::new(), Vec::new());
    poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.graceful_shutdown();
        }
        let mut once_late: Vec<Taken> = std::mem::take(&mut late);
        loop {
            match connection.poll_accept(cx) {
                Poll::Ready(Some(Ok(arrived))) => batch.push(arrived),
                Poll::Ready(end) => {
                    visit.worker.stats.settle(visit.worker.core.clock.now());
                    if let Some(Err(error)) = end {
                        visit.closed_by_h2(&error);
                    }
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    let now = visit.worker.core.clock.now();
                    // What was answered before has been written meanwhile.
                    visit.worker.stats.settle(now);
                    let mut answered = false;
                    for taken in once_late.drain(..) {
                        match taken.try_answer(&visit, now, cx) {
                            Some(taken) => taken.answer_whenever(visit.clone()),
                            None => answered = true,
                        }
                    }
                    for arrived in batch.drain(..) {
                        match Taken::new(arrived).try_answer(&visit, now, cx) {
                            Some(taken) => late.push(taken),
                            None => answered = true,
                        }
                    }
                    if !answered {
                        return Poll::Pending;
                    }
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

/// A request that was taken in, with as much of its body as has arrived.
struct Taken {
    route: Route,
    parts: Parts,
    body: Body,
    respond: SendResponse<Bytes>,
}

impl Taken {
    fn new((request, respond): Arrived) -> Self {
        let (parts, stream) = request.into_parts();
        let body = Body::new(stream, REQUEST_BYTES + FRAMING);
        Taken { route: Route::of(&parts), parts, body, respond }
    }

    /// Answers, or sees to it that somebody does; returns the request if its body is not all there.
    fn try_answer(mut self, visit: &Rc<Visit>, now: Now, cx: &mut Context<'_>) -> Option<Self> {
        if self.route.waits(visit, &self.parts) {
            self.answer_whenever(visit.clone());
            return None;
        }
        match self.body.poll(cx) {
            Poll::Ready(body) => self.answer(visit, body, now),
            // What a stranger may not send is not kept until it is all there, either.
            Poll::Pending if self.body.held() > STRANGER_BYTES && !visit.knows(&self.parts) => {
                self.answer(visit, Err(BodyError::TooLarge), now);
            }
            Poll::Pending => return Some(self),
        }
        None
    }

    /// Gives the request a task of its own, which waits for all that is missing.
    fn answer_whenever(mut self, visit: Rc<Visit>) {
        if !visit.knows(&self.parts) {
            self.body.limit_to(STRANGER_BYTES);
        }
        tokio::task::spawn_local(async move {
            let body = poll_fn(|cx| self.body.poll(cx)).await;
            if self.route.waits(&visit, &self.parts) {
                self.answer_later(&visit, body).await;
            } else {
                let now = visit.worker.core.clock.now();
                self.answer(&visit, body, now);
            }
            visit.worker.stats.settle(visit.worker.core.clock.now());
        });
    }

    fn answer(self, visit: &Visit, body: Result<Bytes, BodyError>, now: Now) {
        let Some(body) = arrived(body) else { return };
        if self.route == Route::GrpcData {
            grpc::send(self.respond, grpc::answer(visit, &self.parts, body, now));
        } else {
            plain::send(self.respond, plain::answer(visit, &self.parts, body, now));
        }
    }

    async fn answer_later(self, visit: &Visit, body: Result<Bytes, BodyError>) {
        let Some(body) = arrived(body) else { return };
        let Taken { route, parts, respond, .. } = self;
        match route {
            Route::GrpcData => grpc::send(respond, grpc::answer_late(visit, &parts, body).await),
            Route::GrpcControl => grpc::send(respond, grpc::forward(visit, &parts, body).await),
            _ => plain::send(respond, plain::forward(visit, parts, body).await),
        }
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
