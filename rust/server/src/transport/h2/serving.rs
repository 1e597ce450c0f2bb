//! Serves requests: admits bodies that arrive in pieces, and answers at once or in another task.

use std::rc::Rc;

use attimo_engine::LARGE_VALUE_BYTES;
use bytes::Bytes;
use http::StatusCode;
use tokio::sync::oneshot;

use super::answer::{self, Answer};
use super::body::Body;
use super::connection::Connection;
use super::deferred::{AnonymousPermit, AnswerSender};
use super::error::{ErrorCode, Fault, Outcome};
use super::request::{Request, Route};
use super::stream::{BodyPolicy, CompleteRequest, Receiving, State, Stream, Waiting};
use crate::clock::Now;
use crate::error::{Error, Overload, Result};
use crate::front::admission;
use crate::front::client::Client;
use crate::front::grpc;
use crate::front::rest::paths;
use crate::limits::{BODY, UNAUTHENTICATED_BODY, UNAUTHENTICATED_BYTES, UNSENT_BYTES};
use crate::memory_budget::{IDLE_AFTER, Reservation};
use crate::steps::{Begun, RequestSlot, Steps, Tried};

/// How many large requests of a connection other tasks serve: more would not be done sooner, and
/// each may hold much memory.
const LARGE_PER_CONNECTION: usize = 8;
const TOO_MANY_UNAUTHENTICATED: Error = Error::Overloaded(Overload::Unauthenticated);

impl Connection {
    /// Begins a request whose headers are complete.
    pub(super) fn begin_request(
        &mut self,
        id: u32,
        ends: bool,
        request: Rc<Request>,
    ) -> Outcome<()> {
        if request.parts.is_for_stream() {
            self.begin_connect(id, ends, request);
            return Ok(());
        }
        let body = Body::new(request.limit, request.length, request.route == Route::Grpc);
        if ends && !body.fits(0, true) {
            return Err(Fault::Stream(id, ErrorCode::ProtocolError));
        }
        let state = State::Body(Receiving { request, body, policy: None });
        let mut stream = Stream::new(id, state, self.window);
        stream.has_ended = ends;
        self.streams.put(stream);
        if ends {
            self.complete(id, Ok(Bytes::new()));
        }
        Ok(())
    }

    /// Refuses headers that are too large.
    pub(super) fn refuse_headers(&mut self, id: u32, ends: bool, route: Route) -> Outcome<()> {
        let mut stream = Stream::new(id, State::Deferred(None), self.window);
        stream.has_ended = ends;
        let answer = answer::of_headers(&self.client, route, Error::HeadersTooLarge);
        self.answer(stream, answer);
        self.flood_guard.note_reset().map_err(Fault::Connection)
    }

    /// Serves a request that is complete, or whose remaining body is ignored.
    pub(super) fn complete(&mut self, id: u32, body: Result<Bytes>) {
        let Some(mut stream) = self.streams.take(id) else { return };
        let State::Body(receiving) = stream.state else { return self.streams.put(stream) };
        let Receiving { request, policy, .. } = receiving;
        stream.state = State::Deferred(None);
        let mut complete = CompleteRequest { request, body, policy, has_given_up: false };
        if complete.is_tried() && !self.leaves_much() {
            match self.try_now(&complete) {
                Tried::Done(answer) => return self.answer(stream, answer),
                tried => complete.has_given_up = matches!(tried, Tried::GaveUp),
            }
        }
        let is_large = complete.is_large();
        let is_late = is_large && !(self.waiting_large.is_empty() && self.has_large_room());
        if is_late || self.leaves_much() {
            stream.state = State::Waiting(Box::new(self.keep(complete)));
            self.streams.put(stream);
            let queue = if is_large { &mut self.waiting_large } else { &mut self.waiting };
            queue.push_back(id);
        } else {
            self.serve(stream, complete);
        }
    }

    /// Keeps a request for later. Its body may not be counted yet, so it is counted now; a short
    /// body is copied, to free the read buffer that holds it.
    fn keep(&self, complete: CompleteRequest) -> Waiting {
        let mut reservation = Reservation::nothing(&self.client.worker.core.memory_budget);
        let body = complete.body.and_then(|body| {
            reservation.reserve(body.len())?;
            Ok(if body.len() < LARGE_VALUE_BYTES { Bytes::copy_from_slice(&body) } else { body })
        });
        Waiting { complete: CompleteRequest { body, ..complete }, reservation }
    }

    /// Whether so many responses are unread that new requests wait.
    pub(super) fn leaves_much(&self) -> bool {
        self.output.is_full() || self.unsent.get() > UNSENT_BYTES
    }

    /// Whether a waiting request can be served now.
    pub(super) fn can_serve(&self) -> bool {
        let large = self.has_large_room() && !self.waiting_large.is_empty();
        (large || !self.waiting.is_empty()) && !self.leaves_much()
    }

    /// Whether another task may serve a large request.
    fn has_large_room(&self) -> bool {
        let served = Rc::strong_count(&self.large) - 1;
        served == 0 || served < LARGE_PER_CONNECTION && self.client.worker.turns.has_many_slots()
    }

    fn next_waiting(&mut self) -> Option<u32> {
        let next = self.waiting.pop_front();
        if next.is_none() && self.has_large_room() { self.waiting_large.pop_front() } else { next }
    }

    /// Serves requests that waited for the client to read, or for large ones.
    pub(super) fn serve_waiting(&mut self) {
        while !self.leaves_much()
            && let Some(id) = self.next_waiting()
        {
            let Some(mut stream) = self.streams.take(id) else { continue };
            let state = std::mem::replace(&mut stream.state, State::Deferred(None));
            if let State::Waiting(waiting) = state {
                self.serve(stream, waiting.complete);
            }
        }
    }

    pub(super) fn serve(&mut self, stream: Stream, complete: CompleteRequest) {
        let request = &complete.request;
        if request.route == Route::Http
            && let Err(error) = request.check()
        {
            let answer = answer::refusal(&self.client, request, error);
            return self.answer(stream, answer);
        }
        if request.waits {
            return self.ask(stream, complete);
        }
        if complete.is_large() {
            return self.serve_in_steps(stream, complete);
        }
        let answer = answer::now(&self.client, request, complete.body, self.now, &Steps::one());
        self.answer(stream, answer);
    }

    /// Answers at once if what the request reads turns out to be small.
    #[inline(never)]
    fn try_now(&self, complete: &CompleteRequest) -> Tried<answer::Answer> {
        let CompleteRequest { request, body, .. } = complete;
        let serve =
            |steps: &Steps<'_>| answer::now(&self.client, request, body.clone(), self.now, steps);
        self.client.worker.turns.try_now(self.now, serve)
    }

    /// Answers at once if that is short, or else in another task.
    #[inline(never)]
    fn serve_in_steps(&mut self, stream: Stream, mut complete: CompleteRequest) {
        let Some(slot) = self.client.worker.turns.slot() else {
            return self.serve_in_a_slot(stream, complete);
        };
        let policy = complete.policy.take();
        match begin(&self.client, slot, complete, self.now) {
            Begun::Done(answer) => self.answer(stream, answer),
            Begun::Unfinished(rest) => {
                let sender = AnswerSender::new(self.deferred.clone(), stream.id);
                let large = self.large.clone();
                self.streams.put(stream);
                tokio::task::spawn_local(async move {
                    sender.send(rest.finish().await);
                    drop((policy, large));
                });
            }
        }
    }

    /// Begins once there is a slot for it, unless the stream has gone by then.
    fn serve_in_a_slot(&mut self, mut stream: Stream, complete: CompleteRequest) {
        let Waiting { mut complete, reservation } = self.keep(complete);
        let (mut stays, gone) = oneshot::channel();
        stream.state = State::Deferred(Some(gone));
        let sender = AnswerSender::new(self.deferred.clone(), stream.id);
        let (client, large, now) = (self.client.clone(), self.large.clone(), self.now);
        self.streams.put(stream);
        tokio::task::spawn_local(async move {
            let held = (complete.policy.take(), reservation, large);
            let slot = tokio::select! {
                biased;
                () = stays.closed() => return,
                slot = client.worker.turns.slot_soon() => slot,
            };
            let answer = match begin(&client, slot, complete, now) {
                Begun::Done(answer) => answer,
                Begun::Unfinished(rest) => rest.finish().await,
            };
            sender.send(answer);
            drop(held);
        });
    }

    /// Answers in another task. Not inlined: the future passes over the stack, and otherwise each
    /// request that is answered at once would begin with a frame of that size.
    #[inline(never)]
    fn ask(&mut self, stream: Stream, complete: CompleteRequest) {
        let CompleteRequest { request, body, policy, .. } = complete;
        let is_admitted =
            policy.is_some() || admission::is_authenticated(&self.client, &request.parts);
        let permit = if is_admitted { None } else { AnonymousPermit::acquire(&self.deferred) };
        if !is_admitted && permit.is_none() {
            return self
                .answer(stream, answer::refusal(&self.client, &request, TOO_MANY_UNAUTHENTICATED));
        }
        let (id, client, deferred) = (stream.id, self.client.clone(), self.deferred.clone());
        self.streams.put(stream);
        tokio::task::spawn_local(async move {
            let notifier = deferred.notifier(id);
            let sender = AnswerSender::new(deferred, id);
            sender.send(answer::later(&client, request, body, notifier).await);
            drop((policy, permit));
        });
    }

    /// Admits or refuses new requests whose bodies are incomplete.
    pub(super) fn admit(&mut self) {
        if self.last == self.seen {
            return;
        }
        let new = self.streams.iter().take_while(|stream| stream.id > self.seen);
        let ids: Vec<_> = new.filter(|stream| stream.is_unseen()).map(|stream| stream.id).collect();
        for id in ids.into_iter().rev() {
            self.admit_one(id);
        }
        self.seen = self.last;
    }

    /// Admits or refuses one request whose body is incomplete.
    pub(super) fn admit_one(&mut self, id: u32) {
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else { return };
        let request = receiving.request.clone();
        if request.is_unknown_method() {
            return self.refuse(id, grpc::unimplemented(request.parts.target.path()));
        }
        let is_authenticated = admission::is_authenticated(&self.client, &request.parts);
        if !is_authenticated && !request.waits && !paths::is_public(&request.parts.target) {
            // The answer will be an authentication error, whatever the client sends.
            return self.complete(id, Err(Error::RequestTooLarge));
        }
        let is_over = || admission::over_limit(&self.client, &request.parts, self.now);
        if is_authenticated
            && !request.waits
            && let Some(met) = is_over()
        {
            return self.complete(id, Err(Error::Limited(met)));
        }
        let permit = if is_authenticated { None } else { AnonymousPermit::acquire(&self.deferred) };
        if !is_authenticated && permit.is_none() {
            return self.refuse(id, TOO_MANY_UNAUTHENTICATED);
        }
        let time = if is_authenticated { BODY } else { UNAUTHENTICATED_BODY };
        let (until, moved_at) = (self.now.after(time), self.now.moment.0);
        self.note(until.min(moved_at + IDLE_AFTER));
        let reservation = Reservation::of(&self.client.worker.core.memory_budget, is_authenticated);
        if let Err(error) = self.set_policy(id, BodyPolicy { permit, until, reservation, moved_at })
        {
            return self.complete(id, Err(error));
        }
        self.count_body(id);
        if request.expects_continue() {
            self.write_head(id, false, StatusCode::CONTINUE, []);
        }
    }

    fn set_policy(&mut self, id: u32, policy: BodyPolicy) -> Result<()> {
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else {
            return Ok(());
        };
        if policy.permit.is_some() {
            receiving.body.limit_to(UNAUTHENTICATED_BYTES);
        }
        receiving.policy = Some(Box::new(policy));
        if !receiving.body.has_room_for(0) {
            return Err(receiving.too_large());
        }
        Ok(())
    }

    fn refuse(&mut self, id: u32, error: Error) {
        let Some(mut stream) = self.streams.take(id) else { return };
        if let Some(receiving) = stream.receiving() {
            let answer = answer::refusal(&self.client, &receiving.request, error);
            self.answer(stream, answer);
        }
    }

    /// Ends streams that have timed out.
    pub(super) fn expire(&mut self) {
        let now = self.now.moment.0;
        if self.leaves_at <= now {
            self.leave_for_good();
        }
        if self.heartbeat_at <= now {
            self.beat();
        }
        let until = |stream: &Stream| stream.until();
        if self.unread_at.saturating_add(IDLE_AFTER) <= now {
            self.output.copy_large();
        }
        let over: Vec<_> = self
            .streams
            .iter()
            .filter(|stream| until(stream).is_some_and(|until| until <= now))
            .map(|stream| stream.id)
            .collect();
        for id in over {
            match self.streams.get(id).map(|stream| &stream.state) {
                Some(State::Body(_)) => self.complete(id, Err(Error::TooSlow)),
                Some(State::Sending(_)) => self.end_stream(id, ErrorCode::Cancel),
                Some(State::Streaming(_)) => self.end_late(id),
                _ => self.end_stream(id, ErrorCode::NoError),
            }
        }
        // Once due, a GOAWAY needs no further wake-up, whether it was sent or not.
        let goaway_at = if self.goaway_at > now { self.goaway_at } else { u64::MAX };
        let first = self.streams.iter().filter_map(until).min();
        let next = self.leaves_at.min(goaway_at).min(self.heartbeat_at);
        self.until = first.unwrap_or(u64::MAX).min(next);
        let next = self.rest();
        self.note(next);
        // A pause that is over is ended by the loop that called this: noted, it would be due for ever.
        if !self.is_pause_over() {
            self.note(self.pause.until);
        }
        self.look_for_room();
    }
}

/// Begins a large request, whose reply is counted while it is made.
fn begin(
    client: &Rc<Client>,
    slot: RequestSlot,
    complete: CompleteRequest,
    now: Now,
) -> Begun<Answer> {
    let CompleteRequest { request, body, has_given_up, .. } = complete;
    let mut reply = Reservation::nothing(&client.worker.core.memory_budget);
    let served = client.clone();
    let reserve = move |bytes| reply.reserve(bytes);
    let answer = move |steps: &Steps<'_>| {
        if has_given_up {
            steps.mark_retried();
        }
        answer::now(&served, &request, body, now, steps)
    };
    client.worker.turns.begin(slot, reserve, answer)
}
