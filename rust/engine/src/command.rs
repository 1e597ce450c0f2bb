//! What a client can ask of a cache.

use crate::{Error, Hashing, KeyValue, Looked, Place};

/// Which of the two kinds of keys that a cache has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Scalars, dictionaries, sets, lists and sorted sets.
    Items,
    /// Leaderboards, which never meet an item of the same name.
    Leaderboards,
}

/// One thing a client can ask of a cache, about one key.
///
/// Everything a front decodes becomes a command. A command borrows from the
/// request; it runs inside the lock of one shard, so `apply` must be short.
pub trait Command {
    /// Whether it may change or remove the item.
    const WRITES: bool;
    /// Among which keys `key` is looked for.
    const SPACE: Space = Space::Items;
    /// What comes back when it succeeds.
    type Reply;

    /// The key the command is about; it picks the shard.
    fn key(&self) -> &[u8];

    /// How many bytes of keys, elements and values the client has sent for it.
    fn bytes_in(&self) -> usize {
        self.key().len()
    }

    /// What it looked for, as far as its reply tells; the place knows of the rest. No lock is held.
    fn looked(_reply: &Self::Reply) -> Looked {
        Looked::default()
    }

    /// Does what takes long and needs no lock.
    fn prepare(&mut self, _hashing: &Hashing) {}

    /// Does the work at the key's place. On `Err` the item is as it was.
    ///
    /// # Errors
    ///
    /// Each command documents its own.
    fn apply(self, place: &mut Place<'_>) -> Result<Self::Reply, Error>;

    /// Does the same at a key of another store, and also returns what it looked for; `None` if that
    /// cannot be done with single values.
    ///
    /// # Errors
    ///
    /// Those of [`Command::apply`] and of the store.
    fn apply_to<K: KeyValue>(self, _key: &K) -> Result<Option<(Self::Reply, Looked)>, K::Error>
    where
        Self: Sized,
    {
        Ok(None)
    }
}
