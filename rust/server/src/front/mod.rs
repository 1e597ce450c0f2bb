//! The fronts: each turns one protocol's words into calls at the gate, and back.
//!
//! A connection says what it speaks: by ALPN where there is TLS, by its first
//! bytes where there is none. HTTP/2 carries gRPC and plain HTTP, HTTP/1.1 only
//! the latter; both answer the same requests.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use ::http::request::Parts;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::acceptor::Scheme;
use crate::gate::{Credential, Passes};
use crate::limits::HANDSHAKE;
use crate::stats::{Opened, Reason, Speaks};
use crate::worker::{Arrival, Worker};

mod body;
mod ended;
pub(crate) mod faults;
mod grpc;
mod h1;
mod h2;
mod http;

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
                    self.closed(Reason::HandshakeTimeout);
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
    let passes = RefCell::default();
    let secure = arrival.scheme == Scheme::Tls;
    let opened = Opened::new(&worker.core.stats, secure);
    let visit = Rc::new(Visit { worker, peer: arrival.peer, local, secure, passes, opened });
    match arrival.scheme {
        Scheme::Plain { .. } => serve_plain(stream, visit).await,
        Scheme::Tls => serve_tls(stream, visit).await,
    }
}

async fn serve_plain(stream: TcpStream, visit: Rc<Visit>) {
    let Some(Ok(speaks_h2)) = visit.unless_stopped(speaks_h2(&stream)).await else { return };
    serve_http(stream, visit, speaks_h2).await;
}

async fn serve_tls(stream: TcpStream, visit: Rc<Visit>) {
    let Some(tls) = visit.worker.tls.clone() else { return };
    let Some(shaken) = visit.unless_stopped(tls.accept(stream)).await else { return };
    visit.worker.core.stats.shook_hands(shaken.is_ok());
    let Ok(stream) = shaken else { return };
    let speaks_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    serve_http(stream, visit, speaks_h2).await;
}

async fn serve_http<I>(io: I, visit: Rc<Visit>, speaks_h2: bool)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    visit.opened.speaks(if speaks_h2 { Speaks::Http2 } else { Speaks::Http1 });
    if speaks_h2 {
        h2::serve(io, visit).await;
    } else {
        h1::serve(io, visit).await;
    }
}

/// How HTTP/2 begins (RFC 9113 §3.4), as far as HTTP/1.1 never does.
const PREFACE: &[u8] = b"PRI ";
/// A client that sent less than the preface's first word is asked again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Looks at the first bytes and leaves them where they are.
async fn speaks_h2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if seen == PREFACE.len() || first[..seen] != PREFACE[..seen] {
            return Ok(first == PREFACE);
        }
        sleep(LOOK_AGAIN).await;
    }
}
