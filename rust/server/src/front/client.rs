//! One connection as the fronts see it: where it came to, from whom, and what it may.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::header::HeaderValue;
use tokio::time::{sleep, timeout};

use super::{origins, proxies, request_id};
use crate::gate::{AuthorizationCache, Credential};
use crate::limits::{HANDSHAKE, LINGER};
use crate::listener::ListenerConfig;
use crate::memory_budget::Connected;
use crate::message::{Headers, Parts};
use crate::protocol::Protocol;
use crate::state::Worker;
use crate::stats::{Closed, Level, Opened};

/// One connection: where it came to, from whom, and what it may.
pub(crate) struct Client {
    pub(crate) worker: Rc<Worker>,
    pub(crate) peer: SocketAddr,
    /// Whether this connection came to a `--local` listener from loopback.
    pub(crate) local: bool,
    /// Whether this connection is encrypted.
    pub(crate) secure: bool,
    pub(crate) listener: Arc<ListenerConfig>,
    pub(crate) authorizations: RefCell<AuthorizationCache>,
    pub(crate) opened: Opened,
    #[expect(dead_code, reason = "what the connection takes goes back with it")]
    pub(crate) connected: Connected,
    /// Whether it was counted that the server closed this connection.
    pub(crate) closed: Cell<bool>,
}

impl Client {
    /// The token of a request; empty if there was none. The owner's rights on a `--local` server
    /// are not for pages.
    pub(crate) fn credential<'a>(&self, parts: &Parts, token: &'a [u8]) -> Credential<'a> {
        let local = self.local && token.is_empty() && self.is_of_this_machine(parts);
        Credential { token, local, peer: self.peer.ip() }
    }

    /// Whether a program on this machine has sent this: no page, and no proxy for somebody else.
    pub(crate) fn is_of_this_machine(&self, parts: &Parts) -> bool {
        self.peer.ip().to_canonical().is_loopback()
            && !proxies::handed_on(&parts.headers)
            && !origins::is_of_a_page(&self.worker.core.origins, parts)
    }

    /// Whether items are elsewhere, so that whoever asks for one has to wait.
    pub(crate) fn is_remote(&self) -> bool {
        self.worker.core.gate.backend().is_remote()
    }

    /// Whether this listener is for requests of a protocol.
    pub(crate) fn offers(&self, protocol: Protocol) -> bool {
        self.listener.offers.contains(protocol)
    }

    /// Whether a client of this connection was let in to a cache, so far.
    pub(crate) fn is_known(&self) -> bool {
        !self.authorizations.borrow().is_empty()
    }

    /// Counts a connection that the server closes; what it does to it after that is no news.
    pub(crate) fn closed(&self, why: Closed) {
        if !self.closed.replace(true) {
            let stats = &self.worker.core.stats;
            stats.connections.closed(why, self.peer.ip(), &stats.events);
        }
    }

    /// Writes into the log which request failed by a mistake of ours; its name is for its client.
    pub(crate) fn log_internal_error(&self, headers: &Headers) -> HeaderValue {
        let id = request_id::of(headers);
        let message = format!("request {} failed", id.to_str().unwrap_or_default());
        self.worker.core.stats.events.push(Level::Error, message);
        id
    }

    /// What a new connection has to say first, unless it takes too long. One that the server has
    /// accepted before it ends may hold a request, so it still has a moment for it.
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
