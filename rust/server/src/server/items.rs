//! Gives the items of a server to the next one, and takes them.

use std::io::{self, Read, Write};
use std::time::Instant;

use super::Server;
use crate::clock;
use crate::kept::{Items, LoadError, Loaded, Saved};

/// The most threads that write or read items: more would wait for the disk.
const TRANSFER_THREADS: usize = 8;

impl Server {
    /// Writes all items of caches that exist, for [`Server::load_items`] of another process; those
    /// for which there is no time until `until` are left out. Nothing is removed.
    ///
    /// It is for a server that was stopped: of an item that is written meanwhile, the next server
    /// may have the state before.
    ///
    /// # Errors
    ///
    /// Those of `target`.
    pub fn save_items(&self, target: impl Write + Send, until: Instant) -> io::Result<Saved> {
        self.items().save(target, until)
    }

    /// Reads items that another process wrote, except those that have expired meanwhile, or whose
    /// cache was deleted or flushed. It is for a server that has the directory and does not serve
    /// yet. If memory is short, items are evicted.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: nothing was read.
    pub fn load_items(&self, source: impl Read) -> Result<Loaded, LoadError> {
        self.keep_memory()?;
        // Items come faster than the thread that watches the memory looks.
        let core = &self.core;
        let look = || {
            core.memory.look(core.gate.backend(), core.clock.now().moment);
        };
        self.items().load(source, look)
    }

    fn items(&self) -> Items<'_> {
        Items {
            backend: self.core.gate.backend(),
            caches: self.core.gate.caches(),
            verifying_keys: self.core.gate.verifying_keys(),
            now: self.core.clock.now(),
            epoch_milliseconds: clock::epoch_milliseconds(),
            threads: self.core.threads.min(TRANSFER_THREADS),
        }
    }
}
