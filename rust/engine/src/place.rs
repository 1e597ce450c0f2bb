//! Where a command works: the place of one key in one cache at one moment.

use crate::shard::Shard;
use crate::time::Deadline;
use crate::{Error, Found, Given, ItemType, Moment, Namespace, Ttl};

/// The place of one key: an item, or nothing. An item whose time is over is
/// nothing.
///
/// It exists only while the shard is locked.
#[derive(Debug)]
pub struct Place<'a> {
    shard: &'a mut Shard,
    namespace: Namespace,
    hash: u32,
    now: Moment,
    /// Where the key's item is, expired or not.
    slot: Option<u32>,
    live: bool,
}

impl<'a> Place<'a> {
    pub(crate) fn find(
        shard: &'a mut Shard,
        (namespace, hash): (Namespace, u32),
        key: &[u8],
        now: Moment,
    ) -> Self {
        let slot = shard.find(namespace, hash, key);
        let live = slot.is_some_and(|slot| !shard.entry(slot).has_expired(now));
        Self { shard, namespace, hash, now, slot, live }
    }

    /// The moment at which the command runs.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The value of a scalar.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds a collection.
    pub fn scalar(&self) -> Result<Option<Found<'_>>, Error> {
        Ok(self.item().map(|slot| self.shard.scalar(slot)))
    }

    /// What kind of item is here.
    pub fn item_type(&self) -> Option<ItemType> {
        self.item().map(|_| ItemType::Scalar)
    }

    /// Notes that the item was of use.
    pub(crate) fn touch(&mut self) {
        if let Some(slot) = self.item() {
            self.shard.entry_mut(slot).touch();
        }
    }

    /// Writes a scalar, whatever was here before. `key` is the command's own.
    pub fn put(&mut self, key: &[u8], value: Given<'_>, ttl: Ttl) {
        let deadline = ttl.after(self.now);
        if let Some(slot) = self.slot {
            self.shard.overwrite(slot, key, value);
            self.shard.entry_mut(slot).set_deadline(deadline);
            self.shard.entry_mut(slot).touch();
        } else {
            let slot = self.shard.insert(self.namespace, self.hash, key, value, deadline);
            self.slot = Some(slot);
        }
        self.live = !deadline.has_passed(self.now);
    }

    /// Removes the item, and returns whether there was one.
    pub fn remove(&mut self) -> bool {
        if let Some(slot) = self.slot.take() {
            self.shard.remove(slot);
        }
        std::mem::take(&mut self.live)
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.item().map(|slot| self.shard.entry(slot).deadline())
    }

    /// Lets the item, if there is one, live for this long from now on.
    pub(crate) fn expire_after(&mut self, ttl: Ttl) {
        if let Some(slot) = self.item() {
            let deadline = ttl.after(self.now);
            self.shard.entry_mut(slot).set_deadline(deadline);
            self.live = !deadline.has_passed(self.now);
        }
    }

    /// The slot that the command left its item in.
    pub(crate) fn slot(&self) -> Option<u32> {
        self.slot
    }

    fn item(&self) -> Option<u32> {
        self.slot.filter(|_| self.live)
    }
}
