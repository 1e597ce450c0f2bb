//! The view of a command: one key of one cache at one time.

use std::fmt;
use std::sync::Arc;

use crate::garbage::{Garbage, Snapshot};
use crate::hashing::Hashing;
use crate::random::Random;
use crate::remains::Removed;
use crate::shard::{Content, Shard};
use crate::time::Deadline;
use crate::value_slab::Collection;
use crate::value_slab::Value;
use crate::{
    CollectionTtl, Error, Found, ItemType, Limits, Looked, Moment, Namespace, NewValue, Pace, Ttl,
    Unpaced,
};

/// What all places of an engine share.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) hashing: Hashing,
    pub(crate) limits: Limits,
    pub(crate) garbage: Arc<Garbage>,
}

/// A key and its item, if there is one. An expired item counts as absent.
///
/// It exists only while its shard is locked, or is that of a copy.
pub struct Place<'a> {
    shard: &'a mut Shard,
    rules: &'a Rules,
    limits: &'a Limits,
    namespace: Namespace,
    hash: u32,
    now: Moment,
    /// The address of the key's item, expired or not.
    at: Option<u32>,
    live: bool,
    looked: Looked,
    pace: &'a dyn Pace,
}

/// An item as it is at some time; a collection is shared.
#[derive(Debug)]
pub(crate) enum Version {
    /// There is none.
    None,
    /// Some value in its record.
    Scalar,
    /// A value out of line.
    ValueSlab(Value, Deadline),
}

impl Version {
    /// The memory of its value, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        if let Self::ValueSlab(value, _) = self { value.weight() } else { 0 }
    }

    /// Its value, if that is out of line.
    pub(crate) fn into_value(self) -> Option<Value> {
        if let Self::ValueSlab(value, _) = self { Some(value) } else { None }
    }

    /// How many leaves a change of one element touches at most; `None` for a list, which is copied as
    /// a whole.
    pub(crate) fn leaves(&self) -> Option<u64> {
        match self {
            Self::ValueSlab(Value::List(_), _) => None,
            Self::ValueSlab(Value::SortedSet(_) | Value::Leaderboard(_), _) => Some(3),
            _ => Some(1),
        }
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl<'a> Place<'a> {
    pub(crate) fn find(
        shard: &'a mut Shard,
        (rules, limits): (&'a Rules, &'a Limits),
        (namespace, hash): (Namespace, u32),
        key: &[u8],
        now: Moment,
    ) -> Self {
        let at = shard.find(namespace, hash, key);
        let live = at.is_some_and(|at| !shard.header(at).has_expired(now));
        let looked = Looked::default();
        Self { shard, rules, limits, namespace, hash, now, at, live, looked, pace: &Unpaced }
    }

    /// The same without a lock, where `pace` is told of work.
    pub(crate) fn paced(self, pace: &'a dyn Pace) -> Self {
        Self { pace, ..self }
    }

    /// Is told of long work.
    pub(crate) fn pace(&self) -> &'a dyn Pace {
        self.pace
    }

    /// The item as it is now.
    pub(crate) fn version(&self) -> Version {
        let Some(at) = self.item() else { return Version::None };
        let deadline = self.shard.header(at).deadline();
        let value = self.shard.value(at).cloned();
        value.map_or(Version::Scalar, |value| Version::ValueSlab(value, deadline))
    }

    /// Whether the item is still as it was.
    pub(crate) fn is(&self, version: &Version) -> bool {
        match (version, self.item()) {
            (Version::None, None) => true,
            (Version::ValueSlab(value, deadline), Some(at)) => {
                let is_same = self.shard.value(at).is_some_and(|it| it.is_same(value));
                is_same && self.shard.header(at).deadline() == *deadline
            }
            _ => false,
        }
    }

    /// Replaces the item by another version of it.
    pub(crate) fn become_version(&mut self, key: &[u8], version: Version) {
        match version {
            Version::ValueSlab(value, deadline) => {
                self.write(key, Content::ValueSlab(value), deadline);
            }
            Version::None | Version::Scalar => drop(self.remove()),
        }
    }

    /// The time at which the command runs.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The value of a scalar.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds a collection.
    pub fn scalar(&self) -> Result<Option<Found<'_>>, Error> {
        let wrong = |found| Error::WrongType { found, wanted: ItemType::Scalar };
        self.item().map(|at| self.shard.scalar(at).map_err(wrong)).transpose()
    }

    /// The type of the item.
    pub fn item_type(&self) -> Option<ItemType> {
        let of = |at| self.shard.value(at).map_or(ItemType::Scalar, Value::item_type);
        self.item().map(of)
    }

    /// Counts lookups.
    pub(crate) fn look(&mut self, looked: Looked) {
        self.looked += looked;
    }

    /// The lookups that were counted here.
    pub(crate) fn looked(&self) -> Looked {
        self.looked
    }

    /// Counts a use of the item, for eviction.
    pub(crate) fn touch(&mut self) {
        if let Some(at) = self.item() {
            self.shard.touch(at);
        }
    }

    /// Writes a scalar and replaces any item. `key` is the command's own.
    ///
    /// # Errors
    ///
    /// [`Error::ItemTooLarge`].
    pub fn put(&mut self, key: &[u8], value: NewValue<'_>, ttl: Ttl) -> Result<(), Error> {
        let bytes = value.as_slice().len() as u64;
        self.limits.admit_item(ItemType::Scalar, key, bytes)?;
        self.write(key, value.into(), ttl.after(self.now));
        Ok(())
    }

    fn write(&mut self, key: &[u8], content: Content<'_>, deadline: Deadline) {
        if let Some(at) = self.at {
            let at = self.shard.overwrite(at, key, content);
            self.shard.update(at, |header| header.set_deadline(deadline));
            self.shard.touch(at);
            self.at = Some(at);
        } else {
            let at = self.shard.insert(self.namespace, self.hash, key, content, deadline);
            self.at = Some(at);
        }
        self.live = !deadline.has_passed(self.now);
    }

    /// Removes the item, and returns whether there was one.
    pub fn remove(&mut self) -> bool {
        if let Some(at) = self.at.take() {
            self.shard.remove(at);
        }
        std::mem::take(&mut self.live)
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.item().map(|at| self.shard.header(at).deadline())
    }

    /// Sets the TTL of the item, if there is one.
    pub(crate) fn expire_after(&mut self, ttl: Ttl) {
        if let Some(at) = self.item() {
            let deadline = ttl.after(self.now);
            self.shard.update(at, |header| header.set_deadline(deadline));
            self.live = !deadline.has_passed(self.now);
        }
    }

    /// The address of the item after the command.
    pub(crate) fn address(&self) -> Option<u32> {
        self.at
    }

    fn item(&self) -> Option<u32> {
        self.at.filter(|_| self.live)
    }

    pub(crate) fn rules(&self) -> &'a Rules {
        self.rules
    }

    /// The limits of the item.
    pub(crate) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// A random number generator that no other command gets.
    pub(crate) fn random(&mut self) -> Random {
        Random::new(self.shard.random.next())
    }

    /// The collection.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds something else.
    pub(crate) fn collection<C: Collection>(&self) -> Result<Option<&C>, Error> {
        let Some(at) = self.item() else { return Ok(None) };
        let found = self.shard.value(at);
        let wrong = || Error::WrongType {
            found: found.map_or(ItemType::Scalar, Value::item_type),
            wanted: C::TYPE,
        };
        found.and_then(C::of).ok_or_else(wrong).map(Some)
    }

    /// Changes the collection, if there is one, without making it larger. Deletes it if it becomes
    /// empty.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds something else.
    pub(crate) fn reduce<C: Collection, R>(
        &mut self,
        change: impl FnOnce(&mut C) -> R,
    ) -> Result<Option<R>, Error> {
        self.touch();
        let Some(at) = self.item() else { return Ok(None) };
        self.collection::<C>()?;
        let (result, is_empty) = self.shard.change(at, |value| {
            let collection = C::of_mut(value).expect("its type was checked");
            (change(collection), collection.is_empty())
        });
        if is_empty {
            self.remove();
        }
        Ok(Some(result))
    }

    /// Changes the collection, or creates it. `growth` is an upper bound of its growth; if `change`
    /// fails, it must not have changed anything.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds something else, [`Error::ItemTooLarge`], and those of
    /// `change`.
    pub(crate) fn extend<C: Collection, R>(
        &mut self,
        key: &[u8],
        ttl: CollectionTtl,
        growth: u64,
        change: impl FnOnce(&mut C) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let limits = self.limits;
        let Some(found) = self.collection::<C>()? else {
            let (new, result) = self.changed(key, C::default(), change)?;
            if !new.is_empty() {
                let deadline = ttl.ttl.after(self.now);
                self.write(key, Content::ValueSlab(new.into_value()), deadline);
            }
            return Ok(result);
        };
        let result = if limits.admit_item(C::TYPE, key, found.bytes() + growth).is_ok() {
            self.reduce(change)?.expect("it was found above")?
        } else {
            let (copy, result) = self.changed(key, found.clone(), change)?;
            let old = self.reduce(|collection| std::mem::replace(collection, copy))?;
            if let Some(old) = old {
                self.discard(old);
            }
            result
        };
        self.refresh(ttl);
        Ok(result)
    }

    /// Changes a collection that is not the item yet, and checks its size.
    fn changed<C: Collection, R>(
        &mut self,
        key: &[u8],
        mut collection: C,
        change: impl FnOnce(&mut C) -> Result<R, Error>,
    ) -> Result<(C, R), Error> {
        let result = change(&mut collection);
        let admitted = self.limits.admit_item(C::TYPE, key, collection.bytes());
        match result.and_then(|result| admitted.map(|()| result)) {
            Ok(result) => Ok((collection, result)),
            Err(error) => {
                self.discard(collection);
                Err(error)
            }
        }
    }

    /// Replaces any item with a collection.
    ///
    /// # Errors
    ///
    /// [`Error::ItemTooLarge`].
    pub(crate) fn replace<C: Collection>(
        &mut self,
        key: &[u8],
        new: C,
        ttl: Ttl,
    ) -> Result<(), Error> {
        let (new, ()) = self.changed(key, new, |_| Ok(()))?;
        if new.is_empty() {
            self.remove();
        } else {
            self.write(key, Content::ValueSlab(new.into_value()), ttl.after(self.now));
        }
        Ok(())
    }

    /// Removes the collection, and returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds something else.
    pub(crate) fn remove_collection<C: Collection>(&mut self) -> Result<bool, Error> {
        self.collection::<C>()?;
        Ok(self.remove())
    }

    /// Frees a collection, after the lock if that may take long.
    pub(crate) fn discard<C: Collection>(&mut self, collection: C) {
        self.shard.discard(collection.into_value());
    }

    /// A snapshot to return. If it is large, what only it has in the end is freed in portions.
    pub(crate) fn snapshot<T: Removed>(&self, it: T) -> Snapshot<T> {
        Snapshot::new(it, &self.rules.garbage)
    }

    pub(crate) fn refresh(&mut self, ttl: CollectionTtl) {
        if ttl.refresh {
            self.expire_after(ttl.ttl);
        }
    }
}
