//! How connections and requests end, for who watches: only what is the server's doing is told.

use http::HeaderMap;
use http::header::HeaderValue;

use super::{Visit, request_id};
use crate::stats::{Closed, Level};

impl Visit {
    /// Counts a connection that the server closes; what it does to it after that is no news.
    pub(super) fn closed(&self, why: Closed) {
        if !self.closed.replace(true) {
            self.worker.core.stats.closed(why, self.peer.ip());
        }
    }

    /// Writes into the log which request failed by a mistake of ours; its name is for its client.
    pub(super) fn mistaken(&self, headers: &HeaderMap) -> HeaderValue {
        let id = request_id::of(headers);
        let told = format!("request {} failed", id.to_str().unwrap_or_default());
        self.worker.core.stats.events.push(Level::Error, told);
        id
    }
}
