//! Commands on items of any type: existence, TTL, type and deletion.

use crate::{Command, Error, ItemType, KeyValue, Looked, Pace, Place, Ttl, Unpaced};

/// Removes the item at `key`, and returns whether there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delete<'a> {
    /// The item to remove.
    pub key: &'a [u8],
}

impl Command for Delete<'_> {
    const WRITES: bool = true;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        Ok(place.remove())
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(bool, Looked)>, K::Error> {
        Ok(Some((key.remove()?, Looked::default())))
    }
}

/// Returns whether there is an item at `key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyExists<'a> {
    /// The key.
    pub key: &'a [u8],
}

impl Command for KeyExists<'_> {
    const WRITES: bool = false;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &bool, _: &dyn Pace) -> Looked {
        Looked::one(reply.then_some(0))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        Ok(place.item_type().is_some())
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(bool, Looked)>, K::Error> {
        let found = key.ttl()?.is_some();
        Ok(Some((found, Self::looked(&found, &Unpaced))))
    }
}

/// How [`UpdateTtl`] changes the TTL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TtlChange {
    /// Sets it.
    Overwrite(Ttl),
    /// Sets it if that makes it longer.
    Increase(Ttl),
    /// Sets it if that makes it shorter.
    Decrease(Ttl),
}

/// The outcome of [`UpdateTtl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TtlChanged {
    /// The item has the new TTL.
    Set,
    /// The item kept its own.
    NotSet,
    /// There is no such item.
    Missing,
}

/// Changes the TTL of the item at `key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateTtl<'a> {
    /// The item to change.
    pub key: &'a [u8],
    /// The change.
    pub change: TtlChange,
}

impl Command for UpdateTtl<'_> {
    const WRITES: bool = true;
    type Reply = TtlChanged;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn ttl(&self) -> Option<Ttl> {
        let (TtlChange::Overwrite(ttl) | TtlChange::Increase(ttl) | TtlChange::Decrease(ttl)) =
            self.change;
        Some(ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<TtlChanged, Error> {
        let Some(current) = place.deadline() else { return Ok(TtlChanged::Missing) };
        let (ttl, wanted): (_, fn(_, _) -> bool) = match self.change {
            TtlChange::Overwrite(ttl) => (ttl, |_, _| true),
            TtlChange::Increase(ttl) => (ttl, |new, old| new > old),
            TtlChange::Decrease(ttl) => (ttl, |new, old| new < old),
        };
        if !wanted(ttl.after(place.now()), current) {
            return Ok(TtlChanged::NotSet);
        }
        place.expire_after(ttl);
        Ok(TtlChanged::Set)
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(TtlChanged, Looked)>, K::Error> {
        Ok(Some((key.change_ttl(self.change)?, Looked::default())))
    }
}

/// Returns the remaining TTL of the item at `key`, or `None` if there is no such item.
///
/// Rounded down: it is less than a TTL just set, even in the same millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemGetTtl<'a> {
    /// The key.
    pub key: &'a [u8],
}

impl Command for ItemGetTtl<'_> {
    const WRITES: bool = false;
    type Reply = Option<Ttl>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Ttl>, _: &dyn Pace) -> Looked {
        Looked::one(reply.map(|_| 0))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ttl>, Error> {
        Ok(place.deadline().map(|deadline| deadline.left(place.now())))
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(Option<Ttl>, Looked)>, K::Error> {
        let left = key.ttl()?;
        Ok(Some((left, Self::looked(&left, &Unpaced))))
    }
}

/// Returns the type of the item at `key`, or `None` if there is no such item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemGetType<'a> {
    /// The key.
    pub key: &'a [u8],
}

impl Command for ItemGetType<'_> {
    const WRITES: bool = false;
    type Reply = Option<ItemType>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<ItemType>, _: &dyn Pace) -> Looked {
        Looked::one(reply.map(|_| 0))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<ItemType>, Error> {
        Ok(place.item_type())
    }

    fn apply_to<K: KeyValue>(
        self,
        key: &K,
    ) -> Result<Option<(Option<ItemType>, Looked)>, K::Error> {
        let found = key.ttl()?.map(|_| ItemType::Scalar);
        Ok(Some((found, Self::looked(&found, &Unpaced))))
    }
}
