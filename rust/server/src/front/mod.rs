//! The fronts: each turns one protocol's words into calls at the gate, and back.
//!
//! A connection says what it speaks: by ALPN where there is TLS, by its first
//! bytes where there is none. HTTP/2 carries gRPC and plain HTTP, HTTP/1.1 only
//! the latter; both answer the same requests.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use ::http::header;
use ::http::request::Parts;
use ::http::uri::Authority;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::acceptor::Scheme;
use crate::gate::{Credential, Passes};
use crate::limits::HANDSHAKE;
use crate::worker::{Arrival, Worker};

mod body;
pub(crate) mod cors;
pub(crate) mod faults;
mod grpc;
mod h1;
mod h2;
mod http;
mod web;

/// One connection: where it came to, from whom, and what it may.
pub(crate) struct Visit {
    worker: Rc<Worker>,
    peer: SocketAddr,
    /// Whether this connection came to a `--local` listener from loopback.
    local: bool,
    /// Whether this connection is encrypted.
    secure: bool,
    passes: RefCell<Passes>,
}

impl Visit {
    /// The token of a request; empty if there was none. The owner's rights on a `--local` server
    /// are not for pages.
    fn credential<'a>(&self, parts: &Parts, token: &'a [u8]) -> Credential<'a> {
        let local =
            self.local && token.is_empty() && !cors::is_of_a_page(&self.worker.core.origins, parts);
        Credential { token, local, peer: self.peer.ip() }
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
            first = timeout(HANDSHAKE, first) => first.ok(),
            _ = stopped.wait_for(|stop| *stop) => None,
        }
    }
}

/// The host that the client means, with its port; empty if it does not say.
fn host(parts: &Parts) -> &str {
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or(parts.uri.authority().map(Authority::as_str)).unwrap_or_default()
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
    let visit = Rc::new(Visit { worker, peer: arrival.peer, local, secure, passes });
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
    let Some(Ok(stream)) = visit.unless_stopped(tls.accept(stream)).await else { return };
    let speaks_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    serve_http(stream, visit, speaks_h2).await;
}

async fn serve_http<I>(io: I, visit: Rc<Visit>, speaks_h2: bool)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
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
