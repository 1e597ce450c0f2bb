//! One subscription: where it is in a topic, and what comes next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::feed::{Cursor, Feed};
use super::local::LocalTopics;
use super::message::Message;
use super::ready::Notifier;
use super::topic::{Gap, Resume, TopicName};
use crate::clock::Now;

/// How many bytes of messages that the feed does not have are read at a time.
const AT_A_TIME: usize = 16 * 1024;

/// What a subscriber gets next.
#[derive(Debug)]
pub(crate) enum Delivery {
    Message(Arc<Message>),
    Gap(Gap),
}

/// A subscription, which ends when this is dropped.
pub(crate) struct Reader {
    local: Rc<LocalTopics>,
    feed: Rc<RefCell<Feed>>,
    cursor: Rc<Cursor>,
    /// What it has missed and was not told.
    gap: Option<Gap>,
    /// The next messages, if it is behind its feed.
    behind: VecDeque<Arc<Message>>,
    /// Whether its client has a part of the next message, which is kept for it.
    is_unfinished: bool,
}

impl Reader {
    /// Subscribes to a topic; `notifier` is notified when there is something to read.
    pub(crate) fn subscribe(
        local: &Rc<LocalTopics>,
        topic: TopicName<'_>,
        resume: Resume,
        notifier: Notifier,
        now: Now,
    ) -> Self {
        let (feed, cursor, gap) = local.enter(topic, resume, notifier, now);
        let (local, behind) = (local.clone(), VecDeque::new());
        Reader { local, feed, cursor, gap, behind, is_unfinished: false }
    }

    /// The number of the next message, and its page; `None` if what it misses before that comes
    /// next.
    pub(crate) fn position(&self) -> Option<Resume> {
        let (number, page) = (self.cursor.number.get(), self.feed.borrow().key.page);
        self.gap.is_none().then_some(Resume { number, page })
    }

    /// What comes next, if it is there; else the subscriber is notified when it is.
    pub(crate) fn next(&mut self) -> Option<Delivery> {
        if let Some(gap) = self.gap.take() {
            return Some(Delivery::Gap(gap));
        }
        if self.behind.is_empty() {
            let (feed, number) = (self.feed.borrow(), self.cursor.number.get());
            if number >= feed.next() {
                self.cursor.is_ready.set(false);
                return None;
            }
            if let Some(message) = feed.get(number) {
                self.cursor.number.set(number + 1);
                return Some(Delivery::Message(message.clone()));
            }
            drop(feed);
            if let Some(gap) = self.catch_up(number) {
                return Some(Delivery::Gap(gap));
            }
        }
        let Some(message) = self.behind.pop_front() else {
            self.cursor.is_ready.set(false);
            return None;
        };
        self.cursor.number.set(message.number + 1);
        Some(Delivery::Message(message))
    }

    /// Takes back the message that was read last, which the client does not take for now: the feed has
    /// it for [`Reader::again`]. If the client has a part of it, `unfinished` is that message, which is
    /// kept if there is memory for it.
    pub(crate) fn put_back(&mut self, unfinished: Option<Arc<Message>>) {
        self.cursor.number.set(self.cursor.number.get() - 1);
        self.rest();
        if let Some(message) = unfinished {
            self.is_unfinished = true;
            self.local.keep_unfinished(&self.feed, message);
        }
    }

    /// The message that was put back; `None` if it is not kept any more.
    pub(crate) fn again(&mut self) -> Option<Arc<Message>> {
        let number = self.cursor.number.get();
        let message = self.kept(number);
        self.finish();
        self.cursor.number.set(number + u64::from(message.is_some()));
        message
    }

    fn kept(&self, number: u64) -> Option<Arc<Message>> {
        let feed = self.feed.borrow();
        feed.get(number).cloned().or_else(|| {
            let mut kept = Vec::new();
            self.local.hub().read(&feed.key, number, 1, &mut kept);
            kept.pop().filter(|message| message.number == number)
        })
    }

    /// Has the feed keep no message for this subscriber.
    fn finish(&mut self) {
        if std::mem::take(&mut self.is_unfinished) {
            self.local.finish(&self.feed, self.cursor.number.get());
        }
    }

    /// Holds no messages while the client takes none.
    pub(crate) fn rest(&mut self) {
        self.behind = VecDeque::new();
    }

    /// Reads what the topic keeps from `number` on; returns what it does not keep any more.
    fn catch_up(&mut self, number: u64) -> Option<Gap> {
        let feed = self.feed.borrow();
        let read = self.local.hub().read(&feed.key, number, AT_A_TIME, &mut self.behind);
        // If the topic is gone, so is the cache, and the subscription is about to end.
        let kept = read?;
        // A topic may keep less than the feed has.
        let first = kept.min(feed.first());
        if first < kept {
            self.behind.clear();
        }
        self.cursor.number.set(first);
        (first > number).then(|| Gap { last: number - 1, new: first - 1, page: feed.key.page })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.finish();
        self.local.leave(&self.feed, &self.cursor);
    }
}
