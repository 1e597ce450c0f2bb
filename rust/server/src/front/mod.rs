//! The fronts: each turns one protocol's words into calls at the gate, and back.
//!
//! A connection says what it speaks: by ALPN where there is TLS, by its first
//! bytes where there is none. HTTP/2 carries gRPC and plain HTTP, HTTP/1.1 only
//! the latter; both answer the same requests.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use ::http::header;
use ::http::request::Parts;
use ::http::uri::Authority;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use self::room::Connected;
use crate::acceptor::Entrance;
use crate::gate::{Credential, Passes};
use crate::limits::{HANDSHAKE, LINGER};
use crate::protocol::Protocol;
use crate::stats::{Closed, Opened, Speaks};
use crate::worker::{Arrival, Worker};

mod authorization;
mod basic;
mod caching;
pub(crate) mod cors;
mod date;
mod deadline;
mod ended;
pub(crate) mod faults;
mod grpc;
mod h1;
mod h2;
mod hang_up;
mod host;
mod http;
mod length;
mod proxies;
pub(crate) mod reading;
mod request_id;
pub(crate) mod room;
mod stop;
mod web;

/// One connection: where it came to, from whom, and what it may.
pub(crate) struct Visit {
    worker: Rc<Worker>,
    peer: SocketAddr,
    /// Whether this connection came to a `--local` listener from loopback.
    local: bool,
    /// Whether this connection is encrypted.
    secure: bool,
    entrance: Arc<Entrance>,
    passes: RefCell<Passes>,
    opened: Opened,
    #[expect(dead_code, reason = "what the connection takes goes back with it")]
    connected: Connected,
    /// Whether it was counted that the server closed this connection.
    closed: Cell<bool>,
}

impl Visit {
    /// The token of a request; empty if there was none. The owner's rights on a `--local` server
    /// are not for pages.
    fn credential<'a>(&self, parts: &Parts, token: &'a [u8]) -> Credential<'a> {
        let local = self.local && token.is_empty() && self.is_of_this_machine(parts);
        Credential { token, local, peer: self.peer.ip() }
    }

    /// Whether a program on this machine has sent this: no page, and no proxy for somebody else.
    fn is_of_this_machine(&self, parts: &Parts) -> bool {
        self.peer.ip().to_canonical().is_loopback()
            && !proxies::handed_on(&parts.headers)
            && !cors::is_of_a_page(&self.worker.core.origins, parts)
    }

    /// Whether this listener is for requests of a protocol.
    fn offers(&self, protocol: Protocol) -> bool {
        self.entrance.offers.contains(protocol)
    }

    /// Whether a client of this connection was let in to a cache, so far.
    fn is_known(&self) -> bool {
        !self.passes.borrow().is_empty()
    }

    /// Whether the request bears a credential that lets its sender in.
    fn knows(&self, parts: &Parts) -> bool {
        let Ok(query) = http::Query::of(&parts.uri) else { return false };
        let basic = basic::password(&parts.headers);
        let token = query.token.as_deref();
        let Ok(credential) = http::credential(self, parts, token, basic.as_deref()) else {
            return false;
        };
        let now = self.worker.core.clock.now();
        let gate = &self.worker.core.gate;
        gate.admit(credential, now).is_ok()
            || http::is_data(&parts.uri) && gate.admit_url(credential, now).is_ok()
    }

    /// What a new connection has to say first, unless it takes too long. One that the server has
    /// accepted before it ends may hold a request, so it still has a moment for it.
    async fn in_time<T>(&self, first: impl Future<Output = T>) -> Option<T> {
        let mut stopped = self.worker.stopped.clone();
        let over = async {
            // An error means that the server itself is gone, which is a stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
            sleep(LINGER).await;
        };
        tokio::select! {
            first = timeout(HANDSHAKE, first) => {
                if first.is_err() {
                    self.closed(Closed::HandshakeTimeout);
                }
                first.ok()
            }
            () = over => None,
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
    let Arrival { peer, entrance, .. } = arrival;
    let tls = entrance.tls.clone();
    let visit = Rc::new(Visit {
        opened: Opened::new(&worker.core.stats, tls.is_some()),
        connected: Connected::new(&worker.core.room, tls.is_some()),
        closed: Cell::new(false),
        worker,
        peer,
        local: entrance.local && peer.ip().is_loopback(),
        secure: tls.is_some(),
        entrance,
        passes: RefCell::default(),
    });
    match tls {
        None => serve_http(stream, visit, None).await,
        Some(tls) => Box::pin(serve_tls(tls, stream, visit)).await,
    }
}

async fn serve_tls(tls: TlsAcceptor, stream: TcpStream, visit: Rc<Visit>) {
    let Some(shaken) = visit.in_time(tls.accept(stream)).await else { return };
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
        let Some(Ok(speaks_h2)) = visit.in_time(said).await else { return };
        speaks_h2
    };
    visit.opened.speaks(if speaks_h2 { Speaks::Http2 } else { Speaks::Http1 });
    if speaks_h2 {
        Box::pin(h2::serve(io, first, visit)).await;
    } else {
        Box::pin(h1::serve(io, first, visit)).await;
    }
}
