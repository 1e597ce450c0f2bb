//! What items hold that have more than one element, and what a read of them
//! gives back.
//!
//! Each collection is made of nodes that are shared while they are read: a
//! read takes a snapshot, which is O(1) under the lock, and copies after it.
//! A write that meets a snapshot copies the few nodes it changes; one that
//! meets none changes them in place.

mod capacity;
mod element;
pub(crate) mod kinds;
pub(crate) mod map;
mod options;
pub(crate) mod ranking;
pub(crate) mod score;
mod sequence;
mod snapshot;
mod tree;

pub use element::Element;
pub(crate) use options::page;
pub use options::{CollectionTtl, End, Order, Slice};
pub use snapshot::{Elements, Members, Pairs, Ranked, RankedMember};
