//! The streams of a connection: one request and its response each (RFC 9113 §5.1).

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::body::Body;
use super::deferred::AnonymousPermit;
use super::pipe::Tunnel;
use super::request::Request;
use super::settings::STREAM_WINDOW;
use super::streamed::Streaming;
use super::window::{Inbound, Outbound};
use crate::clock::{Now, after};
use crate::error::{Error, Result};
use crate::limits::STALLED;
use crate::memory_budget::{PROGRESS, Reservation};

/// An open stream.
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
    /// Its body is incomplete.
    Body(Receiving),
    /// It is complete, and waits until the client has read earlier responses.
    Waiting(Box<Waiting>),
    /// Another task answers it; one that has not begun gives up if this is dropped.
    Deferred(
        #[expect(dead_code, reason = "dropping it tells the task")] Option<oneshot::Receiver<()>>,
    ),
    /// The response is being sent.
    Sending(Box<Outgoing>),
    /// The response goes on.
    Streaming(Box<Streaming>),
    /// It asks for a WebSocket, and another task answers that.
    Connecting,
    /// It is a WebSocket.
    Tunnel(Box<Tunnel>),
    /// It is answered, and the rest of the body is discarded: many clients do not read a response
    /// while they cannot send.
    Lingering { left: usize, until: u64 },
}

/// A request whose body is incomplete.
pub(super) struct Receiving {
    pub(super) request: Rc<Request>,
    pub(super) body: Body,
    /// Set once the request was admitted, which only bodies that arrive in pieces need.
    pub(super) policy: Option<Box<BodyPolicy>>,
}

/// A complete request.
pub(super) struct CompleteRequest {
    pub(super) request: Rc<Request>,
    pub(super) body: Result<Bytes>,
    pub(super) policy: Option<Box<BodyPolicy>>,
    /// Whether it was tried, and takes long.
    pub(super) has_given_up: bool,
}

impl CompleteRequest {
    /// Whether it is tried before it is served in steps.
    pub(super) fn is_tried(&self) -> bool {
        !self.request.waits && self.request.is_tried(&self.body)
    }

    /// Whether it is served in steps.
    pub(super) fn is_large(&self) -> bool {
        !self.request.waits && self.request.is_long(&self.body)
    }
}

/// A complete request that waits.
pub(super) struct Waiting {
    pub(super) complete: CompleteRequest,
    pub(super) reservation: Reservation,
}

/// The limits of a body that arrives in pieces.
pub(super) struct BodyPolicy {
    /// Held by an unauthenticated request.
    pub(super) permit: Option<AnonymousPermit>,
    /// The time by which it must be complete, in milliseconds since the server started.
    pub(super) until: u64,
    pub(super) reservation: Reservation,
    /// When the client last sent a part of it, in milliseconds since the server started.
    pub(super) moved_at: u64,
}

/// A response that could not be sent at once.
pub(super) struct Outgoing {
    pub(super) parts: VecDeque<Bytes>,
    /// How many bytes are left to send.
    pub(super) left: usize,
    pub(super) trailers: Trailers,
    pub(super) reservation: Reservation,
    /// When the client last made progress, in milliseconds since the server started.
    pub(super) read_at: u64,
    /// How many bytes were sent since then.
    pub(super) progress: usize,
    /// Whether it is in the queue of streams to send.
    pub(super) is_queued: bool,
}

/// What follows the data of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trailers {
    None,
    /// `grpc-status: 0`.
    GrpcOk,
}

impl Stream {
    /// A stream that the client has opened with a send window of `window` bytes.
    pub(super) fn new(id: u32, state: State, window: u32) -> Self {
        Stream {
            id,
            state,
            inbound: Inbound::new(STREAM_WINDOW),
            outbound: Outbound::new(window),
            has_ended: false,
        }
    }

    /// The request, if its body is incomplete.
    pub(super) fn receiving(&mut self) -> Option<&mut Receiving> {
        match &mut self.state {
            State::Body(receiving) => Some(receiving),
            _ => None,
        }
    }

    /// Whether the request was neither admitted nor refused yet.
    pub(super) fn is_unseen(&self) -> bool {
        matches!(self.state, State::Body(Receiving { policy: None, .. }))
    }

    /// Whether its body arrives in pieces.
    pub(super) fn is_in_pieces(&self) -> bool {
        matches!(self.state, State::Body(Receiving { policy: Some(_), .. }))
    }

    /// Whether its content is a WebSocket's, or may become it.
    pub(super) fn is_connect(&self) -> bool {
        matches!(self.state, State::Connecting | State::Tunnel(_))
    }

    /// Marks a response as queued; whether it was not before.
    pub(super) fn queues(&mut self) -> bool {
        match &mut self.state {
            State::Sending(outgoing) => !std::mem::replace(&mut outgoing.is_queued, true),
            State::Streaming(streaming) => !std::mem::replace(&mut streaming.is_queued, true),
            State::Tunnel(tunnel) => !std::mem::replace(&mut tunnel.is_queued, true),
            _ => false,
        }
    }

    /// The reservation of this stream and since when its client has made no progress, in
    /// milliseconds since the server started; `unread_at` is since when it has not read from the
    /// socket.
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

    /// When it times out, in milliseconds since the server started.
    pub(super) fn until(&self) -> Option<u64> {
        match &self.state {
            State::Body(receiving) => receiving.policy.as_ref().map(|policy| policy.until),
            // A queued response waits for other streams, not for the client.
            State::Sending(outgoing) => (!outgoing.is_queued).then(|| outgoing.until()),
            State::Lingering { until, .. } => Some(*until),
            State::Streaming(streaming) => streaming.until(),
            State::Waiting(..) | State::Deferred(_) | State::Connecting | State::Tunnel(_) => None,
        }
    }
}

impl Receiving {
    /// Whether `more` bytes are allowed.
    pub(super) fn accepts(&self, more: usize, ends: bool) -> bool {
        self.body.fits(more, ends) && self.body.has_room_for(more)
    }

    /// The error for a body that is too long.
    pub(super) fn too_large(&self) -> Error {
        match &self.policy {
            Some(policy) if policy.permit.is_some() => Error::UnauthenticatedTooLarge,
            _ => Error::RequestTooLarge,
        }
    }

    /// Reserves the memory that the body takes.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`].
    pub(super) fn reserve(&mut self) -> Result<()> {
        let bytes = self.body.held();
        self.policy.as_mut().map_or(Ok(()), |policy| policy.reservation.reserve(bytes))
    }

    /// Adds a part of the body; false if others took its reservation.
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
    /// Counts bytes that are sent now. Sending only a few bytes now and then is no progress.
    pub(super) fn note(&mut self, bytes: usize, now: Now) {
        self.progress += bytes;
        if self.progress >= PROGRESS {
            (self.progress, self.read_at) = (0, now.moment.0);
        }
    }

    /// When the client times out, unless it makes progress.
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

/// The open streams of a connection, ordered by identifier. Most requests that are answered are the
/// newest or the oldest, next to which few streams have to be moved.
#[derive(Default)]
pub(super) struct Streams(VecDeque<Stream>);

impl Streams {
    /// How many streams are open.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All streams, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.0.iter().rev()
    }

    /// All streams.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.0.iter_mut()
    }

    /// The stream with this identifier, if it is open.
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Stream> {
        if self.is_newest(id) {
            return self.0.back_mut();
        }
        let at = self.position(id)?;
        self.0.get_mut(at)
    }

    /// Removes a stream.
    pub(super) fn take(&mut self, id: u32) -> Option<Stream> {
        let stream = if self.is_newest(id) {
            self.0.pop_back()
        } else {
            let at = self.position(id)?;
            self.0.remove(at)
        };
        if self.0.is_empty() && self.0.capacity() > 4 {
            // An idle connection holds no memory.
            self.0 = VecDeque::new();
        }
        stream
    }

    /// Inserts a stream.
    pub(super) fn put(&mut self, stream: Stream) {
        if self.0.back().is_none_or(|last| last.id < stream.id) {
            return self.0.push_back(stream);
        }
        let at = self.0.partition_point(|one| one.id < stream.id);
        self.0.insert(at, stream);
    }

    /// Nearly always, the newest stream is asked for.
    fn is_newest(&self, id: u32) -> bool {
        self.0.back().is_some_and(|last| last.id == id)
    }

    fn position(&self, id: u32) -> Option<usize> {
        self.0.binary_search_by_key(&id, |stream| stream.id).ok()
    }
}
