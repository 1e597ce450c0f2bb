//! Messages that subscribers have received in part, since their clients stopped reading in the
//! middle of one. Nothing but the rest of it can follow on their streams, so each is kept once for
//! all of them, also when the feed and the topic have dropped it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::Message;

/// Those of one feed, by number.
#[derive(Default)]
pub(super) struct Unfinished {
    entries: BTreeMap<u64, Entry>,
    /// The memory of those that the feed does not have, in bytes.
    bytes: usize,
}

struct Entry {
    /// `None` if there was no memory for it.
    message: Option<Arc<Message>>,
    /// How many subscribers have a part of it.
    subscribers: usize,
    /// Whether its memory is counted here, not in the feed.
    is_counted: bool,
}

impl Unfinished {
    /// A subscriber has stopped within a message; the feed has those from the number `first` on.
    pub(super) fn add(&mut self, message: Arc<Message>, first: u64) {
        let number = message.number;
        let none = Entry { message: None, subscribers: 0, is_counted: false };
        let entry = self.entries.entry(number).or_insert(none);
        entry.subscribers += 1;
        entry.message.get_or_insert(message);
        if number < first {
            self.bytes += entry.count();
        }
    }

    /// A subscriber goes on with a message, or has ended.
    pub(super) fn remove(&mut self, number: u64) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        entry.subscribers -= 1;
        if entry.subscribers == 0 {
            self.bytes -= entry.counted();
            self.entries.remove(&number);
        }
    }

    /// The feed has dropped all messages before the number `first`, of which it had some from `from` on.
    pub(super) fn leave_feed(&mut self, from: u64, first: u64) {
        if !self.entries.is_empty() {
            let left = self.entries.range_mut(from..first);
            self.bytes += left.map(|(_, entry)| entry.count()).sum::<usize>();
        }
    }

    /// A message, if it is here.
    pub(super) fn get(&self, number: u64) -> Option<&Arc<Message>> {
        self.entries.get(&number)?.message.as_ref()
    }

    /// The memory of those that the feed does not have, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops those that the feed does not have.
    pub(super) fn drop_all(&mut self) {
        for entry in self.entries.values_mut().filter(|entry| entry.is_counted) {
            (entry.message, entry.is_counted) = (None, false);
        }
        self.bytes = 0;
    }
}

impl Entry {
    /// Counts its memory here; returns how much that adds.
    fn count(&mut self) -> usize {
        if self.is_counted {
            return 0;
        }
        self.is_counted = self.message.is_some();
        self.counted()
    }

    fn counted(&self) -> usize {
        let counted = self.message.as_ref().filter(|_| self.is_counted);
        counted.map_or(0, |message| message.weight())
    }
}
