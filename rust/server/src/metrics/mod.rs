//! The metrics of a node, as Prometheus reads them.
//!
//! A page is made from what `stats`, `meter`, the engine and the system say at
//! that moment. It takes a few milliseconds where there are many caches, so it
//! is made on a thread of its own, and never takes Python's lock.

use parking_lot::Mutex;

mod caches;
mod families;
pub(crate) mod page;
mod text;

pub use self::families::{FAMILIES, Family, Kind};
pub(crate) use self::text::Format;

/// Who may read the metrics, which contain the names of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever is on this machine.
    Loopback,
    /// Everybody who reaches a listener.
    Open,
    /// Nobody.
    Off,
}

/// What the pages of one node have in common.
pub(crate) struct Metrics {
    pub(crate) audience: Audience,
    memory_bytes: u64,
    /// How many caches have lines of their own; the others are summed.
    shown: usize,
    hidden: Mutex<caches::Hidden>,
}

impl Metrics {
    /// Metrics for `audience` about a node that gives items `memory_bytes`.
    pub(crate) fn new(audience: Audience, shown: usize, memory_bytes: u64) -> Self {
        Metrics { audience, memory_bytes, shown, hidden: Mutex::default() }
    }
}
