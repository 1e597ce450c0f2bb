//! Where connections come in: sockets and what is spoken on them, and the handles by which
//! data threads get their connections.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::protocol::Protocols;

/// The configuration that all connections of one listener share.
pub(crate) struct ListenerConfig {
    /// `None` for plaintext.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether peers on this machine need no token.
    pub(crate) local: bool,
    pub(crate) offers: Protocols,
    /// The name and port to which plaintext clients are sent where only challenges are answered.
    pub(crate) https: Option<String>,
}

/// A bound socket and what is spoken on it.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) config: Arc<ListenerConfig>,
}

/// A connection that was accepted.
pub(crate) struct NewConnection {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) listener: Arc<ListenerConfig>,
}

/// Hands connections to a data thread.
#[derive(Clone)]
pub(crate) struct WorkerHandle {
    pub(crate) queue: mpsc::UnboundedSender<NewConnection>,
    pub(crate) load: Arc<Load>,
}

/// How many connections a data thread has.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) connections: AtomicUsize,
    /// Notified whenever a connection ends.
    pub(crate) left: Notify,
}

impl WorkerHandle {
    /// How many connections the thread has.
    pub(crate) fn connections(&self) -> usize {
        self.load.connections.load(Ordering::Relaxed)
    }

    /// Hands a connection over. It is dropped if the thread has ended.
    pub(crate) fn enter(&self, arrival: NewConnection) {
        self.load.connections.fetch_add(1, Ordering::Relaxed);
        if self.queue.send(arrival).is_err() {
            self.load.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Counts a connection until it is dropped.
pub(crate) struct ConnectionGuard(pub(crate) Arc<Load>);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
        self.0.left.notify_one();
    }
}
