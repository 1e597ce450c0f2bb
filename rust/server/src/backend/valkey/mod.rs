//! A Valkey server as the store: single values so far, behind a setting that help does not show.
//!
//! A key is `{}`, the number of the cache's namespace, a dot and the client's key. The empty braces
//! have Valkey hash the whole of it, whatever braces the client's key holds. One database never uses
//! a namespace again, so what a flushed or deleted cache leaves behind expires by its TTL. Another
//! database, or one that was restored from a backup, needs an empty Valkey.
//!
//! The code above never waits. A request is served until it needs a reply that has not arrived; the
//! command is sent, and then the request is served again with the replies so far. So the code above
//! is the same for both stores, and requests for items in this process have no extra cost.

use attimo_engine::{Command, Limits, Looked, Namespace};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, RedisError, Value};
use tokio::sync::OnceCell;

use self::exchange::Exchange;
use self::key::Key;
use crate::error::{Error, Result};
use crate::limits::BACKEND_ANSWER;

mod exchange;
mod key;

/// How many commands a request can run: for each, the request is served once more.
const MOST_COMMANDS: usize = 1_024;

fn too_many() -> String {
    format!("this server's backend runs at most {MOST_COMMANDS} commands a request")
}

/// One Valkey server, by one connection that all threads share.
pub(super) struct Valkey {
    url: String,
    connection: OnceCell<ConnectionManager>,
}

impl Valkey {
    /// The server at `url`, `valkey://HOST:PORT`; it may start later.
    pub(super) fn new(url: String) -> Self {
        Valkey { url, connection: OnceCell::new() }
    }

    /// Serves a request until all of its commands have replies.
    ///
    /// # Errors
    ///
    /// Those of `serve`, but for [`Error::Waiting`].
    pub(super) async fn wait_for<T>(&self, mut serve: impl FnMut() -> Result<T>) -> Result<T> {
        let mut exchange = Exchange::default();
        loop {
            let (served, pending) = exchange.serve(&mut serve);
            match pending {
                Some(_) if exchange.len() == MOST_COMMANDS => {
                    exchange.answer(Err(Error::Invalid(too_many())));
                }
                Some(command) => exchange.answer(self.ask(&command).await.map_err(Error::from)),
                None => return served,
            }
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

/// Whether the request that this thread serves has waited for a reply.
pub(super) fn has_waited() -> bool {
    exchange::has_waited()
}

/// Runs a command of the request that this thread serves; also returns its hits and misses.
///
/// # Errors
///
/// [`Error::NotInBackend`] for commands on collections, [`Error::Waiting`], [`Error::NoBackend`] if
/// the server does not answer, or what the command itself documents.
pub(super) fn run<C: Command>(
    namespace: Namespace,
    command: C,
    limits: &Limits,
) -> Result<(C::Reply, Looked)> {
    let of_client = &command.key().to_vec();
    let key = Key { name: name(namespace, of_client), of_client, limits };
    command.apply_to(&key)?.ok_or(Error::NotInBackend)
}

/// The Valkey key of an item.
fn name(namespace: Namespace, key: &[u8]) -> Vec<u8> {
    let mut whole = format!("{{}}{}.", namespace.0).into_bytes();
    whole.extend_from_slice(key);
    whole
}

impl From<RedisError> for Error {
    /// None of these is the fault of the client.
    fn from(_: RedisError) -> Self {
        Error::NoBackend
    }
}
