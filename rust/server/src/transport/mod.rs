//! Connections: TLS, HTTP/1.1 and HTTP/2, up to whole requests, which the fronts answer.
//!
//! A connection says what it speaks: by ALPN where there is TLS, by its first
//! bytes where there is none. HTTP/2 carries gRPC and plain HTTP, HTTP/1.1 only
//! the latter; both answer the same requests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::front::client::Client;
use crate::listener::NewConnection;
use crate::memory_budget::Connected;
use crate::state::Worker;
use crate::stats::{Opened, Speaks};

mod content_length;
mod date;
mod h1;
mod h2;
mod lingering_close;
mod shutdown;
mod sniff;

/// Serves one connection to its end. What goes wrong on it ends it and nothing else.
pub(crate) async fn serve(worker: Rc<Worker>, arrival: NewConnection) {
    let Ok(stream) = TcpStream::from_std(arrival.stream) else { return };
    // Answers are written whole: waiting for more to send would only delay them. A socket that
    // refuses the option is closed already.
    let _ = stream.set_nodelay(true);
    let NewConnection { peer, listener, .. } = arrival;
    let tls = listener.tls.clone();
    let client = Rc::new(Client {
        opened: Opened::new(&worker.core.stats.connections, tls.is_some()),
        connected: Connected::new(&worker.core.memory_budget, tls.is_some()),
        closed: Cell::new(false),
        worker,
        peer,
        local: listener.local && peer.ip().is_loopback(),
        secure: tls.is_some(),
        listener,
        authorizations: RefCell::default(),
    });
    match tls {
        None => serve_http(stream, client, None).await,
        Some(tls) => Box::pin(serve_tls(tls, stream, client)).await,
    }
}

async fn serve_tls(tls: TlsAcceptor, stream: TcpStream, client: Rc<Client>) {
    let Some(shaken) = client.in_time(tls.accept(stream)).await else { return };
    client.worker.core.stats.connections.shook_hands(shaken.is_ok());
    let Ok(stream) = shaken else { return };
    let chosen = stream.get_ref().1.alpn_protocol().map(|chosen| chosen == b"h2");
    serve_http(stream, client, chosen).await;
}

/// Serves what was chosen, or what the first bytes say. Each kind of connection has a room of its
/// own size, so that one that waits holds no more than it needs.
async fn serve_http<I>(mut io: I, client: Rc<Client>, chosen: Option<bool>)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut first = BytesMut::new();
    let speaks_h2 = if let Some(speaks_h2) = chosen {
        speaks_h2
    } else {
        let said = sniff::speaks_h2(&mut io, &client.worker.read_buffer, &mut first);
        let Some(Ok(speaks_h2)) = client.in_time(said).await else { return };
        speaks_h2
    };
    client.opened.speaks(if speaks_h2 { Speaks::Http2 } else { Speaks::Http1 });
    if speaks_h2 {
        Box::pin(h2::serve(io, first, client)).await;
    } else {
        Box::pin(h1::serve(io, first, client)).await;
    }
}
