//! A Valkey server as the store: single values so far, behind a setting that help does not show.
//!
//! A key is `{}`, the number of the cache's namespace, a dot and the client's key. The empty braces
//! have Valkey hash the whole of it, whatever braces the client's key holds. Namespaces are never used
//! again, so what a flushed or deleted cache leaves goes by its lifetime.
//!
//! Nothing above waits. A request is served until it needs an answer that is not there; it is asked for,
//! and then the request is served again, with the answers so far. So those who read, permit and write
//! requests are the same for both stores, and those whose items are in this process pay nothing.

use std::cell::Cell;

use attimo_engine::{Limits, Looked, Namespace};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError, Value, from_redis_value_ref};
use tokio::sync::OnceCell;

pub(crate) use self::commands::Remote;
use crate::error::{Error, Result};
use crate::limits::BACKEND_ANSWER;

mod collections;
mod commands;

/// One Valkey server, by one connection that all threads share.
pub(super) struct Valkey {
    url: String,
    connection: OnceCell<ConnectionManager>,
}

/// What one request has asked, in order, and what it was answered.
#[derive(Default)]
struct Exchange {
    answers: Vec<Result<Value>>,
    /// How many of them the request has been given, since it was last served anew.
    given: usize,
    /// What it has asked and was not answered.
    asked: Option<Cmd>,
}

thread_local! {
    /// That of the request that this thread serves now.
    static EXCHANGE: Cell<Option<Exchange>> = const { Cell::new(None) };
}

impl Valkey {
    /// The server at `url`, `valkey://HOST:PORT`; it may come up later.
    pub(super) fn new(url: String) -> Self {
        Valkey { url, connection: OnceCell::new() }
    }

    /// Serves a request until all that it asks is answered.
    ///
    /// # Errors
    ///
    /// Those of `serve`, but for [`Error::Waiting`].
    pub(super) async fn wait_for<T>(&self, mut serve: impl FnMut() -> Result<T>) -> Result<T> {
        let mut exchange = Exchange::default();
        loop {
            EXCHANGE.set(Some(exchange));
            let served = serve();
            exchange = EXCHANGE.take().unwrap_or_default();
            match exchange.asked.take() {
                Some(asked) => exchange.answers.push(self.ask(&asked).await.map_err(Error::from)),
                None => return served,
            }
            exchange.given = 0;
        }
    }

    async fn ask(&self, command: &Cmd) -> std::result::Result<Value, RedisError> {
        let mut connection = self.connection.get_or_try_init(|| self.connect()).await?.clone();
        command.query_async(&mut connection).await
    }

    async fn connect(&self) -> std::result::Result<ConnectionManager, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(BACKEND_ANSWER))
            .set_response_timeout(Some(BACKEND_ANSWER));
        Client::open(&*self.url)?.get_connection_manager_with_config(config).await
    }
}

/// Runs a command of the request that this thread serves; also returns what it looked for.
///
/// # Errors
///
/// [`Error::NotInBackend`] for commands on collections, [`Error::Waiting`], [`Error::NoBackend`] if the
/// server does not answer, or what the command itself documents.
pub(super) fn run<C: Remote>(
    namespace: Namespace,
    command: C,
    limits: &Limits,
) -> Result<(C::Reply, Looked)> {
    let key = key(namespace, command.key());
    command.run(&Item { key, limits })
}

/// The key under which an item lies.
fn key(namespace: Namespace, key: &[u8]) -> Vec<u8> {
    let mut whole = format!("{{}}{}.", namespace.0).into_bytes();
    whole.extend_from_slice(key);
    whole
}

impl From<RedisError> for Error {
    /// No client can mend any of it.
    fn from(_: RedisError) -> Self {
        Error::NoBackend
    }
}

/// Where a command runs: one key of the server.
pub(crate) struct Item<'a> {
    key: Vec<u8>,
    limits: &'a Limits,
}

/// What the server answers to a command.
///
/// # Errors
///
/// [`Error::Waiting`] if it has not answered yet, and [`Error::NoBackend`].
fn ask<T: FromRedisValue>(command: Cmd) -> Result<T> {
    let mut exchange = EXCHANGE.take().unwrap_or_default();
    let answer = exchange.answers.get(exchange.given).map(|answer| {
        let answer = answer.as_ref().map_err(Clone::clone)?;
        from_redis_value_ref(answer).map_err(|_| Error::NoBackend)
    });
    match answer {
        Some(_) => exchange.given += 1,
        None => exchange.asked = Some(command),
    }
    EXCHANGE.set(Some(exchange));
    answer.unwrap_or(Err(Error::Waiting))
}
