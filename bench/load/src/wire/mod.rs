//! The protocols, one file each: how a request is written, how an answer is read.

pub mod api;
pub mod calls;
pub mod channel;
pub mod events;
pub mod frames;
pub mod grpc;
pub mod grpc_work;
pub mod headers;
pub mod http1;
pub mod http2;
pub mod line;
pub mod memcache;
pub mod messages;
pub mod protobuf;
pub mod resp;
pub mod resp_work;
pub mod subscriptions;

use std::rc::Rc;

use crate::fault::Fault;
use crate::items::Items;
use crate::tally::Outcome;
use crate::workload::{Op, Verb};

/// One side of a conversation with a server, without its socket.
pub trait Wire {
    /// Writes what opens the conversation.
    fn open(&mut self, out: &mut Vec<u8>);

    /// How many requests may begin now.
    fn room(&self) -> usize;

    /// Writes one request. There must be room.
    fn begin(&mut self, op: Op, out: &mut Vec<u8>);

    /// Reads what has arrived, hands over what is answered, and returns how many bytes it is
    /// done with. May write what the protocol owes the server.
    ///
    /// # Errors
    /// The server broke the protocol.
    fn hear(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault>;
}

/// What a subscriber hands over when its subscription has begun: messages are numbered from 1.
pub const BEGUN: Op = Op { verb: Verb::Get, key: 0, due: 0 };

/// What it hands over for a heartbeat that comes later.
pub const ALIVE: Op = Op { verb: Verb::Get, key: u32::MAX, due: 0 };

/// What a subscriber expects: every message once, in order, with the value of its number.
pub struct InOrder {
    items: Rc<Items>,
    last: u32,
}

impl InOrder {
    /// Nothing has come yet.
    pub fn new(items: &Rc<Items>) -> Self {
        Self { items: Rc::clone(items), last: 0 }
    }

    /// Takes the value that has come: the number that it must have, and whether it has.
    pub fn hear(&mut self, value: &[u8]) -> (Op, Outcome) {
        self.last += 1;
        (Op { key: self.last, ..BEGUN }, self.items.check(self.last, value))
    }
}
