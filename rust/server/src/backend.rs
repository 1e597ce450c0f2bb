//! Where commands are run: today the engine in this process.
//!
//! A second store is another arm of [`Backend`], and every command must then
//! say how it is asked there; the rooms above do not change.

use std::collections::HashMap;
use std::sync::Arc;

use attimo_engine::{Command, Engine, Limits, Looked, Namespace};

use crate::clock::Now;
use crate::error::Result;

/// A store of items.
pub(crate) enum Backend {
    /// The engine in this process.
    Embedded(Arc<Engine>),
}

impl Backend {
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
        match self {
            Backend::Embedded(engine) => Ok(engine.measure(namespace, command, now.moment)?),
        }
    }

    /// How much memory items may take now, in bytes.
    pub(crate) fn allowance(&self) -> u64 {
        match self {
            Backend::Embedded(engine) => engine.allowance(),
        }
    }

    /// How large items may be.
    pub(crate) fn limits(&self) -> &Limits {
        match self {
            Backend::Embedded(engine) => engine.limits(),
        }
    }

    /// How many items were evicted since the last call, by the namespace that lost them.
    pub(crate) fn take_evicted(&self) -> HashMap<Namespace, u64> {
        match self {
            Backend::Embedded(engine) => engine.take_evicted(),
        }
    }

    /// Lets go of what lives under `namespace`; nobody asks for it any more.
    pub(crate) fn retire(&self, namespace: Namespace) {
        match self {
            Backend::Embedded(engine) => engine.retire(namespace),
        }
    }
}
