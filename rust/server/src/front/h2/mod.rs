//! HTTP/2 connections, straight on the `h2` crate.
//!
//! All requests that have arrived are taken in before the first is answered, and
//! all answers of such a batch leave in one write: `poll_accept` writes out what
//! is pending at every call. A request whose body has arrived, with it or by the
//! next read, is answered on the spot; only one that must wait longer (for its
//! body, for the control plane) gets a task of its own. Who leaves his answers
//! unread is not asked for more until he has read them.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use h2::Reason;
use h2::server::{Builder, Connection};
use tokio::io::{AsyncRead, AsyncWrite};

use self::frames::{Frames, Watched};
use self::stall::Stall;
use self::taken::Taken;
use super::Visit;
use super::deadline::Deadline;
use super::stop::Stop;
use crate::clock::Now;
use crate::limits::{
    HANDSHAKE, HEAD, HEADER_BYTES, IDLE, IDLE_FRAMES_PER_SECOND, STREAMS_PER_CONNECTION,
    UNSENT_BYTES,
};
use crate::stats::Closed;

mod body;
mod frames;
pub(super) mod sending;
mod stall;
mod taken;

const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// What one stream may have handed over to be sent.
const SEND_BUFFER: usize = 128 * 1024;
/// How many of its streams a connection may have us reset before it ends.
const LOCAL_RESETS: usize = 100;
const SECOND: u64 = 1_000;

/// Serves one connection until it ends or the server drains; `first` is what it has said so far.
pub(super) async fn serve<I>(io: I, first: BytesMut, visit: Rc<Visit>)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    // Boxed, so that a connection that waits need not have room for what it has behind it.
    let Some((connection, frames)) = Box::pin(begin(io, first, &visit)).await else { return };
    let clock = visit.worker.core.clock;
    let mut session = Session {
        connection,
        watch: Watch {
            frames,
            seen: 0,
            state: State::Opening,
            idle_talk: 0,
            second: clock.now().moment.0,
            deadline: Deadline::within(clock, HANDSHAKE),
            stall: Stall::new(clock),
        },
        stop: Stop::new(&visit.worker.stopped),
        visit,
        late: Vec::new(),
    };
    poll_fn(|cx| session.poll(cx)).await;
}

type Begun<I> = (Connection<Watched<I>, Bytes>, Rc<Frames>);

/// Hears how a client begins, and says what it may do.
async fn begin<I>(io: I, first: BytesMut, visit: &Visit) -> Option<Begun<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let (io, frames) = Watched::new(io, first);
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(HEADER_BYTES)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(Some(LOCAL_RESETS));
    let connection = visit.unless_stopped(builder.handshake(io)).await?.ok()?;
    Some((connection, frames))
}

thread_local! {
    /// Room for what one connection takes in at a call; between calls none needs it.
    static BATCH: Cell<Vec<Taken>> = const { Cell::new(Vec::new()) };
}

struct Session<I> {
    connection: Connection<Watched<I>, Bytes>,
    visit: Rc<Visit>,
    stop: Stop,
    watch: Watch,
    /// What did so at the last call, and was not all there.
    late: Vec<Taken>,
}

impl<I> Session<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Ready when the connection has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut batch = BATCH.take();
        let polled = self.poll_with(&mut batch, cx);
        batch.clear();
        BATCH.set(batch);
        polled
    }

    fn poll_with(&mut self, batch: &mut Vec<Taken>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.stop.has_come() && self.stop.poll(cx) {
            self.connection.graceful_shutdown();
        }
        let mut once_late = std::mem::take(&mut self.late);
        loop {
            match self.connection.poll_accept(cx) {
                Poll::Ready(Some(Ok(arrived))) => batch.push(Taken::new(arrived)),
                Poll::Ready(end) => {
                    self.visit.ended(end.and_then(Result::err));
                    return Poll::Ready(());
                }
                Poll::Pending if self.watch.frames.is_no_http2() => {
                    return self.end(Closed::Protocol, Reason::PROTOCOL_ERROR, cx);
                }
                Poll::Pending => {
                    let now = self.visit.worker.core.clock.now();
                    // What was answered before has been written meanwhile.
                    self.visit.worker.stats.settle(now.micros);
                    if !self.answer(&mut once_late, batch, now, cx) {
                        return self.poll_time(now, cx);
                    }
                }
            }
        }
    }

    /// Answers what is all there; whether there was anything.
    fn answer(
        &mut self,
        once_late: &mut Vec<Taken>,
        batch: &mut Vec<Taken>,
        now: Now,
        cx: &mut Context<'_>,
    ) -> bool {
        let mut answered = false;
        for taken in once_late.drain(..) {
            // Who has so much to read waits; that it was sent wakes the connection.
            if self.visit.unsent.get() > UNSENT_BYTES {
                self.late.push(taken);
                continue;
            }
            match taken.try_answer(&self.visit, now, cx) {
                Some(taken) => taken.answer_whenever(self.visit.clone()),
                None => answered = true,
            }
        }
        for taken in batch.drain(..) {
            if self.visit.unsent.get() > UNSENT_BYTES {
                self.late.push(taken);
                continue;
            }
            match taken.try_answer(&self.visit, now, cx) {
                Some(taken) => self.late.push(taken),
                None => answered = true,
            }
        }
        answered
    }

    /// Ends a connection that has had its time, or makes nothing but work.
    fn poll_time(&mut self, now: Now, cx: &mut Context<'_>) -> Poll<()> {
        if self.watch.is_too_much(now) {
            return self.end(Closed::Flood, Reason::ENHANCE_YOUR_CALM, cx);
        }
        let is_unread = self.leaves_unread();
        if self.watch.stall.poll(is_unread, self.watch.frames.sent_in_all(), now, cx).is_ready() {
            return self.end(Closed::Stalled, Reason::ENHANCE_YOUR_CALM, cx);
        }
        match self.watch.poll(now, cx) {
            Poll::Ready(()) if self.watch.state == State::Idle => {
                self.end(Closed::Idle, Reason::NO_ERROR, cx)
            }
            Poll::Ready(()) => {
                self.visit.closed(Closed::HeadTimeout);
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether streams are open only since the client has not read their answers.
    fn leaves_unread(&self) -> bool {
        let waits = !self.late.is_empty() && self.visit.unsent.get() <= UNSENT_BYTES;
        !waits && self.visit.under_way.get() == 0 && self.connection.has_streams()
    }

    /// Says why it ends; a client that does not listen is not waited for.
    fn end(&mut self, why: Closed, reason: Reason, cx: &mut Context<'_>) -> Poll<()> {
        self.visit.closed(why);
        self.connection.abrupt_shutdown(reason);
        let _ = self.connection.poll_closed(cx);
        Poll::Ready(())
    }
}

/// What a connection may still do, and until when.
struct Watch {
    frames: Rc<Frames>,
    seen: u64,
    state: State,
    idle_talk: i64,
    /// When the count of idle talk began.
    second: u64,
    deadline: Deadline,
    stall: Stall,
}

/// Where a client is in what it says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its first frame has not come to an end.
    Opening,
    /// Between two frames.
    Idle,
    /// Within a frame.
    Frame,
    /// Within the headers of a request.
    Block,
}

impl Watch {
    fn is_too_much(&mut self, now: Now) -> bool {
        self.idle_talk += self.frames.take_idle_talk();
        let is_too_much = self.idle_talk > IDLE_FRAMES_PER_SECOND;
        if now.moment.0 >= self.second + SECOND {
            (self.second, self.idle_talk) = (now.moment.0, 0);
        }
        is_too_much
    }

    fn poll(&mut self, now: Now, cx: &mut Context<'_>) -> Poll<()> {
        let seen = self.frames.seen();
        let state = match (seen, self.frames.is_inside()) {
            (0, _) | (1, true) => State::Opening,
            _ if self.frames.in_block() => State::Block,
            (_, true) => State::Frame,
            (_, false) => State::Idle,
        };
        let is_news = state != self.state || (seen != self.seen && state != State::Block);
        if is_news && state != State::Opening {
            let time = if state == State::Idle { IDLE } else { HEAD };
            self.deadline.set(now.moment, time);
        }
        (self.seen, self.state) = (seen, state);
        self.deadline.poll(cx)
    }
}
