//! HTTP/2 connections (RFC 9113), which carry gRPC and plain HTTP.
//!
//! Requests are answered as soon as they are complete, and all answers to one batch of frames leave
//! in one write. A request whose body is incomplete, or that another task answers, occupies only
//! its stream. While a client leaves answers unread, its new requests wait.
//!
//! The codec is our own: it turns frames directly into requests and answers into frames, and caches
//! decoded header blocks. It also enforces timeouts and memory limits: a client that sends too
//! slowly, reads too slowly or floods the server with useless frames is cut off.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::timeout;

use self::connection::Connection;
use self::error::ErrorCode;
use self::timeouts::Timeouts;
use super::boxed::boxed;
use super::lingering_close::lingering_close;
use super::shutdown::Shutdown;
use super::socket::Pausable;
use super::turns::READS;
use crate::front::client::Client;
use crate::limits::LINGER;
use crate::memory_budget::Reservation;
use crate::stats::Closed;

mod answer;
mod body;
mod connection;
mod control;
mod data;
mod deferred;
mod encoded_status;
mod error;
mod flood_guard;
mod frame;
mod header_block_cache;
mod headers;
mod hpack;
mod output;
mod pause;
mod pipe;
mod refusing;
mod request;
mod request_builder;
mod reservations;
mod sending;
mod serving;
mod settings;
mod stream;
mod streamed;
mod streaming;
mod timeouts;
mod tunnel;
mod unfinished;
mod window;

/// How many bytes are sent before others take turns; less, if the client does not read as fast.
const SENT_AT_A_TIME: usize = 256 * 1024;

/// Serves one connection until it ends or the server drains; `input` is what has arrived so far.
pub(super) async fn serve<I>(io: I, input: BytesMut, client: Rc<Client>)
where
    I: AsyncRead + AsyncWrite + Pausable + Unpin,
{
    let mut session = Session {
        io,
        input,
        watch: Timeouts::new(client.worker.core.clock),
        stop: Shutdown::new(&client.worker.stopped),
        connection: Connection::new(client.clone()),
        has_yielded: false,
        is_held_up: false,
        has_more: false,
        reservation: Reservation::nothing(&client.worker.core.memory_budget),
    };
    let ending = match session.take() {
        Ok(()) => poll_fn(|cx| session.poll(cx)).await,
        Err(reason) => session.end(reason),
    };
    // Boxed, so that an open connection allocates no space for its end.
    boxed(|| session.close(ending)).await;
}

struct Session<I> {
    io: I,
    /// Received bytes that do not form a complete frame yet.
    input: BytesMut,
    connection: Connection,
    watch: Timeouts,
    stop: Shutdown,
    has_yielded: bool,
    /// Whether the last read was skipped because too much is buffered for sending.
    is_held_up: bool,
    /// Whether there may be more to read.
    has_more: bool,
    /// Memory for responses that the socket takes slowly, and for incomplete frames.
    reservation: Reservation,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The connection is closed or lost: nothing more is sent.
    Gone,
    /// A last frame is sent, without waiting for the client to read it.
    Cut,
    /// The remaining output, with a last frame, is sent; then the socket is closed without losing
    /// it.
    Said,
}

impl<I> Session<I>
where
    I: AsyncRead + AsyncWrite + Pausable + Unpin,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        self.connection.wake_up();
        self.connection.deferred.wake(cx);
        let stops = self.stop.requested() || self.stop.poll(cx);
        let sent_before = self.connection.output.sent_in_all();
        loop {
            if self.connection.ends_pause(stops) && self.io.resume().is_err() {
                return Poll::Ready(Ending::Gone);
            }
            if let Some(ending) = self.read(cx).or_else(|| self.ended()) {
                return Poll::Ready(ending);
            }
            self.connection.make_progress();
            if stops {
                self.connection.leave();
                if self.connection.never_began() {
                    return Poll::Ready(Ending::Gone);
                }
            }
            if self.lets_others_read(cx) {
                return Poll::Pending;
            }
            let only_refused = self.connection.take_only_refused() && !stops;
            let Ok(all) = self.send(cx) else { return Poll::Ready(Ending::Gone) };
            if all && only_refused && !self.has_more && self.input.is_empty() {
                self.connection.begin_pause();
                self.io.pause();
            }
            let reads_on = self.is_held_up || self.has_more;
            if (reads_on && !self.connection.output.is_overfull())
                || (all && self.connection.can_go_on())
            {
                let sent = self.connection.output.sent_in_all().wrapping_sub(sent_before);
                let is_long = self.has_more || sent >= SENT_AT_A_TIME;
                if is_long && pin!(yield_now()).poll(cx).is_pending() {
                    return Poll::Pending;
                }
                continue;
            }
            let (before, was_short) =
                (self.connection.output.waiting(), self.connection.short.is_some());
            let is_inside = !self.input.is_empty() && !self.is_held_up;
            if let Poll::Ready(why) = self.watch.poll(&mut self.connection, is_inside, cx) {
                return Poll::Ready(self.close_for(why));
            }
            if was_short && self.connection.short.is_none() {
                if let Err(reason) = self.take() {
                    return Poll::Ready(self.end(reason));
                }
                continue;
            }
            let is_done =
                self.connection.output.waiting() == before && !self.connection.is_pause_over();
            if is_done && !self.connection.is_over() {
                return if self.has_room(cx) {
                    Poll::Pending
                } else {
                    Poll::Ready(self.close_for(Closed::NoRoom))
                };
            }
        }
    }

    /// Reads and handles input, unless the client has to read first. The number of reads is
    /// limited, so that responses are sent and memory is counted in between.
    fn read(&mut self, cx: &mut Context<'_>) -> Option<Ending> {
        (self.has_more, self.is_held_up) = (false, false);
        if self.connection.short.is_some() {
            return None;
        }
        for _ in 0..READS {
            self.is_held_up = self.connection.output.is_overfull();
            if self.is_held_up {
                return None;
            }
            let read_buffer = &self.connection.client.worker.read_buffer;
            match read_buffer.poll_read(&mut self.io, &mut self.input, cx) {
                Poll::Pending => return None,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) => return Some(Ending::Cut),
                Poll::Ready(Err(_)) => return Some(Ending::Gone),
            }
            if let Err(reason) = self.take() {
                return Some(self.end(reason));
            }
        }
        self.has_more = true;
        None
    }

    fn take(&mut self) -> Result<(), ErrorCode> {
        let taken = self.connection.take(&mut self.input);
        if self.input.is_empty() {
            // An empty buffer still keeps its allocation, which others need.
            self.input = BytesMut::new();
        }
        taken
    }

    /// How the connection ends, if it does now.
    fn ended(&mut self) -> Option<Ending> {
        if self.connection.is_over() {
            return Some(Ending::Said);
        }
        let is_flooding = self.connection.is_flooding();
        is_flooding.then(|| self.end(ErrorCode::EnhanceYourCalm))
    }

    /// Lets other connections of this thread that have input run first: responses that are sent
    /// right after each other wake a client with several connections once instead of once each.
    fn lets_others_read(&mut self, cx: &mut Context<'_>) -> bool {
        let others = Rc::strong_count(&self.connection.client.worker) > 2;
        let is_due = others && !self.has_yielded && !self.connection.output.is_sent();
        self.has_yielded = is_due && pin!(yield_now()).poll(cx).is_pending();
        self.has_yielded
    }

    /// Sends what is buffered and counts the responses; returns whether everything was sent.
    fn send(&mut self, cx: &mut Context<'_>) -> Result<bool, ()> {
        let Connection { output, client, .. } = &mut self.connection;
        if output.is_sent() {
            return Ok(true);
        }
        let sent = loop {
            match output.poll_send(Pin::new(&mut self.io), cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => {
                    self.reservation.release();
                    break Ok(true);
                }
                Poll::Pending => {
                    break self.reservation.reserve(output.waiting()).map(|()| false).map_err(drop);
                }
                Poll::Ready(Err(_)) => break Err(()),
            }
        };
        client.worker.stats.settle();
        sent
    }

    /// Reserves memory for incomplete input; false if there is none.
    fn has_room(&mut self, cx: &Context<'_>) -> bool {
        let Connection { block, output, client, now, short, .. } = &self.connection;
        let inside = self.input.capacity() + block.as_ref().map_or(0, |block| block.held());
        if inside == 0 {
            if output.is_sent() {
                self.reservation.release();
            }
            return true;
        }
        // The size of a connection that waits for memory does not change.
        short.is_some()
            || self
                .reservation
                .reserve_head(inside + output.waiting(), client.is_authenticated())
                .is_ok()
                && !self.watch.is_flooding(&mut self.reservation, *now, cx)
    }

    /// Ends a connection after an error of the client.
    fn end(&mut self, reason: ErrorCode) -> Ending {
        self.connection.go_away(reason);
        if reason == ErrorCode::EnhanceYourCalm {
            self.connection.client.closed(Closed::Flood);
            return Ending::Cut;
        }
        self.connection.client.closed(Closed::Protocol);
        Ending::Said
    }

    /// Ends a connection that has timed out.
    fn close_for(&mut self, why: Closed) -> Ending {
        self.connection.client.closed(why);
        match why {
            Closed::Idle => {
                self.connection.go_away(ErrorCode::NoError);
                Ending::Said
            }
            Closed::Stalled | Closed::NoRoom => {
                self.connection.go_away(ErrorCode::EnhanceYourCalm);
                Ending::Cut
            }
            _ => Ending::Gone,
        }
    }

    async fn close(mut self, ending: Ending) {
        let sent = match ending {
            Ending::Gone => false,
            Ending::Cut => poll_fn(|cx| Poll::Ready(self.send(cx))).await.is_ok(),
            Ending::Said => timeout(LINGER, poll_fn(|cx| self.poll_sent(cx))).await.is_ok(),
        };
        let client = self.connection.client;
        client.worker.stats.settle();
        if sent {
            lingering_close(&mut self.io, &client, ending == Ending::Said).await;
        }
    }

    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.send(cx) {
            Ok(false) => Poll::Pending,
            Ok(true) | Err(()) => Poll::Ready(()),
        }
    }
}
