//! A response that goes on: the messages of a subscription, as they come.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Now;
use crate::error::Error;
use crate::gate::{Next, Subscription};
use crate::message::{Headers, Response};
use crate::topics::{Delivery, Encoded, Ready};

/// How often a stream shows that it works: within the timeouts of proxies.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The same for programs on this machine, whose tests do not wait for long.
const LOCAL_HEARTBEAT: Duration = Duration::from_secs(1);

/// How a protocol writes a stream.
pub(crate) trait Wire: Sync {
    /// A message, or what was missed.
    fn delivery(&self, delivery: &Delivery) -> Encoded;

    /// What shows that the stream works.
    fn heartbeat(&self) -> Bytes;

    /// The end, for this reason; if the server stops, a client should come back.
    fn end(&self, why: Error) -> End;
}

/// The end of a stream.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The end of the body.
    pub(crate) data: Bytes,
    /// What follows the body on HTTP/2.
    pub(crate) trailers: Option<Headers>,
}

/// What is sent next.
pub(crate) enum Piece {
    /// Nothing yet.
    Nothing,
    Data(Encoded),
    Last(End),
}

/// What a request is answered with.
pub(crate) enum Answered {
    Whole(Response),
    Streamed(Box<Streamed>),
}

impl Answered {
    /// Changes the response, or the head of it.
    pub(super) fn map(self, change: impl FnOnce(Response) -> Response) -> Self {
        match self {
            Answered::Whole(response) => Answered::Whole(change(response)),
            Answered::Streamed(mut streamed) => {
                streamed.response = change(streamed.response);
                Answered::Streamed(streamed)
            }
        }
    }
}

/// A response that goes on.
pub(crate) struct Streamed {
    /// Its status and headers; it has no body.
    pub(crate) response: Response,
    /// How often to send [`Streamed::heartbeat`], which comes first.
    pub(crate) heartbeat_every: Duration,
    /// Where it tells that it has something to send.
    pub(crate) ready: Rc<Ready>,
    subscription: Subscription,
    wire: &'static dyn Wire,
    /// Whether the server stops.
    leaves: bool,
}

impl Streamed {
    /// The messages of a subscription, which tells `ready` when it has some, on a wire; `local` is
    /// whether the client is one of a `--local` server.
    pub(crate) fn new(
        response: Response,
        (subscription, ready): (Subscription, Rc<Ready>),
        wire: &'static dyn Wire,
        local: bool,
    ) -> Self {
        let heartbeat_every = if local { LOCAL_HEARTBEAT } else { HEARTBEAT };
        Streamed { response, heartbeat_every, ready, subscription, wire, leaves: false }
    }

    /// What is sent next.
    pub(crate) fn next(&mut self, now: Now) -> Piece {
        match self.subscription.next(now) {
            Next::Delivery(delivery) => Piece::Data(self.wire.delivery(&delivery)),
            Next::Over(why) => Piece::Last(self.wire.end(why)),
            Next::Nothing if self.leaves => Piece::Last(self.stop()),
            Next::Nothing => Piece::Nothing,
        }
    }

    /// What shows that the stream works.
    pub(crate) fn heartbeat(&self) -> Bytes {
        self.wire.heartbeat()
    }

    /// Ends the stream once everything that is there was sent; whether that is new.
    pub(crate) fn leave(&mut self) -> bool {
        !std::mem::replace(&mut self.leaves, true)
    }

    /// The end if the server stops.
    pub(crate) fn stop(&self) -> End {
        self.wire.end(Error::Stopping)
    }
}
