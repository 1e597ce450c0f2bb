//! One connection: a socket, what waits to be sent, what has not been read yet.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::fault::Fault;
use crate::tally::Outcome;
use crate::wire::Wire;
use crate::workload::Op;

const READ_BYTES: usize = 64 * 1024;

/// A connection that speaks `W`.
pub struct Peer<W> {
    /// What is said.
    pub wire: W,
    socket: TcpStream,
    outbox: Vec<u8>,
    sent: usize,
    inbox: Vec<u8>,
    filled: usize,
}

impl<W: Wire> Peer<W> {
    /// Connects, and says what opens the conversation.
    ///
    /// # Errors
    /// The server does not listen.
    pub fn connect(address: SocketAddr, mut wire: W) -> io::Result<Self> {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut outbox = Vec::with_capacity(READ_BYTES);
        wire.open(&mut outbox);
        let socket = TcpStream::from_std(socket);
        Ok(Self { wire, socket, outbox, sent: 0, inbox: vec![0; READ_BYTES], filled: 0 })
    }

    /// Asks to be woken as `token`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE | Interest::WRITABLE)
    }

    /// Writes an operation into the outbox.
    pub fn begin(&mut self, op: Op) {
        self.wire.begin(op, &mut self.outbox);
    }

    /// Sends what the socket takes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.outbox.len() {
            match self.socket.write(&self.outbox[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outbox.clear();
        self.sent = 0;
        Ok(())
    }

    /// Reads until the socket is empty, and hands over each answered operation.
    ///
    /// # Errors
    /// The connection broke, or the server broke the protocol.
    pub fn hear(&mut self, mut answered: impl FnMut(Op, Outcome)) -> Result<(), Fault> {
        loop {
            let space = self.inbox.len() - self.filled;
            let count = match self.socket.read(&mut self.inbox[self.filled..]) {
                Ok(0) => return Err(Fault::Closed),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            self.filled += count;
            let used =
                self.wire.hear(&self.inbox[..self.filled], &mut self.outbox, &mut answered)?;
            self.keep_from(used);
            // A short read has emptied the socket: the next arrival wakes us again.
            if count < space {
                return Ok(());
            }
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
