//! A request on HTTP/2, from its headers to its answer.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
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
        if self.route == Route::Http && names_two_hosts(&self.parts) {
            self.refuse(visit, Error::Malformed("`:authority` and `host` must name one host"), now);
            return None;
        }
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
                let now = visit.worker.core.clock.now();
                return self.refuse(&visit, Error::Overloaded(Overload::Strangers), now);
            }
        }
        let time = if is_known { BODY } else { STRANGER_BODY };
        let under_way = UnderWay::begin(&visit);
        tokio::task::spawn_local(async move {
            let mut held = Held::for_body(&visit.worker.core.room);
            let body = timeout(time, poll_fn(|cx| self.poll_body(&mut held, cx))).await;
            let body = match body.unwrap_or(Err(BodyError::TooSlow)) {
                Err(BodyError::TooLarge) if !is_known => {
                    Err(BodyError::Refused(Error::StrangerTooLarge))
                }
                body => body,
            };
            if self.route.waits(&visit, &self.parts) {
                self.answer_later(&visit, body).await;
            } else {
                let now = visit.worker.core.clock.now();
                self.answer(&visit, body, now);
            }
            visit.worker.stats.settle(visit.worker.core.clock.micros());
            drop((stranger, under_way, held));
        });
    }

    fn poll_body(
        &mut self,
        held: &mut Held,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, BodyError>> {
        let body = self.body.poll(cx);
        if body.is_pending()
            && self.body.held() > AT_ONCE_BYTES
            && let Err(error) = held.hold(self.body.held())
        {
            return Poll::Ready(Err(BodyError::Refused(error)));
        }
        body
    }

    fn answer(self, visit: &Visit, body: Result<Bytes, BodyError>, now: Now) {
        let Some(body) = arrived(body) else { return };
        let Taken { route, parts, respond, body: unread } = self;
        let is_refused = body.is_err();
        match route {
            Route::Grpc => {
                grpc::send(visit, respond, grpc::answer(visit, Via::Grpc, &parts, body, now));
            }
            Route::Http => {
                let response = web::answer(visit, &parts, body, now);
                send(visit, respond, &parts.method, response, now);
            }
        }
        if is_refused {
            unread.linger();
        }
    }

    async fn answer_later(self, visit: &Visit, body: Result<Bytes, BodyError>) {
        let Some(body) = arrived(body) else { return };
        let Taken { route, parts, respond, body: unread } = self;
        match route {
            Route::Grpc => {
                let reply = grpc::answer_late(visit, Via::Grpc, &parts, body).await;
                grpc::send(visit, respond, reply);
            }
            Route::Http => {
                let method = parts.method.clone();
                let response = web::answer_late(visit, parts, body).await;
                send(visit, respond, &method, response, visit.worker.core.clock.now());
            }
        }
        unread.linger();
    }

    fn refuse(self, visit: &Visit, error: Error, now: Now) {
        let Taken { route, parts, respond, body: unread } = self;
        match route {
            Route::Grpc => {
                let status = grpc::refused(visit, Via::Grpc, error);
                grpc::send(visit, respond, Err(status));
            }
            Route::Http => {
                let response = web::refusal(visit, &parts, error);
                send(visit, respond, &parts.method, response, now);
            }
        }
        unread.linger();
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

/// Whether a request is for a host and names another, or bears a name and password there
/// (RFC 9113 §8.3.1).
fn names_two_hosts(parts: &Parts) -> bool {
    let authority = parts.uri.authority().map_or("", Authority::as_str);
    let host = parts.headers.get(header::HOST);
    authority.contains('@') || host.is_some_and(|host| !authority.is_empty() && host != authority)
}

/// Sends a response of plain HTTP. A stream that the client has reset takes no answer.
fn send(
    visit: &Visit,
    mut respond: SendResponse<Bytes>,
    method: &Method,
    mut response: Response<Bytes>,
    now: Now,
) {
    let held = sending::room_for(visit, response.body().len()).unwrap_or_else(|error| {
        response = plain::refused(visit, &error);
        None
    });
    let (mut parts, body) = response.into_parts();
    if !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    parts.headers.insert(header::DATE, date(now.epoch_seconds));
    let ends = body.is_empty() || method == Method::HEAD;
    let Ok(stream) = respond.send_response(Response::from_parts(parts, ()), ends) else { return };
    if !ends {
        let bytes = body.len();
        sending::send(visit, stream, (std::iter::once(body), bytes), None, held);
    }
}

/// A request that somebody else is to answer, or whose body is on its way.
struct UnderWay(Rc<Visit>);

impl UnderWay {
    fn begin(visit: &Rc<Visit>) -> Self {
        visit.under_way.set(visit.under_way.get() + 1);
        UnderWay(visit.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
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
