//! Plain reads and writes of a value.

use bytes::Bytes;

use crate::{Command, Error, Found, KeyValue, Looked, NewValue, Pace, Place, Received, Ttl};

/// Passes the value at `key` to `read` and returns its result, or `None` if there is no such item.
///
/// `read` runs under the shard's lock: it should copy a short value directly to its destination,
/// clone a long one, and do nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Get<'a, F> {
    /// The item to read.
    pub key: &'a [u8],
    /// Receives the value.
    pub read: F,
}

impl<'a, F> Get<'a, F> {
    /// Like a literal, but the compiler infers the argument of `read`.
    pub fn new<R>(key: &'a [u8], read: F) -> Self
    where
        F: FnOnce(Found<'_>) -> R,
    {
        Self { key, read }
    }
}

impl<F, R> Command for Get<'_, F>
where
    F: FnOnce(Found<'_>) -> R,
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
        let read = found.map(self.read);
        place.look(looked);
        Ok(read)
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<(Option<R>, Looked)>, K::Error> {
        let value = key.get()?;
        let looked = Looked::one(value.as_ref().map(Bytes::len));
        Ok(Some((value.map(|value| (self.read)(Found::Long(&value))), looked)))
    }
}

/// Writes `value` at `key`, replacing any item.
///
/// # Errors
///
/// [`Error::ItemTooLarge`].
#[derive(Debug, Clone)]
pub struct Set<'a> {
    /// The item to write.
    pub key: &'a [u8],
    /// Its value.
    pub value: NewValue<'a>,
    /// Its TTL.
    pub ttl: Ttl,
}

impl Command for Set<'_> {
    const WRITES: bool = true;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn received(&self, _: &dyn Pace) -> Received {
        Received::item(self.key.len() + self.value.as_slice().len())
    }

    fn ttl(&self) -> Option<Ttl> {
        Some(self.ttl)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        place.put(self.key, self.value, self.ttl)
    }

    fn apply_to<K: KeyValue>(self, key: &K) -> Result<Option<((), Looked)>, K::Error> {
        key.set(self.value.as_slice(), self.ttl)?;
        Ok(Some(((), Looked::default())))
    }
}
