//! Reads written items, and inserts them.

use super::wire::Reader;
use crate::collections::kinds::{Dictionary, Leaderboard, List, Set, SortedSet};
use crate::collections::score::Score;
use crate::hashing::Hashing;
use crate::header::Header;
use crate::log::Queue;
use crate::shard::{Content, Shard};
use crate::value_slab::Collection;
use crate::{Element, End, Engine, ItemType, Moment, Namespace, NewValue, Space, Ttl};

/// An item that was read and is not inserted yet.
#[derive(Debug)]
pub struct Incoming<'a> {
    item_type: ItemType,
    queue: Queue,
    uses: u64,
    /// In milliseconds; 0 for an item that never expires.
    left: u64,
    key: &'a [u8],
    content: Content<'a>,
    /// The size of the content, for the limits.
    bytes: u64,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It was inserted.
    Kept,
    /// Its time was over meanwhile.
    Expired,
    /// It is larger than the limits of this engine allow, or its key has an item already.
    Refused,
}

impl Engine {
    /// The item that [`Outgoing::write`](crate::Outgoing::write) wrote, if `bytes` are exactly one.
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Option<Incoming<'a>> {
        let mut reader = Reader(bytes);
        let item = Incoming::read(&mut reader, self.hashing())?;
        reader.0.is_empty().then_some(item)
    }

    /// Inserts an item, unless its key has one. If memory is short, others are evicted, as after a
    /// write.
    ///
    /// `elapsed` is the time in milliseconds since the item was written.
    pub fn import(
        &self,
        namespace: Namespace,
        item: Incoming<'_>,
        elapsed: u64,
        now: Moment,
    ) -> Imported {
        let ttl = match item.left {
            0 => Ttl::FOREVER,
            left if left <= elapsed => return Imported::Expired,
            left => Ttl(left - elapsed),
        };
        if self.limits().admit_item(item.item_type, item.key, item.bytes).is_err() {
            return Imported::Refused;
        }
        let namespace = namespace.within(space(item.item_type));
        let (key, deadline) = (item.key, ttl.after(now));
        let insert = |shard: &mut Shard, hash| {
            let mut header = Header::new(namespace, hash, deadline);
            header.count_anew(item.uses);
            shard.add(item.queue, header, key, item.content)
        };
        if self.insert(namespace, key, now, insert) { Imported::Kept } else { Imported::Refused }
    }
}

fn space(item_type: ItemType) -> Space {
    if item_type == ItemType::Leaderboard { Space::Leaderboards } else { Space::Items }
}

impl<'a> Incoming<'a> {
    fn read(from: &mut Reader<'a>, hashing: &Hashing) -> Option<Self> {
        let [head] = from.array()?;
        let queue = if head & 1 << 3 == 0 { Queue::Small } else { Queue::Main };
        let uses = u64::from(head >> 4);
        let (left, key) = (from.number()?, from.bytes()?);
        let (item_type, bytes, content) = match head & 7 {
            0 => scalar(from.bytes()?),
            1 => of(dictionary(from, hashing)?),
            2 => of(set(from, hashing)?),
            3 => of(list(from)?),
            4 => of(sorted_set(from, hashing)?),
            5 => of(leaderboard(from, hashing)?),
            _ => return None,
        };
        Some(Self { item_type, queue, uses, left, key, content, bytes })
    }
}

fn scalar(value: &[u8]) -> (ItemType, u64, Content<'_>) {
    (ItemType::Scalar, value.len() as u64, NewValue::from(value).into())
}

fn of<C: Collection>(collection: C) -> (ItemType, u64, Content<'static>) {
    (C::TYPE, collection.bytes(), Content::ValueSlab(collection.into_value()))
}

/// Reads elements into a collection, which must not be empty.
fn each<'a, C: Collection>(
    from: &mut Reader<'a>,
    mut add: impl FnMut(&mut C, &mut Reader<'a>) -> Option<()>,
) -> Option<C> {
    let mut collection = C::default();
    for _ in 0..from.number()? {
        add(&mut collection, from)?;
    }
    (!collection.is_empty()).then_some(collection)
}

fn dictionary(from: &mut Reader<'_>, hashing: &Hashing) -> Option<Dictionary> {
    each(from, |dictionary: &mut Dictionary, from| {
        let (field, value) = (from.bytes()?, from.bytes()?);
        dictionary.insert(field, value.into(), hashing);
        Some(())
    })
}

fn set(from: &mut Reader<'_>, hashing: &Hashing) -> Option<Set> {
    each(from, |set: &mut Set, from| {
        set.insert(from.bytes()?, (), hashing);
        Some(())
    })
}

fn list(from: &mut Reader<'_>) -> Option<List> {
    each(from, |list: &mut List, from| {
        list.push(End::Back, Element::from(from.bytes()?));
        Some(())
    })
}

fn sorted_set(from: &mut Reader<'_>, hashing: &Hashing) -> Option<SortedSet> {
    each(from, |set: &mut SortedSet, from| {
        let score = Score::new(f64::from_le_bytes(from.array()?)).ok()?;
        set.put(from.bytes()?, score, hashing);
        Some(())
    })
}

fn leaderboard(from: &mut Reader<'_>, hashing: &Hashing) -> Option<Leaderboard> {
    each(from, |board: &mut Leaderboard, from| {
        let score = Score::finite(f64::from_le_bytes(from.array()?)).ok()?;
        board.put(&u32::from_le_bytes(from.array()?), score, hashing);
        Some(())
    })
}
