//! A request on HTTP/2, from its headers to its answer.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::body::{Body, BodyError};
use super::sending;
use crate::clock::Now;
use crate::error::{Error, Overload};
use crate::front::room::Held;
use crate::front::{Visit, grpc, http as plain};
use crate::limits::{
    AT_ONCE_BYTES, BODY, REQUEST_BYTES, STRANGER_BODY, STRANGER_BYTES, STRANGERS_PER_CONNECTION,
};

/// What may come before and after a message in a body: the gRPC prefix, and slack for other protocols.
const FRAMING: usize = 64;

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

    fn is_grpc(self) -> bool {
        matches!(self, Route::GrpcData | Route::GrpcControl)
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
pub(super) struct Taken {
    route: Route,
    parts: Parts,
    body: Body,
    respond: SendResponse<Bytes>,
}

impl Taken {
    pub(super) fn new((request, respond): (Request<RecvStream>, SendResponse<Bytes>)) -> Self {
        let (parts, stream) = request.into_parts();
        let body = Body::new(stream, REQUEST_BYTES + FRAMING);
        Taken { route: Route::of(&parts), parts, body, respond }
    }

    /// Answers, or sees to it that somebody does; returns the request if its body is not all there.
    pub(super) fn try_answer(
        mut self,
        visit: &Rc<Visit>,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Option<Self> {
        if self.route.waits(visit, &self.parts) {
            self.answer_whenever(visit.clone());
            return None;
        }
        match self.body.poll(cx) {
            Poll::Ready(body) => self.answer(visit, body, now),
            // The answer will be that we do not know him, whatever he sends.
            Poll::Pending if !visit.knows(&self.parts) => {
                self.answer(visit, Err(BodyError::TooLarge), now);
            }
            Poll::Pending => return Some(self),
        }
        None
    }

    /// Gives the request a task of its own, which waits for all that is missing.
    pub(super) fn answer_whenever(mut self, visit: Rc<Visit>) {
        let is_known = visit.knows(&self.parts);
        let stranger = if is_known { None } else { Stranger::come(&visit) };
        if !is_known {
            self.body.limit_to(STRANGER_BYTES);
            if stranger.is_none() {
                return self.refuse(&visit, Error::Overloaded(Overload::Strangers));
            }
        }
        let time = if is_known { BODY } else { STRANGER_BODY };
        tokio::task::spawn_local(async move {
            let mut held = Held::nothing(&visit.worker.core.room);
            let body = timeout(time, poll_fn(|cx| self.poll_body(&mut held, cx))).await;
            let body = body.unwrap_or(Err(BodyError::TooSlow));
            if self.route.waits(&visit, &self.parts) {
                self.answer_later(&visit, body).await;
            } else {
                let now = visit.worker.core.clock.now();
                self.answer(&visit, body, now);
            }
            visit.worker.stats.settle(visit.worker.core.clock.now());
            drop((stranger, held));
        });
    }

    fn poll_body(
        &mut self,
        held: &mut Held,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, BodyError>> {
        let body = self.body.poll(cx);
        match held.hold(self.body.held()) {
            Err(error) if body.is_pending() => Poll::Ready(Err(BodyError::Refused(error))),
            _ => body,
        }
    }

    fn answer(self, visit: &Rc<Visit>, body: Result<Bytes, BodyError>, now: Now) {
        let Some(body) = arrived(body) else { return };
        if self.route == Route::GrpcData {
            let reply = grpc::answer(visit, &self.parts, body, now);
            grpc::send(visit, self.respond, reply);
        } else {
            let response = plain::answer(visit, &self.parts, body, now);
            send(visit, self.respond, &self.parts.method, response);
        }
    }

    async fn answer_later(self, visit: &Rc<Visit>, body: Result<Bytes, BodyError>) {
        let Some(body) = arrived(body) else { return };
        let Taken { route, parts, respond, .. } = self;
        match route {
            Route::GrpcData => {
                grpc::send(visit, respond, grpc::answer_late(visit, &parts, body).await);
            }
            Route::GrpcControl => {
                grpc::send(visit, respond, grpc::forward(visit, &parts, body).await);
            }
            _ => {
                let method = parts.method.clone();
                send(visit, respond, &method, plain::forward(visit, parts, body).await);
            }
        }
    }

    fn refuse(self, visit: &Rc<Visit>, error: Error) {
        if self.route.is_grpc() {
            grpc::send(visit, self.respond, Err(grpc::refused(visit, error)));
        } else {
            send(visit, self.respond, &self.parts.method, plain::refused(visit, &error));
        }
    }
}

/// The body or what is wrong with it; `None` if nobody waits for an answer any more.
fn arrived(body: Result<Bytes, BodyError>) -> Option<Result<Bytes, Error>> {
    match body {
        Ok(body) => Some(Ok(body)),
        Err(BodyError::TooLarge) => Some(Err(Error::RequestTooLarge)),
        Err(BodyError::TooSlow) => Some(Err(Error::TooSlow)),
        Err(BodyError::Refused(error)) => Some(Err(error)),
        Err(BodyError::Gone) => None,
    }
}

/// Sends a response of plain HTTP. A stream that the client has reset takes no answer.
fn send(
    visit: &Rc<Visit>,
    mut respond: SendResponse<Bytes>,
    method: &Method,
    mut response: Response<Bytes>,
) {
    let mut held = Held::counted(&visit.worker.core.room, &visit.unsent);
    if let Err(error) = held.hold(response.body().len()) {
        response = plain::refused(visit, &error);
    }
    let (mut parts, body) = response.into_parts();
    if !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let ends = body.is_empty() || method == Method::HEAD;
    let Ok(mut stream) = respond.send_response(Response::from_parts(parts, ()), ends) else {
        return;
    };
    if ends {
        return;
    }
    if body.len() <= AT_ONCE_BYTES {
        let _ = stream.send_data(body, true);
    } else {
        sending::later(stream, vec![body], None, held);
    }
}

/// A request of somebody who is not known, while it is under way.
struct Stranger(Rc<Visit>);

impl Stranger {
    /// `None` if too many are there.
    fn come(visit: &Rc<Visit>) -> Option<Self> {
        let there = visit.strangers.get();
        (there < STRANGERS_PER_CONNECTION).then(|| {
            visit.strangers.set(there + 1);
            Stranger(visit.clone())
        })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.strangers.set(self.0.strangers.get() - 1);
    }
}
