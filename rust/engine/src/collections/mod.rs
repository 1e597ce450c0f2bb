//! Collections, and their snapshots for readers.
//!
//! A collection consists of shared nodes: a read takes a snapshot, which is O(1) under the lock,
//! and copies after it. A write copies the nodes that it changes if a snapshot shares them;
//! otherwise it changes them in place.

pub(crate) mod capacity;
mod element;
pub(crate) mod kinds;
pub(crate) mod map;
mod options;
pub(crate) mod ranking;
pub(crate) mod score;
mod sequence;
mod snapshot;
mod tree;
pub(crate) mod union;

pub use element::Element;
pub(crate) use options::page;
pub use options::{CollectionTtl, End, Order, Slice};
pub use snapshot::{Elements, Members, Pairs, Ranked, RankedMember};
