//! The interface that commands on single values need of another store.

use bytes::Bytes;

use crate::commands::scalar::{TtlChange, TtlChanged};
use crate::{Error, Ttl};

/// How often a write is retried because another client has written in between.
const ATTEMPTS: usize = 100;

/// One key of a store of values. Each operation is atomic.
pub trait KeyValue {
    /// An error of the store or the engine.
    type Error: From<Error>;

    /// The value.
    ///
    /// # Errors
    ///
    /// Those of the store, here and below.
    fn get(&self) -> Result<Option<Bytes>, Self::Error>;

    /// Writes a value, whatever was there.
    ///
    /// # Errors
    ///
    /// [`Error::ItemTooLarge`].
    fn set(&self, value: &[u8], ttl: Ttl) -> Result<(), Self::Error>;

    /// Writes a value if the current one is `current`; whether it did.
    ///
    /// # Errors
    ///
    /// [`Error::ItemTooLarge`].
    fn replace(&self, current: Option<&[u8]>, value: &[u8], ttl: Ttl) -> Result<bool, Self::Error>;

    /// Removes the value; whether there was one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn remove(&self) -> Result<bool, Self::Error>;

    /// The remaining TTL, rounded down; `None` if there is no value.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn ttl(&self) -> Result<Option<Ttl>, Self::Error>;

    /// Changes the TTL.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn change_ttl(&self, change: TtlChange) -> Result<TtlChanged, Self::Error>;

    /// Adds to an integer value atomically and returns the sum; `None` if the store cannot do that.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn add(&self, amount: i64, ttl: Ttl) -> Result<Option<i64>, Self::Error>;

    /// The error for a write that lost every attempt to other clients.
    fn contended(&self) -> Self::Error;

    /// Writes the value that `decide` makes of the current one, and returns its other result;
    /// `None` if it writes nothing.
    ///
    /// # Errors
    ///
    /// Those of `decide`, and [`Error::ItemTooLarge`].
    fn rewrite<V: AsRef<[u8]>, T>(
        &self,
        ttl: Ttl,
        decide: impl Fn(Option<&[u8]>) -> Result<Option<(V, T)>, Error>,
    ) -> Result<Option<T>, Self::Error> {
        for _ in 0..ATTEMPTS {
            let current = self.get()?;
            let Some((value, said)) = decide(current.as_deref())? else { return Ok(None) };
            if self.replace(current.as_deref(), value.as_ref(), ttl)? {
                return Ok(Some(said));
            }
        }
        Err(self.contended())
    }
}
