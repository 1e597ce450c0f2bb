//! One connection as the fronts see it: its listener, its peer and its authorizations.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::header::HeaderValue;
use tokio::time::{sleep, timeout};

use super::rest::limited::LimitedBody;
use super::{origins, proxies, request_id};
use crate::error::{Error, Result};
use crate::gate::{AuthorizationCache, Credential};
use crate::limits::{HANDSHAKE, LINGER};
use crate::listener::ListenerConfig;
use crate::memory_budget::Connected;
use crate::message::{Headers, Parts};
use crate::protocol::Protocol;
use crate::state::Worker;
use crate::stats::{Closed, Level, Opened};

/// One connection: its listener, its peer and its authorizations.
pub(crate) struct Client {
    pub(crate) worker: Rc<Worker>,
    pub(crate) peer: SocketAddr,
    /// Whether this connection came to a `--local` listener from loopback.
    pub(crate) local: bool,
    /// Whether this connection is encrypted.
    pub(crate) secure: bool,
    pub(crate) listener: Arc<ListenerConfig>,
    pub(crate) authorizations: RefCell<AuthorizationCache>,
    /// How it was told last of a limit that it had met, by HTTP.
    pub(crate) limited: LimitedBody,
    pub(crate) opened: Opened,
    #[expect(dead_code, reason = "what the connection takes goes back with it")]
    pub(crate) connected: Connected,
    /// Whether it was counted that the server closed this connection.
    pub(crate) closed: Cell<bool>,
}

impl Client {
    /// The token of a request; empty if there is none. Web pages do not get the owner's permissions
    /// on a `--local` server.
    pub(crate) fn credential<'a>(&self, parts: &Parts, token: &'a [u8]) -> Credential<'a> {
        let local = self.local && token.is_empty() && self.is_of_this_machine(parts);
        Credential { token, local, peer: self.peer.ip() }
    }

    /// Whether a program on this machine sent the request: not a web page, and not a proxy.
    pub(crate) fn is_of_this_machine(&self, parts: &Parts) -> bool {
        self.peer.ip().to_canonical().is_loopback()
            && !proxies::handed_on(&parts.headers)
            && !origins::is_of_a_page(&self.worker.core.origins, parts)
    }

    /// Whether the store is remote, so that data requests have to wait.
    pub(crate) fn is_remote(&self) -> bool {
        self.worker.core.gate.backend().is_remote()
    }

    /// Whether the listener accepts requests of `protocol`.
    pub(crate) fn offers(&self, protocol: Protocol) -> bool {
        self.listener.offers.contains(protocol)
    }

    /// Whether a request of this connection was authorized before.
    pub(crate) fn is_authenticated(&self) -> bool {
        !self.authorizations.borrow().is_empty()
    }

    /// Counts a connection that the server closes, once.
    pub(crate) fn closed(&self, why: Closed) {
        if !self.closed.replace(true) {
            let stats = &self.worker.core.stats;
            stats.connections.closed(why, self.peer.ip(), &stats.events);
        }
    }

    /// Takes note of a token that the gate has refused, or missed.
    pub(crate) fn noting<T>(&self, admitted: Result<T>) -> Result<T> {
        if let Err(Error::Unauthenticated(reason) | Error::NoToken(reason)) = &admitted {
            self.worker.core.stats.refused_token(self.peer.ip(), reason);
        }
        admitted
    }

    /// Logs the id of a request that failed with an internal error, and returns it for the client.
    pub(crate) fn log_internal_error(&self, headers: &Headers) -> HeaderValue {
        let id = request_id::of(headers);
        let message = format!("request {} failed", id.to_str().unwrap_or_default());
        self.worker.core.stats.events.push(Level::Error, message);
        id
    }

    /// Waits for `first` for up to [`HANDSHAKE`], or [`LINGER`] once the server stops: a connection
    /// that was accepted before may still carry a request.
    pub(crate) async fn in_time<T>(&self, first: impl Future<Output = T>) -> Option<T> {
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
