//! The store that commands run on: the engine in this process, or a server elsewhere. Nothing
//! outside names either.

use std::collections::HashMap;

use attimo_engine::{
    Command, Config, Engine, Limits, Looked, Moment, Namespace, Stored, Swept, Totals,
};

use crate::clock::Now;
use crate::error::Result;

mod valkey;

use self::valkey::Valkey;

/// A store of items, and the memory budget that they share with requests in progress.
pub(crate) struct Backend {
    /// Keeps the items, unless another server does, and the budget always.
    engine: Engine,
    remote: Option<Valkey>,
}

impl Backend {
    /// An empty store in this process.
    pub(crate) fn new(config: Config) -> Self {
        Backend { engine: Engine::new(config), remote: None }
    }

    /// The same, but the items are those of the Valkey server at `url`, if there is one.
    pub(crate) fn at(self, url: Option<String>) -> Self {
        Backend { remote: url.map(Valkey::new), ..self }
    }

    /// Whether items are elsewhere, so that a command may take a while.
    pub(crate) fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// Runs `command` where the items of `namespace` live; also returns what it looked for.
    ///
    /// # Errors
    ///
    /// What the command itself documents.
    pub(crate) fn run<C: Command>(
        &self,
        namespace: Namespace,
        command: C,
        now: Now,
    ) -> Result<(C::Reply, Looked)> {
        match &self.remote {
            None => Ok(self.engine.measure(namespace, command, now.moment)?),
            Some(_) => valkey::run(namespace, command, self.limits()),
        }
    }

    /// Serves a request whose commands may have to wait for a store elsewhere.
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

    /// Removes expired items and those of retired namespaces among the next `slots`.
    pub(crate) fn sweep(&self, now: Moment, slots: usize) -> Swept {
        self.engine.sweep(now, slots)
    }

    /// How many items were evicted since the last call, by the namespace that lost them.
    pub(crate) fn take_evicted(&self) -> HashMap<Namespace, u64> {
        self.engine.take_evicted()
    }

    /// What each of `namespaces` stores.
    pub(crate) fn stored_of(&self, namespaces: &[Namespace]) -> Vec<Stored> {
        self.engine.stored_of(namespaces)
    }

    /// What all items take, and how many have left.
    pub(crate) fn totals(&self) -> Totals {
        self.engine.totals()
    }
}

/// Memory: all of it in bytes.
impl Backend {
    /// How much items may take now.
    pub(crate) fn allowance(&self) -> u64 {
        self.engine.allowance()
    }

    /// What items take and what is reserved.
    pub(crate) fn counted(&self) -> u64 {
        self.engine.counted()
    }

    /// What is reserved for something else than items.
    pub(crate) fn reserved(&self) -> u64 {
        self.engine.reserved()
    }

    /// Reserves memory that items may not take until [`Backend::release`].
    pub(crate) fn reserve(&self, bytes: u64) {
        self.engine.reserve(bytes);
    }

    /// Gives back what was reserved.
    pub(crate) fn release(&self, bytes: u64) {
        self.engine.release(bytes);
    }

    /// Notes what the process takes beyond what is counted; items have so much less.
    pub(crate) fn note_overhead(&self, bytes: u64) {
        self.engine.note_overhead(bytes);
    }

    /// Evicts items until they take no more than they may, `most` at once; how much was evicted.
    pub(crate) fn fit(&self, now: Moment, most: u64) -> u64 {
        self.engine.fit(now, most)
    }

    /// Evicts for what was just reserved, `most` at once.
    pub(crate) fn make_way(&self, now: Moment, most: u64) {
        self.engine.make_way(now, most);
    }

    /// Calls `watch` after a command that has evicted much.
    pub(crate) fn watch(&self, watch: Box<dyn Fn(Moment) + Send + Sync>) {
        self.engine.watch(watch);
    }
}
