//! The state of a connection.

use std::rc::Rc;

use bytes::BytesMut;

use super::known_head::RepeatedHead;
use super::output::Output;
use crate::deadline::Deadline;
use crate::front::client::Client;
use crate::memory_budget::Reservation;
use crate::transport::shutdown::Shutdown;

/// One connection.
pub(super) struct Connection<I> {
    pub(super) io: I,
    pub(super) client: Rc<Client>,
    pub(super) input: BytesMut,
    pub(super) output: Output,
    pub(super) repeated: RepeatedHead,
    pub(super) deadline: Deadline,
    pub(super) stop: Shutdown,
    pub(super) waiting: Waiting,
    pub(super) ending: Ending,
    /// For responses that could not be sent at once.
    pub(super) reservation: Reservation,
}

/// What the deadline is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The whole head of the first request.
    First,
    /// Another request.
    Another,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
}

/// Whether and how the connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    NotYet,
    /// After all responses are sent.
    Soon,
    /// The same, while the client may still be sending: its input is discarded.
    WhileItSends,
    /// At once: the connection is broken.
    Now,
}
