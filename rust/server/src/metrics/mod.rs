//! The metrics of a node, in the formats of Prometheus.
//!
//! A page is rendered from the current state of `stats`, `meter`, the engine and the system. With
//! many caches that takes a few milliseconds, so it is done on a separate thread, and never takes
//! Python's lock.

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
    /// Clients on this machine.
    Loopback,
    /// All clients.
    Open,
    /// Nobody.
    Off,
}

/// What all pages of one node share.
pub(crate) struct Metrics {
    pub(crate) audience: Audience,
    memory_bytes: u64,
    /// How many caches have samples of their own; the others are summed.
    shown: usize,
    hidden: Mutex<caches::Hidden>,
}

impl Metrics {
    /// Metrics for `audience` of a node with `memory_bytes` for items.
    pub(crate) fn new(audience: Audience, shown: usize, memory_bytes: u64) -> Self {
        Metrics { audience, memory_bytes, shown, hidden: Mutex::default() }
    }
}
