//! HTTP/1.1 connections.
//!
//! Requests that arrive together are answered together, in order, by one write. A connection that
//! waits for its next request holds no buffer. The codec is our own: apart from one read and one
//! write, a request needs little work, and a general-purpose library would account for most of the
//! cost of a small `GET`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use attimo_engine::Moment;
use bytes::{Bytes, BytesMut};
use http::{Method, Version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;

use self::connection::{Connection, Ending, Waiting};
use self::filling::Filled;
use self::gathering::Gathered;
use self::head::{Head, Refusal};
use self::known_head::{KnownHead, RepeatedHead};
use self::output::{Manner, Output};
use super::boxed::boxed;
use super::lingering_close::lingering_close;
use super::shutdown::Shutdown;
use crate::clock::Now;
use crate::deadline::Deadline;
use crate::error::{Error, Overload, Result};
use crate::front::client::Client;
use crate::front::known::Known;
use crate::front::rest::{self, status};
use crate::front::streamed::{Answered, Streamed};
use crate::front::{cause, dispatch};
use crate::limits::{AT_ONCE_BYTES, FIRST_REQUEST, HEAD, IDLE, STALLED};
use crate::memory_budget::{Quiet, Reservation};
use crate::message::{Parts, Response};
use crate::plan;
use crate::stats::Closed;
use crate::steps::{Begun, Steps};
use crate::topics::Notifier;

mod body;
mod connection;
mod filling;
mod gathering;
mod head;
mod known_head;
mod output;
mod streaming;
mod upgrade;

/// Serves one connection until it ends or the server drains; `input` is what has arrived so far.
pub(super) async fn serve<I>(io: I, input: BytesMut, client: Rc<Client>)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let clock = client.worker.core.clock;
    let mut connection = Connection {
        io,
        input,
        output: Output::default(),
        repeated: RepeatedHead::default(),
        deadline: Deadline::within(clock, FIRST_REQUEST),
        stop: Shutdown::new(&client.worker.stopped),
        waiting: Waiting::First,
        ending: Ending::NotYet,
        reservation: Reservation::nothing(&client.worker.core.memory_budget),
        client,
    };
    while connection.answer_all().await {
        connection.let_others_read().await;
        let sent = connection.send().await;
        connection.client.worker.stats.settle();
        if !sent || !connection.read().await {
            break;
        }
    }
    boxed(|| connection.close()).await;
}

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Answers every complete request; false if the connection ends.
    async fn answer_all(&mut self) -> bool {
        let now = self.client.worker.core.clock.now();
        let mut answered = false;
        while self.ending == Ending::NotYet {
            if !self.answer_repeated(now) {
                match head::take(&mut self.input) {
                    Ok(Some(head)) => self.answer(head, now).await,
                    Ok(None) => {
                        self.wait(answered, now.moment);
                        return true;
                    }
                    Err(refusal) => {
                        self.client.closed(Closed::Protocol);
                        self.refuse(refusal, now);
                    }
                }
            }
            answered = true;
            if self.output.is_full() && !self.send().await {
                break;
            }
        }
        false
    }

    /// Sets the deadline for the next input; a head that arrives in small pieces gets no more time.
    fn wait(&mut self, answered: bool, moment: Moment) {
        self.release_input();
        let (next, time) =
            if self.input.is_empty() { (Waiting::Another, IDLE) } else { (Waiting::Head, HEAD) };
        let has_begun = (self.waiting, next) == (Waiting::Another, Waiting::Head);
        if answered || has_begun {
            self.waiting = next;
            self.deadline.set(moment, time);
        }
    }

    /// Releases the memory of input that was taken: an empty buffer still keeps its allocation, which
    /// others need.
    fn release_input(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// Answers a request whose head is as one before but for the key; false if it is another.
    fn answer_repeated(&mut self, now: Now) -> bool {
        let Some(KnownHead { parts, call, .. }) = self.repeated.take(&mut self.input) else {
            return false;
        };
        let (head_only, epoch_seconds) = (parts.method == Method::HEAD, now.epoch_seconds);
        let manner = Manner { head_only, keeps: true, is_old: false, epoch_seconds };
        let (body, steps) = (Ok(Bytes::new()), Steps::one());
        let response = dispatch::answer(&self.client, parts, Some(call), body, now, &steps);
        self.add(response, manner);
        true
    }

    /// Adds a response to what is to be sent.
    fn add(&mut self, response: Response, manner: Manner) {
        let response = self.within_room(response);
        // After an incomplete body, the start of the next request is unknown.
        let goes_on = self.ending == Ending::NotYet && !self.stop.is_requested();
        let manner = Manner { keeps: manner.keeps && goes_on, ..manner };
        self.output.add(response, manner);
        if !manner.keeps && self.ending == Ending::NotYet {
            self.ending = Ending::Soon;
        }
    }

    async fn answer(&mut self, head: Head, now: Now) {
        let is_repeatable = head.is_repeatable();
        let Head { text, parts, framing, expects, keeps } = head;
        let text = is_repeatable.then_some(text);
        let manner = Manner {
            head_only: parts.method == Method::HEAD,
            keeps,
            is_old: parts.version == Version::HTTP_10,
            epoch_seconds: now.epoch_seconds,
        };
        let (body, reserved, unread) = match body::at_once(framing, &mut self.input) {
            Some(body) => (Ok(body), None, None),
            None => match boxed(|| self.gather(&parts, framing, expects, now)).await {
                Some(Gathered::Whole(body, reserved)) => (Ok(body), Some(reserved), None),
                Some(Gathered::Refused(error)) => (Err(error), None, None),
                Some(Gathered::Unread(error, body)) => (Err(error), None, Some(body)),
                None => return,
            },
        };
        let answered = self.respond(text, parts, body, now).await;
        self.release_input();
        // The body was in memory until now.
        drop(reserved);
        match answered {
            Answered::Whole(response) => self.add(response, manner),
            Answered::Streamed(streamed) => {
                return boxed(|| self.stream(streamed, manner)).await;
            }
            Answered::Upgraded(upgrade) => {
                return boxed(|| self.upgrade(upgrade, manner)).await;
            }
        }
        if let Some(body) = unread {
            boxed(|| self.discard(*body, now)).await;
        }
    }

    /// Answers a request; `text` is its head, if that may be repeated.
    async fn respond(
        &mut self,
        text: Option<Bytes>,
        parts: Parts,
        body: Result<Bytes>,
        now: Now,
    ) -> Answered {
        // Boxed, so that a connection that never waits does not allocate space for it.
        if dispatch::is_async(&self.client, &parts) {
            // It would keep the buffer that it was read to.
            drop(text);
            let notifier = Notifier::default();
            return boxed(|| dispatch::answer_async(&self.client, parts, body, notifier)).await;
        }
        if !dispatch::length(&parts).is_long(body.as_ref().map_or(0, Bytes::len)) {
            let known = text.is_some().then(Known::default);
            let steps = Steps::one();
            let response =
                dispatch::answer(&self.client, &parts, known.as_ref(), body, now, &steps);
            if let (Some(text), Some(call)) = (text, known) {
                self.repeated.note(&text, call);
            }
            return Answered::Whole(response);
        }
        let (client, turns) = (self.client.clone(), &self.client.worker.turns);
        let slot = match turns.slot() {
            Some(slot) => slot,
            None => boxed(|| turns.slot_soon()).await,
        };
        let mut reply = Reservation::nothing(&client.worker.core.memory_budget);
        let reserve = move |bytes| reply.reserve(bytes);
        let answer =
            move |steps: &Steps<'_>| dispatch::answer(&client, &parts, None, body, now, steps);
        Answered::Whole(match turns.begin(slot, reserve, answer) {
            Begun::Done(response) => response,
            Begun::Unfinished(rest) => boxed(|| rest.finish()).await,
        })
    }

    /// The response, or a refusal if the memory budget has no room for it.
    fn within_room(&mut self, response: Response) -> Response {
        let bytes = response.body.len();
        if bytes <= AT_ONCE_BYTES {
            return response;
        }
        match self.reservation.reserve(bytes) {
            Ok(()) => response,
            Err(error) => rest::refused(&self.client, &error),
        }
    }

    fn refuse(&mut self, Refusal(cause, message): Refusal, now: Now) {
        self.part_with(status::problem(&cause, message), now);
    }

    /// Sends a last response to a client whose request could not be read.
    fn part_with(&mut self, response: Response, now: Now) {
        let epoch_seconds = now.epoch_seconds;
        let manner = Manner { head_only: false, keeps: false, is_old: false, epoch_seconds };
        self.output.add(response, manner);
        self.input = BytesMut::new();
        self.ending = Ending::WhileItSends;
    }

    /// Lets other connections of this thread that have input run first.
    ///
    /// Responses that are sent right after each other wake a client with several connections once
    /// instead of once each, and waking is the most expensive part of a `write`.
    async fn let_others_read(&self) {
        let others = Rc::strong_count(&self.client.worker) > 2;
        if others && !self.output.is_empty() {
            yield_now().await;
        }
    }

    /// Sends all responses; false if the connection ends.
    async fn send(&mut self) -> bool {
        self.send_while(None).await
    }

    /// The same; the connection also ends if the client does not read and `streamed` is over.
    async fn send_while(&mut self, mut streamed: Option<&mut Streamed>) -> bool {
        // Whoever has an answer may ask again at once, on another thread.
        plan::end_turn();
        let clock = self.client.worker.core.clock;
        let (io, output, client) = (&mut self.io, &mut self.output, &self.client);
        let reservation = &mut self.reservation;
        let mut stalled: Option<(Deadline, Quiet)> = None;
        let sent = poll_fn(|cx| {
            loop {
                match output.poll_send(Pin::new(&mut *io), cx) {
                    Poll::Ready(Ok(true)) => {
                        stalled = None;
                        if output.is_long() && pin!(yield_now()).poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                    }
                    Poll::Ready(done) => return Poll::Ready(done.is_ok()),
                    Poll::Pending => break,
                }
            }
            if let Some(streamed) = streamed.as_deref_mut() {
                streamed.ready.wake(cx);
                if streamed.over().is_some() {
                    return Poll::Ready(false);
                }
            }
            // Reserved only for a client that reads slower than responses come.
            let (deadline, quiet) = stalled.get_or_insert_with(|| {
                output.keep_left();
                (Deadline::within(clock, STALLED), Quiet::default())
            });
            if reservation.reserve(output.len()).is_err()
                || reservation.is_lost(quiet, deadline, cx)
            {
                client.closed(Closed::NoRoom);
                return Poll::Ready(false);
            }
            deadline.poll(cx).map(|()| {
                client.closed(Closed::Stalled);
                false
            })
        });
        let sent = sent.await;
        self.reservation.release();
        if !sent {
            self.ending = Ending::Now;
        }
        sent
    }

    /// Reads more of a request; false if the connection ends.
    async fn read(&mut self) -> bool {
        match self.fill(None).await {
            Filled::More => true,
            Filled::Over => false,
            Filled::NoRoom => {
                self.client.closed(Closed::NoRoom);
                let response = rest::refused(&self.client, &Error::Overloaded(Overload::Bytes));
                self.part_with(response, self.client.worker.core.clock.now());
                false
            }
            Filled::TooLate => {
                // An idle client gets no response, since it sent no request.
                if self.input.is_empty() {
                    self.client.closed(Closed::Idle);
                } else {
                    self.client.closed(Closed::HeadTimeout);
                    let why = "the head of the request took too long";
                    let now = self.client.worker.core.clock.now();
                    self.refuse(Refusal(cause::TOO_SLOW, why), now);
                }
                false
            }
        }
    }

    async fn close(mut self) {
        if self.ending != Ending::Now && self.send().await {
            lingering_close(&mut self.io, &self.client, self.ending == Ending::WhileItSends).await;
        }
    }
}
