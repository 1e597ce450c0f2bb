//! The operations of a cache.

use crate::{Error, Hashing, KeyValue, Looked, Pace, Place, Received, Ttl};

/// The two key spaces of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Scalars, dictionaries, sets, lists and sorted sets.
    Items,
    /// Leaderboards, whose names are independent of those of items.
    Leaderboards,
}

/// An operation on one key of a cache.
///
/// Fronts decode requests into commands. A command borrows from the request; it runs under the lock
/// of one shard, so `apply` must be short, or `work` say that it is not.
pub trait Command {
    /// Whether it may change or remove the item.
    const WRITES: bool;
    /// The key space of `key`.
    const SPACE: Space = Space::Items;
    /// The result of a successful command.
    type Reply;

    /// The key, which selects the shard.
    fn key(&self) -> &[u8];

    /// What the client has sent for it: keys, elements and values.
    fn received(&self, _: &dyn Pace) -> Received {
        Received::item(self.key().len())
    }

    /// The TTL that it gives an item, if it gives one that the client chose.
    fn ttl(&self) -> Option<Ttl> {
        None
    }

    /// The lookups that the reply shows; the place counts the others. No lock is held.
    fn looked(_reply: &Self::Reply, _pace: &dyn Pace) -> Looked {
        Looked::default()
    }

    /// The memory that `prepare` takes, in bytes, if that is much; it is held for it.
    fn memory(&self) -> u64 {
        0
    }

    /// Runs before the lock is taken, for work that takes long.
    fn prepare(&mut self, _hashing: &Hashing, _pace: &dyn Pace) {}

    /// How long it takes on what is at its place, in units of [`Pace`], if that may be more than some
    /// microseconds. A command that takes too long for the lock works on a copy of the item in steps:
    /// a read on that of one moment, and a write takes place at once if the item is still the same.
    fn work(&self, _place: &Place<'_>) -> usize {
        0
    }

    /// A write that may take long, again: the item may change while it works on a copy.
    fn again(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Runs the command. On `Err` the item is unchanged.
    ///
    /// # Errors
    ///
    /// Each command documents its own.
    fn apply(self, place: &mut Place<'_>) -> Result<Self::Reply, Error>;

    /// Runs the command on a key of another store, and also returns its lookups; `None` if that is
    /// impossible with single values.
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
