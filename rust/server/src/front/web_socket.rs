//! The WebSocket (RFC 6455), apart from its frames: what speaks on one, and how one ends.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::cause::Cause;
use super::client::Client;
use crate::clock::Now;
use crate::error::Error;
use crate::message::Response;
use crate::topics::Ready;

/// The close code of a server that goes away (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;
/// That of what will pass: the client should try again later.
const TRY_AGAIN: u16 = 1013;
/// Added to the HTTP status of an error, this is its close code: those from 4000 on are private.
const PRIVATE: u16 = 4000;

/// What is sent next.
pub(crate) enum Outgoing {
    /// Nothing yet.
    Nothing,
    /// A message of text.
    Text(Bytes),
    /// The end, for this reason.
    Close(Error),
}

/// What speaks on a WebSocket.
pub(crate) trait Endpoint {
    /// Takes a message of text.
    fn receive(&mut self, client: &Client, text: &str);

    /// Takes note that the subscription with this number has news.
    fn has_news(&mut self, subscription: u32);

    /// What is sent next.
    fn next(&mut self, now: Now) -> Outgoing;

    /// Whether it is over, whatever is left to send.
    fn is_over(&mut self) -> bool;

    /// Ends once everything that is there was sent.
    fn leave(&mut self);
}

/// The answer to a request for a WebSocket.
pub(crate) struct Upgrade {
    /// Its head.
    pub(crate) response: Response,
    pub(crate) talk: Talk,
}

/// What is said on a WebSocket.
pub(crate) struct Talk {
    pub(crate) endpoint: Box<dyn Endpoint>,
    /// Where it tells that it has something to send.
    pub(crate) ready: Rc<Ready>,
    /// How often the client is asked whether it is still there.
    pub(crate) ping_every: Duration,
}

/// The close code and the reason of an end.
pub(crate) fn close(why: &Error) -> (u16, &'static str) {
    let cause = Cause::from(why);
    let code = match cause.status() {
        _ if *why == Error::Stopping => GOING_AWAY,
        429 | 503 => TRY_AGAIN,
        status => PRIVATE + status,
    };
    (code, cause.err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_code_says_whether_to_come_back() {
        for (why, expected) in [
            (Error::Stopping, (1001, "server_stopping")),
            (Error::Unavailable, (1013, "control_plane_unavailable")),
            (Error::NoSuchCache, (4404, "cache_not_found")),
            (Error::Unauthenticated("why"), (4401, "invalid_token")),
            (Error::denied("why"), (4403, "permission_denied")),
        ] {
            assert_eq!(close(&why), expected);
        }
    }
}
