//! Reads and conditional writes by digest.

use bytes::Bytes;

use crate::{
    Command, Error, Found, KeyValue, Looked, NewValue, Pace, Place, Received, Ttl, ValueHash,
};

/// Passes the value at `key` and its digest to `read` and returns its result, or `None` if there is
/// no such item.
///
/// As with [`Get`](super::Get), `read` runs under the shard's lock.
#[derive(Debug, Clone, Copy)]
pub struct GetWithHash<'a, F> {
    /// The item to read.
    pub key: &'a [u8],
    /// Receives the value and its digest.
    pub read: F,
}

impl<'a, F> GetWithHash<'a, F> {
    /// Like a literal, but the compiler infers the arguments of `read`.
    pub fn new<R>(key: &'a [u8], read: F) -> Self
    where
        F: FnOnce(Found<'_>, ValueHash) -> R,
    {
        Self { key, read }
    }
}

impl<F, R> Command for GetWithHash<'_, F>
where
    F: FnOnce(Found<'_>, ValueHash) -> R,
{
    const WRITES: bool = false;
    type Reply = Option<R>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<R>, Error> {
        place.touch();
        let found = place.scalar()?;
        let looked = Looked::one(found.map(|value| value.as_slice().len()));
        let read = found.map(|value| (self.read)(value, ValueHash::of(value.as_slice())));
        place.look(looked);
        Ok(read)
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(Option<R>, Looked)>, K::Error> {
        let value = key.get()?;
        let looked = Looked::one(value.as_ref().map(Bytes::len));
        let read = |value: Bytes| (self.read)(Found::Long(&value), ValueHash::of(&value));
        Ok(Some((value.map(read), looked)))
    }
}

/// The condition under which [`SetIfHash`] writes. A digest of another length is never equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashCondition<'a> {
    /// Always true.
    Unconditional,
    /// There is an item with this digest.
    PresentAndEqual(&'a [u8]),
    /// There is an item with another digest.
    PresentAndNotEqual(&'a [u8]),
    /// There is no item, or it has this digest.
    AbsentOrEqual(&'a [u8]),
    /// There is no item, or it has another digest.
    AbsentOrNotEqual(&'a [u8]),
}

impl HashCondition<'_> {
    /// The size of the compared digest, in bytes.
    fn bytes(self) -> usize {
        match self {
            Self::Unconditional => 0,
            Self::PresentAndEqual(hash)
            | Self::PresentAndNotEqual(hash)
            | Self::AbsentOrEqual(hash)
            | Self::AbsentOrNotEqual(hash) => hash.len(),
        }
    }

    /// Whether the condition is true for the current value.
    fn holds(self, current: Option<&[u8]>) -> bool {
        let equals = |it: &[u8], hash: &[u8]| ValueHash::of(it).0 == *hash;
        match self {
            Self::Unconditional => true,
            Self::PresentAndEqual(hash) => current.is_some_and(|it| equals(it, hash)),
            Self::PresentAndNotEqual(hash) => current.is_some_and(|it| !equals(it, hash)),
            Self::AbsentOrEqual(hash) => current.is_none_or(|it| equals(it, hash)),
            Self::AbsentOrNotEqual(hash) => current.is_none_or(|it| !equals(it, hash)),
        }
    }
}

/// Writes `value` at `key` if `condition` holds, and returns the new digest,
/// or `None` if it did not write.
///
/// # Errors
///
/// [`Error::WrongType`] if a condition is set and the key holds a collection,
/// and [`Error::ItemTooLarge`].
#[derive(Debug, Clone)]
pub struct SetIfHash<'a> {
    key: &'a [u8],
    condition: HashCondition<'a>,
    value: NewValue<'a>,
    new_hash: ValueHash,
    ttl: Ttl,
}

impl<'a> SetIfHash<'a> {
    /// Computes the digest of `value` before any lock is taken.
    pub fn new(key: &'a [u8], condition: HashCondition<'a>, value: NewValue<'a>, ttl: Ttl) -> Self {
        let new_hash = ValueHash::of(value.as_slice());
        Self { key, condition, value, new_hash, ttl }
    }
}

impl Command for SetIfHash<'_> {
    const WRITES: bool = true;
    type Reply = Option<ValueHash>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, _: &dyn Pace) -> Received {
        Received::item(self.key.len() + self.value.as_slice().len() + self.condition.bytes())
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<ValueHash>, Error> {
        let holds = self.condition == HashCondition::Unconditional
            || self.condition.holds(place.scalar()?.map(Found::as_slice));
        if !holds {
            return Ok(None);
        }
        place.put(self.key, self.value, self.ttl)?;
        Ok(Some(self.new_hash))
    }

    fn apply_to<K: KeyValue>(
        self,
        key: &K,
    ) -> Result<Option<(Option<ValueHash>, Looked)>, K::Error> {
        let new = (self.value.as_slice(), self.new_hash);
        let decide = |current: Option<&[u8]>| Ok(self.condition.holds(current).then_some(new));
        Ok(Some((key.rewrite(self.ttl, decide)?, Looked::default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: conditions; columns: absent, equal, different.
    #[test]
    fn each_condition_matches_its_name() {
        let ValueHash(v) = ValueHash::of(b"v");
        let table = [
            (HashCondition::Unconditional, [true, true, true]),
            (HashCondition::PresentAndEqual(&v), [false, true, false]),
            (HashCondition::PresentAndNotEqual(&v), [false, false, true]),
            (HashCondition::AbsentOrEqual(&v), [true, true, false]),
            (HashCondition::AbsentOrNotEqual(&v), [true, false, true]),
        ];
        for (condition, expected) in table {
            let found = [None, Some(&b"v"[..]), Some(b"")];
            assert_eq!(found.map(|it| condition.holds(it)), expected, "{condition:?}");
        }
    }

    #[test]
    fn a_digest_of_another_length_is_never_equal() {
        let found = Some(&b"v"[..]);

        assert!(!HashCondition::PresentAndEqual(b"").holds(found));
        assert!(HashCondition::AbsentOrNotEqual(&[0; 99]).holds(found));
    }
}
