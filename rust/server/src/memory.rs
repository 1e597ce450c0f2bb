//! Keeps the process within its memory, by what is really resident.
//!
//! The engine counts items as well as it can, and what clients have under way is reserved there.
//! What nobody can count (pages that items of another size left behind, blocks half used, copies
//! under a reader, the control plane at work) shows in what the process occupies. A thread looks
//! at that and, while there is too much, has unused pages given back, lets items have less and
//! evicts. Whoever evicts much looks as well, so that a burst cannot outrun the thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use attimo_engine::{Engine, Moment};
use parking_lot::Mutex;

use crate::backend::Backend;
use crate::front::room::Room;
use crate::metrics::process;
use crate::server::Core;

/// Gives memory that items no longer use back to the system.
pub trait Allocator: Send + Sync {
    /// Gives unused pages back at once.
    fn give_back(&self);
}

/// Data may occupy the budget and one part in so many on top.
const SLACK: u64 = 64;
/// No more is evicted before the next look than one part in so many of the budget.
const EVICTED_AT_ONCE: u64 = 32;
/// How often that is done before whoever waits may go on.
const ROUNDS: usize = 16;
/// What a process that is not ready yet may come to occupy beside its data, in bytes.
const TO_COME: u64 = 40 << 20;
/// How often is looked while there is much, and while there is little.
const OFTEN: Duration = Duration::from_millis(10);
const SELDOM: Duration = Duration::from_millis(100);

/// The memory of one node; all numbers are bytes.
pub(crate) struct Memory {
    allocator: Option<Arc<dyn Allocator>>,
    budget: u64,
    /// What the whole process may occupy.
    ceiling: u64,
    /// What the process occupies beside its data.
    base: AtomicU64,
    is_settled: AtomicBool,
    /// What items have to do without, because it is occupied and nobody counts it.
    overhead: AtomicU64,
    /// One thread relieves at a time; others wait, for they would only make it worse.
    looking: Mutex<()>,
}

impl Memory {
    /// The memory of a node that has stored nothing yet.
    pub(crate) fn new(
        allocator: Option<Arc<dyn Allocator>>,
        budget: u64,
        ceiling: Option<u64>,
    ) -> Self {
        let base = process::private_bytes().unwrap_or(0) + TO_COME;
        Memory {
            allocator,
            budget,
            ceiling: ceiling.unwrap_or(u64::MAX),
            base: AtomicU64::new(base),
            is_settled: AtomicBool::new(false),
            overhead: AtomicU64::new(0),
            looking: Mutex::default(),
        }
    }

    /// Notes that the process has come up: what it takes beside data is now what it takes at rest.
    pub(crate) fn settle(&self, engine: &Engine) {
        if self.is_settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let private = process::private_bytes().unwrap_or(u64::MAX);
        self.base.fetch_min(private.saturating_sub(engine.counted()), Ordering::Relaxed);
    }

    /// What takes memory now, by name.
    pub(crate) fn parts(&self, engine: &Engine, room: &Room) -> [(&'static str, u64); 5] {
        let (in_flight, connections) = (room.held() as u64, room.of_connections());
        let items = engine.counted() - engine.reserved().min(engine.counted());
        let resident = process::resident_bytes().unwrap_or(0);
        let data = items + in_flight + connections;
        let files = resident.saturating_sub(process::private_bytes().unwrap_or(0));
        let process =
            (self.base.load(Ordering::Relaxed) + files).min(resident.saturating_sub(data));
        [
            ("items", items),
            ("in_flight", in_flight),
            ("connections", connections),
            ("overhead", resident.saturating_sub(data + process)),
            ("process", process),
        ]
    }

    /// Compares what is occupied with what may be, and sees to it that the one comes to the other;
    /// when to look again.
    pub(crate) fn look(&self, engine: &Engine, now: Moment) -> Duration {
        let excess = self.relieve(engine, now);
        if excess < -self.budget.cast_signed() / 2 { SELDOM } else { OFTEN }
    }

    /// The same for whoever has just evicted much: it goes on writing when there is room. What
    /// was too much before may be no longer, which the thread notes.
    fn look_at_once(&self, engine: &Engine, now: Moment) {
        if self.excess() > 0 {
            self.relieve(engine, now);
        }
    }

    /// Gives back and evicts until no more is occupied than may be, or it is no use; returns what
    /// is too much, negative if nothing is.
    fn relieve(&self, engine: &Engine, now: Moment) -> i64 {
        let _alone = self.looking.lock();
        let mut excess = self.excess();
        for _ in 0..ROUNDS {
            if excess > 0 {
                self.allocator.as_ref().inspect(|allocator| allocator.give_back());
                excess = self.excess();
            }
            let overhead = self.overhead.load(Ordering::Relaxed).saturating_add_signed(excess);
            let overhead = overhead.min(self.budget);
            self.overhead.store(overhead, Ordering::Relaxed);
            engine.note_overhead(overhead);
            engine.fit(now, self.budget / EVICTED_AT_ONCE);
            if excess <= 0 {
                break;
            }
        }
        excess
    }

    /// How much more is occupied than may be; negative, how much less.
    fn excess(&self) -> i64 {
        let of_data = self.base.load(Ordering::Relaxed) + self.budget + self.budget / SLACK;
        let may = of_data.min(self.ceiling);
        process::private_bytes()
            .map_or(0, |private| private.cast_signed().saturating_sub_unsigned(may))
    }
}

/// Has `core` look after its memory until [`Keeper::stop`].
///
/// # Errors
///
/// Those of starting a thread.
pub(crate) fn keep(core: &Arc<Core>) -> io::Result<Keeper> {
    let Backend::Embedded(engine) = core.gate.backend();
    let watching = Arc::downgrade(core);
    engine.watch(Box::new(move |now| {
        if let Some(core) = watching.upgrade() {
            let Backend::Embedded(engine) = core.gate.backend();
            core.memory.look_at_once(engine, now);
        }
    }));
    let (ended, core) = (Arc::new(AtomicBool::new(false)), core.clone());
    let ending = ended.clone();
    let thread = thread::Builder::new().name("attimo-memory".into()).spawn(move || {
        while !ending.load(Ordering::Relaxed) {
            let Backend::Embedded(engine) = core.gate.backend();
            thread::park_timeout(core.memory.look(engine, core.clock.now().moment));
        }
    })?;
    Ok(Keeper { thread, ended })
}

/// The thread that looks.
pub(crate) struct Keeper {
    thread: JoinHandle<()>,
    ended: Arc<AtomicBool>,
}

impl Keeper {
    /// Ends the thread and waits for it.
    pub(crate) fn stop(self) {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        // It has nothing to say at its end.
        let _ = self.thread.join();
    }
}
