//! HTTP/2 connections, straight on the `h2` crate.
//!
//! All requests that have arrived are taken in before the first is answered, and
//! all answers of such a batch leave in one write: `poll_accept` writes out what
//! is pending at every call. A request whose body has arrived, with it or by the
//! next read, is answered on the spot; only one that must wait longer (for its
//! body, for the control plane) gets a task of its own. Who leaves his answers
//! unread is not asked for more until he has read them.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use h2::Reason;
use h2::server::{Builder, Connection};
use tokio::io::{AsyncRead, AsyncWrite};

use self::frames::{Frames, Watched};
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
    let (io, frames) = Watched::new(io, first);
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(HEADER_BYTES)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(Some(LOCAL_RESETS));
    let Some(Ok(connection)) = visit.unless_stopped(builder.handshake(io)).await else {
        return;
    };
    let clock = visit.worker.core.clock;
    let mut session = Session {
        connection,
        watch: Watch {
            frames,
            seen: 0,
            in_block: false,
            idle_talk: 0,
            second: clock.now().moment.0,
            deadline: Deadline::within(clock, HANDSHAKE),
        },
        stop: Stop::new(&visit.worker.stopped),
        visit,
        batch: Vec::new(),
        late: Vec::new(),
    };
    poll_fn(|cx| session.poll(cx)).await;
}

struct Session<I> {
    connection: Connection<Watched<I>, Bytes>,
    visit: Rc<Visit>,
    stop: Stop,
    watch: Watch,
    /// What has just arrived.
    batch: Vec<Taken>,
    /// What did so at the last call, and was not all there.
    late: Vec<Taken>,
}

impl<I> Session<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Ready when the connection has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.stop.has_come() && self.stop.poll(cx) {
            self.connection.graceful_shutdown();
        }
        let mut once_late = std::mem::take(&mut self.late);
        loop {
            match self.connection.poll_accept(cx) {
                Poll::Ready(Some(Ok(arrived))) => self.batch.push(Taken::new(arrived)),
                Poll::Ready(end) => {
                    self.visit.ended(end.and_then(Result::err));
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    let now = self.visit.worker.core.clock.now();
                    // What was answered before has been written meanwhile.
                    self.visit.worker.stats.settle(now);
                    if !self.answer(&mut once_late, now, cx) {
                        return self.poll_time(now, cx);
                    }
                }
            }
        }
    }

    /// Answers what is all there; whether there was anything.
    fn answer(&mut self, once_late: &mut Vec<Taken>, now: Now, cx: &mut Context<'_>) -> bool {
        if self.visit.unsent.get() > UNSENT_BYTES {
            // What is sent meanwhile wakes the connection.
            self.late.append(once_late);
            self.late.append(&mut self.batch);
            return false;
        }
        let mut answered = false;
        for taken in once_late.drain(..) {
            match taken.try_answer(&self.visit, now, cx) {
                Some(taken) => taken.answer_whenever(self.visit.clone()),
                None => answered = true,
            }
        }
        for taken in self.batch.drain(..) {
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
            self.visit.closed(Closed::Flood);
            self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            return self.connection.poll_closed(cx).map(drop);
        }
        match self.watch.poll(now, cx) {
            Poll::Ready(()) if self.watch.in_block || self.watch.seen == 0 => {
                self.visit.closed(Closed::HeadTimeout);
                Poll::Ready(())
            }
            // Silent for long: a client that comes back to it must not find half a connection.
            Poll::Ready(()) => {
                self.visit.closed(Closed::Idle);
                self.connection.abrupt_shutdown(Reason::NO_ERROR);
                self.connection.poll_closed(cx).map(drop)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What a connection may still do, and until when.
struct Watch {
    frames: Rc<Frames>,
    seen: u64,
    in_block: bool,
    idle_talk: i64,
    /// When the count of idle talk began.
    second: u64,
    deadline: Deadline,
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
        let (seen, in_block) = (self.frames.seen(), self.frames.in_block());
        if in_block && !self.in_block {
            self.deadline.set(now.moment, HEAD);
        } else if seen != self.seen && !in_block {
            self.deadline.set(now.moment, IDLE);
        }
        (self.seen, self.in_block) = (seen, in_block);
        self.deadline.poll(cx)
    }
}
