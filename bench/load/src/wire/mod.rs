//! The protocols, one file each: how a request is written, how an answer is read.

pub mod api;
pub mod calls;
pub mod channel;
pub mod frames;
pub mod grpc;
pub mod grpc_work;
pub mod headers;
pub mod http1;
pub mod http2;
pub mod line;
pub mod memcache;
pub mod protobuf;
pub mod resp;
pub mod resp_work;

use crate::fault::Fault;
use crate::tally::Outcome;
use crate::workload::Op;

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
