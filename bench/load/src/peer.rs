//! One connection: its transport, what waits to be sent, what has not been read yet.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::{Registry, Token};

use crate::fault::Fault;
use crate::tally::Outcome;
use crate::tls::Tls;
use crate::transport::Transport;
use crate::wire::Wire;
use crate::workload::Op;

const READ_BYTES: usize = 64 * 1024;

/// A connection that speaks `W`.
pub struct Peer<W> {
    /// What is said.
    pub wire: W,
    transport: Transport,
    outbox: Vec<u8>,
    sent: usize,
    inbox: Vec<u8>,
    filled: usize,
}

impl<W: Wire> Peer<W> {
    /// Connects, and says what opens the conversation.
    ///
    /// # Errors
    /// The server does not listen, or is not who it should be.
    pub fn connect(address: SocketAddr, tls: Option<&Tls>, mut wire: W) -> Result<Self, Fault> {
        let transport = Transport::connect(address, tls)?;
        let mut outbox = Vec::with_capacity(READ_BYTES);
        wire.open(&mut outbox);
        Ok(Self { wire, transport, outbox, sent: 0, inbox: vec![0; READ_BYTES], filled: 0 })
    }

    /// Asks to be woken as `token`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.transport.register(registry, token)
    }

    /// Writes an operation into the outbox.
    pub fn begin(&mut self, op: Op) {
        self.wire.begin(op, &mut self.outbox);
    }

    /// Sends what the transport takes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.outbox.len() {
            match self.transport.send(&self.outbox[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outbox.clear();
        self.sent = 0;
        self.transport.flush()
    }

    /// Reads until nothing more has come, and hands over each answered operation.
    ///
    /// # Errors
    /// The connection broke, or the server broke the protocol.
    pub fn hear(&mut self, mut answered: impl FnMut(Op, Outcome)) -> Result<(), Fault> {
        loop {
            let count = match self.transport.receive(&mut self.inbox[self.filled..]) {
                Ok(0) => return Err(Fault::Closed),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            self.filled += count;
            let used =
                self.wire.hear(&self.inbox[..self.filled], &mut self.outbox, &mut answered)?;
            self.keep_from(used);
        }
    }

    fn keep_from(&mut self, used: usize) {
        self.inbox.copy_within(used..self.filled, 0);
        self.filled -= used;
        if self.filled == self.inbox.len() {
            self.inbox.resize(self.filled * 2, 0);
        }
    }
}
