//! Values that do not lie in their item's block.
//!
//! The block holds an index into this slab instead. Long scalars live here;
//! so does every type of item that changes in place.

use bytes::Bytes;

use crate::collections::kinds::{Dictionary, Leaderboard, List, Set, SortedSet};
use crate::{ItemType, size};

/// A value kept aside.
#[derive(Debug)]
pub(crate) enum Value {
    /// A scalar of [`LONG`](crate::LONG) bytes or more.
    Long(Bytes),
    Dictionary(Box<Dictionary>),
    Set(Box<Set>),
    List(Box<List>),
    SortedSet(Box<SortedSet>),
    Leaderboard(Box<Leaderboard>),
}

impl Value {
    /// The memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        let own = size_of::<Option<Self>>() as u64;
        match self {
            Self::Long(value) => own + size::of_heap(value.len()),
            Self::Dictionary(it) => own + boxed(it) + it.weight(),
            Self::Set(it) => own + boxed(it) + it.weight(),
            Self::List(it) => own + boxed(it) + it.weight(),
            Self::SortedSet(it) => own + boxed(it) + it.weight(),
            Self::Leaderboard(it) => own + boxed(it) + it.weight(),
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

fn boxed<T>(_: &T) -> u64 {
    size::of_heap(size_of::<T>())
}

/// The slab.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    values: Vec<Option<Value>>,
    free: Vec<u32>,
}

impl Aside {
    /// Keeps a value and returns its index.
    pub(crate) fn insert(&mut self, value: Value) -> u32 {
        if let Some(index) = self.free.pop() {
            self.values[index as usize] = Some(value);
            return index;
        }
        self.values.push(Some(value));
        u32::try_from(self.values.len() - 1).expect("a shard holds fewer values than slots")
    }

    pub(crate) fn get(&self, index: u32) -> &Value {
        self.values[index as usize].as_ref().expect("the item that names it still lives")
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> &mut Value {
        self.values[index as usize].as_mut().expect("the item that names it still lives")
    }

    /// Gives a value back; its index may be used again.
    pub(crate) fn remove(&mut self, index: u32) -> Value {
        self.free.push(index);
        let value = self.values[index as usize].take().expect("the item that names it still lives");
        if self.free.len() == self.values.len() {
            *self = Self::default();
        }
        value
    }
}
