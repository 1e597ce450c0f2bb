//! Waits for the next input of a client.

use std::future::poll_fn;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use crate::limits::LINGER;
use crate::memory_budget::{Quiet, Reservation};

/// The outcome of waiting.
pub(super) enum Filled {
    /// Something arrived.
    More,
    /// Nothing arrived in time.
    TooLate,
    /// The client has closed the connection, or the server stops and no request has begun.
    Over,
    /// There is no memory for the input, or another client took the reservation.
    NoRoom,
}

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Waits for more of a body or head. While nothing arrives, its reservation is offered to
    /// others.
    pub(super) async fn fill(&mut self, body: Option<(&mut Reservation, &mut Quiet)>) -> Filled {
        let (io, input, client) = (&mut self.io, &mut self.input, &self.client);
        let (stop, deadline) = (&mut self.stop, &mut self.deadline);
        let (is_body, mut of_head) = (body.is_some(), Quiet::default());
        let is_idle = input.is_empty() && !is_body;
        let (reservation, quiet) = body.unwrap_or((&mut self.reservation, &mut of_head));
        let (mut waits, mut leaves) = (false, false);
        poll_fn(|cx| {
            match client.worker.read_buffer.poll_read(io, input, cx) {
                Poll::Ready(Ok(read @ 1..)) => {
                    quiet.moved(read);
                    return Poll::Ready(if reservation.keep() {
                        Filled::More
                    } else {
                        Filled::NoRoom
                    });
                }
                Poll::Ready(_) => return Poll::Ready(Filled::Over),
                Poll::Pending => {}
            }
            let is_new = !std::mem::replace(&mut waits, true) && !is_body && !is_idle;
            if is_new && reservation.reserve_head(input.len(), client.is_authenticated()).is_err() {
                return Poll::Ready(Filled::NoRoom);
            }
            if !is_idle && reservation.is_lost(quiet, deadline, cx) {
                return Poll::Ready(Filled::NoRoom);
            }
            // A request may be on its way that the client sent before it learned of the shutdown,
            // so an idle connection is not closed at once: the next response announces that it is
            // the last.
            if is_idle && !leaves && stop.poll(cx) {
                leaves = true;
                deadline.set(client.worker.core.clock.now().moment, LINGER);
            }
            let over = if leaves { Filled::Over } else { Filled::TooLate };
            deadline.poll(cx).map(|()| over)
        })
        .await
    }
}
