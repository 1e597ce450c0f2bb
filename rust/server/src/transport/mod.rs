//! Connections: TLS, HTTP/1.1 and HTTP/2, up to complete requests, which the fronts answer.
//!
//! The protocol is chosen by ALPN with TLS, and by the first bytes without. HTTP/2 carries gRPC,
//! grpc-web and plain HTTP; HTTP/1.1 carries the last two.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use self::boxed::boxed;
use self::socket::{Pausable, Socket};
use crate::front::client::Client;
use crate::front::rest::limited::LimitedBody;
use crate::listener::{ListenerConfig, NewConnection};
use crate::memory_budget::Connected;
use crate::state::Worker;
use crate::stats::{Opened, Speaks};

mod boxed;
mod buffer_pool;
mod content_length;
mod date;
mod h1;
mod h2;
mod lingering_close;
mod pieces;
mod shutdown;
mod sniff;
mod socket;
#[cfg(test)]
mod tests;
mod turns;
mod web_socket;

/// Serves one connection to its end. An error on it ends this connection and no other.
pub(crate) async fn serve(worker: Rc<Worker>, arrival: NewConnection) {
    if let Some(connection) = boxed(|| open(worker, arrival)).await {
        connection.await;
    }
}

/// Serves an open connection. Each protocol has a future of its own size, so that a waiting
/// connection holds no more memory than it needs.
type Connection = Pin<Box<dyn Future<Output = ()>>>;

/// Opens a connection and detects its protocol. Returns `None` if the connection ends before its
/// protocol is known.
async fn open(worker: Rc<Worker>, arrival: NewConnection) -> Option<Connection> {
    let stream = TcpStream::from_std(arrival.stream).ok()?;
    // Disables Nagle's algorithm: a write has all that is ready, and waiting for more would only
    // delay it. A socket that refuses the option is already closed.
    let _ = stream.set_nodelay(true);
    let NewConnection { peer, listener, .. } = arrival;
    let stream = Socket::Registered(stream);
    let tls = listener.tls.clone();
    let client = Rc::new(client(worker, peer, listener, tls.is_some()));
    match tls {
        None => sniffed(stream, client).await,
        Some(tls) => boxed(|| over_tls(tls, stream, client)).await,
    }
}

/// The client of a new connection.
fn client(
    worker: Rc<Worker>,
    peer: SocketAddr,
    listener: Arc<ListenerConfig>,
    secure: bool,
) -> Client {
    Client {
        opened: Opened::new(&worker.core.stats.connections, secure),
        connected: Connected::new(&worker.core.memory_budget, secure),
        closed: Cell::new(false),
        worker,
        peer,
        local: listener.local && peer.ip().is_loopback(),
        secure,
        listener,
        authorizations: RefCell::default(),
        limited: LimitedBody::default(),
    }
}

/// Accepts TLS. The protocol is chosen by ALPN, or else detected from the first bytes.
async fn over_tls(tls: TlsAcceptor, stream: Socket, client: Rc<Client>) -> Option<Connection> {
    let shaken = client.in_time(tls.accept(stream)).await?;
    client.worker.core.stats.connections.shook_hands(shaken.is_ok());
    let stream = shaken.ok()?;
    match stream.get_ref().1.alpn_protocol().map(|chosen| chosen == b"h2") {
        Some(speaks_h2) => Some(connection(speaks_h2, stream, BytesMut::new(), client)),
        None => sniffed(stream, client).await,
    }
}

/// Detects the protocol from the first bytes.
async fn sniffed<I>(mut io: I, client: Rc<Client>) -> Option<Connection>
where
    I: AsyncRead + AsyncWrite + Pausable + Unpin + 'static,
{
    let mut first = BytesMut::new();
    let said = sniff::speaks_h2(&mut io, &client.worker.read_buffer, &mut first);
    let speaks_h2 = client.in_time(said).await?.ok()?;
    Some(connection(speaks_h2, io, first, client))
}

/// Creates the connection; `first` holds the bytes already read.
fn connection<I>(speaks_h2: bool, io: I, first: BytesMut, client: Rc<Client>) -> Connection
where
    I: AsyncRead + AsyncWrite + Pausable + Unpin + 'static,
{
    client.opened.speaks(if speaks_h2 { Speaks::Http2 } else { Speaks::Http1 });
    if speaks_h2 {
        Box::pin(h2::serve(io, first, client))
    } else {
        Box::pin(h1::serve(io, first, client))
    }
}
