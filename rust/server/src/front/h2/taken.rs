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
use crate::front::date::date;
use crate::front::room::Held;
use crate::front::{Visit, grpc, http as plain, web};
use crate::limits::{
    AT_ONCE_BYTES, BODY, REQUEST_BYTES, STRANGER_BODY, STRANGER_BYTES, STRANGERS_PER_CONNECTION,
};
use crate::stats::Via;

/// What may come before and after a message in a body: the gRPC prefix, and slack.
const FRAMING: usize = 64;

/// Who is to answer a request, and in which protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Grpc,
    Http,
}

impl Route {
    fn of(parts: &Parts) -> Self {
        if grpc::is_grpc(&parts.headers) { Route::Grpc } else { Route::Http }
    }

    /// How many bytes the body of a request may have.
    fn limit(self, parts: &Parts) -> usize {
        match self {
            Route::Grpc => REQUEST_BYTES + FRAMING,
            Route::Http => web::limit(parts),
        }
    }

    /// Whether the answer needs somebody else, or a delay that a test asked for.
    fn waits(self, visit: &Visit, parts: &Parts) -> bool {
        match self {
            Route::Grpc => grpc::waits(visit, parts),
            Route::Http => web::waits(visit, parts),
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
        let route = Route::of(&parts);
        let body = Body::new(stream, route.limit(&parts));
        Taken { route, parts, body, respond }
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
            Poll::Pending if !plain::is_public(&self.parts.uri) && !visit.knows(&self.parts) => {
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
            visit.worker.stats.settle(visit.worker.core.clock.micros());
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
        match self.route {
            Route::Grpc => {
                let reply = grpc::answer(visit, Via::Grpc, &self.parts, body, now);
                grpc::send(visit, self.respond, reply);
            }
            Route::Http => {
                let response = web::answer(visit, &self.parts, body, now);
                send(visit, self.respond, &self.parts.method, response);
            }
        }
    }

    async fn answer_later(self, visit: &Rc<Visit>, body: Result<Bytes, BodyError>) {
        let Some(body) = arrived(body) else { return };
        let Taken { route, parts, respond, .. } = self;
        match route {
            Route::Grpc => {
                let reply = grpc::answer_late(visit, Via::Grpc, &parts, body).await;
                grpc::send(visit, respond, reply);
            }
            Route::Http => {
                let method = parts.method.clone();
                send(visit, respond, &method, web::answer_late(visit, parts, body).await);
            }
        }
    }

    fn refuse(self, visit: &Rc<Visit>, error: Error) {
        match self.route {
            Route::Grpc => {
                let status = grpc::refused(visit, Via::Grpc, error);
                grpc::send(visit, self.respond, Err(status));
            }
            Route::Http => {
                let response = web::refusal(visit, &self.parts, error);
                send(visit, self.respond, &self.parts.method, response);
            }
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
    parts.headers.insert(header::DATE, date(visit.worker.core.clock.now().epoch_seconds));
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
        sending::later(visit, stream, vec![body], None, held);
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
