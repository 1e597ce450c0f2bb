//! What a request asks Valkey while it is served, again and again, until all is answered.

use std::cell::Cell;

use redis::{Cmd, FromRedisValue, Value, from_redis_value_ref};

use crate::error::{Error, Result};

/// What one request has asked, in order, and what it was answered.
#[derive(Default)]
pub(super) struct Exchange {
    answers: Vec<Result<Value>>,
    /// How many of them the request has been given, since it was last served anew.
    given: usize,
    /// The command that is not answered yet.
    pending: Option<Cmd>,
}

thread_local! {
    /// That of the request that this thread serves now.
    static CURRENT: Cell<Option<Exchange>> = const { Cell::new(None) };
}

impl Exchange {
    /// Serves the request with the answers so far; also returns what it asks next, if it does.
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

    /// Takes in the answer to what it has asked.
    pub(super) fn answer(&mut self, answer: Result<Value>) {
        self.answers.push(answer);
    }
}

/// What the server answers to a command.
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
