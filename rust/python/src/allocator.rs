//! Controls jemalloc for the data plane.

use std::time::Duration;

use attimo_server::Allocator;
use tikv_jemalloc_ctl::{Access, AsName, arenas};

/// How long unused pages are kept for reuse. When memory is short, they are returned at once.
const DECAY: Duration = Duration::from_secs(1);

/// The allocator of this library.
pub(crate) struct Jemalloc;

impl Jemalloc {
    /// Returns unused pages over time, even if nothing is allocated.
    pub(crate) fn begin() -> Self {
        // If jemalloc cannot start its background thread, pages are returned by later allocations.
        let _ = tikv_jemalloc_ctl::background_thread::write(true);
        let decay = isize::try_from(DECAY.as_millis()).unwrap_or(isize::MAX);
        let _ = "arenas.dirty_decay_ms\0".name().write(decay);
        every_arena(decay);
        Jemalloc
    }
}

impl Allocator for Jemalloc {
    fn give_back(&self) {
        let decay = isize::try_from(DECAY.as_millis()).unwrap_or(isize::MAX);
        // A decay time of zero returns unused pages at once.
        every_arena(0);
        every_arena(decay);
    }
}

/// Sets how long each arena keeps unused pages, in milliseconds; arenas that were never used are
/// skipped.
fn every_arena(decay: isize) {
    for arena in 0..arenas::narenas::read().unwrap_or(0) {
        let _ = format!("arena.{arena}.dirty_decay_ms\0").name().write(decay);
    }
}
