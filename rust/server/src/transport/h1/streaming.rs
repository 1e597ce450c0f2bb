//! Responses that go on, in chunks (RFC 9112 §7.1); to HTTP/1.0, until the connection ends.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, Ending};
use super::output::Manner;
use crate::front::streamed::{Piece, Streamed};

/// How many bytes of further requests are read while a response goes on.
const READ_AHEAD: usize = 32 * 1024;

/// Why a stream that had nothing to send goes on.
enum News {
    /// There is something, or the server stops.
    Some,
    HeartbeatDue,
    /// The client has closed the connection.
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
}

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Sends a response until it ends.
    pub(super) async fn stream(&mut self, mut streamed: Box<Streamed>, manner: Manner) {
        self.output.begin_stream(&streamed.response, manner);
        self.beat(&mut streamed);
        loop {
            let added = self.add_pieces(&mut streamed);
            let sent = self.send().await;
            let worker = &self.client.worker;
            worker.stats.settle(worker.core.clock.micros());
            if !sent || added == Added::End {
                break;
            }
            if added == Added::Some {
                continue;
            }
            match self.news(&mut streamed).await {
                News::Some => {}
                News::HeartbeatDue => self.beat(&mut streamed),
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

    /// Adds a heartbeat.
    fn beat(&mut self, streamed: &mut Streamed) {
        self.output.chunk([streamed.heartbeat(), Bytes::new()]);
        let now = self.client.worker.core.clock.now();
        self.deadline.set(now.moment, streamed.heartbeat_every);
    }

    fn add_pieces(&mut self, streamed: &mut Streamed) -> Added {
        let now = self.client.worker.core.clock.now();
        while !self.output.is_full() {
            match streamed.next(now) {
                Piece::Nothing => return Added::All,
                Piece::Data(parts) => self.output.chunk(parts),
                Piece::Last(end) => {
                    self.output.end_stream(end.data);
                    return Added::End;
                }
            }
        }
        Added::Some
    }

    /// Waits until there is something to do.
    async fn news(&mut self, streamed: &mut Streamed) -> News {
        let (io, input, client) = (&mut self.io, &mut self.input, &self.client);
        let (stop, deadline) = (&mut self.stop, &mut self.deadline);
        poll_fn(|cx| {
            streamed.ready.wake(cx);
            if streamed.ready.pop().is_some() || stop.poll(cx) && streamed.leave() {
                return Poll::Ready(News::Some);
            }
            while input.len() < READ_AHEAD {
                match client.worker.read_buffer.poll_read(io, input, cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => return Poll::Ready(News::Over),
                    Poll::Pending => break,
                }
            }
            deadline.poll(cx).map(|()| News::HeartbeatDue)
        })
        .await
    }
}
