//! The commands that a request sends to Valkey: it is served again after each reply, until none is
//! left.

use std::cell::Cell;

use redis::{Cmd, FromRedisValue, Value, from_redis_value_ref};

use crate::error::{Error, Result};

/// The replies to the commands of one request, in order.
#[derive(Default)]
pub(super) struct Exchange {
    answers: Vec<Result<Value>>,
    /// How many of them the request has read since it was last served again.
    given: usize,
    /// The command that is not answered yet.
    pending: Option<Cmd>,
}

thread_local! {
    /// The exchange of the request that this thread serves now.
    static CURRENT: Cell<Option<Exchange>> = const { Cell::new(None) };
}

impl Exchange {
    /// Serves the request with the replies so far; also returns its next command, if any.
    pub(super) fn serve<T>(
        &mut self,
        serve: impl FnOnce() -> Result<T>,
    ) -> (Result<T>, Option<Cmd>) {
        CURRENT.set(Some(std::mem::take(self)));
        let served = serve();
        *self = CURRENT.take().unwrap_or_default();
        self.given = 0;
        (served, self.pending.take())
    }

    /// How many commands have a reply.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Adds the reply to its last command.
    pub(super) fn answer(&mut self, answer: Result<Value>) {
        self.answers.push(answer);
    }
}

/// Whether the request that this thread serves has waited for a reply.
pub(super) fn has_waited() -> bool {
    let exchange = CURRENT.take();
    let has_waited = exchange.as_ref().is_some_and(|exchange| exchange.len() > 0);
    CURRENT.set(exchange);
    has_waited
}

/// The reply to a command.
///
/// # Errors
///
/// [`Error::Waiting`] if it has not answered yet, and [`Error::NoBackend`].
pub(super) fn ask<T: FromRedisValue>(command: Cmd) -> Result<T> {
    let mut exchange = CURRENT.take().unwrap_or_default();
    let answer = exchange.answers.get(exchange.given).map(|answer| {
        let answer = answer.as_ref().map_err(Clone::clone)?;
        from_redis_value_ref(answer).map_err(|_| Error::NoBackend)
    });
    match answer {
        Some(_) => exchange.given += 1,
        None => exchange.pending = Some(command),
    }
    CURRENT.set(Some(exchange));
    answer.unwrap_or(Err(Error::Waiting))
}
