//! The streams of a connection: one request and its answer each (RFC 9113 §5.1).

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;

use super::body::Body;
use super::deferred::AnonymousPermit;
use super::request::Request;
use super::settings::STREAM_WINDOW;
use super::window::{Inbound, Outbound};
use crate::clock::{Now, after};
use crate::error::{Error, Result};
use crate::limits::STALLED;
use crate::memory_budget::{PROGRESS, Reservation};

/// One that is open.
pub(super) struct Stream {
    pub(super) id: u32,
    pub(super) state: State,
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
    /// Whether the client has ended the stream.
    pub(super) has_ended: bool,
}

/// The state of a request. Rare states are boxed: a stream is moved for each request, so it is
/// small.
pub(super) enum State {
    /// Its body is on its way.
    Body(Receiving),
    /// It is complete, and waits until the client has read earlier answers.
    Waiting(Box<Waiting>),
    /// Another task answers it.
    Deferred,
    /// The answer is on its way.
    Sending(Box<Outgoing>),
    /// It is answered, and the rest of the body is discarded: many clients do not read an answer
    /// while they cannot send.
    Lingering { left: usize, until: u64 },
}

/// A request whose body is on its way.
pub(super) struct Receiving {
    pub(super) request: Rc<Request>,
    pub(super) body: Body,
    /// For one that is not there at once.
    pub(super) policy: Option<Box<BodyPolicy>>,
}

/// A request that is all there and waits.
pub(super) struct Waiting {
    pub(super) request: Rc<Request>,
    pub(super) body: Result<Bytes>,
    pub(super) policy: Option<Box<BodyPolicy>>,
    #[expect(dead_code, reason = "what the body holds of the server's budget goes back with it")]
    pub(super) reservation: Reservation,
}

/// The limits of a body that arrives in pieces.
pub(super) struct BodyPolicy {
    /// Held by an unauthenticated request.
    pub(super) permit: Option<AnonymousPermit>,
    /// By when it must be there, in milliseconds since the server was made.
    pub(super) until: u64,
    pub(super) reservation: Reservation,
    /// When something of it has come last, in the same.
    pub(super) moved_at: u64,
}

/// An answer that could not leave at once.
pub(super) struct Outgoing {
    pub(super) parts: VecDeque<Bytes>,
    /// How many bytes they have.
    pub(super) left: usize,
    pub(super) trailers: Trailers,
    pub(super) reservation: Reservation,
    /// When the client has taken something last, in milliseconds since the server was made.
    pub(super) read_at: u64,
    /// How many bytes were sent since that was set.
    pub(super) progress: usize,
    /// Whether its turn is to come.
    pub(super) is_queued: bool,
}

/// What follows the data of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trailers {
    None,
    /// That the call was done.
    GrpcOk,
}

impl Stream {
    /// One that the client has opened, who takes `window` bytes on it.
    pub(super) fn new(id: u32, state: State, window: u32) -> Self {
        Stream {
            id,
            state,
            inbound: Inbound::new(STREAM_WINDOW),
            outbound: Outbound::new(window),
            has_ended: false,
        }
    }

    /// The request whose body is on its way, if that is so.
    pub(super) fn receiving(&mut self) -> Option<&mut Receiving> {
        match &mut self.state {
            State::Body(receiving) => Some(receiving),
            _ => None,
        }
    }

    /// Whether its body was neither admitted nor refused yet.
    pub(super) fn is_unseen(&self) -> bool {
        matches!(self.state, State::Body(Receiving { policy: None, .. }))
    }

    /// Whether its body comes in pieces.
    pub(super) fn is_in_pieces(&self) -> bool {
        matches!(self.state, State::Body(Receiving { policy: Some(_), .. }))
    }

    /// Whether it has something to send and its turn was not to come: now it is.
    pub(super) fn queues(&mut self) -> bool {
        match &mut self.state {
            State::Sending(outgoing) => !std::mem::replace(&mut outgoing.is_queued, true),
            _ => false,
        }
    }

    /// What is held for its client, and since when that has done nothing, in milliseconds since the
    /// server was made; `unread_at` is when it has last read anything of what waits for the socket.
    pub(super) fn resting(&mut self, unread_at: u64) -> Option<(&mut Reservation, u64)> {
        match &mut self.state {
            State::Body(Receiving { policy: Some(policy), .. }) => {
                Some((&mut policy.reservation, policy.moved_at))
            }
            State::Sending(outgoing) => {
                let since = if outgoing.is_queued { unread_at } else { outgoing.read_at };
                Some((&mut outgoing.reservation, since))
            }
            _ => None,
        }
    }

    /// When it times out, in milliseconds since the server was made.
    pub(super) fn until(&self) -> Option<u64> {
        match &self.state {
            State::Body(receiving) => receiving.policy.as_ref().map(|policy| policy.until),
            // Whose turn is to come waits for others, not for its client.
            State::Sending(outgoing) => (!outgoing.is_queued).then(|| outgoing.until()),
            State::Lingering { until, .. } => Some(*until),
            State::Waiting(..) | State::Deferred => None,
        }
    }
}

impl Receiving {
    /// Whether so many bytes more may be there.
    pub(super) fn accepts(&self, more: usize, ends: bool) -> bool {
        self.body.fits(more, ends) && self.body.has_room_for(more)
    }

    /// What is said of a body that is too long.
    pub(super) fn too_large(&self) -> Error {
        match &self.policy {
            Some(policy) if policy.permit.is_some() => Error::UnauthenticatedTooLarge,
            _ => Error::RequestTooLarge,
        }
    }

    /// Counts what is in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`].
    pub(super) fn reserve(&mut self) -> Result<()> {
        let bytes = self.body.held();
        self.policy.as_mut().map_or(Ok(()), |policy| policy.reservation.reserve(bytes))
    }

    /// Adds what has come of the body; false if others have its room.
    pub(super) fn add(&mut self, input: &[u8], now: Now) -> bool {
        let before = self.body.len() / PROGRESS;
        self.body.add(input);
        let Some(policy) = &mut self.policy else { return true };
        if self.body.len() / PROGRESS > before {
            policy.moved_at = now.moment.0;
        }
        policy.reservation.keep()
    }
}

impl Outgoing {
    /// So many bytes are sent now: who takes a little now and then has taken nothing.
    pub(super) fn note(&mut self, bytes: usize, now: Now) {
        self.progress += bytes;
        if self.progress >= PROGRESS {
            (self.progress, self.read_at) = (0, now.moment.0);
        }
    }

    /// When the client has taken too little for too long.
    pub(super) fn until(&self) -> u64 {
        after(self.read_at, STALLED)
    }

    /// The next `length` bytes.
    pub(super) fn next(&mut self, length: usize) -> impl Iterator<Item = Bytes> {
        self.left -= length;
        let mut missing = length;
        std::iter::from_fn(move || {
            let first = self.parts.front_mut().filter(|_| missing > 0)?;
            let part = first.split_to(missing.min(first.len()));
            missing -= part.len();
            if first.is_empty() {
                self.parts.pop_front();
            }
            Some(part)
        })
    }
}

/// Those of one connection, in the order of their numbers.
#[derive(Default)]
pub(super) struct Streams(Vec<Stream>);

impl Streams {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.0.iter().rev()
    }

    /// All of them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.0.iter_mut()
    }

    /// The one of that number, if it is open.
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Stream> {
        let at = self.position(id)?;
        self.0.get_mut(at)
    }

    /// Takes it out.
    pub(super) fn take(&mut self, id: u32) -> Option<Stream> {
        let stream = self.0.remove(self.position(id)?);
        if self.0.is_empty() && self.0.capacity() > 4 {
            // An idle connection holds nothing.
            self.0 = Vec::new();
        }
        Some(stream)
    }

    /// Puts it in, or back.
    pub(super) fn put(&mut self, stream: Stream) {
        let at = match self.0.last() {
            Some(last) if last.id > stream.id => self.0.partition_point(|one| one.id < stream.id),
            _ => self.0.len(),
        };
        self.0.insert(at, stream);
    }

    /// What is asked for is nearly always what came last.
    fn position(&self, id: u32) -> Option<usize> {
        match self.0.last() {
            Some(last) if last.id == id => Some(self.0.len() - 1),
            _ => self.0.binary_search_by_key(&id, |stream| stream.id).ok(),
        }
    }
}
