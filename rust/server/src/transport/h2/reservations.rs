//! Memory for bodies and responses: which streams wait for it, and which lose it.

use super::connection::Connection;
use super::error::ErrorCode;
use super::stream::{State, Stream};
use super::unfinished::Short;
use crate::error::Error;
use crate::memory_budget::{MAX_WAIT, RETRY_EVERY, Rest};

impl Connection {
    /// Reserves memory for the received part of a body. If there is none, the body of an
    /// authenticated client waits for a while, unless another body of this connection is
    /// incomplete.
    pub(super) fn count_body(&mut self, id: u32) {
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else { return };
        let Err(error) = receiving.reserve() else { return };
        let is_authenticated =
            receiving.policy.as_ref().is_some_and(|policy| policy.permit.is_none());
        if !is_authenticated
            || self.streams.iter().any(|stream| stream.id != id && stream.is_in_pieces())
        {
            return self.complete(id, Err(error));
        }
        let now = self.now.moment.0;
        self.short = Some(Box::new(Short { stream: id, gives_up_at: now + MAX_WAIT }));
        self.note(now + RETRY_EVERY);
    }

    /// Retries the reservation of the body that waits for memory.
    pub(super) fn look_for_room(&mut self) {
        let Some(short) = self.short.take() else { return };
        let (id, now) = (short.stream, self.now.moment.0);
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else { return };
        match receiving.reserve() {
            Ok(()) => {}
            Err(_) if now < short.gives_up_at => {
                self.short = Some(short);
                self.note(now + RETRY_EVERY);
            }
            Err(error) => self.complete(id, Err(error)),
        }
    }

    /// Offers the reservations of idle streams to others, and ends streams that have lost theirs;
    /// returns when to check again, in milliseconds since the server started.
    pub(super) fn rest(&mut self) -> u64 {
        let (now, unread_at, waker) = (self.now.moment.0, self.unread_at, self.deferred.waker());
        let (mut next, mut lost) = (u64::MAX, Vec::new());
        self.has_offered = false;
        for stream in self.streams.iter_mut() {
            let id = stream.id;
            let Some((reservation, since)) = stream.resting(unread_at) else { continue };
            match reservation.rest(since, now, &waker) {
                Rest::Until(moment) => next = next.min(moment),
                Rest::Offered => self.has_offered = true,
                Rest::Lost => lost.push(id),
            }
        }
        for id in lost {
            self.end_lost(id);
        }
        next
    }

    /// Ends a stream that has lost its reservation.
    pub(super) fn end_lost(&mut self, id: u32) {
        match self.streams.get(id).map(|stream| &stream.state) {
            Some(State::Body(_)) => self.complete(id, Err(Error::TooSlow)),
            _ => self.end_stream(id, ErrorCode::Cancel),
        }
    }
}
