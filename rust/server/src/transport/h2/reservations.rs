//! Room for bodies and answers: who waits for it, and who has to give it up.

use super::connection::Connection;
use super::error::ErrorCode;
use super::stream::{State, Stream};
use super::unfinished::Short;
use crate::error::Error;
use crate::memory_budget::{MAX_WAIT, RETRY_EVERY, Rest};

impl Connection {
    /// Counts what is here of a body. Where there is no room, a known client's waits for it a moment, if
    /// no other of this connection is on its way.
    pub(super) fn count_body(&mut self, id: u32) {
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else { return };
        let Err(error) = receiving.reserve() else { return };
        let is_known = receiving.policy.as_ref().is_some_and(|policy| policy.permit.is_none());
        if !is_known || self.streams.iter().any(|stream| stream.id != id && stream.is_in_pieces()) {
            return self.complete(id, Err(error));
        }
        let now = self.now.moment.0;
        self.short = Some(Box::new(Short { stream: id, gives_up_at: now + MAX_WAIT }));
        self.note(now + RETRY_EVERY);
    }

    /// Looks whether there is room now for the body that waits.
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

    /// Lets others have what is held while the client does nothing, and ends those whose room others
    /// have taken; when to look again, in milliseconds since the server was made.
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

    /// Ends a stream whose room others have.
    pub(super) fn end_lost(&mut self, id: u32) {
        match self.streams.get(id).map(|stream| &stream.state) {
            Some(State::Body(_)) => self.complete(id, Err(Error::TooSlow)),
            _ => self.end_stream(id, ErrorCode::Cancel),
        }
    }
}
