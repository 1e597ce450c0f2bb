//! A connection that is told whenever credentials may have changed.

use std::rc::Rc;

use super::local::LocalTopics;
use super::ready::Notifier;

/// One of them, until this is dropped; its memory is counted.
pub(crate) struct Watcher {
    topics: Rc<LocalTopics>,
    number: u64,
    bytes: u64,
}

impl Watcher {
    /// Tells `notifier` from now on, and counts so many bytes.
    pub(crate) fn new(topics: &Rc<LocalTopics>, notifier: Notifier, bytes: u64) -> Self {
        topics.hold(bytes);
        Watcher { topics: topics.clone(), number: topics.watchers().insert(notifier), bytes }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.topics.watchers().remove(self.number);
        self.topics.let_go(self.bytes);
    }
}
