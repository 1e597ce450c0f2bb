//! Bodies that have not arrived with their heads: they are gathered, or passed over. Others take turns
//! meanwhile.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{Body, BodyError};
use super::connection::{Connection, Ending, Waiting};
use super::filling::Filled;
use super::head::Framing;
use crate::clock::Now;
use crate::error::Error;
use crate::front::rest::paths;
use crate::front::{admission, dispatch};
use crate::limits::{BODY, UNAUTHENTICATED_BODY, UNAUTHENTICATED_BYTES};
use crate::memory_budget::{Quiet, Reservation};
use crate::message::Parts;
use crate::state::Worker;
use crate::stats::Closed;
use crate::transport::turns::take_turns;

/// What became of a body.
pub(super) enum Gathered {
    Whole(Bytes, Reservation),
    /// It is incomplete, and the connection ends.
    Refused(Error),
    /// It was not read, and is to be passed over.
    Unread(Error, Box<Body>),
}

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Reads a body and reserves its memory, unless the request will be refused whatever it is; `None`
    /// if the client closed the connection.
    pub(super) async fn gather(
        &mut self,
        parts: &Parts,
        framing: Framing,
        expects: bool,
        now: Now,
    ) -> Option<Gathered> {
        let is_authenticated = admission::is_authenticated(&self.client, parts);
        let is_async = dispatch::is_async(&self.client, parts);
        if !is_authenticated && !is_async && !paths::is_public(&parts.target) {
            // The answer will be an authentication error, whatever the client sends.
            return self.give_up(Error::RequestTooLarge);
        }
        let limit = if is_authenticated { dispatch::limit(parts) } else { UNAUTHENTICATED_BYTES };
        if is_authenticated
            && !is_async
            && let Some(met) = admission::over_limit(&self.client, parts, now)
        {
            let error = Error::Limited(met);
            if expects {
                // Whether the client sends the body although it is not asked to is unknown.
                return self.give_up(error);
            }
            return Some(Gathered::Unread(error, Box::new(Body::discarded(framing, limit))));
        }
        let time = if is_authenticated { BODY } else { UNAUTHENTICATED_BODY };
        self.waiting = Waiting::Body;
        self.deadline.set(now.moment, time);
        self.collect(Body::new(framing, limit), is_authenticated, expects).await
    }

    async fn collect(
        &mut self,
        mut body: Body,
        is_authenticated: bool,
        expects: bool,
    ) -> Option<Gathered> {
        let mut reservation =
            Reservation::of(&self.client.worker.core.memory_budget, is_authenticated);
        let (mut continued, mut quiet, mut reads) = (!expects, Quiet::default(), 0);
        loop {
            match body.take(&mut self.input) {
                Ok(Some(whole)) => return Some(Gathered::Whole(whole, reservation)),
                Err(BodyError::TooLarge) if is_authenticated => {
                    return self.give_up(Error::RequestTooLarge);
                }
                Err(BodyError::TooLarge) => return self.give_up(Error::UnauthenticatedTooLarge),
                Err(BodyError::Malformed) => {
                    return self.give_up(Error::Malformed("the chunks of the body cannot be read"));
                }
                Ok(None) => {}
            }
            let bytes = body.held();
            if reservation.reserve(bytes).is_err()
                // Boxed, since a connection seldom has to wait for memory.
                && let Err(error) = Box::pin(reservation.reserve_soon(bytes)).await
            {
                return self.give_up(error);
            }
            if !std::mem::replace(&mut continued, true) {
                self.output.make_progress();
            }
            if !(self.output.is_empty() || self.send().await) {
                return None;
            }
            match self.fill(Some((&mut reservation, &mut quiet))).await {
                Filled::More => take_turns(&mut reads).await,
                Filled::TooLate => {
                    self.client.closed(Closed::BodyTimeout);
                    return self.give_up(Error::TooSlow);
                }
                Filled::NoRoom => {
                    self.client.closed(Closed::NoRoom);
                    return self.give_up(Error::TooSlow);
                }
                Filled::Over => {
                    self.ending = Ending::Now;
                    return None;
                }
            }
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it returns what `gather` returns")]
    fn give_up(&mut self, error: Error) -> Option<Gathered> {
        self.ending = Ending::WhileItSends;
        Some(Gathered::Refused(error))
    }

    /// Sends the answer to a request whose body was not read, and passes over that.
    pub(super) async fn discard(&mut self, mut body: Body, now: Now) {
        if self.ending != Ending::NotYet {
            self.ending = Ending::WhileItSends;
            return;
        }
        if !self.send().await {
            return;
        }
        let Worker { core, stats, .. } = &*self.client.worker;
        stats.settle();
        let mut reservation = Reservation::nothing(&core.memory_budget);
        let (mut quiet, mut reads) = (Quiet::default(), 0);
        self.waiting = Waiting::Body;
        self.deadline.set(now.moment, BODY);
        loop {
            match body.take(&mut self.input) {
                Ok(Some(_)) => return,
                Ok(None) => {}
                Err(_) => break self.ending = Ending::WhileItSends,
            }
            match self.fill(Some((&mut reservation, &mut quiet))).await {
                Filled::More => take_turns(&mut reads).await,
                Filled::TooLate | Filled::NoRoom | Filled::Over => break self.ending = Ending::Now,
            }
        }
    }
}
