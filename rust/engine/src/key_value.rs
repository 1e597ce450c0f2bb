//! What a command on a single value needs of a store that is not the engine.

use bytes::Bytes;

use crate::commands::scalar::{TtlChange, TtlChanged};
use crate::{Error, Ttl};

/// How often a write begins anew because others have written in between.
const ATTEMPTS: usize = 100;

/// One key of a store of values, which does each of these in one step.
pub trait KeyValue {
    /// What goes wrong there, or what the engine refuses.
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

    /// Writes a value if the one that is there is `current`; whether it did.
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

    /// The time that the value has left, rounded down; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn ttl(&self) -> Result<Option<Ttl>, Self::Error>;

    /// Changes that time.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn change_ttl(&self, change: TtlChange) -> Result<TtlChanged, Self::Error>;

    /// Adds to the whole number that the value is, in one step, and returns the sum; `None` if that
    /// cannot be done so.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn add(&self, amount: i64, ttl: Ttl) -> Result<Option<i64>, Self::Error>;

    /// The failure of a write that others were always quicker than.
    fn contended(&self) -> Self::Error;

    /// Writes what `decide` makes of the value that is there, and returns what it says beside;
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
