//! The newest messages of a topic, as the subscribers of one data thread read them.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::message::Message;
use super::ready::Notifier;
use super::unfinished::Unfinished;
use crate::directory::CacheId;

/// How far the subscribers of a thread may be behind before they miss messages that the topic does
/// not keep: the most messages and bytes of a feed.
const MOST_MESSAGES: usize = 8 * 1024;
const MOST_BYTES: usize = 16 << 20;

/// A topic, by its cache and name; the page tells it from others of that name.
#[derive(Debug, Clone)]
pub(super) struct TopicKey {
    pub(super) cache: CacheId,
    pub(super) name: Arc<str>,
    pub(super) page: u64,
}

/// How far a subscriber has read its feed.
pub(super) struct Cursor {
    /// The number of the message that it gets next.
    pub(super) number: Cell<u64>,
    /// Whether its connection was told that there is something to read.
    pub(super) is_ready: Cell<bool>,
    /// Its index among the subscribers.
    index: Cell<usize>,
    notifier: Notifier,
}

/// The feed of a topic on one thread.
pub(super) struct Feed {
    pub(super) key: TopicKey,
    /// Without a gap, up to the one before `next`.
    messages: VecDeque<Arc<Message>>,
    /// The number of the message that arrives next.
    next: u64,
    bytes: usize,
    unfinished: Unfinished,
    cursors: Vec<Rc<Cursor>>,
}

impl Cursor {
    /// That of a subscriber which gets the message `number` first, and is about to read.
    pub(super) fn new(number: u64, notifier: Notifier) -> Rc<Self> {
        let (number, is_ready, index) = (Cell::new(number), Cell::new(true), Cell::new(0));
        Rc::new(Cursor { number, is_ready, index, notifier })
    }

    fn notify(&self) {
        if !self.is_ready.get() {
            self.notify_always();
        }
    }

    /// The same for one that was told before, and whose client does not read.
    fn notify_always(&self) {
        self.is_ready.set(true);
        self.notifier.notify();
    }
}

impl Feed {
    /// A feed without subscribers whose first message will be `next`.
    pub(super) fn new(key: TopicKey, next: u64) -> Self {
        let (messages, unfinished) = (VecDeque::new(), Unfinished::default());
        Feed { key, messages, next, bytes: 0, unfinished, cursors: Vec::new() }
    }

    /// Adds a subscriber; whether it is the first one.
    pub(super) fn enter(&mut self, cursor: Rc<Cursor>) -> bool {
        cursor.index.set(self.cursors.len());
        self.cursors.push(cursor);
        self.cursors.len() == 1
    }

    /// Removes a subscriber; whether it was the last one.
    pub(super) fn leave(&mut self, cursor: &Cursor) -> bool {
        let index = cursor.index.get();
        self.cursors.swap_remove(index);
        if let Some(moved) = self.cursors.get(index) {
            moved.index.set(index);
        }
        self.cursors.is_empty()
    }

    /// The number of the message that arrives next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The number of the oldest message here, or of the next one.
    pub(super) fn first(&self) -> u64 {
        self.next - self.messages.len() as u64
    }

    /// A message, if it is here.
    pub(super) fn get(&self, number: u64) -> Option<&Arc<Message>> {
        let Some(index) = number.checked_sub(self.first()) else {
            return self.unfinished.get(number);
        };
        self.messages.get(usize::try_from(index).ok()?)
    }

    /// The memory of the messages here, in bytes, those included that subscribers have in part.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.unfinished.bytes()
    }

    /// Keeps a message for a subscriber that has it in part, until [`Feed::finish`].
    pub(super) fn keep_unfinished(&mut self, message: Arc<Message>) {
        let first = self.first();
        self.unfinished.add(message, first);
    }

    /// Keeps a message no more for a subscriber that had it in part.
    pub(super) fn finish(&mut self, number: u64) {
        self.unfinished.remove(number);
    }

    /// The memory of messages that are here only since subscribers have them in part, in bytes.
    pub(super) fn unfinished_bytes(&self) -> usize {
        self.unfinished.bytes()
    }

    /// Drops those messages: the streams of these subscribers cannot go on.
    pub(super) fn drop_unfinished(&mut self) {
        self.unfinished.drop_all();
    }

    /// Adds a message, unless it was published before the first subscriber came.
    pub(super) fn push(&mut self, message: Arc<Message>) {
        if message.number < self.next {
            return;
        }
        if message.number > self.next {
            self.reset(message.number);
        }
        self.next += 1;
        self.bytes += message.weight();
        self.messages.push_back(message);
        while self.messages.len() > MOST_MESSAGES || self.bytes > MOST_BYTES {
            self.drop_oldest();
        }
    }

    /// Drops all messages; `next` arrives next.
    pub(super) fn reset(&mut self, next: u64) {
        let first = self.first();
        (self.messages, self.bytes) = (VecDeque::new(), 0);
        self.next = self.next.max(next);
        self.unfinished.leave_feed(first, self.next);
    }

    /// Notifies subscribers of what they have not read, and drops what all have read.
    pub(super) fn announce(&mut self) {
        for cursor in &self.cursors {
            if cursor.number.get() < self.next {
                cursor.notify();
            }
        }
        self.drop_read();
    }

    /// Drops what all subscribers have read.
    pub(super) fn drop_read(&mut self) {
        let first =
            self.cursors.iter().map(|cursor| cursor.number.get()).min().unwrap_or(self.next);
        while self.first() < first && !self.messages.is_empty() {
            self.drop_oldest();
        }
        if self.messages.is_empty() {
            self.messages = VecDeque::new();
        }
    }

    /// Drops the older half, by memory: subscribers that are behind that read what the topic keeps.
    pub(super) fn halve(&mut self) {
        let half = self.bytes / 2;
        while self.bytes > half {
            self.drop_oldest();
        }
    }

    /// How many subscribers there are.
    pub(super) fn subscribers(&self) -> usize {
        self.cursors.len()
    }

    /// Notifies at most so many of the first `left` subscribers, also those that were told before;
    /// returns how many of these are left. From the last to the first, since the last one takes the
    /// place of one that leaves meanwhile.
    pub(super) fn notify_some(&self, left: usize, most: usize) -> usize {
        let end = left.min(self.cursors.len());
        let from = end.saturating_sub(most);
        self.cursors[from..end].iter().for_each(|cursor| cursor.notify_always());
        from
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.messages.pop_front() {
            self.bytes -= oldest.weight();
            self.unfinished.leave_feed(oldest.number, oldest.number + 1);
        }
    }
}
