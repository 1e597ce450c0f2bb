//! The store that commands run on: the engine in this process, or a remote server. No other module
//! names either.

use std::collections::HashMap;

pub(crate) use attimo_engine::PREFETCHED;
use attimo_engine::{
    Command, Config, Engine, Export, Imported, Limits, Looked, Moment, Namespace, Pace, Page,
    PageLimits, Position, Quota, Selection, Stored, Swept, Totals,
};

use crate::clock::Now;
use crate::error::{Error, Result};

mod valkey;

use self::valkey::Valkey;

/// A store of items, and the memory budget that they share with requests in progress.
pub(crate) struct Backend {
    /// Always has the memory budget; has the items too, unless they are remote.
    engine: Engine,
    remote: Option<Valkey>,
}

impl Backend {
    /// An empty store in this process.
    pub(crate) fn new(config: Config) -> Self {
        Backend { engine: Engine::new(config), remote: None }
    }

    /// The same, with the items of the Valkey server at `url`, if one is given.
    pub(crate) fn at(self, url: Option<String>) -> Self {
        Backend { remote: url.map(Valkey::new), ..self }
    }

    /// Whether the store is remote, so that a command may have to wait.
    pub(crate) fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether the request that this thread serves was served before, and had to wait.
    pub(crate) fn has_waited(&self) -> bool {
        self.remote.is_some() && valkey::has_waited()
    }

    /// Runs `command` in `namespace`, whose items have these limits and, if they are in this process,
    /// this quota; also returns its hits and misses. `pace` is told of what takes long.
    ///
    /// # Errors
    ///
    /// What the command itself documents.
    pub(crate) fn run<C: Command>(
        &self,
        namespace: Namespace,
        command: C,
        (limits, quota): (&Limits, Option<Quota<'_>>),
        now: Now,
        pace: &dyn Pace,
    ) -> Result<(C::Reply, Looked)> {
        match &self.remote {
            None => {
                Ok(self.engine.measure(namespace, command, (limits, quota), now.moment, pace)?)
            }
            Some(_) => valkey::run(namespace, command, limits),
        }
    }

    /// Has the processor read what commands with these keys need, for the first [`PREFETCHED`].
    pub(crate) fn prefetch<'k>(&self, namespace: Namespace, keys: impl Iterator<Item = &'k [u8]>) {
        if self.remote.is_none() {
            self.engine.prefetch(namespace, keys);
        }
    }

    /// A page of the keys in `namespace` that start with `prefix`.
    ///
    /// # Errors
    ///
    /// [`Error::NotInBackend`] if the store is remote.
    pub(crate) fn list(
        &self,
        namespace: Namespace,
        selection: Selection<'_>,
        from: Position,
        limits: PageLimits,
        now: Now,
    ) -> Result<Page> {
        match &self.remote {
            None => Ok(self.engine.list(namespace, selection, from, limits, now.moment)),
            Some(_) => Err(Error::NotInBackend),
        }
    }

    /// Serves a request whose commands may have to wait for a remote store.
    ///
    /// # Errors
    ///
    /// Those of `serve`.
    pub(crate) async fn wait_for<T>(&self, mut serve: impl FnMut() -> Result<T>) -> Result<T> {
        match &self.remote {
            None => serve(),
            Some(valkey) => valkey.wait_for(serve).await,
        }
    }

    /// How large items may be.
    pub(crate) fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    /// Discards the items of `namespace`, which is no longer in use.
    pub(crate) fn retire(&self, namespace: Namespace) {
        self.engine.retire(namespace);
    }

    /// Removes expired items and those of retired namespaces among the next `records`.
    pub(crate) fn sweep(&self, now: Moment, records: usize) -> Swept {
        self.engine.sweep(now, records)
    }

    /// The memory of removed items that is not freed yet, in bytes.
    pub(crate) fn garbage(&self) -> u64 {
        self.engine.garbage()
    }

    /// Frees some of it, for a hundred microseconds at most; whether more is left.
    pub(crate) fn free_some(&self) -> bool {
        self.engine.free_some()
    }

    /// How many items were evicted since the last call, by the namespace that lost them.
    pub(crate) fn take_evicted(&self) -> HashMap<Namespace, u64> {
        self.engine.take_evicted()
    }

    /// What each of `namespaces` stores.
    pub(crate) fn stored_of(&self, namespaces: &[Namespace]) -> Vec<Stored> {
        self.engine.stored_of(namespaces)
    }

    /// A walk over one of `parts` parts of the items in this process.
    pub(crate) fn export(&self, part: usize, parts: usize) -> Export<'_> {
        self.engine.export(part, parts)
    }

    /// Inserts an item that another engine has written; `None` if it is none.
    pub(crate) fn import(
        &self,
        namespace: Namespace,
        item: &[u8],
        elapsed: u64,
        now: Moment,
    ) -> Option<Imported> {
        let item = self.engine.read(item)?;
        Some(self.engine.import(namespace, item, elapsed, now))
    }

    /// The memory of all items, and counts of removed ones.
    pub(crate) fn totals(&self) -> Totals {
        self.engine.totals()
    }
}

/// Memory: all of it in bytes.
impl Backend {
    /// The memory that items may take now.
    pub(crate) fn allowance(&self) -> u64 {
        self.engine.allowance()
    }

    /// The memory of items and reservations.
    pub(crate) fn counted(&self) -> u64 {
        self.engine.counted()
    }

    /// The memory that is reserved.
    pub(crate) fn reserved(&self) -> u64 {
        self.engine.reserved()
    }

    /// Reserves memory that items may not take until [`Backend::release`].
    pub(crate) fn reserve(&self, bytes: u64) {
        self.engine.reserve(bytes);
    }

    /// Releases reserved memory.
    pub(crate) fn release(&self, bytes: u64) {
        self.engine.release(bytes);
    }

    /// Whether so much can be reserved without evicting items.
    pub(crate) fn has_spare(&self, bytes: u64) -> bool {
        self.engine.has_spare(bytes)
    }

    /// Calls `lender` before items are evicted, with how many bytes they need of what is reserved.
    pub(crate) fn borrow_from(&self, lender: Box<dyn Fn(u64) + Send + Sync>) {
        self.engine.borrow_from(lender);
    }

    /// Sets the uncounted memory of the process, which items may not take.
    pub(crate) fn note_overhead(&self, bytes: u64) {
        self.engine.note_overhead(bytes);
    }

    /// Evicts items until they fit, at most about `most` bytes; returns how many bytes were
    /// evicted.
    pub(crate) fn fit(&self, now: Moment, most: u64) -> u64 {
        self.engine.fit(now, most)
    }

    /// Evicts for memory that was just reserved, at most about `most` bytes.
    pub(crate) fn make_way(&self, now: Moment, most: u64) {
        self.engine.make_way(now, most);
    }

    /// Calls `watch` after a command that has evicted much.
    pub(crate) fn watch(&self, watch: Box<dyn Fn(Moment) + Send + Sync>) {
        self.engine.watch(watch);
    }
}
