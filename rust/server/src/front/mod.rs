//! The fronts: each turns one protocol's words into calls at the gate, and back.
//!
//! A connection says what it speaks: by ALPN where there is TLS, by its first
//! bytes where there is none. HTTP/2 carries gRPC and plain HTTP, HTTP/1.1 only
//! the latter; both answer the same requests.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use ::http::request::Parts;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::acceptor::Scheme;
use crate::gate::{Credential, Passes};
use crate::limits::HANDSHAKE;
use crate::stats::{Closed, Opened, Speaks};
use crate::worker::{Arrival, Worker};

mod deadline;
mod ended;
pub(crate) mod faults;
mod grpc;
mod h1;
mod h2;
mod http;
pub(crate) mod reading;
mod request_id;
pub(crate) mod room;
mod stop;

/// One connection: where it came to, from whom, and what it may.
pub(crate) struct Visit {
    worker: Rc<Worker>,
    peer: SocketAddr,
    /// Whether this connection came to a `--local` listener from loopback.
    local: bool,
    /// Whether this connection is encrypted.
    secure: bool,
    passes: RefCell<Passes>,
    opened: Opened,
    /// Whether it was counted that the server closed this connection.
    closed: Cell<bool>,
    /// How many bytes of its answers have not left yet, but for short ones.
    unsent: Rc<Cell<usize>>,
    /// How many requests of somebody unknown are under way.
    strangers: Cell<usize>,
}

impl Visit {
    /// A token that came by this connection; empty if there was none.
    fn credential<'a>(&self, token: &'a [u8]) -> Credential<'a> {
        Credential { token, local: self.local, peer: self.peer.ip() }
    }

    /// Whether the request bears a credential that lets its sender in.
    fn knows(&self, parts: &Parts) -> bool {
        let Ok(query) = http::Query::of(&parts.uri) else { return false };
        let Ok(credential) = http::credential(self, parts, query.token.as_deref()) else {
            return false;
        };
        let now = self.worker.core.clock.now();
        self.worker.core.gate.admit(credential, now).is_ok()
    }

    /// What a new connection has to say first, unless it takes too long or the server ends.
    async fn unless_stopped<T>(&self, first: impl Future<Output = T>) -> Option<T> {
        let mut stopped = self.worker.stopped.clone();
        tokio::select! {
            first = timeout(HANDSHAKE, first) => match first {
                Ok(first) => Some(first),
                Err(_) => {
                    self.closed(Closed::HandshakeTimeout);
                    None
                }
            },
            _ = stopped.wait_for(|stop| *stop) => None,
        }
    }
}

/// Serves one connection to its end. What goes wrong on it ends it and nothing else.
pub(crate) async fn serve(worker: Rc<Worker>, arrival: Arrival) {
    let Ok(stream) = TcpStream::from_std(arrival.stream) else { return };
    // Answers are written whole: waiting for more to send would only delay them. A socket that
    // refuses the option is closed already.
    let _ = stream.set_nodelay(true);
    let local = arrival.scheme == Scheme::Plain { local: true };
    let secure = arrival.scheme == Scheme::Tls;
    let visit = Rc::new(Visit {
        opened: Opened::new(&worker.core.stats, secure),
        worker,
        peer: arrival.peer,
        local,
        secure,
        passes: RefCell::default(),
        closed: Cell::new(false),
        unsent: Rc::default(),
        strangers: Cell::new(0),
    });
    match arrival.scheme {
        Scheme::Plain { .. } => serve_http(stream, visit, None).await,
        Scheme::Tls => Box::pin(serve_tls(stream, visit)).await,
    }
}

async fn serve_tls(stream: TcpStream, visit: Rc<Visit>) {
    let Some(tls) = visit.worker.tls.clone() else { return };
    let Some(shaken) = visit.unless_stopped(tls.accept(stream)).await else { return };
    visit.worker.core.stats.shook_hands(shaken.is_ok());
    let Ok(stream) = shaken else { return };
    let chosen = stream.get_ref().1.alpn_protocol().map(|chosen| chosen == b"h2");
    serve_http(stream, visit, chosen).await;
}

/// Serves what was chosen, or what the first bytes say. Each kind of connection has a room of its
/// own size, so that one that waits holds no more than it needs.
async fn serve_http<I>(mut io: I, visit: Rc<Visit>, chosen: Option<bool>)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut first = BytesMut::new();
    let speaks_h2 = if let Some(speaks_h2) = chosen {
        speaks_h2
    } else {
        let said = reading::speaks_h2(&mut io, &visit.worker.spare, &mut first);
        let Some(Ok(speaks_h2)) = visit.unless_stopped(said).await else { return };
        speaks_h2
    };
    visit.opened.speaks(if speaks_h2 { Speaks::Http2 } else { Speaks::Http1 });
    if speaks_h2 {
        Box::pin(h2::serve(io, first, visit)).await;
    } else {
        Box::pin(h1::serve(io, first, visit)).await;
    }
}
