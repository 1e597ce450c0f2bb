//! A response that goes on: the messages of subscriptions, as they come.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::web_socket::Upgrade;
use crate::clock::Now;
use crate::error::Error;
use crate::gate::{Next, Subscription};
use crate::message::{Headers, Response};
use crate::topics::{Delivery, Encoded, Message, Ready};

/// How often a stream shows that it works: within the timeouts of proxies.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The same for programs on this machine, whose tests do not wait for long.
const LOCAL_HEARTBEAT: Duration = Duration::from_secs(1);

/// The same, for a client; `local` is whether it is one of a `--local` server.
pub(crate) fn heartbeat_every(local: bool) -> Duration {
    if local { LOCAL_HEARTBEAT } else { HEARTBEAT }
}

/// The topic of a delivery.
#[derive(Clone, Copy)]
pub(crate) struct From<'a> {
    /// Its index among those of the stream.
    pub(crate) index: usize,
    pub(crate) topic: &'a str,
}

/// How a protocol writes a stream.
pub(crate) trait Wire {
    /// What comes first.
    fn greeting(&self) -> Bytes {
        self.heartbeat()
    }

    /// A message, or what was missed.
    fn delivery(&mut self, from: From<'_>, delivery: &Delivery) -> Encoded;

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
    /// A message, which can be put back.
    Message(Encoded),
    /// What was missed.
    Gap(Encoded),
    Last(End),
}

/// What a request is answered with.
pub(crate) enum Answered {
    Whole(Response),
    Streamed(Box<Streamed>),
    Upgraded(Box<Upgrade>),
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
            Answered::Upgraded(mut upgrade) => {
                upgrade.response = change(upgrade.response);
                Answered::Upgraded(upgrade)
            }
        }
    }
}

/// A response that goes on.
pub(crate) struct Streamed {
    /// Its status and headers, until they are sent; it has no body.
    response: Response,
    /// How often to send [`Streamed::heartbeat`]; the first one comes first of all.
    pub(crate) heartbeat_every: Duration,
    /// Where it tells that it has something to send.
    pub(crate) ready: Rc<Ready>,
    subscriptions: Vec<Subscription>,
    /// The index of the subscription whose turn it is.
    turn: usize,
    /// The message that is being sent.
    message: Option<Arc<Message>>,
    wire: Box<dyn Wire>,
    has_greeted: bool,
    /// Whether the server stops.
    leaves: bool,
    failure: Option<Failure>,
}

/// The end that a test has asked for.
struct Failure {
    /// After how many messages, heartbeats included.
    after: u64,
    end: End,
}

impl Streamed {
    /// The messages of subscriptions, which tell `ready` when they have some, on a wire; `local` is
    /// whether the client is one of a `--local` server.
    pub(crate) fn new(
        response: Response,
        (subscriptions, ready): (Vec<Subscription>, Rc<Ready>),
        wire: Box<dyn Wire>,
        local: bool,
    ) -> Self {
        let heartbeat_every = heartbeat_every(local);
        Streamed {
            response,
            heartbeat_every,
            ready,
            subscriptions,
            turn: 0,
            message: None,
            wire,
            has_greeted: false,
            leaves: false,
            failure: None,
        }
    }

    /// Takes its status and headers, which are sent first; they are not kept any longer.
    pub(crate) fn take_head(&mut self) -> Response {
        std::mem::replace(&mut self.response, Response::new(Bytes::new()))
    }

    /// Ends after so many messages, heartbeats included.
    pub(crate) fn fail_after(&mut self, after: u64, end: End) {
        self.failure = Some(Failure { after, end });
    }

    /// What is sent next.
    pub(crate) fn next(&mut self, now: Now) -> Piece {
        if let Some(failure) = self.failure.take_if(|failure| failure.after == 0) {
            return Piece::Last(failure.end);
        }
        let piece = self.next_of_all(now);
        if matches!(piece, Piece::Message(_) | Piece::Gap(_)) {
            self.count_down();
        }
        piece
    }

    fn count_down(&mut self) {
        if let Some(failure) = &mut self.failure {
            failure.after = failure.after.saturating_sub(1);
        }
    }

    /// The subscriptions take turns.
    fn next_of_all(&mut self, now: Now) -> Piece {
        self.message = None;
        let all = self.subscriptions.len();
        for _ in 0..all {
            let index = self.turn;
            self.turn = (index + 1) % all;
            let subscription = &mut self.subscriptions[index];
            match subscription.next(now) {
                Next::Delivery(delivery) => {
                    let from = From { index, topic: subscription.topic() };
                    let parts = self.wire.delivery(from, &delivery);
                    return match delivery {
                        Delivery::Message(message) => {
                            self.message = Some(message);
                            Piece::Message(parts)
                        }
                        Delivery::Gap(_) => Piece::Gap(parts),
                    };
                }
                Next::Over(why) => return Piece::Last(self.wire.end(why)),
                Next::Nothing => {}
            }
        }
        if self.leaves { Piece::Last(self.end(Error::Stopping)) } else { Piece::Nothing }
    }

    /// What shows that the stream works; the first time also that it begins.
    pub(crate) fn heartbeat(&mut self) -> Bytes {
        self.count_down();
        if std::mem::replace(&mut self.has_greeted, true) {
            self.wire.heartbeat()
        } else {
            self.wire.greeting()
        }
    }

    /// Ends the stream once everything that is there was sent; whether that is new.
    pub(crate) fn leave(&mut self) -> bool {
        !std::mem::replace(&mut self.leaves, true)
    }

    /// Whether it ends since the server stops.
    pub(crate) fn leaves(&self) -> bool {
        self.leaves
    }

    /// The end for a reason of the connection's.
    pub(crate) fn end(&self, why: Error) -> End {
        self.wire.end(why)
    }

    /// The end, if a subscription is over: also for a client that reads nothing.
    pub(crate) fn over(&mut self) -> Option<End> {
        let why = self.subscriptions.iter_mut().find_map(Subscription::over);
        why.map(|why| self.wire.end(why))
    }

    /// Takes back the message that came last, of which the stream holds nothing then; `is_begun` is
    /// whether the client has a part of it.
    pub(crate) fn put_back(&mut self, is_begun: bool) {
        let last = self.last();
        let unfinished = self.message.take().filter(|_| is_begun);
        self.subscriptions[last].put_back(unfinished);
    }

    /// Holds nothing of the message that came last, since all of it is sent.
    pub(crate) fn forget(&mut self) {
        self.message = None;
    }

    /// The message that was put back, with the same bytes as before; `None` if it is not kept any more.
    pub(crate) fn again(&mut self) -> Option<Encoded> {
        let index = self.last();
        let subscription = &mut self.subscriptions[index];
        let message = subscription.again()?;
        self.message = Some(message.clone());
        let from = From { index, topic: subscription.topic() };
        Some(self.wire.delivery(from, &Delivery::Message(message)))
    }

    /// The index of the subscription whose turn it was.
    fn last(&self) -> usize {
        let all = self.subscriptions.len();
        (self.turn + all - 1) % all
    }

    /// Holds nothing while the client does not read.
    pub(crate) fn rest(&mut self) {
        self.subscriptions.iter_mut().for_each(Subscription::rest);
    }
}
