//! What the messages about collections have in common.

use attimo_engine::{CollectionTtl, Order, Slice};

use super::wire::ttl;
use crate::error::Result;

/// A collection's lifetime as the wire has it.
pub(super) fn collection_ttl(milliseconds: u64, refresh: bool) -> Result<CollectionTtl> {
    Ok(CollectionTtl { ttl: ttl(milliseconds)?, refresh })
}

/// Elements as commands take them.
pub(super) fn slices(elements: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> + Clone {
    elements.iter().map(Vec::as_slice)
}

/// A length as the wire has it; no collection that fits an item is longer.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A slice as the wire has it.
pub(super) fn slice(start: Option<i32>, end: Option<i32>) -> Slice {
    Slice { start: start.map(i64::from), end: end.map(i64::from) }
}

/// An order as all enumerations of the wire number it.
pub(super) fn order(number: i32) -> Order {
    if number == 1 { Order::Descending } else { Order::Ascending }
}
