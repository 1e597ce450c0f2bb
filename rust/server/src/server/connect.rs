//! Connections from within the process: for the pages of the console, which show items.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

use super::Server;
use crate::acceptor::least_loaded;
use crate::listener::{ListenerConfig, NewConnection};
use crate::protocol::Protocol;

impl Server {
    /// Serves a connection of this process: HTTP, as if a client at `peer` had opened it.
    ///
    /// # Errors
    ///
    /// The server does not serve, or is about to stop.
    pub fn connect(&self, stream: TcpStream, peer: IpAddr) -> io::Result<()> {
        // Not to wait: a drain keeps the lock until the request is answered that asks here.
        let running = self.running.try_lock();
        let running = running.as_ref().and_then(|running| Option::as_ref(running));
        let workers = running.map(|running| running.workers.handles()).unwrap_or_default();
        if workers.is_empty() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        stream.set_nonblocking(true)?;
        let offers = [Protocol::Http].into_iter().collect();
        let listener = Arc::new(ListenerConfig { tls: None, local: false, offers, https: None });
        let arrival = NewConnection { stream, peer: (peer, 0).into(), listener };
        least_loaded(&workers, 0).enter(arrival);
        Ok(())
    }
}
