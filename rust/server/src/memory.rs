//! Keeps the process within its memory limit, measured by its resident memory.
//!
//! The engine counts items as exactly as it can, and requests in progress are reserved there. What
//! cannot be counted (fragmentation, half-used blocks, copies under a reader, the control plane)
//! shows in the resident memory of the process. A thread watches it and, while it is too high,
//! returns unused pages, lowers the budget for items and evicts. A thread that evicts much checks
//! as well, so that a burst of writes cannot outrun the watching thread.
//!
//! In a container, the memory of other processes counts too: during a restart, the old and the new
//! server share it. Code of this process that is about to need much memory for a short time
//! announces it first, with [`Memory::hold`].

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use attimo_engine::Moment;
use parking_lot::Mutex;

use crate::backend::Backend;
use crate::clock::Clock;
use crate::memory_budget::MemoryBudget;
use crate::process;

/// Returns memory that items no longer use to the system.
pub trait Allocator: Send + Sync {
    /// Returns unused pages at once.
    fn give_back(&self);
}

/// Data may exceed the budget by one part in this many.
const SLACK: u64 = 64;
/// At most one part in this many of the budget is evicted between two checks.
const EVICTED_AT_ONCE: u64 = 32;
/// How many such rounds a waiting thread runs before it continues.
const ROUNDS: usize = 16;
/// The memory that a starting process may still need for other things than data, in bytes.
const TO_COME: u64 = 40 << 20;
/// The interval of checks when memory is scarce, and when it is not.
const OFTEN: Duration = Duration::from_millis(10);
const SELDOM: Duration = Duration::from_millis(100);
/// The shortest interval of checks of other processes, in milliseconds.
const OTHERS_EVERY: u64 = 30;

/// The limits of memory.
#[derive(Debug, Clone, Default)]
pub struct Ceiling {
    /// The most bytes that the process may occupy; `None` for no limit.
    pub bytes: Option<u64>,
    /// The container that it runs in, if any.
    pub container: Option<Container>,
}

/// A memory limit shared with other processes and their kernel memory.
#[derive(Debug, Clone)]
pub struct Container {
    /// The most bytes that all of them may occupy.
    pub bytes: u64,
    /// The directory of the control group that reports their usage.
    pub group: PathBuf,
}

/// The memory of one node; all numbers are bytes.
pub(crate) struct Memory {
    allocator: Option<Arc<dyn Allocator>>,
    budget: u64,
    /// The limits of memory.
    ceiling: Ceiling,
    /// The memory of other processes in the container, the kernel included, and when it was last
    /// read.
    others: AtomicU64,
    read_at: AtomicU64,
    /// Announced by [`Memory::hold`] and not released yet.
    promised: AtomicU64,
    /// The memory of the process without its data.
    base: AtomicU64,
    is_settled: AtomicBool,
    /// Uncounted memory, subtracted from the budget for items.
    overhead: AtomicU64,
    /// One thread frees memory at a time; others wait, since they would only make it worse.
    looking: Mutex<()>,
}

impl Memory {
    /// The memory of a node that has stored nothing yet.
    pub(crate) fn new(
        allocator: Option<Arc<dyn Allocator>>,
        budget: u64,
        ceiling: Ceiling,
    ) -> Self {
        let base = process::private_bytes().unwrap_or(0) + TO_COME;
        Memory {
            allocator,
            budget,
            ceiling,
            others: AtomicU64::new(0),
            read_at: AtomicU64::new(0),
            promised: AtomicU64::new(0),
            base: AtomicU64::new(base),
            is_settled: AtomicBool::new(false),
            overhead: AtomicU64::new(0),
            looking: Mutex::default(),
        }
    }

    /// Measures the memory of the process without data, once it is ready.
    pub(crate) fn settle(&self, backend: &Backend) {
        if self.is_settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let private = process::private_bytes().unwrap_or(u64::MAX);
        self.base.fetch_min(private.saturating_sub(backend.counted()), Ordering::Relaxed);
    }

    /// The current memory usage, by name.
    pub(crate) fn parts(
        &self,
        backend: &Backend,
        budget: &MemoryBudget,
        topics: u64,
    ) -> [(&'static str, u64); 6] {
        let in_flight = budget.held() as u64;
        let connections = budget.of_connections().saturating_sub(topics);
        let items = backend.counted() - backend.reserved().min(backend.counted());
        let resident = process::resident_bytes().unwrap_or(0);
        let data = items + in_flight + connections + topics;
        let files = resident.saturating_sub(process::private_bytes().unwrap_or(0));
        let process =
            (self.base.load(Ordering::Relaxed) + files).min(resident.saturating_sub(data));
        [
            ("items", items),
            ("in_flight", in_flight),
            ("connections", connections),
            ("topics", topics),
            ("overhead", resident.saturating_sub(data + process)),
            ("process", process),
        ]
    }

    /// Checks resident memory against the limits and frees some if needed; returns when to check
    /// again.
    pub(crate) fn look(&self, backend: &Backend, now: Moment) -> Duration {
        self.read_others(now);
        let excess = self.relieve(backend, now);
        if excess < -self.budget.cast_signed() / 2 { SELDOM } else { OFTEN }
    }

    /// The same for a thread that has just evicted much, which waits until memory is free. The
    /// watching thread notes when less overhead is needed again.
    fn look_at_once(&self, backend: &Backend, now: Moment) {
        if self.excess() > 0 {
            self.relieve(backend, now);
        }
    }

    /// Frees memory that this process is about to use for other things than data; items have that
    /// much less until [`Memory::release`].
    pub(crate) fn hold(&self, backend: &Backend, bytes: u64, now: Moment) {
        let _alone = self.looking.lock();
        self.promised.fetch_add(bytes, Ordering::Relaxed);
        backend.reserve(bytes);
        for _ in 0..ROUNDS {
            backend.fit(now, u64::MAX);
            if self.excess().saturating_add_unsigned(bytes) <= 0 {
                break;
            }
            self.allocator.as_ref().inspect(|allocator| allocator.give_back());
            let missing = self.excess().saturating_add_unsigned(bytes);
            self.add_overhead(backend, missing.max(0));
        }
    }

    /// Ends a [`Memory::hold`].
    pub(crate) fn release(&self, backend: &Backend, bytes: u64) {
        backend.release(bytes);
        self.promised.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn add_overhead(&self, backend: &Backend, more: i64) {
        let overhead = self.overhead.load(Ordering::Relaxed).saturating_add_signed(more);
        let overhead = overhead.min(self.budget);
        self.overhead.store(overhead, Ordering::Relaxed);
        backend.note_overhead(overhead);
    }

    /// Reads the memory of other processes, if the last reading is old enough.
    fn read_others(&self, now: Moment) {
        let Some(container) = &self.ceiling.container else { return };
        if now.0 < self.read_at.load(Ordering::Relaxed) + OTHERS_EVERY {
            return;
        }
        self.read_at.store(now.0, Ordering::Relaxed);
        let all = process::occupied_bytes(&container.group).unwrap_or(0);
        let others = all.saturating_sub(process::private_bytes().unwrap_or(u64::MAX));
        self.others.store(others, Ordering::Relaxed);
    }

    /// Returns pages and evicts until memory is within its limit, or nothing more can be freed;
    /// returns the excess, negative if there is none.
    fn relieve(&self, backend: &Backend, now: Moment) -> i64 {
        let _alone = self.looking.lock();
        let mut excess = self.excess();
        for _ in 0..ROUNDS {
            if excess > 0 {
                self.allocator.as_ref().inspect(|allocator| allocator.give_back());
                excess = self.excess();
            }
            // Promised memory may not be in use yet, and items must not take it.
            let is_promised = self.promised.load(Ordering::Relaxed) > 0;
            self.add_overhead(backend, if is_promised { excess.max(0) } else { excess });
            backend.fit(now, self.budget / EVICTED_AT_ONCE);
            if excess <= 0 {
                break;
            }
        }
        excess
    }

    /// By how much the limit is exceeded; negative if it is not.
    fn excess(&self) -> i64 {
        let of_data = self.base.load(Ordering::Relaxed) + self.budget + self.budget / SLACK;
        let others = self.others.load(Ordering::Relaxed);
        let shared = self.ceiling.container.as_ref();
        let shared = shared.map_or(u64::MAX, |container| container.bytes.saturating_sub(others));
        let may = of_data.min(self.ceiling.bytes.unwrap_or(u64::MAX)).min(shared);
        process::private_bytes()
            .map_or(0, |private| private.cast_signed().saturating_sub_unsigned(may))
    }
}

/// Starts the thread that watches the memory of `core`.
///
/// # Errors
///
/// Those of starting a thread.
pub(crate) fn keep(
    memory: &Arc<Memory>,
    backend: &Arc<Backend>,
    clock: Clock,
) -> io::Result<Keeper> {
    let watching = (Arc::downgrade(memory), Arc::downgrade(backend));
    backend.watch(Box::new(move |now| {
        if let (Some(memory), Some(backend)) = (watching.0.upgrade(), watching.1.upgrade()) {
            memory.look_at_once(&backend, now);
        }
    }));
    let ended = Arc::new(AtomicBool::new(false));
    let (memory, backend, ending) = (memory.clone(), backend.clone(), ended.clone());
    let thread = thread::Builder::new().name("attimo-memory".into()).spawn(move || {
        while !ending.load(Ordering::Relaxed) {
            thread::park_timeout(memory.look(&backend, clock.now().moment));
        }
    })?;
    Ok(Keeper { thread, ended })
}

/// The watching thread, until this is dropped.
pub(crate) struct Keeper {
    thread: JoinHandle<()>,
    ended: Arc<AtomicBool>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use attimo_engine::commands::scalar::Set;
    use attimo_engine::{Config, Limits, Namespace, Ttl, Unpaced};

    use super::*;

    const MIB: u64 = 1 << 20;
    const NOW: Moment = Moment(1_000);

    fn backend() -> Backend {
        let limits = Limits::default();
        let backend =
            Backend::new(Config { memory_bytes: 32 * MIB, shards: 4, seed: [1; 4], limits });
        for key in 0..40_u32 {
            let value = &vec![7; 1 << 20][..];
            let set = Set { key: &key.to_le_bytes(), value: value.into(), ttl: Ttl(60_000) };
            backend
                .run(Namespace(1), set, (backend.limits(), None), Clock::start().now(), &Unpaced)
                .unwrap();
        }
        backend
    }

    fn memory(room: u64, group: Option<PathBuf>) -> Memory {
        let bytes = process::private_bytes().unwrap() + room;
        let container = group.map(|group| Container { bytes, group });
        Memory::new(None, 32 * MIB, Ceiling { bytes: Some(bytes), container })
    }

    #[test]
    fn memory_on_hold_is_taken_from_items_and_returned() {
        let backend = backend();
        let memory = memory(1_000 * MIB, None);

        memory.hold(&backend, 8 * MIB, NOW);
        assert!(backend.counted() - backend.reserved() <= 24 * MIB);
        assert_eq!(backend.allowance(), 24 * MIB);
        memory.release(&backend, 8 * MIB);
        assert_eq!(backend.allowance(), 32 * MIB);
    }

    #[test]
    fn memory_of_other_processes_in_the_container_is_not_used_for_items() {
        let backend = backend();
        let group = std::env::temp_dir().join(format!("attimo-{}-group", std::process::id()));
        let memory = memory(1_000 * MIB, Some(group.clone()));
        let occupied = |others: u64| {
            // The page cache takes half of the container's memory, and can be reclaimed.
            let bytes = process::private_bytes().unwrap() + others;
            fs::write(group.join("memory.current"), format!("{}\n", 2 * bytes)).unwrap();
            fs::write(group.join("memory.stat"), format!("anon 7\nactive_file {bytes}\n")).unwrap();
        };

        fs::create_dir(&group).unwrap();
        occupied(0);
        memory.look(&backend, NOW);
        assert_eq!(backend.allowance(), 32 * MIB);
        occupied(1_020 * MIB);
        memory.look(&backend, Moment(NOW.0 + OTHERS_EVERY));
        fs::remove_dir_all(group).unwrap();
        assert!(backend.allowance() <= 12 * MIB);
    }
}
