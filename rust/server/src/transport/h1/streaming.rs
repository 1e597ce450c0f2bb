//! Responses that go on, in chunks (RFC 9112 §7.1); to HTTP/1.0, until the connection ends.

use std::future::poll_fn;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::pieces::{Filled, Pieces};
use super::connection::{Connection, Ending};
use super::output::Manner;
use crate::front::streamed::Streamed;
use crate::memory_budget::Reservation;

/// How many bytes of further requests are read while a response goes on.
const READ_AHEAD: usize = 32 * 1024;
/// The longest chunk, in bytes: chunks are copied, so that a client that does not read keeps no
/// message.
const CHUNK: usize = 32 * 1024;

/// Why a stream that had nothing to send goes on.
enum News {
    /// There is something, or the server stops.
    Some,
    HeartbeatDue,
    /// The client has closed the connection, or sends more than there is memory for.
    Over,
}

/// What was added to the output.
#[derive(PartialEq, Eq)]
enum Added {
    /// Everything that there is.
    All,
    /// Some: the output is full.
    Some,
    /// The end.
    End,
    /// Nothing more can be: the rest of a message is not kept.
    Lost,
}

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Sends a response until it ends.
    pub(super) async fn stream(&mut self, mut streamed: Box<Streamed>, manner: Manner) {
        self.output.begin_stream(&streamed.take_head(), manner);
        let mut pieces = Pieces::new(streamed);
        let mut ahead = Reservation::nothing(&self.client.worker.core.memory_budget);
        self.beat(&mut pieces);
        loop {
            let added = self.add_pieces(&mut pieces);
            if added == Added::Lost {
                self.ending = Ending::Now;
                return;
            }
            let sent = self.send_while(Some(&mut pieces.streamed)).await;
            self.client.worker.stats.settle();
            if !sent || added == Added::End {
                break;
            }
            if added == Added::Some {
                continue;
            }
            match self.news(&mut pieces.streamed, &mut ahead).await {
                News::Some => {}
                News::HeartbeatDue => self.beat(&mut pieces),
                News::Over => self.ending = Ending::Now,
            }
            if self.ending != Ending::NotYet {
                return;
            }
        }
        let keeps = manner.keeps && !manner.is_old && !self.stop.is_requested();
        if !keeps && self.ending == Ending::NotYet {
            self.ending = Ending::Soon;
        }
    }

    /// Sends a heartbeat next.
    fn beat(&mut self, pieces: &mut Pieces) {
        pieces.is_due = true;
        let now = self.client.worker.core.clock.now();
        self.deadline.set(now.moment, pieces.streamed.heartbeat_every);
    }

    fn add_pieces(&mut self, pieces: &mut Pieces) -> Added {
        let now = self.client.worker.core.clock.now();
        while !self.output.is_full() {
            match pieces.fill(now) {
                Filled::Nothing => return Added::All,
                Filled::Lost => return Added::Lost,
                Filled::Some => {}
            }
            self.output.chunk(&pieces.take(pieces.left().min(CHUNK)));
            if pieces.left() == 0 && pieces.end.take().is_some() {
                self.output.end_stream();
                return Added::End;
            }
        }
        pieces.put_back();
        Added::Some
    }

    /// Waits until there is something to do; `ahead` is for requests that come meanwhile.
    async fn news(&mut self, streamed: &mut Streamed, ahead: &mut Reservation) -> News {
        let (io, input, client) = (&mut self.io, &mut self.input, &self.client);
        let (stop, deadline) = (&mut self.stop, &mut self.deadline);
        poll_fn(|cx| {
            streamed.ready.wake(cx);
            if streamed.ready.pop().is_some() || stop.poll(cx) && streamed.leave() {
                return Poll::Ready(News::Some);
            }
            while input.len() < READ_AHEAD {
                match client.worker.read_buffer.poll_read(io, input, cx) {
                    Poll::Ready(Ok(1..)) if ahead.reserve(input.capacity()).is_ok() => {}
                    Poll::Ready(_) => return Poll::Ready(News::Over),
                    Poll::Pending => break,
                }
            }
            deadline.poll(cx).map(|()| News::HeartbeatDue)
        })
        .await
    }
}
