//! Bytes to and from a server: a socket, with or without TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::fault::Fault;
use crate::tls::{Session, Tls};

/// A connection on which nothing waits.
pub struct Transport {
    socket: Socket,
    session: Option<Box<Session>>,
}

impl Transport {
    /// Connects, and shakes hands where there is TLS.
    ///
    /// # Errors
    /// The server does not listen, or is not who it should be.
    pub fn connect(address: SocketAddr, tls: Option<&Tls>) -> Result<Self, Fault> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let session = tls.map(|tls| tls.shake_hands(&mut stream)).transpose()?;
        stream.set_nonblocking(true)?;
        let socket = Socket { stream: TcpStream::from_std(stream), is_empty: false };
        Ok(Self { socket, session: session.map(Box::new) })
    }

    /// Asks to be woken as `token`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket.stream, token, Interest::READABLE | Interest::WRITABLE)
    }

    /// Takes some of the bytes, and returns how many.
    ///
    /// # Errors
    /// `WouldBlock`: nothing fits now. All else: the connection broke.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.session {
            None => self.socket.stream.write(bytes),
            Some(session) => session.seal(bytes).map(|()| bytes.len()),
        }
    }

    /// Sends what was taken and could not be sent yet.
    ///
    /// # Errors
    /// The connection broke.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.session {
            None => Ok(()),
            Some(session) => session.flush(&mut self.socket.stream),
        }
    }

    /// Reads what has come, and returns how many bytes; 0 says that the server has closed.
    ///
    /// # Errors
    /// `WouldBlock`: nothing has come; `register`'s token will say when. All else: the connection
    /// broke.
    pub fn receive(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let Some(session) = &mut self.session else { return self.socket.read(space) };
        loop {
            if let Some(count) = session.open(space)? {
                return Ok(count);
            }
            match self.socket.read(session.space())? {
                0 => return Ok(0),
                count => session.fill(count),
            }
        }
    }
}

struct Socket {
    stream: TcpStream,
    /// A short read has emptied the socket, and the next arrival wakes us again: there is no need
    /// to ask the kernel once more.
    is_empty: bool,
}

impl Socket {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if mem::take(&mut self.is_empty) {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.stream.read(space)?;
        self.is_empty = count < space.len();
        Ok(count)
    }
}
