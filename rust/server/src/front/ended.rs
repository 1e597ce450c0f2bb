//! Why a connection ended, for who watches: only what the server ended by itself is counted.

use h2::Reason;

use super::Visit;
use crate::stats::Closed;

impl Visit {
    /// Counts a connection that the server closes; what it does to it after that is no news.
    pub(super) fn closed(&self, why: Closed) {
        if !self.closed.replace(true) {
            self.worker.core.stats.closed(why, self.peer.ip());
        }
    }

    /// Counts the end of an HTTP/2 connection, if it was the server's doing, and its last answers.
    pub(super) fn ended(&self, error: Option<h2::Error>) {
        self.worker.stats.settle(self.worker.core.clock.now());
        let Some(error) = error.filter(|error| !(error.is_remote() || error.is_io())) else {
            return;
        };
        match error.reason() {
            Some(Reason::NO_ERROR) | None => {}
            Some(Reason::ENHANCE_YOUR_CALM) => self.closed(Closed::Flood),
            Some(_) => self.closed(Closed::Protocol),
        }
    }
}
