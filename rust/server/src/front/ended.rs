//! Why a connection ended, for who watches: only what the server ended by itself is counted.

use h2::Reason as H2Reason;

use super::Visit;
use crate::stats::Reason;

impl Visit {
    /// Counts a connection that the server closed.
    pub(super) fn closed(&self, reason: Reason) {
        self.worker.core.stats.closed(reason, self.peer.ip());
    }

    /// Counts the end of an HTTP/1.1 connection, if it was the server's doing.
    pub(super) fn closed_by_h1(&self, error: &hyper::Error) {
        if error.is_timeout() {
            self.closed(Reason::HeaderTimeout);
        } else if error.is_parse() {
            self.closed(Reason::Protocol);
        }
    }

    /// Counts the end of an HTTP/2 connection, if it was the server's doing.
    pub(super) fn closed_by_h2(&self, error: &h2::Error) {
        if error.is_remote() || error.is_io() {
            return;
        }
        match error.reason() {
            Some(H2Reason::NO_ERROR) | None => {}
            Some(H2Reason::ENHANCE_YOUR_CALM) => self.closed(Reason::Flood),
            Some(_) => self.closed(Reason::Protocol),
        }
    }
}
