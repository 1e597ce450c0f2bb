//! Out-of-line values.
//!
//! The item's record contains an index into this slab instead of the value. Long scalars are stored
//! here, and all types that change in place.

use std::sync::Arc;

use bytes::Bytes;

use crate::collections::capacity::ARC;
use crate::collections::kinds::{Dictionary, Leaderboard, List, Set, SortedSet};
use crate::remains::{Pile, Removed};
use crate::stored::Size;
use crate::{ItemType, Space, size};

/// An out-of-line value. A clone shares it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A scalar of [`LARGE_VALUE_BYTES`](crate::LARGE_VALUE_BYTES) bytes or more.
    Long(Bytes),
    Dictionary(Box<Dictionary>),
    Set(Box<Set>),
    /// Shared, since its row of blocks is copied otherwise.
    List(Arc<List>),
    SortedSet(Box<SortedSet>),
    Leaderboard(Box<Leaderboard>),
}

impl Value {
    /// Its memory, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        let own = size_of::<Slot>() as u64;
        match self {
            Self::Long(value) => own + size::of_heap(value.len()),
            Self::Dictionary(it) => own + boxed(it) + it.weight(),
            Self::Set(it) => own + boxed(it) + it.weight(),
            Self::List(it) => own + size::of_heap(ARC + size_of::<List>()) + it.weight(),
            Self::SortedSet(it) => own + boxed(it) + it.weight(),
            Self::Leaderboard(it) => own + boxed(it) + it.weight(),
        }
    }

    /// Its memory, and what it contains.
    pub(crate) fn size(&self) -> Size {
        let data = match self {
            Self::Long(value) => value.len() as u64,
            Self::Dictionary(it) => it.bytes(),
            Self::Set(it) => it.bytes(),
            Self::List(it) => it.bytes(),
            Self::SortedSet(it) => it.bytes(),
            Self::Leaderboard(it) => it.bytes(),
        };
        Size { memory: self.weight(), data }
    }

    /// Whether both share the same, so that neither was changed since one was cloned.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Long(a), Self::Long(b)) => a.as_ptr() == b.as_ptr() && a.len() == b.len(),
            (Self::Dictionary(a), Self::Dictionary(b)) => a.is_same(b),
            (Self::Set(a), Self::Set(b)) => a.is_same(b),
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b),
            (Self::SortedSet(a), Self::SortedSet(b)) => a.is_same(b),
            (Self::Leaderboard(a), Self::Leaderboard(b)) => a.is_same(b),
            _ => false,
        }
    }

    pub(crate) fn item_type(&self) -> ItemType {
        match self {
            Self::Long(_) => ItemType::Scalar,
            Self::Dictionary(_) => ItemType::Dictionary,
            Self::Set(_) => ItemType::Set,
            Self::List(_) => ItemType::List,
            Self::SortedSet(_) => ItemType::SortedSet,
            Self::Leaderboard(_) => ItemType::Leaderboard,
        }
    }
}

impl Removed for Value {
    fn len(&self) -> usize {
        match self {
            Self::Long(_) => 0,
            Self::Dictionary(it) => it.len(),
            Self::Set(it) => it.len(),
            Self::List(it) => it.len(),
            Self::SortedSet(it) => it.len(),
            Self::Leaderboard(it) => it.len(),
        }
    }

    fn piles(self) -> [Option<Pile>; 2] {
        match self {
            Self::Long(_) => [None, None],
            Self::Dictionary(it) => it.piles(),
            Self::Set(it) => it.piles(),
            Self::List(it) => Arc::into_inner(it).map(List::piles).unwrap_or_default(),
            Self::SortedSet(it) => it.piles(),
            Self::Leaderboard(it) => it.piles(),
        }
    }
}

#[expect(clippy::borrowed_box, reason = "the content is measured, not the pointer")]
fn boxed<T>(_: &Box<T>) -> u64 {
    size::of_heap(size_of::<T>())
}

/// What all collections have in common. A clone is a snapshot.
pub(crate) trait Collection: Clone + Default {
    const TYPE: ItemType;
    /// The key space of such collections.
    const SPACE: Space;

    fn into_value(self) -> Value;
    /// The collection in a value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The size of its content, for the limits.
    fn bytes(&self) -> u64;
}

macro_rules! collection {
    ($name:ident in $space:ident, $new:path, $mutable:path) => {
        impl Collection for $name {
            const TYPE: ItemType = ItemType::$name;
            const SPACE: Space = Space::$space;

            fn into_value(self) -> Value {
                Value::$name($new(self))
            }

            fn of(value: &Value) -> Option<&Self> {
                if let Value::$name(it) = value { Some(it) } else { None }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$name(it) = value { Some($mutable(it)) } else { None }
            }

            fn len(&self) -> usize {
                self.len()
            }

            fn bytes(&self) -> u64 {
                self.bytes()
            }
        }
    };
}

collection!(Dictionary in Items, Box::new, Box::as_mut);
collection!(Set in Items, Box::new, Box::as_mut);
collection!(List in Items, Arc::new, Arc::make_mut);
collection!(SortedSet in Items, Box::new, Box::as_mut);
collection!(Leaderboard in Leaderboards, Box::new, Box::as_mut);

/// The number of slots in a chunk.
const CHUNK: usize = 64;
const NONE: u32 = u32::MAX;

/// A place for a value.
#[derive(Debug)]
enum Slot {
    Taken(Value),
    /// With the index of the next vacant one.
    Vacant(u32),
}

/// The slab, in chunks, so that growing copies nothing and wastes little.
#[derive(Debug)]
pub(crate) struct ValueSlab {
    chunks: Vec<Vec<Slot>>,
    len: usize,
    taken: usize,
    /// The first vacant slot.
    vacant: u32,
}

impl Default for ValueSlab {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0, taken: 0, vacant: NONE }
    }
}

impl ValueSlab {
    /// Adds a value and returns its index.
    pub(crate) fn insert(&mut self, value: Value) -> u32 {
        self.taken += 1;
        if self.vacant == NONE {
            return self.push(value);
        }
        let index = self.vacant;
        let slot = self.slot(index);
        if let Slot::Vacant(next) = std::mem::replace(slot, Slot::Taken(value)) {
            self.vacant = next;
        }
        index
    }

    pub(crate) fn get(&self, index: u32) -> &Value {
        match &self.chunks[index as usize / CHUNK][index as usize % CHUNK] {
            Slot::Taken(value) => value,
            Slot::Vacant(_) => unreachable!("the item that names it still lives"),
        }
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> &mut Value {
        match self.slot(index) {
            Slot::Taken(value) => value,
            Slot::Vacant(_) => unreachable!("the item that names it still lives"),
        }
    }

    /// Removes a value; its index may be reused.
    pub(crate) fn remove(&mut self, index: u32) -> Value {
        let next = std::mem::replace(&mut self.vacant, index);
        let Slot::Taken(value) = std::mem::replace(self.slot(index), Slot::Vacant(next)) else {
            unreachable!("the item that names it still lives")
        };
        self.taken -= 1;
        if self.taken == 0 {
            *self = Self::default();
        }
        value
    }

    /// All values.
    pub(crate) fn into_values(self) -> impl Iterator<Item = Value> {
        let value = |slot| if let Slot::Taken(value) = slot { Some(value) } else { None };
        self.chunks.into_iter().flatten().filter_map(value)
    }

    fn slot(&mut self, index: u32) -> &mut Slot {
        &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }

    fn push(&mut self, value: Value) -> u32 {
        if self.len.is_multiple_of(CHUNK) {
            // The first chunk grows by doubling, for shards that stay small.
            let capacity = if self.len == 0 { 1 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        self.chunks.last_mut().expect("a chunk with room was added").push(Slot::Taken(value));
        self.len += 1;
        u32::try_from(self.len - 1).expect("a shard holds fewer than 2^32 values")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(i: u32) -> Value {
        Value::Long(i.to_le_bytes().to_vec().into())
    }

    fn is(found: &Value, i: u32) -> bool {
        matches!(found, Value::Long(bytes) if bytes[..] == i.to_le_bytes())
    }

    #[test]
    fn values_keep_their_index_and_vacant_ones_are_reused_first() {
        let mut aside = ValueSlab::default();
        let indices: Vec<_> = (0..200).map(|i| aside.insert(value(i))).collect();
        for i in (0..200).step_by(3) {
            assert!(is(&aside.remove(indices[i as usize]), i));
        }
        let again: Vec<_> = (0..200).step_by(3).map(|i| (i, aside.insert(value(i)))).collect();

        assert_eq!(aside.len, 200);
        assert!(again.iter().all(|(i, index)| is(aside.get_mut(*index), *i)));
        assert!((0..200).filter(|i| i % 3 > 0).all(|i| is(aside.get(indices[i as usize]), i)));
    }

    #[test]
    fn a_slot_is_no_larger_than_a_value_and_an_empty_slab_allocates_nothing() {
        let mut aside = ValueSlab::default();
        let index = aside.insert(value(1));
        aside.remove(index);

        assert_eq!(aside.chunks.capacity(), 0);
        assert_eq!(size_of::<Slot>(), size_of::<Value>());
    }
}
