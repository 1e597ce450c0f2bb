//! What is written, or where it is read to.

use crate::backend::Backend;
use crate::clock::Now;
use crate::directory::Cache;

/// A store whose items are written or read, at one time.
pub(crate) struct Items<'a> {
    pub(crate) backend: &'a Backend,
    /// All caches that exist.
    pub(crate) caches: Vec<Cache>,
    /// The ids of the keys that verify the server's tokens, by which it is recognised.
    pub(crate) verifying_keys: Vec<String>,
    pub(crate) now: Now,
    /// The same time for another process: milliseconds since 1970.
    pub(crate) epoch_milliseconds: u64,
    /// How many threads work on it.
    pub(crate) threads: usize,
}
